// SPDX-License-Identifier: Apache-2.0
// Sums of products of a block of query heads with rows of a tile's matrix; compiled once for each
// instruction set.
#if defined(DECODESCOPE_CPU_ROW_PRODUCTS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_ROW_PRODUCTS_INL_H
#undef DECODESCOPE_CPU_ROW_PRODUCTS_INL_H
#else
#define DECODESCOPE_CPU_ROW_PRODUCTS_INL_H
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <hwy/highway.h>

#include "core/cpu/ahead-inl.h"
#include "core/cpu/kv_cache.h"
#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

using FloatTag = hn::ScalableTag<float>;
using FloatVec = hn::Vec<FloatTag>;

/// Query heads whose scores stay in registers at a time, and the accumulators that leave room for
/// what is multiplied: 12 of 16 registers, 16 of 32; with AVX-512, where a row's vector meets
/// factors in memory, 28. The portable path is to be small.
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
constexpr int kBlockHeads = 8;
constexpr int kAccumulators = 28;
#elif HWY_TARGET == HWY_AVX2
constexpr int kBlockHeads = 6;
constexpr int kAccumulators = 12;
#elif HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
constexpr int kBlockHeads = 2;
constexpr int kAccumulators = 4;
#else
constexpr int kBlockHeads = 8;
constexpr int kAccumulators = 16;
#endif
/// Tiles that are scored before their values are added, at most: of one place (tilesOfRound()), and
/// where those of several places are read side by side (readsSideBySide()).
constexpr int kRoundTiles = HWY_MAX_BYTES >= 64 ? 2 : 1;
constexpr bool kReadsSideBySide = HWY_TARGET == HWY_AVX2;
constexpr int kMostRoundTiles = kReadsSideBySide ? Ahead::kPlaces : kRoundTiles;
constexpr std::int64_t kRoundTokens = kMostRoundTiles * kTileTokens;
/// Independent sums that hide the latency of a multiply-add (4 cycles, two a cycle).
constexpr int kChains = 8;

HWY_INLINE std::int64_t lanesOf() {
    return static_cast<std::int64_t>(hn::Lanes(FloatTag()));
}

/// Vectors of columns that a number of heads takes at a time. Where registers allow it they are a
/// whole row of the usual head_dim of 128 or almost, so that memory is read in one sweep: four
/// heads leave one of eight vectors, which lies in lines already read. One head takes a row of 256.
constexpr int widthFor(int heads) {
    const int fit = kAccumulators / heads;
    if (HWY_MAX_BYTES >= 64 && fit >= 7)
        return heads == 1 ? 16 : std::min(fit, 8);
    return fit >= 4 ? 4 : fit >= 2 ? 2 : 1;
}

/// That of the columns which a width leaves over.
constexpr int narrower(int width) {
    return (width + 1) / 2;
}

/// The same where the columns are the tile's tokens: no more than they are.
constexpr int keyWidthFor(int heads) {
    constexpr int kTileVectors = static_cast<int>(kTileTokens * sizeof(float)) / HWY_MAX_BYTES;
    const int width = widthFor(heads);
    return width < kTileVectors ? width : kTileVectors;
}

/// How products are made: rows of f32 times f32 factors, one row a factor. A unit of dot products
/// (bf16_dot-inl.h) takes two rows with each factor, which is a pair as well.
struct F32Products {
    static constexpr std::int64_t kRows = 1; ///< that go with one factor
    using Factor = float;
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
    static constexpr bool kFactorsInMemory = true;
    template <class D>
    static HWY_INLINE const float* spread(D, const float* factor) {
        return factor;
    }
    template <class V>
    static HWY_INLINE void add(V& sum, const float* factor, V row) {
        multiplyAdd(sum, factor, row);
    }
#else
    static constexpr bool kFactorsInMemory = false;
    template <class D>
    static HWY_INLINE hn::Vec<D> spread(D d, const float* factor) {
        return hn::Set(d, *factor);
    }
    template <class V>
    static HWY_INLINE void add(V& sum, V factor, V row) {
        multiplyAdd(sum, factor, row);
    }
#endif
};

template <class D, int kHeads, int kWidth>
using Sums = hn::Vec<D>[kHeads][kWidth];

/// sum[h][w] += factors[h × kStride] × row(w): whichever is fewer, factors or vectors of the row,
/// is held in registers beside the sums. Factors that stay in memory need none.
template <class Products, int kHeads, int kWidth, int kStride, class D, class Row>
HWY_INLINE void multiplyRow(D d, const typename Products::Factor* factors, const Row& row,
                            Sums<D, kHeads, kWidth>& sum) {
    using Spread = decltype(Products::spread(d, factors));
    using V = decltype(row(0));
    if constexpr (Products::kFactorsInMemory || kHeads < kWidth) {
        Spread factor[kHeads];
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            factor[h] = Products::spread(d, factors + h * kStride);
        }
        DECODESCOPE_UNROLL
        for (int w = 0; w < kWidth; ++w) {
            const V v = row(w);
            DECODESCOPE_UNROLL
            for (int h = 0; h < kHeads; ++h) {
                Products::add(sum[h][w], factor[h], v);
            }
        }
    } else {
        V v[kWidth];
        DECODESCOPE_UNROLL
        for (int w = 0; w < kWidth; ++w) {
            v[w] = row(w);
        }
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            const Spread factor = Products::spread(d, factors + h * kStride);
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                Products::add(sum[h][w], factor, v[w]);
            }
        }
    }
}

/// Steps of rows that a loop of multiplyRows() takes at a time.
template <int kRowsOfStep>
constexpr int stepsAtOnce() {
    return HWY_TARGET == HWY_AVX2 && kRowsOfStep < 8 ? 8 / kRowsOfStep : 1;
}

/// sum[h][w] += Σ_r factors[r × kNext + h × kStride] × rows[r][c + w × lanes …], r < `steps` steps;
/// where a factor goes with a pair of rows, r counts pairs.
template <class Products, int kHeads, int kWidth, int kStride, int kNext, class D, class Rows>
HWY_INLINE void multiplyRows(D d, const Rows& rows, std::int64_t steps, std::int64_t c,
                             const typename Products::Factor* factors, Sums<D, kHeads, kWidth>& sum,
                             Ahead& ahead) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    constexpr bool kByPairs = Products::kRows == 2;
    constexpr int kRowsOfStep = Rows::kRowsOfStep;
    // Odd rows get sums of their own.
    constexpr bool kSplit = !kByPairs && kHeads * kWidth < kChains;
    Sums<D, kHeads, kWidth> odd;
    if constexpr (kSplit) {
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                odd[h][w] = hn::Zero(d);
            }
        }
    }
    const std::int64_t stepBytes = rows.stepBytes();
    const std::byte* at = rows.base;
    Ahead pace = ahead;
    const auto multiplyStep = [&]() HWY_ATTR __attribute__((always_inline)) {
        if constexpr (kByPairs) {
            const auto bothRows = [&](int w) HWY_ATTR __attribute__((always_inline)) {
                return rows.both(d, at, c + w * lanes);
            };
            multiplyRow<Products, kHeads, kWidth, kStride>(d, factors, bothRows, sum);
        } else {
            unrolled<kRowsOfStep>([&](auto r) HWY_ATTR __attribute__((always_inline)) {
                constexpr int kRow = decltype(r)::value;
                const auto row = [&](int w) HWY_ATTR __attribute__((always_inline)) {
                    return rows.template row<kRow>(d, at, c + w * lanes);
                };
                if constexpr (kSplit && kRow % 2 == 1)
                    multiplyRow<Products, kHeads, kWidth, kStride>(d, factors + kRow * kNext, row,
                                                                   odd);
                else
                    multiplyRow<Products, kHeads, kWidth, kStride>(d, factors + kRow * kNext, row,
                                                                   sum);
            });
        }
        factors += kRowsOfStep / Products::kRows * kNext;
        at += stepBytes;
    };
    constexpr int kPairsOfStep = kByPairs ? 1 : kRowsOfStep / 2;
    constexpr int kAtOnce = stepsAtOnce<kRowsOfStep>();
    std::int64_t s = 0;
    for (; s + kAtOnce <= steps; s += kAtOnce) {
        pace.advance<kPairsOfStep * kAtOnce>();
        unrolled<kAtOnce>([&](auto) HWY_ATTR __attribute__((always_inline)) { multiplyStep(); });
    }
    if constexpr (kAtOnce > 1)
        for (; s < steps; ++s) {
            pace.advance<kPairsOfStep>();
            multiplyStep();
        }
    ahead = pace;
    if constexpr (kSplit) {
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            DECODESCOPE_UNROLL
            for (int w = 0; w < kWidth; ++w) {
                sum[h][w] = hn::Add(sum[h][w], odd[h][w]);
            }
        }
    }
}

/// `steps` steps of rows from the first on.
template <class Rows>
HWY_INLINE Rows rowsFrom(Rows rows, std::int64_t steps) {
    rows.base += steps * rows.stepBytes();
    return rows;
}

/// Steps of rows of one chunk.
template <class Rows>
HWY_INLINE std::int64_t chunkSteps(const Rows& rows, const Ahead& ahead) {
    return std::max<std::int64_t>(1, ahead.chunkBytes / rows.stepBytes());
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
