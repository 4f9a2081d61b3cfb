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

#include "core/cpu/attention_kernel.h"
#include "core/cpu/digit_packing-inl.h"
#include "core/cpu/digit_products-inl.h"
#include "core/cpu/kv_cache.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// The weights of a round for a block of heads.
template <int kHeads>
struct WeightDigits {
    alignas(64) DigitQuad quads[kHeads * kRoundTokens / 4]; ///< [heads][kRoundTokens / 4]
    std::int32_t starts[kHeads];                            ///< what takes the values' bias off
    float scales[kHeads];                                   ///< what a number is worth
};

/// scaled[t] = weights[t] × factor for `slots` tokens, so that the largest × bounds[t] becomes
/// `most` (bounds of 1 where nullptr). Returns 1 / factor.
HWY_INLINE float scaleWeights(const float* weights, const float* bounds, std::int64_t slots,
                              float most, float* scaled) {
    constexpr float kLeast = 1e-30F; // what is added up is above 2^-8
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    auto largest = hn::Zero(d);
    for (std::int64_t t = 0; t < slots; t += lanes) {
        const auto weight = hn::LoadU(d, weights + t);
        largest = hn::Max(largest,
                          bounds == nullptr ? weight : hn::Mul(weight, hn::LoadU(d, bounds + t)));
    }
    const float scale = std::max(hn::GetLane(hn::MaxOfLanes(d, largest)), kLeast) / most;
    const auto factor = hn::Set(d, 1 / scale);
    for (std::int64_t t = 0; t < slots; t += lanes)
        hn::StoreU(hn::Mul(hn::LoadU(d, weights + t), factor), d, scaled + t);
    return scale;
}

template <class Quads>
constexpr float mostWeight() {
    return Quads::kUnsignedFactors ? kMostUnsigned : kMostSigned<typename Quads::Unit>;
}

/// The tokens' scales in `blocks` blocks of a round's values from the first on, zero past the last
/// token; largest[t] is that of these blocks, in magnitude.
template <class Rows>
HWY_INLINE void loadScales(BlockMatrix<Rows> values, std::int64_t first, std::int64_t blocks,
                           std::int64_t tileBytes, std::int64_t tokens, std::int64_t slots,
                           float (*scales)[kRoundTokens], float* largest) {
    const FloatTag d;
    for (std::int64_t t = 0; t < slots; t += kTileTokens, values.matrix += tileBytes)
        for (std::int64_t i = t; i < t + kTileTokens; i += lanesOf()) {
            auto most = hn::Zero(d);
            for (std::int64_t b = 0; b < blocks; ++b) {
                const auto scale = loadFloats(d, values.scales(first + b) + i - t);
                hn::Store(scale, d, scales[b] + i);
                most = hn::Max(most, hn::Abs(scale));
            }
            hn::Store(most, d, largest + i);
        }
    if (tokens == slots)
        return;
    for (std::int64_t b = 0; b < blocks; ++b) // what lies past the end is nobody's
        std::fill(scales[b] + tokens, scales[b] + slots, 0.0F);
    std::fill(largest + tokens, largest + slots, 0.0F);
}

/// output[h][0 .. kWidth × lanes) += Σ_t weights[h][t] × values[t][c …].
template <class Dot, int kHeads, int kWidth, class D, class Rows>
HWY_INLINE void addDigitColumns(D d, const RoundRows<Rows>& values, std::int64_t c,
                                std::int64_t tokens, const WeightDigits<kHeads>& weights,
                                float* output, std::int64_t headDimV, Ahead& ahead) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    DigitSums<Dot, D, kHeads, kWidth> sums(weights.starts);
    Rows rows = values.rows;
    const DigitQuad* quads = weights.quads;
    for (;;) {
        // The weights past the end are zero.
        const std::int64_t steps =
            (std::min(tokens, kTileTokens) + Rows::kRowsOfStep - 1) / Rows::kRowsOfStep;
        multiplyQuads<ValueQuads<Dot, Rows>, kHeads, kWidth, kRoundTokens / 4, 1>(
            d, rows, steps, c, quads, sums, ahead);
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

HWY_INLINE std::int64_t slotsOf(std::int64_t tokens) {
    return (tokens + kTileTokens - 1) / kTileTokens * kTileTokens;
}

/// The values of a round. `weights` [kHeads][kRoundTokens], zero past the last token.
template <class Dot, int kHeads, class Rows>
HWY_INLINE void addDigits(const RowMatrix<Rows>& values, std::int64_t tileBytes,
                          std::int64_t headDimV, std::int64_t tokens, const float* weights,
                          float* output, Ahead& ahead) {
    using Quads = ValueQuads<Dot, Rows>;
    static_assert(Quads::kBias == 0);
    const std::int64_t slots = slotsOf(tokens);
    alignas(64) float scaled[kRoundTokens];
    WeightDigits<kHeads> digits;
    for (int h = 0; h < kHeads; ++h) {
        digits.scales[h] =
            scaleWeights(weights + h * kRoundTokens, nullptr, slots, mostWeight<Quads>(), scaled);
        digits.starts[h] =
            packDigits<Quads>(scaled, nullptr, slots, digits.quads + h * kRoundTokens / 4);
    }
    addAllDigitColumns<Dot, kHeads, digitWidthFor(kHeads)>(RoundRows<Rows>{values.rows, tileBytes},
                                                           0, headDimV, tokens, digits, output,
                                                           headDimV, ahead);
}

/// Few heads wait for memory and take block after block as they lie. Measured on Zen 4: asking for
/// the scales of all blocks first cost groups of one and four a fifth, a miss that nothing hides in
/// each tile; eight heads, which leave time for it, lose a tenth by not asking.
constexpr int kHeadsOfEachBlock = 4;

/// The same for values in blocks: a token's scale goes into its weight, and the largest of all
/// blocks (or of each) decides what a number is worth.
template <class Dot, int kHeads, class Rows>
HWY_INLINE void addDigits(const BlockMatrix<Rows>& values, std::int64_t tileBytes,
                          std::int64_t headDimV, std::int64_t tokens, const float* weights,
                          float* output, Ahead& ahead) {
    using Quads = ValueQuads<Dot, Rows>;
    const std::int64_t blocks = blocksOf(headDimV);
    const std::int64_t together = kHeads <= kHeadsOfEachBlock ? 1 : blocks;
    const std::int64_t slots = slotsOf(tokens);
    alignas(64) float scales[kHeads <= kHeadsOfEachBlock ? 1 : blocksOf(kMaxHeadDim)][kRoundTokens];
    alignas(64) float largest[kRoundTokens];
    alignas(64) float scaled[kHeads * kRoundTokens];
    WeightDigits<kHeads> digits;
    for (std::int64_t b = 0; b < blocks; ++b) {
        if (b % together == 0) {
            loadScales(values, b, together, tileBytes, tokens, slots, scales, largest);
            for (int h = 0; h < kHeads; ++h)
                digits.scales[h] = scaleWeights(weights + h * kRoundTokens, largest, slots,
                                                mostWeight<Quads>(), scaled + h * kRoundTokens);
        }
        for (int h = 0; h < kHeads; ++h)
            digits.starts[h] =
                -Quads::kBias * packDigits<Quads>(scaled + h * kRoundTokens, scales[b % together],
                                                  slots, digits.quads + h * kRoundTokens / 4);
        addAllDigitColumns<Dot, kHeads, digitWidthFor(kHeads, kBlockValues)>(
            RoundRows<Rows>{values.rows(b), tileBytes}, 0, valuesOfBlock(b, headDimV), tokens,
            digits, output + b * kBlockValues, headDimV, ahead);
    }
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
