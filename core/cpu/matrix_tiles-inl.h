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
    return unit >= AttentionArithmetic::Bf16Matrix &&
           unit <= AttentionArithmetic::SplitMatrixEmulated;
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

/// What the rest of a core does while its matrix unit multiplies: asks for memory. after<i>()
/// follows product i of a step.
struct AskMeanwhile {
    Ahead& ahead;
    template <int kProduct>
    HWY_INLINE void after() const {
        ahead.advance();
    }
};

/// sums of a block and both columns += its factors × the rows in the registers: products kProduct
/// and kProduct + 1 of a step.
template <int kBlock, int kProduct, class Unit, class Meanwhile>
HWY_INLINE void multiplyBlock(Unit& unit, const std::uint32_t* factors, std::int64_t stride,
                              bool second, const Meanwhile& meanwhile) {
    unit.template load<factorsOf(kBlock)>(factors, stride);
    unit.template multiply<kBlock, 0>();
    meanwhile.template after<kProduct>();
    if (second)
        unit.template multiply<kBlock, 1>();
    meanwhile.template after<kProduct + 1>();
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

/// Zeros for the sums of one block or both.
template <class Unit>
HWY_INLINE void zeroSums(Unit& unit, bool second) {
    unit.template zero<sumsOf(0, 0)>();
    unit.template zero<sumsOf(0, 1)>();
    if (second) {
        unit.template zero<sumsOf(1, 0)>();
        unit.template zero<sumsOf(1, 1)>();
    }
}

/// The sums of one block or both are the scores of a tile. `scores`: of the first head.
template <class Unit>
HWY_INLINE void storeScores(Unit& unit, const std::array<std::uint8_t, 2>& heads, float* scores) {
    constexpr std::int64_t kStride = kRoundTokens * 4;
    unit.template store<sumsOf(0, 0)>(scores, kStride);
    unit.template store<sumsOf(0, 1)>(scores + kMatrixWords, kStride);
    if (heads[1] > 0) {
        scores += heads[0] * kRoundTokens;
        unit.template store<sumsOf(1, 0)>(scores, kStride);
        unit.template store<sumsOf(1, 1)>(scores + kMatrixWords, kStride);
    }
}

template <class Unit>
struct ScoreMatrices {
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t /*tokens*/,
                    float* weights) {
        constexpr std::int64_t kStride = kTileTokens * 4; ///< of a row of pairs
        constexpr std::int64_t kStepBytes = kMatrixRows * kStride;
        const std::int64_t pairs = work.part.headDimK / 2;
        const std::int64_t words = queryWords(work.part.headDimK);
        const std::int64_t whole = pairs / kMatrixRows;
        auto* tail = reinterpret_cast<std::byte*>(work.scratch.tile);
        if (const std::int64_t rest = pairs % kMatrixRows; rest != 0) {
            // What follows the last rows may be no number.
            std::memcpy(tail, matrix + whole * kStepBytes,
                        static_cast<std::size_t>(rest * kStride));
            std::memset(tail + rest * kStride, 0,
                        static_cast<std::size_t>(kStepBytes - rest * kStride));
        }
        Unit& unit = unitOfThread<Unit>();
        const AskMeanwhile meanwhile{work.ahead};
        const auto* queries = reinterpret_cast<const std::uint32_t*>(work.scratch.queries);
        forBlockPairs(work.blocks, [&](std::int64_t first, const auto& heads) HWY_ATTR {
            unit.shape({heads, {kMatrixWords, kMatrixWords}});
            zeroSums(unit, heads[1] > 0);
            const std::uint32_t* factors = queries + first * words;
            for (std::int64_t s = 0; s * kMatrixWords < words; ++s, factors += kMatrixWords) {
                const std::byte* rows = s < whole ? matrix + s * kStepBytes : tail;
                unit.template load<rowsOf(0)>(rows, kStride);
                unit.template load<rowsOf(1)>(rows + kMatrixRowBytes, kStride);
                multiplyBlock<0, 0>(unit, factors, 4 * words, true, meanwhile);
                if (heads[1] > 0)
                    multiplyBlock<1, 2>(unit, factors + heads[0] * words, 4 * words, true,
                                        meanwhile);
            }
            storeScores(unit, heads, weights + first * kRoundTokens);
        });
    }
};

/// The registers for columns of which so many are left.
inline MatrixShapes columnShapes(const std::array<std::uint8_t, 2>& heads, std::int64_t left) {
    const auto columns = [](std::int64_t count) {
        return static_cast<std::uint8_t>(std::clamp<std::int64_t>(count, 0, kMatrixWords));
    };
    return {heads, {columns(left), columns(left - kMatrixWords)}};
}

template <bool kStore, int kRegister, class Unit>
HWY_INLINE void moveSums(Unit& unit, float* at, std::int64_t headDimV) {
    if constexpr (kStore)
        unit.template store<kRegister>(at, 4 * headDimV);
    else
        unit.template load<kRegister>(at, 4 * headDimV);
}
/// Stores or loads all sums of values.
template <bool kStore, class Unit>
HWY_INLINE void forSums(Unit& unit, const MatrixShapes& shapes, float* output,
                        std::int64_t headDimV) {
    float* more = output + shapes.heads[0] * headDimV;
    moveSums<kStore, sumsOf(0, 0)>(unit, output, headDimV);
    if (shapes.columns[1] > 0)
        moveSums<kStore, sumsOf(0, 1)>(unit, output + kMatrixWords, headDimV);
    if (shapes.heads[1] == 0)
        return;
    moveSums<kStore, sumsOf(1, 0)>(unit, more, headDimV);
    if (shapes.columns[1] > 0)
        moveSums<kStore, sumsOf(1, 1)>(unit, more + kMatrixWords, headDimV);
}

/// Pairs of rows of a tile's values, from two columns of registers on, times weights: products from
/// kProduct of a step on. `factors`: the first head's weights of this tile.
template <int kProduct, class Unit, class Meanwhile>
HWY_INLINE void addTile(Unit& unit, const MatrixShapes& shapes, const void* values,
                        std::int64_t stride, const std::uint32_t* factors, bool both,
                        const Meanwhile& meanwhile) {
    constexpr std::int64_t kStride = kRoundTokens * 4;
    const bool second = shapes.columns[1] > 0;
    unit.template load<rowsOf(0)>(values, stride);
    if (second)
        unit.template load<rowsOf(1)>(static_cast<const std::byte*>(values) + kMatrixRowBytes,
                                      stride);
    const auto addPart = [&](auto part) HWY_ATTR __attribute__((always_inline)) {
        constexpr int kPart = decltype(part)::value;
        const std::uint32_t* at = factors + kPart * (kTileTokens / 2);
        const bool two = shapes.heads[1] > 0;
        if (two) {
            multiplyBlock<0, kProduct + 4 * kPart>(unit, at, kStride, second, meanwhile);
            multiplyBlock<1, kProduct + 4 * kPart + 2>(unit, at + shapes.heads[0] * kRoundTokens,
                                                       kStride, second, meanwhile);
        } else {
            multiplyBlock<0, kProduct + 2 * kPart>(unit, at, kStride, second, meanwhile);
        }
    };
    addPart(std::integral_constant<int, 0>());
    if (both)
        addPart(std::integral_constant<int, 1>());
}

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
        const AskMeanwhile meanwhile{work.ahead};
        forBlockPairs(work.blocks, [&](std::int64_t first, const auto& heads) HWY_ATTR {
            const auto* factors =
                reinterpret_cast<const std::uint32_t*>(weights + first * kRoundTokens);
            for (std::int64_t c = 0; c < headDimV; c += 2 * kMatrixWords) {
                const MatrixShapes shapes = columnShapes(heads, headDimV - c);
                unit.shape(shapes);
                float* output = work.output + first * headDimV + c;
                forSums<false>(unit, shapes, output, headDimV);
                for (std::int64_t i = 0; i < tiles; ++i) {
                    const std::byte* tile = i + 1 < tiles ? matrix + i * work.tileBytes : last;
                    addTile<0>(unit, shapes, tile + 4 * c, 4 * headDimV, factors + i * kTileTokens,
                               work.both, meanwhile);
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
};

/// Bytes of the next tile to ask for with each product, of which a block takes so many for a step
/// of keys and for two columns of registers of values.
inline std::int64_t productAheadStep(const AttentionPart& part, const Blocks& blocks,
                                     std::int64_t tileBytes, std::int64_t ofKeys,
                                     std::int64_t ofValues) {
    const std::int64_t columns = (part.headDimV + 2 * kMatrixWords - 1) / (2 * kMatrixWords);
    const std::int64_t steps = queryWords(part.headDimK) / kMatrixWords;
    const std::int64_t products = blocks.count * (steps * ofKeys + columns * ofValues);
    return (tileBytes + products - 1) / products;
}

template <class Unit>
TileKernels matrixKernels() {
    return {packQueryRows<1>, ScoreMatrices<Unit>::run,
            SoftmaxPairs<typename RoundedBy<Unit>::Dot>::run, AddMatrices<Unit>::run,
            [] { unitOfThread<Unit>().release(); }};
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
