// SPDX-License-Identifier: Apache-2.0
#include "gpu/split_calibration.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "core/spec/count.h"
#include "gpu/attention_launch.h"
#include "gpu/random_fill.h"
#include "gpu/timed_work.h"

namespace decodescope {
namespace {

/// The shape that stands for the others: the commonest of today's models.
constexpr int kHeadDim = 128, kGroup = 4;
constexpr DataType kType = DataType::F16;
constexpr std::int64_t kRowBytes = kHeadDim * 2;
constexpr int kCombinedHeads = 8; ///< KV heads

/// Timed launches over memory of their own.
class SplitMeasurement {
public:
    explicit SplitMeasurement(std::shared_ptr<GpuRuntime> gpu) : m_gpu(std::move(gpu)) {}

    [[nodiscard]] Result<SplitTimings> measure();

private:
    [[nodiscard]] Status allocate();
    [[nodiscard]] gpu::AttentionArgs arguments(int tokens, int kvHeads);
    [[nodiscard]] Result<double> attend(int grains);
    [[nodiscard]] Result<double> combine(int parts);
    /// The shortest of some launches.
    [[nodiscard]] Result<double> shortest(const std::function<Status()>& launch);

    std::shared_ptr<GpuRuntime> m_gpu;
    AttentionPlan m_plan; ///< one KV head for each block that runs at once
    DeviceBuffer m_cache, m_queries, m_out, m_states, m_contexts;
    std::unique_ptr<GpuEvent> m_before, m_after;
};

Status SplitMeasurement::allocate() {
    const int tokens[] = {kManyGrains * gpu::kSplitGrain};
    const Result<KernelChoice> kernel = chooseKernel(m_gpu->properties(), kType, kHeadDim, kGroup);
    if (!kernel)
        return kernel.error();
    const Result<int> blocks = blocksAtOnce(*m_gpu, *kernel);
    if (!blocks)
        return blocks.error();
    const std::int64_t kvHeads = std::max(1, *blocks / kernel->passes);
    const Result<AttentionPlan> plan =
        planAttention(m_gpu->properties(), {kType, kHeadDim, kvHeads * kGroup, kvHeads, tokens},
                      1); // where one block runs at a time, splitting brings nothing
    if (!plan)
        return plan.error();
    m_plan = *plan;
    m_plan.splits = 1;
    m_plan.grid.x = 1;
    const std::uint64_t heads = count(std::max<std::int64_t>(kvHeads, kCombinedHeads) * kGroup);
    const std::uint64_t states = count(kCombinedHeads) * kGroup * kManyParts;
    const auto make = [this](DeviceBuffer& buffer, std::uint64_t bytes, DataType type) -> Status {
        Result<DeviceBuffer> made = DeviceBuffer::make(m_gpu, bytes);
        if (!made)
            return made.error();
        buffer = std::move(*made);
        return fillRandom(*m_gpu, buffer.data(), bytes, type, 1);
    };
    Status status = make(m_cache, count(2 * kvHeads * tokens[0] * kRowBytes), kType);
    if (status)
        status = make(m_queries, heads * kRowBytes, kType);
    if (status)
        status = make(m_out, heads * kHeadDim * sizeof(float), DataType::F32);
    if (status)
        status = make(m_states, states * (kHeadDim + 2) * sizeof(float), DataType::F32);
    if (status)
        status = make(m_contexts, 2 * sizeof(std::int32_t), DataType::F32);
    Result<std::unique_ptr<GpuEvent>> before = m_gpu->makeEvent();
    Result<std::unique_ptr<GpuEvent>> after = m_gpu->makeEvent();
    if (!status || !before || !after)
        return !status ? status.error() : !before ? before.error() : after.error();
    m_before = std::move(*before);
    m_after = std::move(*after);
    return Done{};
}

gpu::AttentionArgs SplitMeasurement::arguments(int tokens, int kvHeads) {
    gpu::AttentionArgs args;
    args.queries = m_queries.as<const std::uint16_t>();
    args.keys = m_cache.data();
    args.values = m_cache.data() + m_cache.bytes() / 2;
    args.address.rowBytes = kRowBytes;
    args.address.headBytes = tokens * kRowBytes;
    args.address.blockBytes = kvHeads * args.address.headBytes;
    args.contexts = m_contexts.as<const std::int32_t>();
    args.scale = 1.0F / 11.3F; // 1 / sqrt(head_dim)
    args.nKvHeads = kvHeads;
    args.group = kGroup;
    args.headDim = kHeadDim;
    args.out = m_out.as<float>();
    const std::int64_t states = std::int64_t{kCombinedHeads} * kGroup * kManyParts;
    args.splitOut = m_states.as<float>();
    args.splitMax = args.splitOut + states * kHeadDim;
    args.splitDenominator = args.splitMax + states;
    return args;
}

Result<double> SplitMeasurement::shortest(const std::function<Status()>& launch) {
    constexpr int kTimes = 12; // the first ones warm up
    double best = std::numeric_limits<double>::max();
    for (int i = 0; i < kTimes; ++i) {
        const Result<double> seconds = timedWork(*m_gpu, *m_before, *m_after, launch);
        if (!seconds)
            return seconds.error();
        best = std::min(best, *seconds);
    }
    return best;
}

Result<double> SplitMeasurement::attend(int grains) {
    const std::int32_t tokens = grains * gpu::kSplitGrain;
    if (Status copied = m_gpu->copyToDevice(m_contexts.data(), &tokens, sizeof(tokens)); !copied)
        return copied.error();
    const gpu::AttentionArgs args = arguments(tokens, m_plan.grid.y / m_plan.kernel.passes);
    return shortest([&] { return launchAttention(*m_gpu, m_plan, args); });
}

Result<double> SplitMeasurement::combine(int parts) {
    const std::int32_t tokens = parts * gpu::kLeastSplitTokens;
    if (Status copied = m_gpu->copyToDevice(m_contexts.data(), &tokens, sizeof(tokens)); !copied)
        return copied.error();
    gpu::AttentionArgs args = arguments(tokens, kCombinedHeads);
    args.splits = parts;
    return shortest([&] { return launchCombining(*m_gpu, 1, args); });
}

Result<SplitTimings> SplitMeasurement::measure() {
    if (Status allocated = allocate(); !allocated)
        return allocated.error();
    SplitTimings timings;
    const auto take = [](const Result<double>& seconds, double& into) -> Status {
        if (!seconds)
            return seconds.error();
        into = *seconds;
        return Done{};
    };
    Status status = take(attend(kFewGrains), timings.few);
    if (status)
        status = take(attend(kManyGrains), timings.many);
    if (status)
        status = take(combine(kFewParts), timings.fewParts);
    if (status)
        status = take(combine(kManyParts), timings.manyParts);
    if (!status)
        return status.error();
    return timings;
}

} // namespace

std::optional<SplitCosts> splitCostsOf(const SplitTimings& timings) {
    const double ofGrain = (timings.many - timings.few) / (kManyGrains - kFewGrains);
    if (!(ofGrain > 0))
        return std::nullopt;
    // Beyond these bounds something else was measured.
    constexpr double kLeastStart = 0.25, kMostStart = 64;
    constexpr double kLeastPerSplit = 1e-3, kMostPerSplit = 1;
    SplitCosts costs;
    costs.start = std::clamp(timings.few / ofGrain - kFewGrains, kLeastStart, kMostStart);
    costs.perSplit =
        std::clamp((timings.manyParts - timings.fewParts) / (kManyParts - kFewParts) / ofGrain,
                   kLeastPerSplit, kMostPerSplit);
    return costs;
}

Result<SplitTimings> measureSplits(const std::shared_ptr<GpuRuntime>& gpu) {
    return SplitMeasurement(gpu).measure();
}

} // namespace decodescope
