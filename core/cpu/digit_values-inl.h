// SPDX-License-Identifier: Apache-2.0
// Weights as numbers of 16 bits, and the values of int8 or nibbles that they add up; compiled once
// for each instruction set.
#if defined(DECODESCOPE_CPU_DIGIT_VALUES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_DIGIT_VALUES_INL_H
#undef DECODESCOPE_CPU_DIGIT_VALUES_INL_H
#else
#define DECODESCOPE_CPU_DIGIT_VALUES_INL_H
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <hwy/highway.h>

#include "core/cpu/digit_products-inl.h"
#include "core/cpu/kv_cache.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// Whole numbers near zero have these bits in an f32 that 1.5 × 2^23 was added to, and themselves
/// in the low ones.
constexpr float kToBits = 12582912;
constexpr std::uint32_t kBitsOfZero = 0x4B400000U;

/// The weights of a round for a block of heads.
template <int kHeads>
struct WeightDigits {
    alignas(64) DigitQuad quads[kHeads * kRoundTokens / 4]; ///< [heads][kRoundTokens / 4]
    std::int32_t starts[kHeads];                            ///< what takes the values' bias off
    float scales[kHeads];                                   ///< what a number is worth
};

#if HWY_TARGET != HWY_SCALAR
/// The numbers in the low 16 bits of the lanes of two vectors as quads.
template <class V>
HWY_INLINE void storeQuads(V first, V second, DigitQuad* quads) {
    const hn::DFromV<V> di;
    const hn::Repartition<std::uint8_t, decltype(di)> d8;
    const hn::Repartition<std::uint64_t, decltype(di)> d64;
    alignas(16) static constexpr std::uint8_t kGathered[16] = {0, 4, 8, 12, 1, 5, 9, 13,
                                                               0, 4, 8, 12, 1, 5, 9, 13};
    const auto gather = [&](V bits) HWY_ATTR __attribute__((always_inline)) {
        // The high digit is rounded, since the low one is signed.
        const V high = hn::And(hn::Add(bits, hn::Set(di, 128)), hn::Set(di, 0xFF00));
        const V both = hn::Or(high, hn::And(bits, hn::Set(di, 0xFF)));
        return hn::BitCast(
            d64, hn::TableLookupBytes(hn::BitCast(d8, both), hn::LoadDup128(d8, kGathered)));
    };
    hn::StoreU(hn::ConcatEven(d64, gather(second), gather(first)), d64,
               reinterpret_cast<std::uint64_t*>(quads));
}
#endif

/// One head's weights of kSlots tokens × `scales` (none where nullptr) as numbers of 16 bits
/// relative to the largest, each rounded to the nearest. Returns their sum; `scale` becomes what
/// one of them is worth.
template <int kSlots>
HWY_INLINE std::int32_t packWeights(const float* weights, const float* scales, DigitQuad* quads,
                                    float& scale) {
    constexpr float kLeast = 1e-30F; // what is added up is above 2^-8
    constexpr int kVectors = kSlots / HWY_LANES(float);
    const FloatTag d;
    const hn::RebindToSigned<FloatTag> di;
    const std::int64_t lanes = lanesOf();
    FloatVec x[kVectors];
    auto largest = hn::Zero(d);
    DECODESCOPE_UNROLL
    for (int i = 0; i < kVectors; ++i) {
        x[i] = hn::LoadU(d, weights + i * lanes);
        if (scales != nullptr)
            x[i] = hn::Mul(x[i], hn::LoadU(d, scales + i * lanes));
        largest = hn::Max(largest, hn::Abs(x[i]));
    }
    const float most = std::max(hn::GetLane(hn::MaxOfLanes(d, largest)), kLeast);
    scale = most / kMostFixed;
    const auto inverse = hn::Set(d, kMostFixed / most);
    hn::Vec<decltype(di)> bits[kVectors];
    auto sum = hn::Zero(di);
    DECODESCOPE_UNROLL
    for (int i = 0; i < kVectors; ++i) {
        bits[i] = hn::BitCast(di, hn::MulAdd(x[i], inverse, hn::Set(d, kToBits)));
        sum = hn::Add(sum, bits[i]);
    }
#if HWY_TARGET == HWY_SCALAR
    auto* bytes = reinterpret_cast<std::int8_t*>(quads);
    for (int i = 0; i < kSlots; ++i) {
        const std::int32_t number = hn::GetLane(bits[i]);
        bytes[i / 4 * 8 + i % 4] = static_cast<std::int8_t>(number);
        bytes[i / 4 * 8 + 4 + i % 4] = static_cast<std::int8_t>((number + 128) >> 8);
    }
#else
    DECODESCOPE_UNROLL
    for (int i = 0; i < kVectors; i += 2) {
        storeQuads(bits[i], bits[i + 1], quads + i * lanes / 4);
    }
#endif
    const auto all = static_cast<std::uint32_t>(hn::GetLane(hn::SumOfLanes(di, sum)));
    return static_cast<std::int32_t>(all - kSlots * kBitsOfZero);
}

/// output[h][0 .. kWidth × lanes) += Σ_t weights[h][t] × values[t][c …].
template <class Dot, int kHeads, int kWidth, class D, class Rows>
HWY_INLINE void addDigitColumns(D d, const RoundRows<Rows>& values, std::int64_t c,
                                std::int64_t tokens, const WeightDigits<kHeads>& weights,
                                float* output, std::int64_t headDimV, Ahead& ahead) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    DigitSums<D, kHeads, kWidth> sums;
    sums.start(weights.starts);
    Rows rows = values.rows;
    const DigitQuad* quads = weights.quads;
    for (;;) {
        // The weights past the end are zero.
        const std::int64_t steps =
            (std::min(tokens, kTileTokens) + Rows::kRowsOfStep - 1) / Rows::kRowsOfStep;
        multiplyQuads<Dot, kHeads, kWidth, kRoundTokens / 4, 1>(d, rows, steps, c, quads, sums,
                                                                ahead);
        if (kMostRoundTiles == 1 || tokens <= kTileTokens)
            break;
        tokens -= kTileTokens;
        rows.base += values.tileBytes;
        quads += kTileTokens / 4;
    }
    DECODESCOPE_UNROLL
    for (int h = 0; h < kHeads; ++h) {
        const auto scale = hn::Set(d, weights.scales[h]);
        DECODESCOPE_UNROLL
        for (int w = 0; w < kWidth; ++w) {
            float* at = output + h * headDimV + w * lanes;
            hn::StoreU(hn::MulAdd(sums.number(d, h, w), scale, hn::LoadU(d, at)), d, at);
        }
    }
}

/// addDigitColumns() over columns [from, to) of a matrix, widest first.
template <class Dot, int kHeads, int kWidth, class Rows>
HWY_INLINE void addAllDigitColumns(const RoundRows<Rows>& values, std::int64_t from,
                                   std::int64_t to, std::int64_t tokens,
                                   const WeightDigits<kHeads>& weights, float* output,
                                   std::int64_t headDimV, Ahead& ahead) {
    const FloatTag d;
    const std::int64_t width = kWidth * lanesOf();
    for (; from + width <= to; from += width, output += width)
        addDigitColumns<Dot, kHeads, kWidth>(d, values, from, tokens, weights, output, headDimV,
                                             ahead);
    if constexpr (kWidth > 1) {
        if (from < to)
            addAllDigitColumns<Dot, kHeads, kWidth / 2>(values, from, to, tokens, weights, output,
                                                        headDimV, ahead);
    } else if constexpr (HWY_MAX_BYTES > 32) {
        const hn::CappedTag<float, 8> half; // head_dim: a multiple of 8, perhaps not of the lanes
        const auto lanes = static_cast<std::int64_t>(hn::Lanes(half));
        for (; from < to; from += lanes, output += lanes)
            addDigitColumns<Dot, kHeads, 1>(half, values, from, tokens, weights, output, headDimV,
                                            ahead);
    }
}

/// The values of a round. `weights` [kHeads][kRoundTokens], zero past the last token.
template <class Dot, int kHeads, class Rows>
HWY_INLINE void addDigits(const RowMatrix<Rows>& values, std::int64_t tileBytes,
                          std::int64_t headDimV, std::int64_t tokens, const float* weights,
                          float* output, Ahead& ahead) {
    WeightDigits<kHeads> digits;
    for (int h = 0; h < kHeads; ++h) {
        const float* head = weights + h * kRoundTokens;
        DigitQuad* quads = digits.quads + h * kRoundTokens / 4;
        const std::int32_t sum =
            tokens <= kTileTokens
                ? packWeights<kTileTokens>(head, nullptr, quads, digits.scales[h])
                : packWeights<kRoundTokens>(head, nullptr, quads, digits.scales[h]);
        digits.starts[h] = -Quads<Dot, Rows>::kBias * sum;
    }
    addAllDigitColumns<Dot, kHeads, digitWidthFor(kHeads)>(RoundRows<Rows>{values.rows, tileBytes},
                                                           0, headDimV, tokens, digits, output,
                                                           headDimV, ahead);
}

/// The same for one tile in blocks: a token's scale goes into its weight.
template <class Dot, int kHeads, class Rows>
HWY_INLINE void addDigits(const BlockMatrix<Rows>& values, std::int64_t /*tileBytes*/,
                          std::int64_t headDimV, std::int64_t tokens, const float* weights,
                          float* output, Ahead& ahead) {
    const FloatTag d;
    WeightDigits<kHeads> digits;
    HWY_ALIGN float scales[kTileTokens];
    for (std::int64_t b = 0; b < blocksOf(headDimV); ++b) {
        for (std::int64_t t = 0; t < kTileTokens; t += lanesOf())
            hn::Store(loadFloats(d, values.scales(b) + t), d, scales + t);
        std::fill(scales + tokens, scales + kTileTokens, 0.0F); // what lies there is nobody's
        for (int h = 0; h < kHeads; ++h)
            digits.starts[h] =
                -Quads<Dot, Rows>::kBias *
                packWeights<kTileTokens>(weights + h * kRoundTokens, scales,
                                         digits.quads + h * kRoundTokens / 4, digits.scales[h]);
        addAllDigitColumns<Dot, kHeads, digitWidthFor(kHeads, kBlockValues)>(
            RoundRows<Rows>{values.rows(b), 0}, 0, valuesOfBlock(b, headDimV), tokens, digits,
            output + b * kBlockValues, headDimV, ahead);
    }
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
