// SPDX-License-Identifier: Apache-2.0
#include "gpu/attention_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "gpu/kernels/split_range.h"

namespace decodescope {
namespace {

/// grid.y and grid.z of a launch (CUDA Programming Guide, "Technical specifications").
constexpr std::int64_t kMostGridRows = 65535;

Status sensible(const AttentionShape& shape) {
    if (shape.nKvHeads < 1 || shape.nHeads < 1 || shape.nHeads % shape.nKvHeads != 0)
        return Error{ErrorCode::BadUsage,
                     fmt::format("{} query heads cannot share {} KV heads alike", shape.nHeads,
                                 shape.nKvHeads),
                     "--kv-heads", "Choose a divisor of the query heads."};
    const auto sequences = static_cast<std::int64_t>(shape.contexts.size());
    if (sequences < 1 || sequences > kMostGridRows)
        return Error{ErrorCode::BadUsage,
                     fmt::format("the GPU kernels do not cover a batch of {}", sequences),
                     "--batch", fmt::format("Choose 1 to {}.", kMostGridRows)};
    if (*std::min_element(shape.contexts.begin(), shape.contexts.end()) < 1)
        return Error{ErrorCode::BadUsage, "a sequence without a token has nothing to attend to",
                     "--context", "Choose at least 1."};
    return Done{};
}

std::uint64_t stateBytesOf(const AttentionShape& shape, int splits) {
    const auto states = static_cast<std::uint64_t>(shape.contexts.size()) *
                        static_cast<std::uint64_t>(shape.nHeads) *
                        static_cast<std::uint64_t>(splits);
    return states * (static_cast<std::uint64_t>(shape.headDim) + 2) * sizeof(float);
}

} // namespace

Result<AttentionPlan> planAttention(const GpuProperties& device, const AttentionShape& shape,
                                    int blocksAtOnce, const SplitCosts& costs) {
    if (Status status = sensible(shape); !status)
        return status.error();
    const std::int64_t group = shape.nHeads / shape.nKvHeads;
    const Result<KernelChoice> kernel = chooseKernel(device, shape.kvType, shape.headDim, group);
    if (!kernel)
        return kernel.error();
    if (shape.nKvHeads * kernel->passes > kMostGridRows)
        return Error{ErrorCode::BadUsage,
                     fmt::format("the GPU kernels do not cover {} KV heads", shape.nKvHeads),
                     "--kv-heads", fmt::format("Choose 1 to {}.", kMostGridRows / kernel->passes)};
    AttentionPlan plan;
    plan.kernel = *kernel;
    const int heads = static_cast<int>(shape.nKvHeads) * kernel->passes;
    const int sequences = static_cast<int>(shape.contexts.size());
    plan.splits =
        chooseSplits(shape.contexts, heads,
                     blocksAtOnce > 0 ? blocksAtOnce : device.smCount * kernel->blocksPerSm, costs);
    plan.grid = {plan.splits, heads, sequences};
    if (plan.splits > 1)
        plan.stateBytes = stateBytesOf(shape, plan.splits);
    return plan;
}

} // namespace decodescope
