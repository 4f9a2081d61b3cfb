// SPDX-License-Identifier: Apache-2.0
// Rows of F32, F16 and BF16 weights times f32 inputs; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_PROJECTION_FLOAT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_PROJECTION_FLOAT_INL_H
#undef DECODESCOPE_CPU_PROJECTION_FLOAT_INL_H
#else
#define DECODESCOPE_CPU_PROJECTION_FLOAT_INL_H
#endif

#include <algorithm>

#include "core/cpu/projection_kernel.h"
#include "core/cpu/projection_part.h"
#include "core/cpu/vector_math-inl.h"
#include "core/engine/float_bits.h"

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

/// Sums that stay in registers beside what is multiplied.
constexpr int kFloatSums = HWY_MAX_BYTES >= 64 ? 16 : 8;
/// Rows at a time for one or two sequences. Inputs that the weights push out of the first-level
/// cache come again from the second with every so many rows: measured on Zen 4 with f16, six are
/// worth a tenth at 4,096 columns and a fifth at 14,336; f32 weights take twice the time and lose.
template <typename T>
constexpr int kFewRows = HWY_MAX_BYTES >= 64 && sizeof(T) == 2 ? 6 : 4;

/// Rows row, row + stride, … of kRows, times kBatch sequences. The rows lie far apart, so that
/// each is a stream of its own to the prefetcher: it follows one a page. A weight is converted in a
/// register, again for every four sequences, which costs nothing beside their multiply-adds; by
/// then it comes from the first-level cache.
template <int kRows, int kBatch, typename T>
HWY_INLINE void floatTile(const Projection& p, std::int64_t row, std::int64_t stride,
                          std::int64_t first) {
    constexpr int kUnroll = 2 * kRows * kBatch <= kFloatSums ? 2 : 1; ///< to hide the latency
    constexpr std::int64_t kStretch = 1024; ///< vectors: a sum of more loses the bound of f32
    const hn::ScalableTag<float> d;
    using V = hn::Vec<decltype(d)>;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const T* weights = reinterpret_cast<const T*>(p.weights) + row * p.columns;
    const bool copied = p.batch > 1;
    const std::int64_t inStride = copied ? floatStride(p.columns) : 0;
    const float* in = copied ? reinterpret_cast<const float*>(p.scratch) + first * inStride : p.in;
    const std::int64_t apart = stride * p.columns;
    float total[kRows][kBatch] = {};
    std::int64_t c = 0;
    while (c + kUnroll * lanes <= p.columns) {
        const std::int64_t end = std::min(p.columns, c + kStretch * lanes);
        V sum[kRows][kBatch][kUnroll];
        for (auto& ofRow : sum)
            for (auto& ofSequence : ofRow)
                for (V& chain : ofSequence)
                    chain = hn::Zero(d);
        for (; c + kUnroll * lanes <= end; c += kUnroll * lanes)
            for (int u = 0; u < kUnroll; ++u) {
                V x[kBatch];
                for (int b = 0; b < kBatch; ++b)
                    x[b] = hn::LoadU(d, in + b * inStride + c + u * lanes);
                for (int r = 0; r < kRows; ++r) {
                    const V w = loadFloats(d, weights + r * apart + c + u * lanes);
                    for (int b = 0; b < kBatch; ++b)
                        sum[r][b][u] = hn::MulAdd(w, x[b], sum[r][b][u]);
                }
            }
        for (int r = 0; r < kRows; ++r)
            for (int b = 0; b < kBatch; ++b) {
                V all = sum[r][b][0];
                for (int u = 1; u < kUnroll; ++u)
                    all = hn::Add(all, sum[r][b][u]);
                total[r][b] += hn::GetLane(hn::SumOfLanes(d, all));
            }
    }
    for (int r = 0; r < kRows; ++r)
        for (int b = 0; b < kBatch; ++b) {
            for (std::int64_t rest = c; rest < p.columns; ++rest)
                total[r][b] += toFloat(weights[r * apart + rest]) * in[b * inStride + rest];
            putSum(p, row + r * stride, first + b, total[r][b]);
        }
}

/// kRows rows, far apart, and what is left over one by one: all sequences, while the rows are near.
template <int kRows, typename T>
void floatTiles(const Projection& p, const ProjectionPart& part) {
    const std::int64_t stride = (part.rowEnd - part.row) / kRows;
    const std::int64_t end = part.sequenceEnd;
    for (std::int64_t i = 0; i < stride; ++i) {
        const std::int64_t row = part.row + i;
        std::int64_t s = part.sequence;
        if constexpr (kRows == 3) {
            for (; s + 4 <= end; s += 4)
                floatTile<kRows, 4, T>(p, row, stride, s);
        }
        for (; s + 2 <= end; s += 2)
            floatTile<kRows, 2, T>(p, row, stride, s);
        for (; s < end; ++s)
            floatTile<kRows, 1, T>(p, row, stride, s);
    }
    for (std::int64_t row = part.row + kRows * stride; row < part.rowEnd; ++row)
        for (std::int64_t s = part.sequence; s < end; ++s)
            floatTile<1, 1, T>(p, row, 0, s);
}

template <typename T>
void floatRows(const Projection& p, const ProjectionPart& part) {
    if (p.batch > 2)
        floatTiles<3, T>(p, part);
    else
        floatTiles<kFewRows<T>, T>(p, part);
}

/// The inputs of several sequences with kApartBytes between them; columns [from, to) of them.
void packFloats(const Projection& p, std::int64_t from, std::int64_t to) {
    auto* packed = reinterpret_cast<float*>(p.scratch);
    for (std::int64_t s = 0; s < p.batch; ++s)
        std::copy(p.in + s * p.columns + from, p.in + s * p.columns + to,
                  packed + s * floatStride(p.columns) + from);
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
