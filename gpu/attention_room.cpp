// SPDX-License-Identifier: Apache-2.0
#include "gpu/attention_room.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/spec/count.h"
#include "gpu/random_fill.h"

namespace decodescope {
namespace {

/// Where each part of the room begins, in bytes.
struct Parts {
    std::uint64_t queries = 0, out = 0, states = 0, contexts = 0, scales = 0, end = 0;
};

constexpr std::uint64_t kAlignment = 256;

Parts partsOf(const AttentionPlans& plans) {
    std::uint64_t heads = 0;
    std::uint64_t states = 0;
    std::uint64_t kvHeads = 0;
    for (std::size_t i = 0; i < plans.shapes.size(); ++i) {
        const AttentionKindShape& shape = plans.shapes[i];
        heads = std::max(heads, count(plans.batch * shape.nHeads * shape.headDim));
        states = std::max(states, plans.plans[i].stateBytes);
        kvHeads = std::max(kvHeads, count(shape.nKvHeads));
    }
    Parts parts;
    const auto add = [&parts](std::uint64_t bytes) {
        const std::uint64_t at = parts.end;
        parts.end += (bytes + kAlignment - 1) / kAlignment * kAlignment;
        return at;
    };
    parts.queries = add(heads * sizeof(std::uint16_t));
    parts.out = add(heads * sizeof(float));
    parts.states = add(states);
    parts.contexts = add(plans.shapes.size() * count(plans.batch) * sizeof(std::int32_t));
    parts.scales = add(plans.kvType == DataType::Int8 ? kvHeads * sizeof(float) : 0);
    return parts;
}

} // namespace

Result<AttentionPlans> planKinds(GpuRuntime& gpu, DataType kvType, std::int64_t batch,
                                 std::vector<AttentionKindShape> shapes) {
    AttentionPlans all{kvType, batch, std::move(shapes), {}};
    for (const AttentionKindShape& shape : all.shapes) {
        const std::vector<int> contexts(count(batch), static_cast<int>(shape.tokens));
        Result<AttentionPlan> plan =
            planAttentionOn(gpu, {kvType, shape.headDim, shape.nHeads, shape.nKvHeads, contexts});
        if (!plan)
            return plan.error();
        all.plans.push_back(*plan);
    }
    return all;
}

std::uint64_t AttentionPlans::roomBytes() const {
    return partsOf(*this).end;
}

Status AttentionRoom::reserve(std::uint64_t bytes) {
    if (bytes <= m_memory.bytes())
        return Done{};
    Result<DeviceBuffer> memory = DeviceBuffer::make(m_gpu, bytes);
    if (!memory)
        return memory.error();
    m_memory = std::move(*memory);
    return Done{};
}

Status AttentionRoom::prepare(AttentionPlans plans, std::uint64_t seed) {
    const Parts parts = partsOf(plans);
    if (Status reserved = reserve(parts.end); !reserved)
        return reserved;
    const DataType queryType = plans.kvType == DataType::BF16 ? DataType::BF16 : DataType::F16;
    if (Status filled = fillRandom(*m_gpu, m_memory.data(), parts.out, queryType, seed); !filled)
        return filled;
    std::vector<std::int32_t> contexts;
    for (const AttentionKindShape& shape : plans.shapes)
        contexts.insert(contexts.end(), count(plans.batch),
                        static_cast<std::int32_t>(shape.tokens));
    Status copied = m_gpu->copyToDevice(m_memory.data() + parts.contexts, contexts.data(),
                                        contexts.size() * sizeof(std::int32_t));
    const std::vector<float> scales((parts.end - parts.scales) / sizeof(float), kInt8Step);
    if (copied && !scales.empty())
        copied = m_gpu->copyToDevice(m_memory.data() + parts.scales, scales.data(),
                                     scales.size() * sizeof(float));
    m_plans = std::move(plans);
    return copied;
}

std::uint16_t* AttentionRoom::queries() const {
    return reinterpret_cast<std::uint16_t*>(m_memory.data() + partsOf(m_plans).queries);
}

Status AttentionRoom::launch(std::size_t kind, const gpu::AttentionArgs& args) const {
    return launchAttention(*m_gpu, m_plans.plans[kind], args);
}

void AttentionRoom::address(std::size_t kind, gpu::AttentionArgs& args) const {
    const AttentionKindShape& shape = m_plans.shapes[kind];
    const Parts parts = partsOf(m_plans);
    std::byte* const memory = m_memory.data();
    const auto floats = [memory](std::uint64_t at) {
        return reinterpret_cast<float*>(memory + at);
    };
    args.queries = queries();
    args.out = floats(parts.out);
    args.contexts = reinterpret_cast<const std::int32_t*>(memory + parts.contexts) +
                    kind * count(m_plans.batch);
    if (m_plans.kvType == DataType::Int8)
        args.keyScales = args.valueScales = floats(parts.scales);
    args.scale = 1 / std::sqrt(static_cast<float>(shape.headDim));
    args.nKvHeads = static_cast<std::int32_t>(shape.nKvHeads);
    args.group = static_cast<std::int32_t>(shape.nHeads / shape.nKvHeads);
    args.headDim = static_cast<std::int32_t>(shape.headDim);
    const AttentionPlan& plan = m_plans.plans[kind];
    if (plan.splits > 1) {
        const std::uint64_t states =
            count(m_plans.batch * shape.nHeads) * static_cast<std::uint64_t>(plan.splits);
        args.splitOut = floats(parts.states);
        args.splitMax = args.splitOut + states * count(shape.headDim);
        args.splitDenominator = args.splitMax + states;
    }
}

} // namespace decodescope
