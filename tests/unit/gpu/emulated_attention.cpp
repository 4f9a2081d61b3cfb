// SPDX-License-Identifier: Apache-2.0
#include "emulated_attention.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "block_emulator.h"
#include "gpu/kernels/attention_combine.h"
#include "gpu/kernels/attention_packed.h"
#include "gpu/kernels/attention_vector.h"
#include "gpu/kernels/kernel_instances.h"

namespace decodescope {
namespace {

void emulate(const LaunchGrid& grid, int threads, int sharedBytes,
             const std::function<void()>& kernel) {
    gpu::emulate({grid.x, grid.y, grid.z}, threads, static_cast<std::size_t>(sharedBytes), kernel);
}

struct RunVector {
    const gpu::AttentionArgs& args;
    const AttentionPlan& plan;
    template <gpu::KvFormat kFormat, int kDim, int kHeads>
    void visit() {
        emulate(plan.grid, plan.kernel.threads, plan.kernel.sharedBytes,
                [this] { gpu::VectorKernel<kFormat, kDim, kHeads>::run(args); });
    }
};

struct RunPacked {
    const gpu::AttentionArgs& args;
    const AttentionPlan& plan;
    template <gpu::KvFormat kFormat, int kDim, int kWarpRows>
    void visit() {
        emulate(plan.grid, plan.kernel.threads, plan.kernel.sharedBytes,
                [this] { gpu::PackedKernel<kFormat, kDim, kWarpRows>::run(args); });
    }
};

bool runKernel(const gpu::AttentionArgs& args, const AttentionPlan& plan) {
    const KernelChoice& kernel = plan.kernel;
    return gpu::withFormat(kernel.format, [&](auto format) {
        constexpr gpu::KvFormat kFormat = decltype(format)::value;
        if (kernel.family == KernelFamily::Vector)
            return gpu::visitVectorKernel<kFormat>(kernel.paddedDim, kernel.heads,
                                                   RunVector{args, plan});
        return gpu::visitPackedKernel<kFormat>(kernel.paddedDim, kernel.heads,
                                               RunPacked{args, plan});
    });
}

} // namespace

double emulatedError(const GpuProperties& gpu, const AttentionCase& test) {
    const AttentionPlan plan = planOf(gpu, test);
    AttentionData data(test);
    std::vector<std::vector<std::byte>> memory;
    // The allocator aligns to 16 bytes, which is what a chunk needs.
    const gpu::AttentionArgs args = data.placed(plan, [&](const void* from, std::size_t bytes) {
        const auto* const first = static_cast<const std::byte*>(from);
        return static_cast<void*>(memory.emplace_back(first, first + bytes).data());
    });
    if (!runKernel(args, plan))
        throw std::runtime_error("no kernel is compiled for what was planned");
    if (gpu::bankConflicts() > 0)
        throw std::runtime_error("matrix loads conflict in shared memory");
    if (plan.combineThreads > 0)
        emulate(plan.combineGrid, plan.combineThreads, 0, [&args] { gpu::combineSplits(args); });
    std::copy_n(args.out, data.out().size(), data.out().begin());
    return data.error();
}

} // namespace decodescope
