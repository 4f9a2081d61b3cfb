// SPDX-License-Identifier: Apache-2.0
// A round of tiles of bf16 by dot products, and weights as pairs of bf16 for these and for products
// of matrices; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_PAIR_TILES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_PAIR_TILES_INL_H
#undef DECODESCOPE_CPU_PAIR_TILES_INL_H
#else
#define DECODESCOPE_CPU_PAIR_TILES_INL_H
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/cpu/attention_kernel.h"
#include "core/cpu/bf16_dot-inl.h"
#include "core/cpu/softmax-inl.h"
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

/// Where few tokens share the weight, what bf16 drops of their weights does not average out: a
/// weight above this share of the sum so far has it added, as a bf16 of its own.
constexpr float kLargestRoundedShare = 1.0F / 32;

/// The tiles of a round before `t`, whose weights have become pairs.
inline HWY_NOINLINE void shrinkPairs(float* weights, std::int64_t t, float factor) {
    auto* halves = reinterpret_cast<std::uint16_t*>(weights);
    for (std::int64_t i = 0; i < 2 * t; ++i)
        halves[i] = toBf16(fromBf16(halves[i]) * factor);
}

/// softmaxRound() of scores that are still to be multiplied with scale × log2 e, whose weights are
/// rounded to bf16. In place of a tile's f32 scores lie kTileTokens / 2 pairs of neighbouring
/// tokens; where RoundWork::both is set, as many again with what rounding dropped.
///
/// Of a head's tile whose dropped parts are left out, the sum of what will be multiplied goes into
/// the denominator: the weights' common error cancels and the rest averages out.
template <class Dot>
class SoftmaxPairs {
public:
    static void run(RoundWork& work, const AttentionState& state, std::int64_t tokens) {
        const AttentionPart& part = work.part;
        const Scratch& scratch = work.scratch;
        const std::int64_t slots = filledSlots(part, scratch, tokens);
        work.both = false;
        const Heads first{{scratch.weights, state.max, scratch.denominators, state.output,
                           part.headDimV, part.scale * kLog2E},
                          scratch.sums,
                          scratch.scales};
        std::int64_t head = 0;
        if constexpr (kVectors <= 2)
            weigh<4>(work, first, slots, head);
        if constexpr (kVectors <= 4)
            weigh<2>(work, first, slots, head);
        weigh<1>(work, first, slots, head);
        if (!work.both)
            return;
        for (std::int64_t h = 0; h < part.group; ++h)
            if (scratch.scales[h] == 0)
                clearDropped(scratch.weights + h * kRoundTokens, slots);
    }

private:
    static constexpr int kVectors = static_cast<int>(kTileTokens) / HWY_LANES(float);

    struct Heads {
        HeadState state;
        /// [heads]: what kLargestRoundedShare of the sum was when last looked at, or less.
        float* shares;
        float* kept; ///< [heads]: 1 where a tile of the round has its dropped parts
        [[nodiscard]] HWY_INLINE Heads from(std::int64_t head) const {
            return {headFrom(state, head), shares + head, kept + head};
        }
    };

    template <int kHeads>
    static HWY_INLINE void weigh(RoundWork& work, const Heads& first, std::int64_t slots,
                                 std::int64_t& head) {
        for (; head + kHeads <= work.part.group; head += kHeads)
            weighSome<kHeads>(work, first.from(head), slots);
    }

    template <int kHeads>
    static HWY_INLINE void weighSome(RoundWork& work, const Heads& heads, std::int64_t slots) {
        const FloatTag d;
        const std::int64_t lanes = lanesOf();
        constexpr int kCount = kHeads * kVectors;
        std::fill_n(heads.kept, kHeads, 0.0F);
        for (std::int64_t t = 0; t < slots; t += kTileTokens) {
            FloatVec x[kCount];
            belowMaximum<kHeads, kVectors, true>(
                heads.state, t, x, [&](int h, float factor) HWY_ATTR {
                    heads.shares[h] *= factor;
                    shrinkPairs(heads.state.weights + h * kRoundTokens, t, factor);
                });
            exp2All<Exp2ToBf16>(d, x);
            DECODESCOPE_UNROLL
            for (int h = 0; h < kHeads; ++h) {
                FloatVec* exact = x + h * kVectors;
                float* tile = heads.state.weights + h * kRoundTokens + t;
                float* denominator = heads.state.denominators + h * lanes;
                auto largest = exact[0];
                DECODESCOPE_UNROLL
                for (int i = 1; i < kVectors; ++i) {
                    largest = hn::Max(largest, exact[i]);
                }
                if (HWY_UNLIKELY(!hn::AllTrue(d, hn::Le(largest, hn::Set(d, heads.shares[h])))) &&
                    hasLargeShare(exact, denominator, heads.shares[h])) {
                    if (heads.kept[h] == 0) // of the tiles before it was left out
                        clearDropped(heads.state.weights + h * kRoundTokens, t);
                    heads.kept[h] = 1;
                    work.both = true;
                    packBoth(exact, tile, denominator);
                    continue;
                }
                auto sum = hn::LoadU(d, denominator);
                DECODESCOPE_UNROLL
                for (int i = 0; i < kVectors; i += 2) {
                    sum = hn::Add(sum, packRounded(exact[i], exact[i + 1], tile, i));
                }
                hn::StoreU(sum, d, denominator);
                if (heads.kept[h] != 0)
                    clearDropped(tile, kTileTokens);
            }
        }
    }

    /// What was dropped of the first tokens of a head's weights is left out.
    static void clearDropped(float* weights, std::int64_t tokens) {
        for (std::int64_t t = 0; t < tokens; t += kTileTokens)
            std::fill_n(weights + t + kTileTokens / 2, kTileTokens / 2, 0.0F);
    }

    /// Stores two vectors of weights as pairs. Returns the sum of the pairs.
    static HWY_INLINE FloatVec packRounded(FloatVec first, FloatVec second, float* tile, int i) {
        const FloatTag d;
        const hn::RebindToUnsigned<FloatTag> du;
        const auto rounded = roundPairs<Dot>(d, first, second);
        hn::StoreU(rounded, du, reinterpret_cast<std::uint32_t*>(tile) + i / 2 * lanesOf());
        return hn::Add(hn::BitCast(d, hn::ShiftLeft<16>(rounded)),
                       hn::BitCast(d, hn::And(rounded, hn::Set(du, 0xFFFF0000U))));
    }

    /// Whether one of a tile's weights has a large share of the sum, this tile's included; `share`
    /// becomes what that is.
    static HWY_NOINLINE bool hasLargeShare(const FloatVec* exact, const float* denominator,
                                           float& share) {
        const FloatTag d;
        auto sum = hn::LoadU(d, denominator);
        auto largest = exact[0];
        for (int i = 0; i < kVectors; ++i) {
            sum = hn::Add(sum, exact[i]);
            largest = hn::Max(largest, exact[i]);
        }
        share = kLargestRoundedShare * hn::GetLane(hn::SumOfLanes(d, sum));
        return hn::GetLane(hn::MaxOfLanes(d, largest)) > share;
    }

    /// Stores a tile's weights as pairs, and what rounding dropped behind them.
    static HWY_NOINLINE void packBoth(const FloatVec* exact, float* tile, float* denominator) {
        const FloatTag d;
        const hn::RebindToUnsigned<FloatTag> du;
        auto* pairs = reinterpret_cast<std::uint32_t*>(tile);
        auto sum = hn::LoadU(d, denominator);
        for (int i = 0; i < kVectors; i += 2) {
            const auto rounded = roundPairs<Dot>(d, exact[i], exact[i + 1]);
            const auto all = neighboursOf(d, exact[i], exact[i + 1]);
            const Neighbours<FloatVec> dropped{
                hn::Sub(all.even, hn::BitCast(d, hn::ShiftLeft<16>(rounded))),
                hn::Sub(all.odd, hn::BitCast(d, hn::And(rounded, hn::Set(du, 0xFFFF0000U))))};
            hn::StoreU(rounded, du, pairs + i / 2 * lanesOf());
            hn::StoreU(highHalves(d, dropped), du, pairs + kTileTokens / 2 + i / 2 * lanesOf());
            sum = hn::Add(sum, hn::Add(exact[i], exact[i + 1]));
        }
        hn::StoreU(sum, d, denominator);
    }
};

template <class Dot>
struct AddPairs {
    static void run(RoundWork& work, const std::byte* matrix, std::int64_t tokens, float* weights) {
        const Bf16Matrix values(matrix, work.part.headDimV);
        std::int64_t first = 0;
        for (std::int64_t b = 0; b < work.blocks.count; ++b) {
            const std::int64_t heads = work.blocks.headsOf(b);
            float* ofBlock = weights + first * kRoundTokens;
            float* output = work.output + first * work.part.headDimV;
            const auto* pairs = reinterpret_cast<const std::uint32_t*>(ofBlock);
            forHeads<kBlockHeads>(heads, ValueKernel<Bf16Matrix, Dot>{values, work.tileBytes,
                                                                      work.part.headDimV, tokens,
                                                                      pairs, output, work.ahead});
            Ahead asked = work.ahead;
            asked.step = 0;
            if (work.both)
                forHeads<kBlockHeads>(heads, ValueKernel<Bf16Matrix, Dot>{
                                                 values, work.tileBytes, work.part.headDimV, tokens,
                                                 pairs + kTileTokens / 2, output, asked});
            first += heads;
        }
    }
};

template <class Dot>
TileKernels pairKernels() {
    return {packPairs, ScorePairs<Dot>::run, SoftmaxPairs<Dot>::run, AddPairs<Dot>::run};
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
