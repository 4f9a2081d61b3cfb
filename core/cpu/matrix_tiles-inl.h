// SPDX-License-Identifier: Apache-2.0
// A round of tiles of bf16 or f16 by products of small matrices; compiled once for each instruction
// set.
#if defined(DECODESCOPE_CPU_MATRIX_TILES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_MATRIX_TILES_INL_H
#undef DECODESCOPE_CPU_MATRIX_TILES_INL_H
#else
#define DECODESCOPE_CPU_MATRIX_TILES_INL_H
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/cpu/attention_kernel.h"
#include "core/cpu/bf16_matrix-inl.h"
#include "core/cpu/kv_cache.h"
#include "core/cpu/pair_tiles-inl.h"
#include "core/cpu/tile_work-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

constexpr bool takesMatrices(AttentionArithmetic unit) {
    return unit >= AttentionArithmetic::Bf16Matrix &&
           unit <= AttentionArithmetic::F16MatrixEmulated;
}

/// The registers stay as they are from one tile to the next.
template <class Unit>
HWY_INLINE Unit& unitOfThread() {
    static thread_local Unit unit;
    return unit;
}

/// How the weights of a unit's CPU are rounded.
template <class Unit>
struct RoundedBy {
    using Dot = EmulatedBf16Dot;
};
#if DECODESCOPE_HAS_BF16_MATRIX
template <>
struct RoundedBy<AmxBf16> {
    using Dot = Bf16Dot; // every CPU with AMX has it
};
#endif

/// Pairs of a query, with zeros up to whole registers.
constexpr std::int64_t queryWords(std::int64_t headDimK) {
    return (headDimK / 2 + kMatrixWords - 1) / kMatrixWords * kMatrixWords;
}

/// Queries rounded to bf16, or split into several that add up to them,
/// [part][group][queryWords(headDimK)].
constexpr int kQueryParts = 3;
template <int kParts>
void packQueryRows(const AttentionPart& part, const Blocks& /*blocks*/, const Scratch& scratch) {
    const FloatTag d;
    const hn::RebindToUnsigned<FloatTag> du;
    const std::int64_t lanes = lanesOf();
    constexpr std::int64_t kStep = 2 * kMatrixWords; ///< queries of a register's row
    const std::int64_t words = queryWords(part.headDimK);
    auto* packed = reinterpret_cast<std::uint32_t*>(scratch.queries);
    for (std::int64_t h = 0; h < part.group; ++h)
        for (std::int64_t i = 0; i < part.headDimK; i += kStep) {
            HWY_ALIGN float step[kStep] = {};
            std::copy_n(part.queries + h * part.headDimK + i, std::min(kStep, part.headDimK - i),
                        step);
            for (std::int64_t c = 0; c < kStep; c += 2 * lanes) {
                auto first = hn::Load(d, step + c);
                auto second = hn::Load(d, step + c + lanes);
                for (int p = 0; p < kParts; ++p) {
                    const auto firstPart = evenBf16(d, first);
                    const auto secondPart = evenBf16(d, second);
                    hn::StoreU(highHalves(d, neighboursOf(d, firstPart, secondPart)), du,
                               packed + (p * part.group + h) * words + (i + c) / 2);
                    first = hn::Sub(first, firstPart);
                    second = hn::Sub(second, secondPart);
                }
            }
        }
}

/// Columns of two rows of f16 as pairs of bf16 that add up to them: 8 bits of each significand, and
/// the 3 others. Without `odd` the second row is of zeros.
template <class D>
HWY_INLINE void splitColumns(D d, const hwy::float16_t* even, const hwy::float16_t* odd,
                             std::uint32_t* high, std::uint32_t* low) {
    const hn::RebindToUnsigned<D> du;
    const auto mask = hn::BitCast(d, hn::Set(du, 0xFFFF0000U));
    const auto first = loadFloats(d, even);
    const auto second = odd != nullptr ? loadFloats(d, odd) : hn::Zero(d);
    const auto firstHigh = hn::And(first, mask);
    const auto secondHigh = hn::And(second, mask);
    hn::StoreU(highHalves(d, Neighbours<hn::Vec<D>>{firstHigh, secondHigh}), du, high);
    hn::StoreU(highHalves(d, Neighbours<hn::Vec<D>>{hn::Sub(first, firstHigh),
                                                    hn::Sub(second, secondHigh)}),
               du, low);
}

/// `rows` rows of f16 as pairs of rows, `pairs` of them with zeros past the end:
/// [part][pairs][columns] of words.
inline void splitRows(const std::byte* matrix, std::int64_t rows, std::int64_t columns,
                      std::int64_t pairs, std::uint32_t* to) {
    const auto* from = reinterpret_cast<const hwy::float16_t*>(matrix);
    const std::int64_t apart = pairs * columns;
    const auto sweep = [&](auto d) HWY_ATTR {
        const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
        for (std::int64_t r = 0; r < rows; r += 2)
            for (std::int64_t c = 0; c < columns; c += lanes) {
                std::uint32_t* at = to + r / 2 * columns + c;
                splitColumns(d, from + r * columns + c,
                             r + 1 < rows ? from + (r + 1) * columns + c : nullptr, at, at + apart);
            }
    };
    withVectorsOf(columns, sweep);
    const std::int64_t filled = (rows + 1) / 2 * columns;
    for (int part = 0; part < 2; ++part, to += apart)
        std::fill(to + filled, to + apart, 0U);
}

/// sums of a block and both columns += its factors × the rows in the registers.
template <int kBlock, class Unit>
HWY_INLINE void multiplyBlock(Unit& unit, const std::uint32_t* factors, std::int64_t stride,
                              bool second) {
    unit.template load<factorsOf(kBlock)>(factors, stride);
    unit.template multiply<kBlock, 0>();
    if (second)
        unit.template multiply<kBlock, 1>();
}

/// f(first head, shapes' heads) for one or two blocks at a time.
template <class F>
HWY_INLINE void forBlockPairs(const Blocks& blocks, const F& f) {
    std::int64_t first = 0;
    for (std::int64_t b = 0; b < blocks.count; b += 2) {
        const std::int64_t heads = blocks.headsOf(b);
        const std::int64_t more = b + 1 < blocks.count ? blocks.headsOf(b + 1) : 0;
        f(first, std::array<std::uint8_t, 2>{static_cast<std::uint8_t>(heads),
                                             static_cast<std::uint8_t>(more)});
        first += heads + more;
    }
}

/// Keys of bf16 as they lie, or of f16 split (kSplit).
template <class Unit, bool kSplit>
struct ScoreMatrices {
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t /*tokens*/,
                    float* weights) {
        constexpr std::int64_t kStride = kTileTokens * 4; ///< of a row of pairs
        constexpr std::int64_t kStepBytes = kMatrixRows * kStride;
        constexpr int kRowParts = kSplit ? 2 : 1;
        const std::int64_t pairs = work.part.headDimK / 2;
        const std::int64_t words = queryWords(work.part.headDimK);
        auto* scratch = reinterpret_cast<std::byte*>(work.scratch.tile);
        std::int64_t whole = pairs / kMatrixRows;
        const std::byte* tail = scratch;
        if constexpr (kSplit) {
            splitRows(matrix, work.part.headDimK, kTileTokens, words,
                      reinterpret_cast<std::uint32_t*>(scratch));
            matrix = scratch;
            whole = words / kMatrixRows;
        } else if (const std::int64_t rest = pairs % kMatrixRows; rest != 0) {
            // What follows the last rows may be no number.
            std::memcpy(scratch, matrix + whole * kStepBytes,
                        static_cast<std::size_t>(rest * kStride));
            std::memset(scratch + rest * kStride, 0,
                        static_cast<std::size_t>(kStepBytes - rest * kStride));
        }
        Unit& unit = unitOfThread<Unit>();
        const auto* queries = reinterpret_cast<const std::uint32_t*>(work.scratch.queries);
        forBlockPairs(work.blocks, [&](std::int64_t first, const auto& heads) HWY_ATTR {
            unit.shape({heads, {kMatrixWords, kMatrixWords}});
            unit.template zero<sumsOf(0, 0)>();
            unit.template zero<sumsOf(0, 1)>();
            if (heads[1] > 0) {
                unit.template zero<sumsOf(1, 0)>();
                unit.template zero<sumsOf(1, 1)>();
            }
            const std::uint32_t* factors = queries + first * words;
            for (std::int64_t s = 0; s * kMatrixWords < words; ++s) {
                for (int r = 0; r < kRowParts; ++r) {
                    const std::byte* rows =
                        s < whole ? matrix + s * kStepBytes + r * words * kStride : tail;
                    unit.template load<rowsOf(0)>(rows, kStride);
                    unit.template load<rowsOf(1)>(rows + kMatrixRowBytes, kStride);
                    // The product of the smallest parts is below what f32 holds of the sum.
                    const int queryParts = kSplit ? kQueryParts - r : 1;
                    for (int q = 0; q < queryParts; ++q) {
                        const std::uint32_t* at =
                            factors + q * work.part.group * words + s * kMatrixWords;
                        multiplyBlock<0>(unit, at, 4 * words, true);
                        if (heads[1] > 0)
                            multiplyBlock<1>(unit, at + heads[0] * words, 4 * words, true);
                    }
                }
                work.ahead.advance();
            }
            float* scores = weights + first * kRoundTokens;
            constexpr std::int64_t kScoreStride = kRoundTokens * 4;
            unit.template store<sumsOf(0, 0)>(scores, kScoreStride);
            unit.template store<sumsOf(0, 1)>(scores + kMatrixWords, kScoreStride);
            if (heads[1] > 0) {
                scores += heads[0] * kRoundTokens;
                unit.template store<sumsOf(1, 0)>(scores, kScoreStride);
                unit.template store<sumsOf(1, 1)>(scores + kMatrixWords, kScoreStride);
            }
        });
    }
};

/// Values of bf16 as they lie, or of f16 split (kSplit).
template <class Unit, bool kSplit>
class AddMatrices {
public:
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t tokens, float* weights) {
        const std::int64_t headDimV = work.part.headDimV;
        const std::int64_t tiles = (tokens + kTileTokens - 1) / kTileTokens;
        const std::int64_t partBytes = kTileTokens / 2 * headDimV * 4; ///< of split values
        const std::byte* last = matrix + (tiles - 1) * work.tileBytes;
        if constexpr (kSplit) {
            auto* to = reinterpret_cast<std::uint32_t*>(work.scratch.tile);
            for (std::int64_t i = 0; i < tiles; ++i)
                splitRows(matrix + i * work.tileBytes,
                          std::min(kTileTokens, tokens - i * kTileTokens), headDimV,
                          kTileTokens / 2, to + i * partBytes / 2);
        } else if (const std::int64_t rest = tokens % kTileTokens; rest != 0) {
            last = filledTile(last, rest, headDimV, work.scratch);
        }
        const auto tileAt = [&](std::int64_t i) {
            if constexpr (kSplit)
                return reinterpret_cast<const std::byte*>(work.scratch.tile) + i * 2 * partBytes;
            else
                return i + 1 < tiles ? matrix + i * work.tileBytes : last;
        };
        Unit& unit = unitOfThread<Unit>();
        forBlockPairs(work.blocks, [&](std::int64_t first, const auto& heads) HWY_ATTR {
            float* ofPair = weights + first * kRoundTokens;
            const auto* factors = reinterpret_cast<const std::uint32_t*>(ofPair);
            for (std::int64_t c = 0; c < headDimV; c += 2 * kMatrixWords) {
                const auto columnsFrom = [&](std::int64_t at) {
                    return static_cast<std::uint8_t>(
                        std::clamp<std::int64_t>(headDimV - at, 0, kMatrixWords));
                };
                const MatrixShapes shapes{heads, {columnsFrom(c), columnsFrom(c + kMatrixWords)}};
                unit.shape(shapes);
                float* output = work.output + first * headDimV + c;
                forSums<false>(unit, shapes, output, headDimV);
                for (std::int64_t i = 0; i < tiles; ++i) {
                    for (int r = 0; r < (kSplit ? 2 : 1); ++r)
                        addTile(unit, shapes, tileAt(i) + r * partBytes + 4 * c, 4 * headDimV,
                                factors + i * kTileTokens, work.both);
                    work.ahead.advance();
                }
                forSums<true>(unit, shapes, output, headDimV);
            }
        });
    }

private:
    /// A tile of which only `tokens` are there, with zeros for the others.
    static const std::byte* filledTile(const std::byte* matrix, std::int64_t tokens,
                                       std::int64_t headDimV, const Scratch& scratch) {
        auto* words = reinterpret_cast<std::uint32_t*>(scratch.tile);
        const std::int64_t held = (tokens + 1) / 2 * headDimV;
        std::memcpy(words, matrix, static_cast<std::size_t>(4 * held));
        if (tokens % 2 != 0)
            for (std::int64_t i = held - headDimV; i < held; ++i)
                words[i] &= 0xFFFFU;
        std::fill(words + held, words + kTileTokens / 2 * headDimV, 0U);
        return reinterpret_cast<const std::byte*>(words);
    }

    template <bool kStore, int kRegister>
    static HWY_INLINE void move(Unit& unit, float* at, std::int64_t headDimV) {
        if constexpr (kStore)
            unit.template store<kRegister>(at, 4 * headDimV);
        else
            unit.template load<kRegister>(at, 4 * headDimV);
    }
    /// Stores or loads all sums.
    template <bool kStore>
    static HWY_INLINE void forSums(Unit& unit, const MatrixShapes& shapes, float* output,
                                   std::int64_t headDimV) {
        float* more = output + shapes.heads[0] * headDimV;
        move<kStore, sumsOf(0, 0)>(unit, output, headDimV);
        if (shapes.columns[1] > 0)
            move<kStore, sumsOf(0, 1)>(unit, output + kMatrixWords, headDimV);
        if (shapes.heads[1] == 0)
            return;
        move<kStore, sumsOf(1, 0)>(unit, more, headDimV);
        if (shapes.columns[1] > 0)
            move<kStore, sumsOf(1, 1)>(unit, more + kMatrixWords, headDimV);
    }

    /// `factors`: the first head's weights of this tile.
    static HWY_INLINE void addTile(Unit& unit, const MatrixShapes& shapes, const std::byte* values,
                                   std::int64_t stride, const std::uint32_t* factors, bool both) {
        constexpr std::int64_t kStride = kRoundTokens * 4;
        const bool second = shapes.columns[1] > 0;
        unit.template load<rowsOf(0)>(values, stride);
        if (second)
            unit.template load<rowsOf(1)>(values + kMatrixRowBytes, stride);
        for (int part = 0; part < (both ? 2 : 1); ++part, factors += kTileTokens / 2) {
            multiplyBlock<0>(unit, factors, kStride, second);
            if (shapes.heads[1] > 0)
                multiplyBlock<1>(unit, factors + shapes.heads[0] * kRoundTokens, kStride, second);
        }
    }
};

/// Bytes of the next tile to ask for with each product of a block of rows.
inline std::int64_t matrixAheadStep(const AttentionPart& part, const Blocks& blocks,
                                    std::int64_t tileBytes) {
    const std::int64_t columns = (part.headDimV + 2 * kMatrixWords - 1) / (2 * kMatrixWords);
    const std::int64_t steps =
        (blocks.count + 1) / 2 * (queryWords(part.headDimK) / kMatrixWords + columns);
    return (tileBytes + steps - 1) / steps;
}

template <class Unit>
TileKernels matrixKernels() {
    return {packQueryRows<1>, ScoreMatrices<Unit, false>::run,
            SoftmaxPairs<typename RoundedBy<Unit>::Dot>::run, AddMatrices<Unit, false>::run,
            [] { unitOfThread<Unit>().release(); }};
}

/// Of a cache of f16.
template <class Unit>
TileKernels splitMatrixKernels() {
    return {packQueryRows<kQueryParts>, ScoreMatrices<Unit, true>::run,
            SoftmaxSplit<typename RoundedBy<Unit>::Dot>::run, AddMatrices<Unit, true>::run,
            [] { unitOfThread<Unit>().release(); }};
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
