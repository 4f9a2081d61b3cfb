// SPDX-License-Identifier: Apache-2.0
// Products of a tile as dot products of bf16 pairs; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_BF16_DOT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_BF16_DOT_INL_H
#undef DECODESCOPE_CPU_BF16_DOT_INL_H
#else
#define DECODESCOPE_CPU_BF16_DOT_INL_H
#endif

#include <bit>
#include <cstdint>

#include <hwy/highway.h>

#include "core/cpu/tile_products-inl.h"
#include "core/cpu/vector_math-inl.h"
#include "core/engine/float_bits.h"

/// Where this target's compilers make the CPU's own instruction. Highway 1.0.3 has no operation for
/// it and clang's assembler knows BFDOT only where the whole file is compiled for it.
#undef DECODESCOPE_HAS_BF16_DOT
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
#define DECODESCOPE_HAS_BF16_DOT 1
#elif HWY_ARCH_ARM_A64 && HWY_TARGET == HWY_NEON && !defined(__clang__)
#define DECODESCOPE_HAS_BF16_DOT 1
#else
#define DECODESCOPE_HAS_BF16_DOT 0
#endif

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// Units of dot products, as multiplyRow() takes them: for each f32 lane i
///   sum[i] += factor[2i] × row[2i] + factor[2i + 1] × row[2i + 1]
/// of bf16, the even ones in the low halves of 32-bit words. A product of two bf16 has 16 bits and
/// is exact in f32; what the units round is its sums:
///   AVX-512 BF16  sum + odd product, then + even product, each to nearest even
///   NEON BFDOT    the two products, then that and the sum, each to odd (error below one ulp)
///   emulated      as AVX-512 BF16
/// The CPU's units read denormals as zero and write zero for them; the emulation keeps them. Either
/// is far below what rounding the factors to bf16 does (kernels are held to 2e-3, not 5e-6).

/// On any CPU, with the order of AVX-512 BF16.
struct EmulatedBf16Dot {
    static constexpr std::int64_t kRows = 2;
    static constexpr bool kFactorsInMemory = false;
    using Factor = std::uint32_t;
    template <class D>
    static HWY_INLINE hn::Vec<hn::RebindToUnsigned<D>> spread(D, const std::uint32_t* pair) {
        return hn::Set(hn::RebindToUnsigned<D>(), *pair);
    }
    template <class V, class W>
    static HWY_INLINE void add(V& sum, W factor, W row) {
        const hn::DFromV<V> d;
        const auto high = hn::Set(hn::DFromV<W>(), 0xFFFF0000U);
        sum = hn::MulAdd(hn::BitCast(d, hn::And(factor, high)), hn::BitCast(d, hn::And(row, high)),
                         sum);
        sum = hn::MulAdd(hn::BitCast(d, hn::ShiftLeft<16>(factor)),
                         hn::BitCast(d, hn::ShiftLeft<16>(row)), sum);
    }
};

#if DECODESCOPE_HAS_BF16_DOT
/// The CPU's instruction, in registers as multiplyAdd() is.
struct Bf16Dot {
    static constexpr std::int64_t kRows = 2;
    static constexpr bool kFactorsInMemory = false;
    using Factor = std::uint32_t;
#if HWY_ARCH_X86
    template <class D>
    static HWY_INLINE hn::Vec<hn::RebindToUnsigned<D>> spread(D, const std::uint32_t* pair) {
        return hn::Set(hn::RebindToUnsigned<D>(), *pair);
    }
    template <class V, class W>
    static HWY_INLINE void add(V& sum, W factor, W row) {
        auto raw = sum.raw;
        asm("vdpbf16ps %2, %1, %0" : "+v"(raw) : "v"(factor.raw), "v"(row.raw));
        sum.raw = raw;
    }
#else
    /// One lane, of which the instruction makes as many as the row has: a load and no more, where
    /// filling a vector also takes a slot of the units that multiply.
    template <class D>
    static HWY_INLINE float spread(D, const std::uint32_t* pair) {
        return std::bit_cast<float>(*pair);
    }
    template <class V, class W>
    static HWY_INLINE void add(V& sum, float factor, W row) {
        auto raw = sum.raw;
        asm(".arch_extension bf16\n\tbfdot %0.4s, %1.8h, %2.2h[0]"
            : "+w"(raw)
            : "w"(row.raw), "w"(factor));
        sum.raw = raw;
    }
#endif
};
#endif

/// Where few tokens share the weight, what bf16 drops of their weights does not average out: a
/// weight above this share of the sum so far has it added, as a bf16 of its own.
constexpr float kLargestRoundedShare = 1.0F / 32;

/// A block's queries as pairs of head_dim, [headDimK / 2][heads], rounded to bf16.
/// `queries` [heads][headDimK] of f32.
inline void packQueryPairs(const float* queries, std::int64_t heads, std::int64_t headDimK,
                           std::uint32_t* packed) {
    for (std::int64_t i = 0; i < headDimK; i += 2)
        for (std::int64_t h = 0; h < heads; ++h) {
            const float* pair = queries + h * headDimK + i;
            *packed++ = static_cast<std::uint32_t>(toBf16(pair[1])) << 16 | toBf16(pair[0]);
        }
}

/// A tile's scores × factor, kRoundTokens from one head to the next.
HWY_INLINE void scaleScores(float* scores, std::int64_t heads, float factor) {
    const FloatTag d;
    const auto by = hn::Set(d, factor);
    for (std::int64_t h = 0; h < heads; ++h, scores += kRoundTokens)
        for (std::int64_t t = 0; t < kTileTokens; t += lanesOf())
            hn::StoreU(hn::Mul(hn::LoadU(d, scores + t), by), d, scores + t);
}

/// The high halves of the lanes of two vectors in one of words: pairs of neighbours.
template <class DU, class W>
HWY_INLINE W pairsOf(DU du, W first, W second) {
#if HWY_TARGET == HWY_SCALAR // one lane: they are neighbours themselves
    const W even = first;
    const W odd = second;
#else
    const W even = hn::ConcatEven(du, second, first);
    const W odd = hn::ConcatOdd(du, second, first);
#endif
    return hn::Or(hn::ShiftRight<16>(even), hn::And(odd, hn::Set(du, 0xFFFF0000U)));
}

/// One head's weights of a tile as bf16 in place of the f32: kTileTokens / 2 pairs of neighbouring
/// tokens, then as many with what rounding dropped. The denominator, which holds the sum of the
/// f32, becomes the sum of what will be multiplied. True where the second half is to be added as
/// well; else the weights' common error cancels and the rest averages out.
HWY_INLINE bool packWeightPairs(float* weights, float* denominator) {
    const FloatTag d;
    const hn::RebindToUnsigned<FloatTag> du;
    constexpr int kVectors = static_cast<int>(kTileTokens) / HWY_LANES(float);
    const std::int64_t lanes = lanesOf();
    const auto sum = hn::LoadU(d, denominator);
    const auto half = hn::Set(du, 0x8000U);
    const auto high = hn::Set(du, 0xFFFF0000U);
    hn::Vec<decltype(du)> rounded[kVectors];
    FloatVec dropped[kVectors];
    auto largest = hn::Zero(d);
    auto lost = hn::Zero(d);
    DECODESCOPE_UNROLL
    for (int i = 0; i < kVectors; ++i) {
        const auto exact = hn::LoadU(d, weights + i * lanes);
        // To nearest, a tie up: the weights are positive and finite.
        rounded[i] = hn::And(hn::Add(hn::BitCast(du, exact), half), high);
        dropped[i] = hn::Sub(exact, hn::BitCast(d, rounded[i]));
        largest = hn::Max(largest, exact);
        lost = hn::Add(lost, dropped[i]);
    }
    auto* pairs = reinterpret_cast<std::uint32_t*>(weights);
    DECODESCOPE_UNROLL
    for (int i = 0; i < kVectors; i += 2) {
        const std::int64_t at = i / 2 * lanes;
        hn::StoreU(pairsOf(du, rounded[i], rounded[i + 1]), du, pairs + at);
        hn::StoreU(pairsOf(du, hn::BitCast(du, dropped[i]), hn::BitCast(du, dropped[i + 1])), du,
                   pairs + kTileTokens / 2 + at);
    }
    // A lane's share of the sum is less than all of it: most tiles need no sum over the lanes.
    const auto share = hn::Set(d, kLargestRoundedShare);
    if (HWY_UNLIKELY(!hn::AllTrue(d, hn::Le(largest, hn::Mul(sum, share)))) &&
        hn::GetLane(hn::MaxOfLanes(d, largest)) >
            kLargestRoundedShare * hn::GetLane(hn::SumOfLanes(d, sum)))
        return true;
    hn::StoreU(hn::Sub(sum, lost), d, denominator);
    return false;
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
