// SPDX-License-Identifier: Apache-2.0
// Dot products of four bytes a lane, or two numbers of 16 bits, summed as whole numbers; compiled
// once for each instruction set.
#if defined(DECODESCOPE_CPU_INTEGER_DOT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_INTEGER_DOT_INL_H
#undef DECODESCOPE_CPU_INTEGER_DOT_INL_H
#else
#define DECODESCOPE_CPU_INTEGER_DOT_INL_H
#endif

#include <cstdint>

#include <hwy/highway.h>

#include "core/cpu/vector_math-inl.h"

/// Where this target's compilers make the CPU's own instruction. Highway 1.0.3 has no operation for
/// it and clang's assembler knows SDOT only where the whole file is compiled for it.
#undef DECODESCOPE_HAS_INT8_DOT
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
#define DECODESCOPE_HAS_INT8_DOT 1
#elif HWY_ARCH_ARM_A64 && HWY_TARGET == HWY_NEON && !defined(__clang__)
#define DECODESCOPE_HAS_INT8_DOT 1
#else
#define DECODESCOPE_HAS_INT8_DOT 0
#endif

/// Where pairs of numbers of 16 bits are multiplied and added in two instructions (1.6 times as
/// much as multiply-adds of f32 on Zen 3).
#undef DECODESCOPE_HAS_INT16_DOT
#define DECODESCOPE_HAS_INT16_DOT (HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2)

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// Units of dot products of bytes: for each 32-bit lane i
///   sum[i] += Σ_j row[4i + j] × factor[4i + j], j < 4
/// exactly, modulo 2^32. Factors are signed. Rows are bytes 0 … 255 where kRowBias is 128 (a signed
/// byte has 128 added to it: ^ 0x80), else signed ones; numbers 0 … 127 are either.

/// On any CPU, as AVX-512 VNNI.
struct EmulatedInt8Dot {
    static constexpr bool kWholeNumbers = false;
    static constexpr std::int32_t kRowBias = 128;
    template <class V>
    static HWY_INLINE void add(V& sum, V row, V factor) {
        sum = hn::Add(hn::Add(sum, product<0>(row, factor)), product<8>(row, factor));
        sum = hn::Add(hn::Add(sum, product<16>(row, factor)), product<24>(row, factor));
    }
    /// The same with one word for all lanes.
    template <class V>
    static HWY_INLINE void add(V& sum, V row, const std::int32_t* factor) {
        add(sum, row, hn::Set(hn::DFromV<V>(), *factor));
    }

private:
    template <int kBit, class V>
    static HWY_INLINE V product(V row, V factor) {
        const hn::DFromV<V> d;
        const V byte = hn::And(hn::ShiftRight<kBit>(row), hn::Set(d, 255));
        return hn::Mul(byte, hn::ShiftRight<24>(hn::ShiftLeft<24 - kBit>(factor)));
    }
};

#if DECODESCOPE_HAS_INT8_DOT
/// The CPU's instruction, in registers as multiplyAdd() is.
struct Int8Dot {
    static constexpr bool kWholeNumbers = false;
#if HWY_ARCH_X86
    static constexpr std::int32_t kRowBias = 128;
    template <class V>
    static HWY_INLINE void add(V& sum, V row, V factor) {
        auto raw = sum.raw;
        asm("vpdpbusd %2, %1, %0" : "+v"(raw) : "v"(row.raw), "v"(factor.raw));
        sum.raw = raw;
    }
    /// One word for all lanes, which the instruction itself takes from memory.
    template <class V>
    static HWY_INLINE void add(V& sum, V row, const std::int32_t* factor) {
        auto raw = sum.raw;
        if constexpr (sizeof(raw) == 64)
            asm("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(raw) : "v"(row.raw), "m"(*factor));
        else if constexpr (sizeof(raw) == 32)
            asm("vpdpbusd %2%{1to8%}, %1, %0" : "+v"(raw) : "v"(row.raw), "m"(*factor));
        else
            asm("vpdpbusd %2%{1to4%}, %1, %0" : "+v"(raw) : "v"(row.raw), "m"(*factor));
        sum.raw = raw;
    }
#else
    static constexpr std::int32_t kRowBias = 0;
    template <class V>
    static HWY_INLINE void add(V& sum, V row, V factor) {
        auto raw = sum.raw;
        asm(".arch armv8.2-a+crypto+dotprod\n\tsdot %0.4s, %1.16b, %2.16b"
            : "+w"(raw)
            : "w"(row.raw), "w"(factor.raw));
        sum.raw = raw;
    }
    template <class V>
    static HWY_INLINE void add(V& sum, V row, const std::int32_t* factor) {
        add(sum, row, hn::Set(hn::DFromV<V>(), *factor));
    }
#endif
};
#endif

#if DECODESCOPE_HAS_INT16_DOT
/// A unit that takes numbers of 16 bits as they are, not in digits: for each 32-bit lane i
///   sum[i] += row[2i] × factor[2i] + row[2i + 1] × factor[2i + 1]
struct Int16Dot {
    static constexpr bool kWholeNumbers = true;
    static constexpr std::int32_t kRowBias = 0;
    template <class V, class Row>
    static HWY_INLINE void add(V& sum, Row row, V factor) {
        if constexpr (sizeof(sum.raw) == 64) {
#if HWY_TARGET <= HWY_AVX3
            sum.raw = _mm512_add_epi32(sum.raw, _mm512_madd_epi16(row.raw, factor.raw));
#endif
        } else {
            sum.raw = _mm256_add_epi32(sum.raw, _mm256_madd_epi16(row.raw, factor.raw));
        }
        sum = inRegister(sum);
    }
};
#endif

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
