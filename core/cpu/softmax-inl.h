// SPDX-License-Identifier: Apache-2.0
// The softmax of a round of scores; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_SOFTMAX_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_SOFTMAX_INL_H
#undef DECODESCOPE_CPU_SOFTMAX_INL_H
#else
#define DECODESCOPE_CPU_SOFTMAX_INL_H
#endif

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <hwy/highway.h>

#include "core/cpu/attention_kernel.h"
#include "core/cpu/tile_work-inl.h"
#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

constexpr float kLazyRescale = 8; ///< in powers of two: accumulators may grow 256-fold

/// What the softmax keeps of a head, or of the first of several that follow one another.
struct HeadState {
    float* weights;      ///< [heads][kRoundTokens]
    float* max;          ///< [heads]
    float* denominators; ///< [heads][a vector of partial sums]
    float* output;       ///< [heads][headDimV]
    std::int64_t headDimV;
    float factor; ///< of the scores
};

HWY_INLINE HeadState headFrom(const HeadState& heads, std::int64_t head) {
    return {heads.weights + head * kRoundTokens,
            heads.max + head,
            heads.denominators + head * lanesOf(),
            heads.output + head * heads.headDimV,
            heads.headDimV,
            heads.factor};
}

/// values[0 … count) *= factor; count is a multiple of 8.
HWY_INLINE void scaleFloats(float* values, std::int64_t count, float factor) {
    const hn::CappedTag<float, 8> d;
    for (std::int64_t i = 0; i < count; i += static_cast<std::int64_t>(hn::Lanes(d)))
        hn::StoreU(hn::Mul(hn::LoadU(d, values + i), hn::Set(d, factor)), d, values + i);
}

/// Raises a head's maximum where one of the scores [from, to) lies more than kLazyRescale above it:
/// what was made with the old one shrinks, by the factor that is returned; 0 the first time, when
/// nothing was.
HWY_NOINLINE float raiseMaximum(const HeadState& head, std::int64_t from, std::int64_t to) {
    const FloatTag d;
    auto most = hn::LoadU(d, head.weights + from);
    for (std::int64_t t = from + lanesOf(); t < to; t += lanesOf())
        most = hn::Max(most, hn::LoadU(d, head.weights + t));
    float largest = hn::GetLane(hn::MaxOfLanes(d, most)) * head.factor;
    const float before = *head.max;
    if (largest <= before + kLazyRescale)
        return 1;
    if (before == -std::numeric_limits<float>::infinity()) {
        *head.max = largest;
        return 0;
    }
    // By a whole number: weights that were split or rounded shrink without a rounding of their own.
    largest = before + std::ceil(largest - before);
    *head.max = largest;
    const float shrink = std::exp2(before - largest);
    for (std::int64_t i = 0; i < lanesOf(); ++i)
        head.denominators[i] *= shrink;
    scaleFloats(head.output, head.headDimV, shrink);
    return shrink;
}

/// x = score × factor - maximum of kHeads heads, kVectors vectors of each. Where that asks for a
/// new maximum, raised(head, factor) after what was made with the old one shrank, but for the
/// weights of the round. A maximum is raised so seldom that almost every tile costs one comparison.
template <int kHeads, int kVectors, bool kScaled, class Raised>
HWY_INLINE void belowMaximum(const HeadState& heads, std::int64_t t,
                             FloatVec (&x)[kHeads * kVectors], const Raised& raised) {
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    const auto compare = [&]() HWY_ATTR __attribute__((always_inline)) {
        DECODESCOPE_UNROLL
        for (int i = 0; i < kHeads * kVectors; ++i) {
            const auto max = hn::Set(d, heads.max[i / kVectors]);
            const auto score = hn::LoadU(d, heads.weights + i / kVectors * kRoundTokens + t +
                                                i % kVectors * lanes);
            x[i] = kScaled ? hn::MulSub(score, hn::Set(d, heads.factor), max) : hn::Sub(score, max);
        }
    };
    compare();
    auto largest = x[0];
    DECODESCOPE_UNROLL
    for (int i = 1; i < kHeads * kVectors; ++i) {
        largest = hn::Max(largest, x[i]);
    }
    if (HWY_LIKELY(hn::AllTrue(d, hn::Le(largest, hn::Set(d, kLazyRescale)))))
        return;
    for (int h = 0; h < kHeads; ++h)
        if (const float factor = raiseMaximum(headFrom(heads, h), t, t + kVectors * lanes);
            factor != 1)
            raised(h, factor);
    compare();
}

/// weights = exp2(scores - maximum) of kHeads heads, added up in their denominators. Some heads at
/// a time, since each exp2 is a long chain of operations that wait for one another.
template <int kHeads>
HWY_INLINE void weighScores(const HeadState& heads, std::int64_t slots) {
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    constexpr int kVectors = HWY_MAX_BYTES >= 64 ? 2 : 4;
    constexpr int kCount = kHeads * kVectors;
    for (std::int64_t t = 0; t < slots; t += kVectors * lanes) {
        FloatVec x[kCount];
        belowMaximum<kHeads, kVectors, false>(heads, t, x, [&](int h, float factor) HWY_ATTR {
            if (factor > 0)
                for (std::int64_t i = 0; i < t; ++i)
                    heads.weights[h * kRoundTokens + i] *= factor;
        });
        exp2All(d, x);
        DECODESCOPE_UNROLL
        for (int i = 0; i < kCount; ++i) {
            hn::StoreU(x[i], d,
                       heads.weights + i / kVectors * kRoundTokens + t + i % kVectors * lanes);
        }
        DECODESCOPE_UNROLL
        for (int h = 0; h < kHeads; ++h) {
            auto sum = hn::LoadU(d, heads.denominators + h * lanes);
            DECODESCOPE_UNROLL
            for (int w = 0; w < kVectors; ++w) {
                sum = hn::Add(sum, x[h * kVectors + w]);
            }
            hn::StoreU(sum, d, heads.denominators + h * lanes);
        }
    }
    // Slots past the end weigh 2^-126 here: only finite values may be read for them.
}

/// weighScores() of kHeads heads at a time from `head` on, which becomes the next.
template <int kHeads>
HWY_INLINE void weighHeads(const HeadState& first, std::int64_t group, std::int64_t slots,
                           std::int64_t& head) {
    for (; head + kHeads <= group; head += kHeads)
        weighScores<kHeads>(headFrom(first, head), slots);
}

/// Whole tiles of a round, with scores of minus infinity past its tokens.
HWY_INLINE std::int64_t filledSlots(const AttentionPart& part, const Scratch& scratch,
                                    std::int64_t tokens) {
    const std::int64_t slots = (tokens + kTileTokens - 1) / kTileTokens * kTileTokens;
    if (slots != tokens)
        for (std::int64_t h = 0; h < part.group; ++h) {
            float* scores = scratch.weights + h * kRoundTokens;
            std::fill(scores + tokens, scores + slots, -std::numeric_limits<float>::infinity());
        }
    return slots;
}

/// Turns the group's scores of a round, already multiplied with scale × log2 e, into weights.
void softmaxRound(RoundWork& work, const AttentionState& state, std::int64_t tokens) {
    const AttentionPart& part = work.part;
    const std::int64_t slots = filledSlots(part, work.scratch, tokens);
    const HeadState first{work.scratch.weights, state.max,     work.scratch.denominators,
                          state.output,         part.headDimV, 1};
    std::int64_t head = 0;
    if constexpr (HWY_MAX_BYTES >= 64)
        weighHeads<4>(first, part.group, slots, head);
    weighHeads<2>(first, part.group, slots, head);
    weighHeads<1>(first, part.group, slots, head);
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
