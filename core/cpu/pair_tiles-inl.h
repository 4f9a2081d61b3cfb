// SPDX-License-Identifier: Apache-2.0
// A round of tiles of bf16 by dot products; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_PAIR_TILES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_PAIR_TILES_INL_H
#undef DECODESCOPE_CPU_PAIR_TILES_INL_H
#else
#define DECODESCOPE_CPU_PAIR_TILES_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include "core/cpu/attention_kernel.h"
#include "core/cpu/bf16_dot-inl.h"
#include "core/cpu/tile_work-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

void packPairs(const AttentionPart& part, const Blocks& blocks, const Scratch& scratch) {
    std::int64_t first = 0;
    for (std::int64_t b = 0; b < blocks.count; ++b) {
        packQueryPairs(part.queries + first * part.headDimK, blocks.headsOf(b), part.headDimK,
                       reinterpret_cast<std::uint32_t*>(scratch.queries) +
                           first * part.headDimK / 2);
        first += blocks.headsOf(b);
    }
}

using Bf16Matrix = RowMatrix<Bf16PairRows>;

/// Dot products of bf16 take the tile as it lies in memory.
template <class Dot>
struct ScorePairs {
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t /*tokens*/,
                    float* weights) {
        scoreTile<Dot>(work.part, work.blocks, Bf16Matrix(matrix, kTileTokens), work.scratch,
                       weights, work.ahead);
    }
};

/// The weights of a round of some heads, [heads][kRoundTokens], as packWeightPairs() leaves them.
/// True where what rounding dropped lies behind each tile's pairs and is to be multiplied as well.
template <class Dot>
HWY_INLINE bool packRoundPairs(float* weights, float* denominators, std::int64_t heads,
                               std::int64_t tokens) {
    bool both = false;
    for (std::int64_t h = 0; h < heads; ++h)
        for (std::int64_t t = 0; t < tokens; t += kTileTokens)
            both |= hasLargeShare(weights + h * kRoundTokens + t, denominators + h * lanesOf());
    const auto packAll = [&]<bool kBoth>() HWY_ATTR {
        for (std::int64_t h = 0; h < heads; ++h)
            for (std::int64_t t = 0; t < tokens; t += kTileTokens)
                packWeightPairs<Dot, kBoth>(weights + h * kRoundTokens + t,
                                            denominators + h * lanesOf());
    };
    if (both)
        packAll.template operator()<true>();
    else
        packAll.template operator()<false>();
    return both;
}

template <class Dot>
struct AddPairs {
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t tokens, float* weights) {
        const Bf16Matrix values(matrix, work.part.headDimV);
        std::int64_t first = 0;
        for (std::int64_t b = 0; b < work.blocks.count; ++b) {
            const std::int64_t heads = work.blocks.headsOf(b);
            float* ofBlock = weights + first * kRoundTokens;
            float* output = work.output + first * work.part.headDimV;
            const bool both = packRoundPairs<Dot>(
                ofBlock, work.scratch.denominators + first * lanesOf(), heads, tokens);
            const auto* pairs = reinterpret_cast<const std::uint32_t*>(ofBlock);
            forHeads(heads, ValueKernel<Bf16Matrix, Dot>{values, work.tileBytes, work.part.headDimV,
                                                         tokens, pairs, output, work.ahead});
            Ahead asked = work.ahead;
            asked.step = 0;
            if (both)
                forHeads(heads, ValueKernel<Bf16Matrix, Dot>{
                                    values, work.tileBytes, work.part.headDimV, tokens,
                                    pairs + kTileTokens / 2, output, asked});
            first += heads;
        }
    }
};

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
