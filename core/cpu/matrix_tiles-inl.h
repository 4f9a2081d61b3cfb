// SPDX-License-Identifier: Apache-2.0
// A round of tiles of bf16 by products of small matrices; compiled once for each instruction set.
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
    return unit == AttentionArithmetic::Bf16Matrix ||
           unit == AttentionArithmetic::Bf16MatrixEmulated;
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

/// Queries rounded to bf16, [group][queryWords(headDimK)].
inline void packQueryRows(const AttentionPart& part, const Blocks& /*blocks*/,
                          const Scratch& scratch) {
    const std::int64_t words = queryWords(part.headDimK);
    auto* packed = reinterpret_cast<std::uint32_t*>(scratch.queries);
    for (std::int64_t h = 0; h < part.group; ++h, packed += words) {
        packQueryPairs(part.queries + h * part.headDimK, 1, part.headDimK, packed);
        std::fill(packed + part.headDimK / 2, packed + words, 0U);
    }
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

template <class Unit>
struct ScoreMatrices {
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t /*tokens*/,
                    float* weights) {
        constexpr std::int64_t kStride = kTileTokens * 4; ///< of a row of pairs
        constexpr std::int64_t kStepBytes = kMatrixRows * kStride;
        const std::int64_t pairs = work.part.headDimK / 2;
        const std::int64_t whole = pairs / kMatrixRows;
        const std::int64_t words = queryWords(work.part.headDimK);
        // What follows the last rows may be no number.
        auto* tail = reinterpret_cast<std::byte*>(work.scratch.tile);
        if (const std::int64_t rest = pairs % kMatrixRows; rest != 0) {
            std::memcpy(tail, matrix + whole * kStepBytes,
                        static_cast<std::size_t>(rest * kStride));
            std::memset(tail + rest * kStride, 0,
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
            const std::uint32_t* more = factors + heads[0] * words;
            for (std::int64_t s = 0; s * kMatrixWords < words; ++s) {
                const std::byte* rows = s < whole ? matrix + s * kStepBytes : tail;
                unit.template load<rowsOf(0)>(rows, kStride);
                unit.template load<rowsOf(1)>(rows + kMatrixRowBytes, kStride);
                multiplyBlock<0>(unit, factors + s * kMatrixWords, 4 * words, true);
                if (heads[1] > 0)
                    multiplyBlock<1>(unit, more + s * kMatrixWords, 4 * words, true);
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

template <class Unit>
class AddMatrices {
public:
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t tokens, float* weights) {
        const std::int64_t headDimV = work.part.headDimV;
        const std::int64_t tiles = (tokens + kTileTokens - 1) / kTileTokens;
        const std::byte* last = matrix + (tiles - 1) * work.tileBytes;
        if (const std::int64_t rest = tokens % kTileTokens; rest != 0)
            last = filledTile(last, rest, headDimV, work.scratch);
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
                    const std::byte* tile = i + 1 < tiles ? matrix + i * work.tileBytes : last;
                    addTile(unit, shapes, tile + 4 * c, 4 * headDimV, factors + i * kTileTokens,
                            work.both);
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
    return {packQueryRows, ScoreMatrices<Unit>::run,
            SoftmaxPairs<typename RoundedBy<Unit>::Dot>::run, AddMatrices<Unit>::run,
            [] { unitOfThread<Unit>().release(); }};
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
