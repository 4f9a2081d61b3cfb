// SPDX-License-Identifier: Apache-2.0
// Shared by the kernels; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_VECTOR_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_VECTOR_MATH_INL_H
#undef DECODESCOPE_CPU_VECTOR_MATH_INL_H
#else
#define DECODESCOPE_CPU_VECTOR_MATH_INL_H
#endif

#include <cstdint>
#include <type_traits>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Arrays of vectors are registers only where each loop over them is unrolled.
#undef DECODESCOPE_UNROLL
#define DECODESCOPE_UNROLL _Pragma("GCC unroll 16")

/// f(std::integral_constant<int, i>()) for i = kFrom … kCount - 1.
template <int kCount, int kFrom = 0, class F>
HWY_INLINE void unrolled(const F& f) {
    f(std::integral_constant<int, kFrom>());
    if constexpr (kFrom + 1 < kCount)
        unrolled<kCount, kFrom + 1>(f);
}

/// f(d) with the widest vectors that `columns`, a multiple of 8, are a whole number of.
template <class F>
HWY_INLINE void withVectorsOf(std::int64_t columns, const F& f) {
    if constexpr (HWY_MAX_BYTES > 32) {
        const hn::ScalableTag<float> widest;
        if (columns % static_cast<std::int64_t>(hn::Lanes(widest)) == 0) {
            f(widest);
            return;
        }
    }
    f(hn::CappedTag<float, 8>());
}

/// Lanes(d) elements as f32, from memory of any alignment.
template <class D>
HWY_INLINE hn::Vec<D> loadFloats(D d, const float* from) {
    return hn::LoadU(d, from);
}
template <class D>
HWY_INLINE hn::Vec<D> loadFloats(D d, const hwy::float16_t* from) {
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<hwy::float16_t, D>(), from));
}
template <class D>
HWY_INLINE hn::Vec<D> loadFloats(D d, const hwy::bfloat16_t* from) {
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<hwy::bfloat16_t, D>(), from));
}

/// sum += a × b in registers. Compilers that choose themselves load `a` or `b` again for each use,
/// and move or spill sums between the three forms of the instruction: more loads than the CPU has
/// ports for, and a loop at half its speed.
template <class V>
HWY_INLINE void multiplyAdd(V& sum, V a, V b) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
    auto raw = sum.raw; // an operand inside an array would keep the array in memory
    asm("vfmadd231ps %2, %1, %0" : "+v"(raw) : "v"(a.raw), "v"(b.raw));
    sum.raw = raw;
#elif HWY_ARCH_X86 && HWY_TARGET == HWY_AVX2
    auto raw = sum.raw; // an operand inside an array would keep the array in memory
    asm("vfmadd231ps %2, %1, %0" : "+x"(raw) : "x"(a.raw), "x"(b.raw));
    sum.raw = raw;
#else
    sum = hwy::HWY_NAMESPACE::MulAdd(a, b, sum);
#endif
}

/// The same vector, in a register at this point: compilers may neither make it again where it is
/// used, nor make several such vectors in an order of their own, for which they hold more of them
/// than there are registers.
template <class V>
HWY_INLINE V inRegister(V v) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
    auto raw = v.raw;
    asm("" : "+v"(raw)); // NOLINT(hicpp-no-assembler): no instruction
    v.raw = raw;
#endif
    return v;
}

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
/// sum += *a × b, with one number for all lanes that the instruction itself takes from memory: on
/// Zen 4 that is free, while filling a register with it takes a slot of the units that multiply.
template <class V>
HWY_INLINE void multiplyAdd(V& sum, const float* a, V b) {
    auto raw = sum.raw;
    if constexpr (sizeof(raw) == 64)
        asm("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(raw) : "v"(b.raw), "m"(*a));
    else if constexpr (sizeof(raw) == 32)
        asm("vfmadd231ps %2%{1to8%}, %1, %0" : "+v"(raw) : "v"(b.raw), "m"(*a));
    else
        asm("vfmadd231ps %2%{1to4%}, %1, %0" : "+v"(raw) : "v"(b.raw), "m"(*a));
    sum.raw = raw;
}
#endif

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
/// Minimax polynomials of 2^x on [0, 1], highest power first.
struct Exp2ToFloat { ///< relative error 8.6e-9 in exact arithmetic
    static constexpr float kFirst = 2.16121698e-4F;
    static constexpr float kNext[] = {1.24679215e-3F, 9.6754292e-3F, 5.54852821e-2F,
                                      0.240229309F,   0.693147063F,  1.0F};
};
struct Exp2ToTwoBf16 { ///< 9.4e-8, of which two bf16 keep 7.6e-6
    static constexpr float kFirst = 1.86713005e-3F;
    static constexpr float kNext[] = {9.01703071e-3F, 5.57999127e-2F, 0.240164444F, 0.693151295F,
                                      1.0F};
};
struct Exp2ToBf16 { ///< 2.9e-6, of which one bf16 and what it drops keep 1.5e-5
    static constexpr float kFirst = 1.34266838e-2F;
    static constexpr float kNext[] = {5.22424728e-2F, 0.241280198F, 0.693044841F, 1.0F};
};

/// x[i] = 2^x[i] for x ≤ 127, with Exp2ToFloat within 1 ulp; below -126 the smallest normal number.
/// A polynomial of what lies above the next lower whole number, which is the exponent: an operation
/// each on cores with 512-bit vectors, in place of three and two. Step by step for all of them, so
/// that none waits for itself.
template <class Polynomial = Exp2ToFloat, class D, class V, int kCount>
HWY_INLINE void exp2All(D d, V (&x)[kCount]) {
    V p[kCount];
    V fraction[kCount];
    DECODESCOPE_UNROLL
    for (int i = 0; i < kCount; ++i) {
        x[i] = hn::Max(x[i], hn::Set(d, -126.0F));
        asm("vreduceps $9, %1, %0" : "=v"(fraction[i].raw) : "v"(x[i].raw));
        p[i] = hn::Set(d, Polynomial::kFirst);
    }
    DECODESCOPE_UNROLL
    for (const float coefficient : Polynomial::kNext) {
        DECODESCOPE_UNROLL
        for (int i = 0; i < kCount; ++i) {
            p[i] = hn::MulAdd(p[i], fraction[i], hn::Set(d, coefficient));
        }
    }
    DECODESCOPE_UNROLL
    for (int i = 0; i < kCount; ++i) {
        asm("vscalefps %2, %1, %0" : "=v"(x[i].raw) : "v"(p[i].raw), "v"(x[i].raw));
    }
}
#else
/// Minimax polynomials of 2^x on [-1/2, 1/2], highest power first.
struct Exp2ToFloat { ///< relative error 1.9e-9 in exact arithmetic
    static constexpr float kFirst = 1.5345811e-4F;
    static constexpr float kNext[] = {1.3399931e-3F, 9.618489e-3F, 5.5503286e-2F,
                                      0.24022646F,   0.6931472F,   1.0F};
};
using Exp2ToTwoBf16 = Exp2ToFloat;
struct Exp2ToBf16 { ///< 2.7e-6, of which two bf16 keep 1.5e-5
    static constexpr float kFirst = 9.5701013e-3F;
    static constexpr float kNext[] = {5.5917859e-2F, 0.24024744F, 0.69312179F, 0.99999928F};
};

/// x[i] = 2^x[i] for x ≤ 127, with Exp2ToFloat within 1 ulp; below -126 the smallest normal number.
/// A polynomial scaled by an exponent made of bits: adding 1.5 × 2^23 leaves the nearest whole
/// number in the low bits of the sum. Step by step for all of them, so that none waits for itself.
template <class Polynomial = Exp2ToFloat, class D, class V, int kCount>
HWY_INLINE void exp2All(D d, V (&x)[kCount]) {
    const hn::RebindToSigned<D> di;
    V p[kCount];
    hn::Vec<decltype(di)> exponent[kCount];
    DECODESCOPE_UNROLL
    for (int i = 0; i < kCount; ++i) {
        x[i] = hn::Max(x[i], hn::Set(d, -126.0F));
        const V shifted = hn::Add(x[i], hn::Set(d, 12582912.0F));
        x[i] = hn::Sub(x[i], hn::Sub(shifted, hn::Set(d, 12582912.0F)));
        exponent[i] = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
        p[i] = hn::Set(d, Polynomial::kFirst);
    }
    DECODESCOPE_UNROLL
    for (const float coefficient : Polynomial::kNext) {
        DECODESCOPE_UNROLL
        for (int i = 0; i < kCount; ++i) {
            p[i] = hn::MulAdd(p[i], x[i], hn::Set(d, coefficient));
        }
    }
    DECODESCOPE_UNROLL
    for (int i = 0; i < kCount; ++i) {
        x[i] = hn::BitCast(d, hn::Add(hn::BitCast(di, p[i]), exponent[i]));
    }
}
#endif

/// exp2All() of one vector.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp2Floats(D d, V x) {
    V one[1] = {x};
    exp2All(d, one);
    return one[0];
}

} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
