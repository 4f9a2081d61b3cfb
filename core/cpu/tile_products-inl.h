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

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "core/cpu/kv_cache.h"
#include "core/cpu/tile_rows-inl.h"
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
constexpr int kSideTiles = 4;
constexpr int kMostRoundTiles = kReadsSideBySide ? kSideTiles : kRoundTiles;
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

/// The queries of a block of heads: what each of its scores starts from, and its factors.
template <class Products>
struct BlockQueries {
    const typename Products::Factor* packed; ///< [headDimK / kRows][heads]
    const float* sums; ///< [blocksOf(headDimK)][heads]: of the queries of one block
    float* weights;    ///< [heads][kRoundTokens]: the tile's scores, then their exp2
};

/// Asks for memory that is soon read, a line at a time and at the pace of the work: a CPU drops
/// what is asked for while its buffers for misses are taken (on Zen 3 some 24 lines). Several
/// places are asked in turn: one stream of reads leaves part of a memory's channels and banks idle.
struct Ahead {
    static constexpr int kPlaces = 4;
    static constexpr std::int64_t kLine = 64;

    const std::byte* places[kPlaces] = {};
    std::int64_t stride = kLine; ///< between lines of one place
    std::int64_t offset = 0;     ///< of the next line of each place
    std::int64_t due = 0;        ///< bytes that should have been asked for and were not
    std::int64_t step = 0;       ///< by which `due` grows with each pair of rows
    std::int64_t chunkBytes = 0; ///< of rows that a sweep passes over

    /// Four places, or the four next lines of one.
    HWY_INLINE void restart(const std::byte* from) {
        for (int i = 0; i < kPlaces; ++i)
            places[i] = from + i * kLine;
        stride = kPlaces * kLine;
        offset = due = 0;
    }
    HWY_INLINE void restart(const std::byte* from, std::int64_t apart) {
        for (int i = 0; i < kPlaces; ++i)
            places[i] = from + i * apart;
        stride = kLine;
        offset = due = 0;
    }
    static HWY_INLINE void ask(const std::byte* line) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
        // Into the second level: the round in work fills the first. Measured on Zen 4: 3 % of the
        // time of eight heads.
        __builtin_prefetch(line, 0, 2);
#else
        hwy::Prefetch(line);
#endif
    }
    template <int kTimes = 1>
    HWY_INLINE void advance() {
        due += kTimes * step;
        while (HWY_UNLIKELY(due >= kPlaces * kLine)) {
            ask(places[0] + offset);
            ask(places[1] + offset);
            ask(places[2] + offset);
            ask(places[3] + offset);
            offset += stride;
            due -= kPlaces * kLine;
        }
    }
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

/// Rows of values that are added together: kCountOf of them in pairs, or where kRowOf is not below
/// zero that row of each of so many pairs. Factors lie kFactorsOf from one pair to the next.
template <class RowsType, int kCountOf, int kFactorsOf, int kRowOf = -1>
struct RowGroup {
    static constexpr int kCount = kCountOf;
    RowsType rows;          ///< of the first pair
    std::int64_t pairBytes; ///< from one pair to the next
    const float* factors; ///< of the first pair and head; a head's lie kRoundTokens after another's
    template <int kIndex, class D>
    [[nodiscard]] HWY_INLINE hn::Vec<D> row(D d, std::int64_t c) const {
        constexpr int kPair = kRowOf < 0 ? kIndex / 2 : kIndex;
        constexpr int kRow = kRowOf < 0 ? kIndex % 2 : kRowOf;
        return rows.template row<kRow>(d, rows.base + kPair * pairBytes, c);
    }
    template <int kIndex>
    [[nodiscard]] HWY_INLINE const float* factor(int head) const {
        constexpr int kPair = kRowOf < 0 ? kIndex / 2 : kIndex;
        constexpr int kRow = kRowOf < 0 ? kIndex % 2 : kRowOf;
        return factors + head * kRoundTokens + kPair * kFactorsOf + kRow;
    }
};

/// Few heads keep the factors of a group of rows in registers, where a core has half of those that
/// would hold sums of a whole row: memory is then read in one sweep as well.
constexpr bool keepsFactors(int heads) {
    return kReadsSideBySide && heads <= 2;
}
/// Rows of a group.
constexpr int groupRows(int heads) {
    return 8 / heads;
}

/// output[h][0 .. headDimV) += Σ_i factors[h][i] × row i of a group.
template <int kHeads, class Group>
HWY_INLINE void addGroup(const Group& group, std::int64_t headDimV, float* output, Ahead& pace) {
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    FloatVec factors[kHeads][Group::kCount];
    DECODESCOPE_UNROLL
    for (int h = 0; h < kHeads; ++h) {
        unrolled<Group::kCount>([&](auto i) HWY_ATTR __attribute__((always_inline)) {
            constexpr int kIndex = decltype(i)::value;
            factors[h][kIndex] = inRegister(hn::Set(d, *group.template factor<kIndex>(h)));
        });
    }
    const auto addColumn = [&](std::int64_t c) HWY_ATTR __attribute__((always_inline)) {
        FloatVec sum[kHeads];
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            sum[h] = hn::LoadU(d, output + h * headDimV + c);
        }
        unrolled<Group::kCount>([&](auto i) HWY_ATTR __attribute__((always_inline)) {
            constexpr int kIndex = decltype(i)::value;
            const auto row = group.template row<kIndex>(d, c);
            DECODESCOPE_UNROLL
            for (int h = 0; h < kHeads; ++h) {
                multiplyAdd(sum[h], factors[h][kIndex], row);
            }
        });
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            hn::StoreU(sum[h], d, output + h * headDimV + c);
        }
    };
    std::int64_t c = 0;
    const auto sweep = [&](auto width) HWY_ATTR __attribute__((always_inline)) {
        constexpr int kWidth = decltype(width)::value;
        for (; c + kWidth * lanes <= headDimV; c += kWidth * lanes) {
            pace.advance<Group::kCount / 2>();
            unrolled<kWidth>([&](auto i) HWY_ATTR __attribute__((always_inline)) {
                addColumn(c + decltype(i)::value * lanes);
            });
        }
    };
    constexpr int kWidth = widthFor(kHeads); // and narrower ones: aheadStep() counts these sweeps
    static_assert(kWidth == 4);
    sweep(std::integral_constant<int, kWidth>());
    sweep(std::integral_constant<int, narrower(kWidth)>());
    sweep(std::integral_constant<int, 1>());
}

/// A tile's first rows in groups of neighbours. Returns how many.
template <int kHeads, class Rows>
HWY_INLINE std::int64_t addGroups(const Rows& rows, std::int64_t headDimV, std::int64_t tokens,
                                  const float* weights, float* output, Ahead& ahead) {
    static_assert(Rows::kRowsOfStep == 2);
    constexpr int kCount = groupRows(kHeads);
    Ahead pace = ahead;
    std::int64_t t = 0;
    for (; t + kCount <= tokens; t += kCount)
        addGroup<kHeads>(
            RowGroup<Rows, kCount, 2>{rowsFrom(rows, t / 2), rows.stepBytes(), weights + t},
            headDimV, output, pace);
    ahead = pace;
    return t;
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
        else if (kKnowsHeadDim && headDimV == kUsualHeadDim)
            addRowsOf<kHeads>(kUsualHeadDim);
        else
            addRowsOf<kHeads>(headDimV);
    }

private:
    template <int kHeads>
    HWY_INLINE void addRowsOf(std::int64_t columns) const {
        auto rows = values.rows;
        rows.columns = columns;
        addRows<Products, kHeads>(RoundRows<decltype(rows)>{rows, tileBytes}, columns, tokens,
                                  weights, output, ahead);
    }
};

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
