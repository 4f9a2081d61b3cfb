// SPDX-License-Identifier: Apache-2.0
// What multiplies rows of integer weights with one input for all of them; compiled once for each
// instruction set.
#if defined(DECODESCOPE_CPU_PROJECTION_UNITS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_PROJECTION_UNITS_INL_H
#undef DECODESCOPE_CPU_PROJECTION_UNITS_INL_H
#else
#define DECODESCOPE_CPU_PROJECTION_UNITS_INL_H
#endif

#include "core/cpu/integer_dot-inl.h"
#include "core/cpu/projection_float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// One row a lane.
using RowWords = hn::RebindToSigned<RowFloats>;

/// sum[i] += row[2i] × pair[0] + row[2i + 1] × pair[1] of 8-bit weights and 16-bit inputs, on any
/// CPU.
#if DECODESCOPE_HAS_INT16_DOT
struct PairProducts {
    static HWY_INLINE auto load(const std::int8_t* rows) {
        const hn::RepartitionToNarrow<RowWords> d;
        return hn::PromoteTo(d, hn::LoadU(hn::Rebind<std::int8_t, decltype(d)>(), rows));
    }
    template <class V>
    static HWY_INLINE void add(hn::Vec<RowWords>& sum, V row, const std::int32_t* pair) {
        Int16Dot::add(sum, row, hn::Set(RowWords(), *pair));
    }
};
#else
struct PairProducts {
    struct Row {
        hn::Vec<RowWords> first, second;
    };
    static HWY_INLINE Row load(const std::int8_t* rows) {
        const hn::Rebind<std::int16_t, RowWords> d;
        const auto both =
            hn::PromoteTo(RowWords(), hn::LoadU(d, reinterpret_cast<const std::int16_t*>(rows)));
        return {hn::ShiftRight<24>(hn::ShiftLeft<24>(both)), hn::ShiftRight<8>(both)};
    }
    static HWY_INLINE void add(hn::Vec<RowWords>& sum, const Row& row, const std::int32_t* pair) {
        const RowWords d;
        const std::int32_t second = *pair >> 16;
        const std::int32_t first = static_cast<std::int16_t>(*pair & 0xFFFF);
        sum = hn::Add(sum, hn::Mul(row.first, hn::Set(d, first)));
        sum = hn::Add(sum, hn::Mul(row.second, hn::Set(d, second)));
    }
};
#endif

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
/// The same by one instruction of AVX-512 VNNI, which takes the pair from memory itself.
struct PairDots : PairProducts {
    template <class V>
    static HWY_INLINE void add(hn::Vec<RowWords>& sum, V row, const std::int32_t* pair) {
        auto raw = sum.raw; // an operand inside an array would keep the array in memory
        asm("vpdpwssd %2%{1to16%}, %1, %0" : "+v"(raw) : "v"(row.raw), "m"(*pair));
        sum.raw = raw;
    }
};
#else
using PairDots = PairProducts;
#endif

/// sum[i] += Σ_j row[4i + j] × quad[j], j < 4, of nibbles and signed bytes.
template <class Dot>
struct QuadDots {
    using Sum = hn::Vec<RowWords>;
    static HWY_INLINE Sum zero() { return hn::Zero(RowWords()); }
    static HWY_INLINE void add(Sum& sum, Sum row, const std::int32_t* quad) {
        Dot::add(sum, row, quad);
    }
    static HWY_INLINE Sum total(Sum sum) { return sum; }
};

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
/// The same with sums of two in 16 bits: a block of 32 columns adds eight products to each, 30,480
/// at most.
struct QuadProducts {
    using Sum = hn::Vec<RowWords>;
    static HWY_INLINE Sum zero() { return hn::Zero(RowWords()); }
    static HWY_INLINE void add(Sum& sum, Sum row, const std::int32_t* quad) {
        const auto all = hn::Set(RowWords(), *quad);
#if HWY_TARGET <= HWY_AVX3
        sum.raw = _mm512_add_epi16(sum.raw, _mm512_maddubs_epi16(row.raw, all.raw));
#else
        sum.raw = _mm256_add_epi16(sum.raw, _mm256_maddubs_epi16(row.raw, all.raw));
#endif
        sum = inRegister(sum);
    }
    static HWY_INLINE Sum total(Sum sum) {
#if HWY_TARGET <= HWY_AVX3
        return Sum{_mm512_madd_epi16(sum.raw, _mm512_set1_epi16(1))};
#else
        return Sum{_mm256_madd_epi16(sum.raw, _mm256_set1_epi16(1))};
#endif
    }
};
#else
using QuadProducts = QuadDots<EmulatedInt8Dot>;
#endif

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
