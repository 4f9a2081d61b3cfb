// SPDX-License-Identifier: Apache-2.0
// What the kernels of all units work with; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_TILE_WORK_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_TILE_WORK_INL_H
#undef DECODESCOPE_CPU_TILE_WORK_INL_H
#else
#define DECODESCOPE_CPU_TILE_WORK_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include "core/cpu/attention_kernel.h"
#include "core/cpu/tile_products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// One thread's memory while it attends.
struct Scratch {
    float* queries;      ///< [block][headDimK][heads of the block], × scale × log2 e; or bf16
                         ///< pairs [block][headDimK / 2][heads of the block], not multiplied; or
                         ///< DigitQuads [block][headDimK / 4][heads of the block]; or rows of
                         ///< bf16 pairs [group][queryWords(headDimK)]
    float* sums;         ///< [block][blocksOf(headDimK)][heads of the block]; or starts of
                         ///< DigitQueries, as many; or [group] of SoftmaxPairs
    float* scales;       ///< [group], of DigitQueries or SoftmaxPairs
    float* weights;      ///< [group][kRoundTokens]
    float* denominators; ///< [group][a vector of partial sums]
    float* tile;         ///< one tile's keys, then a round's values, as f32 or split in bf16
};

/// The blocks that a group is divided into, as even as can be: the first `wide` have one head more.
struct Blocks {
    std::int64_t count, heads, wide;
    Blocks(std::int64_t group, std::int64_t most)
        : count((group + most - 1) / most), heads(group / count), wide(group % count) {}
    [[nodiscard]] HWY_INLINE std::int64_t headsOf(std::int64_t block) const {
        return heads + (block < wide ? 1 : 0);
    }
};

constexpr float kLog2E = 1.44269504F;

/// What is done with the tiles of a round, for one type of keys or of values.
struct RoundWork {
    const AttentionPart& part;
    const Blocks& blocks;
    const Scratch& scratch;
    std::int64_t tileBytes; ///< from each tile of a round to the next
    float* output;
    Ahead ahead;
    bool both = false; ///< the round's weights have what rounding dropped behind them
};
/// Scores a tile, or adds the values of a round's tiles, the first of which is at `matrix`.
/// `weights`: of the first token [group], kRoundTokens apart.
using TileKernel = void (*)(RoundWork& work, const std::byte* matrix, std::int64_t tokens,
                            float* weights);
/// Turns a part's queries into what scores are made from.
using PackKernel = void (*)(const AttentionPart& part, const Blocks& blocks,
                            const Scratch& scratch);

/// Turns a round's scores into weights, and keeps the state of their softmax.
using SoftmaxKernel = void (*)(RoundWork& work, const AttentionState& state, std::int64_t tokens);

struct TileKernels {
    PackKernel pack = nullptr;
    TileKernel score = nullptr;
    SoftmaxKernel softmax = nullptr;
    TileKernel addValues = nullptr;
    void (*release)() = nullptr; ///< after the last round
};

template <class Products, class Matrix>
HWY_INLINE void scoreTile(const AttentionPart& part, const Blocks& blocks, const Matrix& keys,
                          const Scratch& scratch, float* weights, Ahead& ahead) {
    const auto* queries = reinterpret_cast<const typename Products::Factor*>(scratch.queries);
    std::int64_t first = 0;
    for (std::int64_t b = 0; b < blocks.count; ++b) {
        const std::int64_t heads = blocks.headsOf(b);
        forHeads<mostHeads<Matrix>()>(
            heads, ScoreKernel<Matrix, Products>{
                       keys, part.headDimK,
                       BlockQueries<Products>{queries + first * part.headDimK / Products::kRows,
                                              scratch.sums + first * blocksOf(part.headDimK),
                                              weights + first * kRoundTokens},
                       ahead});
        first += heads;
    }
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
