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
#include <type_traits>

#include <hwy/highway.h>

#include "core/cpu/attention_arithmetic.h"
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
    using Factor = std::uint32_t;
#if HWY_ARCH_X86
    static constexpr bool kFactorsInMemory = true; ///< as with F32Products
    template <class D>
    static HWY_INLINE const std::uint32_t* spread(D, const std::uint32_t* pair) {
        return pair;
    }
    template <class V, class W>
    static HWY_INLINE void add(V& sum, const std::uint32_t* pair, W row) {
        auto raw = sum.raw;
        if constexpr (sizeof(raw) == 64)
            asm("vdpbf16ps %2%{1to16%}, %1, %0" : "+v"(raw) : "v"(row.raw), "m"(*pair));
        else if constexpr (sizeof(raw) == 32)
            asm("vdpbf16ps %2%{1to8%}, %1, %0" : "+v"(raw) : "v"(row.raw), "m"(*pair));
        else
            asm("vdpbf16ps %2%{1to4%}, %1, %0" : "+v"(raw) : "v"(row.raw), "m"(*pair));
        sum.raw = raw;
    }
#else
    static constexpr bool kFactorsInMemory = false;
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

/// The values of two vectors that follow each other as pairs of neighbours: the even ones, the odd.
template <class V>
struct Neighbours {
    V even, odd;
};
template <class D, class V = hn::Vec<D>>
HWY_INLINE Neighbours<V> neighboursOf(D d, V first, V second) {
#if HWY_TARGET == HWY_SCALAR // one lane: they are neighbours themselves
    static_cast<void>(d);
    return {first, second};
#else
    return {hn::ConcatEven(d, second, first), hn::ConcatOdd(d, second, first)};
#endif
}

/// The high halves of pairs of neighbours in one vector of words.
template <class D, class V>
HWY_INLINE hn::Vec<hn::RebindToUnsigned<D>> highHalves(D /*d*/, const Neighbours<V>& pairs) {
    const hn::RebindToUnsigned<D> du;
    return hn::OrAnd(hn::ShiftRight<16>(hn::BitCast(du, pairs.even)), hn::BitCast(du, pairs.odd),
                     hn::Set(du, 0xFFFF0000U));
}

/// Finite numbers as the nearest bf16, a tie away from zero.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V nearestBf16(D d, V x) {
    const hn::RebindToUnsigned<D> du;
    const auto raised = hn::Add(hn::BitCast(du, x), hn::Set(du, 0x8000U));
    return hn::BitCast(d, hn::And(raised, hn::Set(du, 0xFFFF0000U)));
}

/// The same as toBf16() rounds: a tie to even.
template <class D, class V>
HWY_INLINE V evenBf16(D d, V x) {
    const hn::RebindToUnsigned<D> du;
    const auto bits = hn::BitCast(du, x);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1U));
    const auto raised = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7FFFU)));
    return hn::BitCast(d, hn::And(raised, hn::Set(du, 0xFFFF0000U)));
}

/// Positive finite weights rounded to pairs of bf16: to nearest, a tie up; by the CPU's instruction
/// where `Dot` is, to even.
template <class Dot, class D, class V = hn::Vec<D>>
HWY_INLINE hn::Vec<hn::RebindToUnsigned<D>> roundPairs(D d, V first, V second) {
#if DECODESCOPE_HAS_BF16_DOT && HWY_ARCH_X86
    if constexpr (std::is_same_v<Dot, Bf16Dot>) {
        hn::Vec<hn::RebindToUnsigned<D>> words;
        asm("vcvtne2ps2bf16 %1, %2, %0" : "=v"(words.raw) : "v"(first.raw), "v"(second.raw));
        return words;
    }
#endif
    const hn::RebindToUnsigned<D> du;
    const auto half = hn::Set(du, 0x8000U);
    const auto up = [&](V x) HWY_ATTR { return hn::BitCast(d, hn::Add(hn::BitCast(du, x), half)); };
    const auto exact = neighboursOf(d, first, second);
    return highHalves(d, Neighbours<V>{up(exact.even), up(exact.odd)});
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
