// SPDX-License-Identifier: Apache-2.0
#include "gpu/attention_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <utility>

#include "core/engine/float_bits.h"
#include "core/engine/reference.h"
#include "core/spec/count.h"
#include "gpu/attention_launch.h"

namespace decodescope {
namespace {

/// A random element as the cache keeps it, and what it is worth.
struct Element {
    std::uint16_t bits;
    float value;
};

} // namespace

float e4m3Value(std::uint8_t bits) {
    const int exponent = bits >> 3 & 15;
    const int mantissa = bits & 7;
    const float magnitude = exponent == 0
                                ? std::ldexp(static_cast<float>(mantissa), -9)
                                : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
    return (bits & 0x80) != 0 ? -magnitude : magnitude;
}

/// Random elements as a case's cache keeps them.
class ElementSource {
public:
    ElementSource(const AttentionCase& test, std::uint64_t seed) : m_case(test), m_random(seed) {}

    float normal() { return m_normal(m_random); }
    Element element(float mean) {
        const float wish = mean + normal() * (mean > 0 ? 0.1F : 1.0F);
        if (m_case.type == DataType::F16)
            return {toF16(wish), fromF16(toF16(wish))};
        if (m_case.type == DataType::BF16)
            return {toBf16(wish), fromBf16(toBf16(wish))};
        if (m_case.type == DataType::Int8) {
            const auto step = static_cast<std::int8_t>(std::clamp(wish * 32, -127.0F, 127.0F));
            return {static_cast<std::uint8_t>(step), static_cast<float>(step)};
        }
        // Every finite E4M3 up to 4, subnormals too, and values around the mean.
        auto bits = static_cast<std::uint8_t>(m_random() & 0xFFU);
        if ((bits & 0x7F) > 0x48)
            bits = static_cast<std::uint8_t>(bits & 0xB7);
        if (mean > 0)
            bits = static_cast<std::uint8_t>(0x2C + m_random() % 8);
        return {bits, e4m3Value(bits)};
    }

private:
    const AttentionCase& m_case;
    std::mt19937_64 m_random;
    std::normal_distribution<float> m_normal;
};

/// Copies what kernels read and write to a GPU. After a failure it does nothing more.
class Placer {
public:
    explicit Placer(std::shared_ptr<GpuRuntime> gpu) : m_gpu(std::move(gpu)) {}

    template <typename T>
    T* place(const std::vector<T>& values) {
        const std::uint64_t bytes = values.size() * sizeof(T);
        if (!m_status)
            return nullptr;
        Result<DeviceBuffer> buffer = DeviceBuffer::make(m_gpu, bytes);
        m_status = buffer ? m_gpu->copyToDevice(buffer->data(), values.data(), bytes)
                          : Status(buffer.error());
        if (!m_status)
            return nullptr;
        m_memory.push_back(std::move(*buffer));
        return m_memory.back().as<T>();
    }
    [[nodiscard]] const Status& status() const { return m_status; }

private:
    std::shared_ptr<GpuRuntime> m_gpu;
    std::vector<DeviceBuffer> m_memory;
    Status m_status = Done{};
};

AttentionData::AttentionData(const AttentionCase& test, std::uint64_t seed)
    : m_case(test), m_seed(seed),
      m_bytes(test.type == DataType::F16 || test.type == DataType::BF16 ? 2 : 1) {
    const CacheShape shape{test.nKvHeads, test.headDim * m_bytes, test.pageTokens};
    m_cache = layOutCache(shape, test.contexts);
    shufflePages();
    // What nobody may read is NaN (0xFF: of f16, bf16 and E4M3), so that it would be seen.
    m_keys.assign(count(m_cache.bytes), std::byte{0xFF});
    m_values = m_keys;
    fill();
}

gpu::AttentionArgs AttentionData::placed(const AttentionPlan& plan, Placer& placer) {
    gpu::AttentionArgs args;
    args.queries = placer.place(m_queries);
    args.keys = placer.place(m_keys);
    args.values = placer.place(m_values);
    args.address = m_cache.address;
    if (m_case.pageTokens > 0)
        args.address.pages = placer.place(m_cache.pages);
    args.contexts = placer.place(m_case.contexts);
    if (!m_scales.empty())
        args.keyScales = args.valueScales = placer.place(m_scales);
    args.scale = 1 / std::sqrt(static_cast<float>(m_case.headDim));
    args.nKvHeads = m_case.nKvHeads;
    args.group = m_case.group;
    args.headDim = m_case.headDim;
    args.splits = plan.splits;
    args.tile = plan.kernel.tile;
    const float poison = std::numeric_limits<float>::quiet_NaN();
    const std::size_t heads = m_case.contexts.size() * count(m_case.nKvHeads * m_case.group);
    const std::vector<float> states(heads * count(plan.splits), poison);
    m_out.assign(heads * count(m_case.headDim), poison);
    args.out = placer.place(m_out);
    args.splitMax = placer.place(states);
    args.splitDenominator = placer.place(states);
    args.splitOut = placer.place(std::vector<float>(states.size() * count(m_case.headDim), poison));
    return args;
}

Result<double> AttentionData::errorOn(const std::shared_ptr<GpuRuntime>& gpu,
                                      const AttentionPlan& plan) {
    Placer placer(gpu);
    const gpu::AttentionArgs args = placed(plan, placer);
    Status status = placer.status();
    if (status)
        status = launchAttention(*gpu, plan, args);
    if (status)
        status = gpu->copyToHost(m_out.data(), reinterpret_cast<const std::byte*>(args.out),
                                 m_out.size() * sizeof(float));
    if (!status)
        return status.error();
    return relativeError(m_out, m_expected);
}

/// Pages in no order: what reads one after the other is found out.
void AttentionData::shufflePages() {
    std::vector<std::int64_t> starts;
    for (const std::int64_t page : m_cache.pages)
        if (page >= 0)
            starts.push_back(page);
    std::shuffle(starts.begin(), starts.end(), std::mt19937(3));
    for (std::int64_t& page : m_cache.pages)
        if (page >= 0) {
            page = starts.back();
            starts.pop_back();
        }
}

void AttentionData::fill() {
    ElementSource source(m_case, m_seed);
    const bool eightBit = m_bytes == 1;
    for (int head = 0; eightBit && m_case.scales && head < m_case.nKvHeads; ++head)
        m_scales.push_back(m_case.type == DataType::Int8 ? 1.0F / static_cast<float>(30 + head)
                                                         : 1.0F + static_cast<float>(head));
    for (std::size_t sequence = 0; sequence < m_case.contexts.size(); ++sequence)
        for (int head = 0; head < m_case.nKvHeads; ++head) {
            const float scale = m_scales.empty() ? 1.0F : m_scales[count(head)];
            fillHead(source, static_cast<int>(sequence), head, scale);
        }
}

void AttentionData::fillHead(ElementSource& source, int sequence, int head, float scale) {
    const int tokens = m_case.contexts[count(sequence)];
    std::vector<float> keys;
    std::vector<float> values;
    gpu::CacheAddress address = m_cache.address;
    address.pages = m_case.pageTokens > 0 ? m_cache.pages.data() : nullptr;
    for (int token = 0; token < tokens; ++token) {
        const std::int64_t at = address.offset(sequence, head, token);
        for (int dim = 0; dim < m_case.headDim; ++dim) {
            const Element key = source.element(0);
            const Element value = source.element(m_case.flat ? 0.5F : 0.0F);
            std::memcpy(m_keys.data() + at + dim * m_bytes, &key.bits, count(m_bytes));
            std::memcpy(m_values.data() + at + dim * m_bytes, &value.bits, count(m_bytes));
            keys.push_back(key.value * scale);
            values.push_back(value.value * scale);
        }
    }
    const bool bf16 = m_case.type == DataType::BF16;
    for (int each = 0; each < m_case.group; ++each) {
        std::vector<float> query;
        for (int dim = 0; dim < m_case.headDim; ++dim) {
            const float wish = m_case.flat ? 0.0F : source.normal();
            m_queries.push_back(bf16 ? toBf16(wish) : toF16(wish));
            query.push_back(bf16 ? fromBf16(m_queries.back()) : fromF16(m_queries.back()));
        }
        const std::vector<double> out = referenceAttention(query, keys, values, m_case.headDim);
        m_expected.insert(m_expected.end(), out.begin(), out.end());
    }
}

Result<AttentionPlan> planOf(GpuRuntime& gpu, const AttentionCase& test) {
    const AttentionShape shape{test.type, test.headDim, std::int64_t{test.group} * test.nKvHeads,
                               test.nKvHeads, test.contexts};
    return test.blocksAtOnce > 0 ? planAttention(gpu.properties(), shape, test.blocksAtOnce)
                                 : planAttentionOn(gpu, shape);
}

double allowedError(const AttentionPlan& plan) {
    if (plan.kernel.family == KernelFamily::Vector)
        return 5e-6;
    return plan.kernel.format == gpu::KvFormat::BF16 ? 2e-3 : 5e-4;
}

std::string label(const AttentionCase& test) {
    return std::string(name(test.type)) + ", head_dim " + std::to_string(test.headDim) +
           ", group " + std::to_string(test.group);
}

} // namespace decodescope
