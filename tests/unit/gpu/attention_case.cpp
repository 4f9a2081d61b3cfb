// SPDX-License-Identifier: Apache-2.0
#include "attention_case.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <stdexcept>

#include "block_emulator.h"
#include "core/cpu/float_bits.h"
#include "core/cpu/reference.h"
#include "gpu/attention_plan.h"
#include "gpu/kernels/attention_combine.h"
#include "gpu/kernels/attention_packed.h"
#include "gpu/kernels/attention_vector.h"
#include "gpu/kernels/kernel_instances.h"
#include "gpu/page_table.h"

namespace decodescope {
namespace {

std::size_t count(std::int64_t n) {
    return static_cast<std::size_t>(n);
}

/// The value of one E4M3 by its definition: sign, four bits of exponent (bias 7), three of
/// mantissa.
float e4m3Value(std::uint8_t bits) {
    const int exponent = bits >> 3 & 15;
    const int mantissa = bits & 7;
    const float magnitude = exponent == 0
                                ? std::ldexp(static_cast<float>(mantissa), -9)
                                : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
    return (bits & 0x80) != 0 ? -magnitude : magnitude;
}

/// A random element as the cache keeps it, and what it is worth.
struct Element {
    std::uint16_t bits;
    float value;
};

class Source {
public:
    explicit Source(const AttentionCase& test) : m_case(test) {}

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
    std::mt19937_64 m_random{11};
    std::normal_distribution<float> m_normal;
};

/// Device memory of a case, on the host.
class Memory {
public:
    explicit Memory(const AttentionCase& test)
        : m_case(test), m_bytes(test.type == DataType::F16 || test.type == DataType::BF16 ? 2 : 1) {
        const CacheShape shape{test.nKvHeads, test.headDim * m_bytes, test.pageTokens};
        m_cache = layOutCache(shape, test.contexts);
        shufflePages();
        // What nobody may read is NaN (0xFF: of f16, bf16 and E4M3), so that it would be seen.
        m_keys.assign(count(m_cache.bytes) + kSlack, std::byte{0xFF});
        m_values = m_keys;
        fill();
    }

    gpu::AttentionArgs args(const AttentionPlan& plan) {
        gpu::AttentionArgs args;
        args.queries = m_queries.data();
        args.keys = aligned(m_keys);
        args.values = aligned(m_values);
        args.address = m_cache.address;
        args.address.pages = m_case.pageTokens > 0 ? m_cache.pages.data() : nullptr;
        args.contexts = m_case.contexts.data();
        if (!m_scales.empty()) {
            args.keyScales = m_scales.data();
            args.valueScales = m_scales.data();
        }
        args.scale = 1 / std::sqrt(static_cast<float>(m_case.headDim));
        args.nKvHeads = m_case.nKvHeads;
        args.group = m_case.group;
        args.headDim = m_case.headDim;
        args.splits = plan.splits;
        args.tile = plan.kernel.tile;
        const float poison = std::numeric_limits<float>::quiet_NaN();
        const std::size_t heads = m_case.contexts.size() * count(m_case.nKvHeads * m_case.group);
        m_out.assign(heads * count(m_case.headDim), poison);
        m_splitMax.assign(heads * count(plan.splits), poison);
        m_splitDenominator = m_splitMax;
        m_splitOut.assign(m_splitMax.size() * count(m_case.headDim), poison);
        args.out = m_out.data();
        args.splitMax = m_splitMax.data();
        args.splitDenominator = m_splitDenominator.data();
        args.splitOut = m_splitOut.data();
        return args;
    }

    [[nodiscard]] double error() const { return relativeError(m_out, m_expected); }

private:
    static constexpr std::size_t kSlack = 16;

    static std::byte* aligned(std::vector<std::byte>& bytes) {
        const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
        return bytes.data() + (kSlack - address % kSlack) % kSlack;
    }

    /// Pages in no order: what reads one after the other is found out.
    void shufflePages() {
        std::vector<std::int32_t> numbers;
        for (const std::int32_t page : m_cache.pages)
            if (page >= 0)
                numbers.push_back(page);
        std::shuffle(numbers.begin(), numbers.end(), std::mt19937(3));
        for (std::int32_t& page : m_cache.pages)
            if (page >= 0)
                page = numbers[count(page)];
    }

    void fill() {
        Source source(m_case);
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

    void fillHead(Source& source, int sequence, int head, float scale) {
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
                std::memcpy(aligned(m_keys) + at + dim * m_bytes, &key.bits, count(m_bytes));
                std::memcpy(aligned(m_values) + at + dim * m_bytes, &value.bits, count(m_bytes));
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

    const AttentionCase& m_case;
    int m_bytes;
    CacheLayout m_cache;
    std::vector<std::byte> m_keys, m_values;
    std::vector<std::uint16_t> m_queries;
    std::vector<float> m_scales;
    std::vector<float> m_out, m_splitMax, m_splitDenominator, m_splitOut;
    std::vector<double> m_expected;
};

void emulate(const LaunchGrid& grid, int threads, int sharedBytes,
             const std::function<void()>& kernel) {
    gpu::emulate({grid.x, grid.y, grid.z}, threads, count(sharedBytes), kernel);
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
    const Result<AttentionPlan> plan =
        planAttention(gpu,
                      {test.type, test.headDim, std::int64_t{test.group} * test.nKvHeads,
                       test.nKvHeads, test.contexts},
                      test.blocksAtOnce);
    if (!plan)
        throw std::runtime_error(plan.error().sentence());
    Memory memory(test);
    const gpu::AttentionArgs args = memory.args(*plan);
    if (!runKernel(args, *plan))
        throw std::runtime_error("no kernel is compiled for what was planned");
    if (gpu::bankConflicts() > 0)
        throw std::runtime_error("matrix loads conflict in shared memory");
    if (plan->combineThreads > 0)
        emulate(plan->combineGrid, plan->combineThreads, 0, [&args] { gpu::combineSplits(args); });
    return memory.error();
}

} // namespace decodescope
