// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/projection_kernel.h"

#include <algorithm>

#include "core/cpu/float_bits.h"
#include "core/cpu/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/projection_kernel.cpp"
#include <hwy/foreach_target.h>

#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

HWY_INLINE float toFloat(float value) {
    return value;
}
HWY_INLINE float toFloat(hwy::float16_t value) {
    std::uint16_t bits = 0;
    hwy::CopySameSize(&value, &bits);
    return fromF16(bits);
}
HWY_INLINE float toFloat(hwy::bfloat16_t value) {
    std::uint16_t bits = 0;
    hwy::CopySameSize(&value, &bits);
    return fromBf16(bits);
}

/// kRows rows times kBatch sequences, starting at row `row` and sequence `first`.
template <int kRows, int kBatch, typename T>
HWY_INLINE void block(const Projection& p, std::int64_t row, std::int64_t first) {
    const hn::ScalableTag<float> d;
    using V = hn::Vec<decltype(d)>;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const T* weights = reinterpret_cast<const T*>(p.weights) + row * p.columns;
    const float* in = p.in + first * p.columns;
    V sum[kRows][kBatch];
    for (int r = 0; r < kRows; ++r)
        for (int b = 0; b < kBatch; ++b)
            sum[r][b] = hn::Zero(d);
    std::int64_t c = 0;
    for (; c + lanes <= p.columns; c += lanes) {
        V x[kBatch];
        for (int b = 0; b < kBatch; ++b)
            x[b] = hn::LoadU(d, in + b * p.columns + c);
        for (int r = 0; r < kRows; ++r) {
            const V w = loadFloats(d, weights + r * p.columns + c);
            for (int b = 0; b < kBatch; ++b)
                sum[r][b] = hn::MulAdd(w, x[b], sum[r][b]);
        }
    }
    for (int r = 0; r < kRows; ++r)
        for (int b = 0; b < kBatch; ++b) {
            float total = hn::GetLane(hn::SumOfLanes(d, sum[r][b]));
            for (std::int64_t rest = c; rest < p.columns; ++rest)
                total += toFloat(weights[r * p.columns + rest]) * in[b * p.columns + rest];
            float& out = p.out[(first + b) * p.rows + row + r];
            out = p.add ? out + total : total;
        }
}

/// A few rows stay in the first-level cache while all sequences pass.
template <int kRows, typename T>
HWY_INLINE void allSequences(const Projection& p, std::int64_t row) {
    std::int64_t b = 0;
    for (; b + 4 <= p.batch; b += 4)
        block<kRows, 4, T>(p, row, b);
    for (; b + 2 <= p.batch; b += 2)
        block<kRows, 2, T>(p, row, b);
    for (; b < p.batch; ++b)
        block<kRows, 1, T>(p, row, b);
}

template <typename T>
void rowsOf(const Projection& p, std::int64_t from, std::int64_t to) {
    std::int64_t row = from;
    for (; row + 4 <= to; row += 4)
        allSequences<4, T>(p, row);
    for (; row < to; ++row)
        allSequences<1, T>(p, row);
}

void projectRows(const Projection& p, std::int64_t from, std::int64_t to) {
    if (p.type == DataType::F32)
        rowsOf<float>(p, from, to);
    else if (p.type == DataType::F16)
        rowsOf<hwy::float16_t>(p, from, to);
    else
        rowsOf<hwy::bfloat16_t>(p, from, to);
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace decodescope {

HWY_EXPORT(projectRows);

bool project(ThreadPool& pool, const Projection& projection, const std::stop_token& stop) {
    constexpr std::int64_t kUnitElements = std::int64_t{1} << 18; ///< 512 KiB of 16-bit weights
    constexpr std::int64_t kMostUnitFlop = 100'000'000; ///< a stop request is heard between units
    const std::int64_t elements =
        std::min(kUnitElements, kMostUnitFlop / (2 * std::max<std::int64_t>(1, projection.batch)));
    const std::int64_t perUnit =
        std::max<std::int64_t>(4, elements / std::max<std::int64_t>(1, projection.columns) / 4 * 4);
    const std::int64_t units = (projection.rows + perUnit - 1) / perUnit;
    return pool.run(units, stop, [&](std::int64_t unit, int) {
        const std::int64_t from = unit * perUnit;
        HWY_DYNAMIC_DISPATCH(projectRows)
        (projection, from, std::min(projection.rows, from + perUnit));
    });
}

} // namespace decodescope
#endif
