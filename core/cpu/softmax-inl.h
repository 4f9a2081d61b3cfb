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

/// Raises a head's maximum where one of the scores [from, to) lies more than kLazyRescale above it:
/// what was made with the old one shrinks, with it the round's weights before `from`.
HWY_NOINLINE void raiseMaximum(const HeadState& head, std::int64_t from, std::int64_t to) {
    const float largest = *std::max_element(head.weights + from, head.weights + to) * head.factor;
    if (largest <= *head.max + kLazyRescale)
        return;
    const float shrink = std::exp2(*head.max - largest); // 0 the first time
    *head.max = largest;
    const auto shorten = [shrink](float* values, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i)
            values[i] *= shrink;
    };
    shorten(head.weights, from);
    shorten(head.denominators, lanesOf());
    shorten(head.output, head.headDimV);
}

/// weights = exp2(scores - maximum) of kHeads heads, added up in their denominators. Some heads at
/// a time, since each exp2 is a long chain of operations that wait for one another. A maximum is
/// raised so seldom that almost every tile costs one comparison and one exp2 a score.
template <int kHeads, bool kScaled>
HWY_INLINE void weighScores(const HeadState& heads, std::int64_t slots) {
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    constexpr int kVectors = HWY_MAX_BYTES >= 64 ? 2 : 4;
    constexpr int kCount = kHeads * kVectors;
    for (std::int64_t t = 0; t < slots; t += kVectors * lanes) {
        FloatVec x[kCount];
        const auto place = [&](int i) HWY_ATTR __attribute__((always_inline)) {
            return heads.weights + i / kVectors * kRoundTokens + t + i % kVectors * lanes;
        };
        const auto compare = [&]() HWY_ATTR __attribute__((always_inline)) {
            DECODESCOPE_UNROLL
            for (int i = 0; i < kCount; ++i) {
                const auto max = hn::Set(d, heads.max[i / kVectors]);
                const auto score = hn::LoadU(d, place(i));
                x[i] = kScaled ? hn::MulSub(score, hn::Set(d, heads.factor), max)
                               : hn::Sub(score, max);
            }
        };
        compare();
        auto largest = x[0];
        DECODESCOPE_UNROLL
        for (int i = 1; i < kCount; ++i) {
            largest = hn::Max(largest, x[i]);
        }
        if (HWY_UNLIKELY(!hn::AllTrue(d, hn::Le(largest, hn::Set(d, kLazyRescale))))) {
            for (int h = 0; h < kHeads; ++h)
                raiseMaximum(headFrom(heads, h), t, t + kVectors * lanes);
            compare();
        }
        exp2All(d, x);
        DECODESCOPE_UNROLL
        for (int i = 0; i < kCount; ++i) {
            hn::StoreU(x[i], d, place(i));
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
template <int kHeads, bool kScaled>
HWY_INLINE void weighHeads(const HeadState& first, std::int64_t group, std::int64_t slots,
                           std::int64_t& head) {
    for (; head + kHeads <= group; head += kHeads)
        weighScores<kHeads, kScaled>(headFrom(first, head), slots);
}

/// Turns the group's scores of a round into weights. kScaled: the scores are still to be multiplied
/// with scale × log2 e.
template <bool kScaled>
void softmaxRound(const AttentionPart& part, const AttentionState& state, const Scratch& scratch,
                  std::int64_t tokens) {
    const std::int64_t slots = (tokens + kTileTokens - 1) / kTileTokens * kTileTokens;
    if (slots != tokens)
        for (std::int64_t h = 0; h < part.group; ++h) {
            float* scores = scratch.weights + h * kRoundTokens;
            std::fill(scores + tokens, scores + slots, -std::numeric_limits<float>::infinity());
        }
    const HeadState first{scratch.weights, state.max,     scratch.denominators,
                          state.output,    part.headDimV, kScaled ? part.scale * kLog2E : 1};
    std::int64_t head = 0;
    if constexpr (HWY_MAX_BYTES >= 64)
        weighHeads<4, kScaled>(first, part.group, slots, head);
    weighHeads<2, kScaled>(first, part.group, slots, head);
    weighHeads<1, kScaled>(first, part.group, slots, head);
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
