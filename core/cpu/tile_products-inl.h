// SPDX-License-Identifier: Apache-2.0
// Products of a block of query heads with a tile's keys and values; compiled once for each
// instruction set.
#if defined(DECODESCOPE_CPU_TILE_PRODUCTS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_TILE_PRODUCTS_INL_H
#undef DECODESCOPE_CPU_TILE_PRODUCTS_INL_H
#else
#define DECODESCOPE_CPU_TILE_PRODUCTS_INL_H
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <hwy/highway.h>

#include "core/cpu/ahead-inl.h"
#include "core/cpu/kv_cache.h"
#include "core/cpu/row_groups-inl.h"
#include "core/cpu/row_products-inl.h"
#include "core/cpu/tile_rows-inl.h"
#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// The queries of a block of heads: what each of its scores starts from, and its factors.
template <class Products>
struct BlockQueries {
    const typename Products::Factor* packed; ///< [headDimK / kRows][heads]
    const float* sums; ///< [blocksOf(headDimK)][heads]: of the queries of one block
    float* weights;    ///< [heads][kRoundTokens]: the tile's scores, then their exp2
};

/// weights[h][t] += Σ_r queries[r][h] × keys[r][t], r of `count` steps of rows from step `first`
/// on; from the first of all, the weights start at zero.
template <class Products, int kHeads, int kWidth, class Rows>
HWY_INLINE void scoreSteps(const Rows& keys, std::int64_t first, std::int64_t count,
                           const BlockQueries<Products>& block, Ahead& ahead) {
    static_assert(kWidth * HWY_MAX_BYTES <= kTileTokens * sizeof(float));
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    for (std::int64_t t = 0; t < kTileTokens; t += kWidth * lanes) {
        float* weights = block.weights + t;
        Sums<FloatTag, kHeads, kWidth> sum;
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                sum[h][w] =
                    first == 0 ? hn::Zero(d) : hn::LoadU(d, weights + h * kRoundTokens + w * lanes);
            }
        }
        multiplyRows<Products, kHeads, kWidth, 1, kHeads>(
            d, rowsFrom(keys, first), count, t,
            block.packed + Rows::kRowsOfStep * first / Products::kRows * kHeads, sum, ahead);
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                hn::StoreU(sum[h][w], d, weights + h * kRoundTokens + w * lanes);
            }
        }
    }
}

/// weights[h][t] = Σ_r queries[r][h] × keys[r][t].
template <class Products, int kHeads, int kWidth, class Rows>
HWY_INLINE void scoreRows(const Rows& keys, std::int64_t headDimK,
                          const BlockQueries<Products>& block, Ahead& ahead) {
    const std::int64_t steps = headDimK / Rows::kRowsOfStep;
    const bool oneSweep = kWidth * lanesOf() >= kTileTokens;
    const std::int64_t chunk = oneSweep ? steps : chunkSteps(keys, ahead);
    for (std::int64_t s = 0; s < steps; s += chunk)
        scoreSteps<Products, kHeads, kWidth>(keys, s, std::min(chunk, steps - s), block, ahead);
}

/// The same for a matrix in blocks: each block's sum is scaled, a token at a time, and added.
template <int kHeads, int kWidth, class Rows>
HWY_INLINE void scoreBlocks(const BlockMatrix<Rows>& keys, std::int64_t headDimK,
                            const BlockQueries<F32Products>& block, Ahead& ahead) {
    static_assert(kWidth * HWY_MAX_BYTES <= kTileTokens * sizeof(float));
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    for (std::int64_t b = 0; b < blocksOf(headDimK); ++b) {
        const std::int64_t steps = valuesOfBlock(b, headDimK) / Rows::kRowsOfStep;
        const hwy::float16_t* scales = keys.scales(b);
        for (std::int64_t t = 0; t < kTileTokens; t += kWidth * lanes) {
            Sums<FloatTag, kHeads, kWidth> sum;
            DECODESCOPE_UNROLL
            for (int h = 0; h < kHeads; ++h) {
                DECODESCOPE_UNROLL
                for (int w = 0; w < kWidth; ++w) {
                    if constexpr (Rows::kBias == 0)
                        sum[h][w] = hn::Zero(d);
                    else
                        sum[h][w] = hn::Set(d, -Rows::kBias * block.sums[b * kHeads + h]);
                }
            }
            multiplyRows<F32Products, kHeads, kWidth, 1, kHeads>(
                d, keys.rows(b), steps, t, block.packed + b * kBlockValues * kHeads, sum, ahead);
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                const FloatVec scale = loadFloats(d, scales + t + w * lanes);
                DECODESCOPE_UNROLL
                for (int h = 0; h < kHeads; ++h) {
                    float* at = block.weights + h * kRoundTokens + t + w * lanes;
                    const FloatVec before = b == 0 ? hn::Zero(d) : hn::LoadU(d, at);
                    hn::StoreU(hn::MulAdd(scale, sum[h][w], before), d, at);
                }
            }
        }
    }
}

/// Values of a round: of each of its tiles the same rows.
template <class Rows>
struct RoundRows {
    Rows rows; ///< of the first tile
    std::int64_t tileBytes;
};

/// output[h][0 .. kWidth × lanes) += Σ_t weights[h][t] × (values[t][c …] - bias). A head's weights
/// lie kRoundTokens factors after those of the one before and a tile's kTileTokens, also where a
/// factor is a pair.
template <class Products, int kHeads, int kWidth, class D, class Rows>
HWY_INLINE void addColumns(D d, const RoundRows<Rows>& values, std::int64_t c, std::int64_t tokens,
                           const typename Products::Factor* weights, const float* bias,
                           float* output, std::int64_t headDimV, Ahead& ahead) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    Sums<D, kHeads, kWidth> sum;
    DECODESCOPE_UNROLL
    for (int h = 0; h < kHeads; ++h) {
        DECODESCOPE_UNROLL
        for (int w = 0; w < kWidth; ++w) {
            sum[h][w] = hn::LoadU(d, output + h * headDimV + w * lanes);
            if constexpr (Rows::kBias != 0)
                sum[h][w] = hn::Sub(sum[h][w], hn::Set(d, bias[h]));
        }
    }
    Rows rows = values.rows;
    std::int64_t steps = 0;
    for (;;) {
        // The weights past the end are next to nothing: any number may be multiplied with them.
        const std::int64_t count = std::min(tokens, kTileTokens);
        steps = (count + (Rows::kAnyBytes ? Rows::kRowsOfStep - 1 : 0)) / Rows::kRowsOfStep;
        multiplyRows<Products, kHeads, kWidth, kRoundTokens, 1>(d, rows, steps, c, weights, sum,
                                                                ahead);
        if (kMostRoundTiles == 1 || tokens <= kTileTokens)
            break;
        tokens -= kTileTokens;
        rows.base += values.tileBytes;
        weights += kTileTokens;
    }
    if constexpr (!Rows::kAnyBytes) {
        if (tokens % 2 != 0) { // what the last pair's odd row holds is nobody's
            const std::byte* at = rows.base + steps * rows.stepBytes();
            const auto last = [&](int w) HWY_ATTR __attribute__((always_inline)) {
                if constexpr (Products::kRows == 2)
                    return rows.evenAlone(d, at, c + w * lanes);
                else
                    return rows.template row<0>(d, at, c + w * lanes);
            };
            multiplyRow<Products, kHeads, kWidth, kRoundTokens>(
                d, weights + 2 * steps / Products::kRows, last, sum);
        }
    }
    DECODESCOPE_UNROLL
    for (int h = 0; h < kHeads; ++h) {
        DECODESCOPE_UNROLL
        for (int w = 0; w < kWidth; ++w) {
            hn::StoreU(sum[h][w], d, output + h * headDimV + w * lanes);
        }
    }
}

/// addColumns() over columns [from, to) of a matrix, widest first.
template <class Products, int kHeads, int kWidth, class Rows>
HWY_INLINE void addAllColumns(const RoundRows<Rows>& values, std::int64_t from, std::int64_t to,
                              std::int64_t tokens, const typename Products::Factor* weights,
                              const float* bias, float* output, std::int64_t headDimV,
                              Ahead& ahead) {
    const FloatTag d;
    const std::int64_t width = kWidth * lanesOf();
    for (; from + width <= to; from += width, output += width)
        addColumns<Products, kHeads, kWidth>(d, values, from, tokens, weights, bias, output,
                                             headDimV, ahead);
    if constexpr (kWidth > 1) {
        if (from < to)
            addAllColumns<Products, kHeads, narrower(kWidth)>(values, from, to, tokens, weights,
                                                              bias, output, headDimV, ahead);
    } else if constexpr (HWY_MAX_BYTES > 32) {
        const hn::CappedTag<float, 8> half; // head_dim: a multiple of 8, perhaps not of the lanes
        const auto lanes = static_cast<std::int64_t>(hn::Lanes(half));
        for (; from < to; from += lanes, output += lanes)
            addColumns<Products, kHeads, 1>(half, values, from, tokens, weights, bias, output,
                                            headDimV, ahead);
    }
}

/// A round's tiles in one sweep, or of each tile chunk after chunk.
template <class Products, int kHeads, class Rows>
HWY_INLINE void addRows(const RoundRows<Rows>& values, std::int64_t headDimV, std::int64_t tokens,
                        const typename Products::Factor* weights, float* output, Ahead& ahead) {
    constexpr std::int64_t kRowsOfStep = Rows::kRowsOfStep;
    if constexpr (keepsFactors(kHeads) && Products::kRows == 1 && kRowsOfStep == 2) {
        const std::int64_t done =
            addGroups<kHeads>(values.rows, headDimV, tokens, weights, output, ahead);
        if (done < tokens)
            addAllColumns<Products, kHeads, widthFor(kHeads)>(
                RoundRows<Rows>{rowsFrom(values.rows, done / kRowsOfStep), values.tileBytes}, 0,
                headDimV, tokens - done, weights + done, nullptr, output, headDimV, ahead);
        return;
    }
    const std::int64_t chunk = kRowsOfStep * chunkSteps(values.rows, ahead);
    for (std::int64_t t = 0, count = 0; t < tokens; t += count) {
        const std::int64_t tile = t / kTileTokens;
        const std::int64_t slot = t % kTileTokens;
        count = tokens - t;
        if (chunk < kTileTokens)
            count = std::min({chunk, count, kTileTokens - slot});
        RoundRows<Rows> from = values;
        from.rows.base += tile * values.tileBytes;
        from.rows = rowsFrom(from.rows, slot / kRowsOfStep);
        addAllColumns<Products, kHeads, widthFor(kHeads)>(
            from, 0, headDimV, count, weights + tile * kTileTokens + slot / Products::kRows,
            nullptr, output, headDimV, ahead);
    }
}

/// The same for one tile in blocks: a token's scale goes into its weight.
template <int kHeads, class Rows>
HWY_INLINE void addBlocks(const BlockMatrix<Rows>& values, std::int64_t headDimV,
                          std::int64_t tokens, const float* weights, float* output, Ahead& ahead) {
    const FloatTag d;
    HWY_ALIGN float scaled[kHeads * kRoundTokens]; // as `weights` lie
    float bias[kHeads];
    for (std::int64_t b = 0; b < blocksOf(headDimV); ++b) {
        const hwy::float16_t* scales = values.scales(b);
        for (int h = 0; h < kHeads; ++h) {
            for (std::int64_t t = 0; t < kTileTokens; t += lanesOf())
                hn::Store(hn::Mul(hn::LoadU(d, weights + h * kRoundTokens + t),
                                  loadFloats(d, scales + t)),
                          d, scaled + h * kRoundTokens + t);
            float* head = scaled + h * kRoundTokens;
            std::fill(head + tokens, head + kTileTokens, 0.0F);
            if constexpr (Rows::kBias != 0) {
                auto sum = hn::Load(d, head);
                for (std::int64_t t = lanesOf(); t < kTileTokens; t += lanesOf())
                    sum = hn::Add(sum, hn::Load(d, head + t));
                bias[h] = Rows::kBias * hn::GetLane(hn::SumOfLanes(d, sum));
            }
        }
        addAllColumns<F32Products, kHeads, widthFor(kHeads)>(
            RoundRows<Rows>{values.rows(b), 0}, 0, valuesOfBlock(b, headDimV), tokens, scaled, bias,
            output + b * kBlockValues, headDimV, ahead);
    }
}

/// Heads of a block where a conversion of what memory holds costs as much as some multiply-adds,
/// which more heads then share (ReadingHabits::wideBlocks).
constexpr int kWideBlockHeads = HWY_ARCH_X86 && HWY_MAX_BYTES >= 64 ? 16 : kBlockHeads;
template <class Matrix>
constexpr int mostHeads() {
    return std::is_same_v<typename Matrix::Rows, PlainRows<hwy::float16_t>> ? kWideBlockHeads
                                                                            : kBlockHeads;
}

/// Calls kernel.template run<N>() for N = heads, at most kHeads.
template <int kHeads, class Kernel>
HWY_INLINE void forHeads(std::int64_t heads, const Kernel& kernel) {
    if (heads == kHeads)
        kernel.template run<kHeads>();
    else if constexpr (kHeads > 1)
        forHeads<kHeads - 1>(heads, kernel);
}

template <class Matrix, class Products>
struct ScoreKernel {
    const Matrix& keys;
    std::int64_t headDimK;
    BlockQueries<Products> block;
    Ahead& ahead;
    template <int kHeads>
    HWY_INLINE void run() const {
        constexpr int kWidth = keyWidthFor(kHeads);
        if constexpr (Matrix::kInBlocks)
            scoreBlocks<kHeads, kWidth>(keys, headDimK, block, ahead);
        else
            scoreRows<Products, kHeads, kWidth>(keys.rows, headDimK, block, ahead);
    }
};

/// Columns of values for which loops of their own are compiled: what lies between two of them takes
/// a third of the instructions. Measured on Zen 4: 3 % of the time of four heads, 2 % of 32, 4 % of
/// dot products.
constexpr std::int64_t kUsualHeadDim = 128;
constexpr bool kKnowsHeadDim = HWY_ARCH_X86 && HWY_MAX_BYTES >= 32;

/// f(columns), the usual ones as a constant.
template <class F>
HWY_INLINE void withColumns(std::int64_t columns, const F& f) {
    if (kKnowsHeadDim && columns == kUsualHeadDim)
        f(kUsualHeadDim);
    else
        f(columns);
}

template <class Matrix, class Products>
struct ValueKernel {
    const Matrix& values; ///< of the first tile; one in blocks comes alone
    std::int64_t tileBytes;
    std::int64_t headDimV, tokens;
    const typename Products::Factor* weights;
    float* output;
    Ahead& ahead;
    template <int kHeads>
    HWY_INLINE void run() const {
        if constexpr (Matrix::kInBlocks)
            addBlocks<kHeads>(values, headDimV, tokens, weights, output, ahead);
        else
            withColumns(
                headDimV, [&](std::int64_t columns) HWY_ATTR __attribute__((always_inline)) {
                    auto rows = values.rows;
                    rows.columns = columns;
                    addRows<Products, kHeads>(RoundRows<decltype(rows)>{rows, tileBytes}, columns,
                                              tokens, weights, output, ahead);
                });
    }
};

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
