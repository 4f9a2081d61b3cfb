// SPDX-License-Identifier: Apache-2.0
// Queries and weights as numbers of 16 bits for dot products of bytes; compiled once for each
// instruction set.
#if defined(DECODESCOPE_CPU_DIGIT_PACKING_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_DIGIT_PACKING_INL_H
#undef DECODESCOPE_CPU_DIGIT_PACKING_INL_H
#else
#define DECODESCOPE_CPU_DIGIT_PACKING_INL_H
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <hwy/highway.h>

#include "core/cpu/attention_kernel.h"
#include "core/cpu/digit_products-inl.h"
#include "core/cpu/kv_cache.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

/// Whole numbers near zero have these bits in an f32 that 1.5 × 2^23 was added to, and themselves
/// in the low ones.
constexpr float kToBits = 12582912;
constexpr std::uint32_t kBitsOfZero = 0x4B400000U;

/// The numbers in the low 16 bits of the lanes of two vectors, from the `i`th on, as quads.
template <class Quads, class V>
HWY_INLINE void storeQuads(V first, V second, std::int64_t i, DigitQuad* quads) {
    const hn::DFromV<V> di;
    const auto digits = [&](V bits) HWY_ATTR __attribute__((always_inline)) {
        if constexpr (Quads::kUnsignedFactors || Quads::Unit::kWholeNumbers)
            return bits;
        // The high digit is rounded, since the low one has a sign.
        const V high = hn::And(hn::Add(bits, hn::Set(di, 128)), hn::Set(di, 0xFF00));
        return hn::Or(high, hn::And(bits, hn::Set(di, 0xFF)));
    };
#if HWY_TARGET == HWY_SCALAR
    auto* bytes = reinterpret_cast<std::int8_t*>(quads + i / 4) + i % 4;
    for (const V bits : {digits(first), digits(second)}) {
        bytes[0] = static_cast<std::int8_t>(hn::GetLane(bits));
        bytes[4] = static_cast<std::int8_t>(hn::GetLane(bits) >> 8);
        ++bytes; // of a pair: in the same quad
    }
#else
    const hn::Repartition<std::uint8_t, decltype(di)> d8;
    const hn::Repartition<std::uint64_t, decltype(di)> d64;
    alignas(16) static constexpr std::uint8_t kDigits[16] = {0, 4, 8, 12, 1, 5, 9, 13,
                                                             0, 4, 8, 12, 1, 5, 9, 13};
    alignas(16) static constexpr std::uint8_t kNumbers[16] = {0, 1, 8, 9, 4, 5, 12, 13,
                                                              0, 1, 8, 9, 4, 5, 12, 13};
    const std::uint8_t* gathered = Quads::Unit::kWholeNumbers ? kNumbers : kDigits;
    const auto gather = [&](V bits) HWY_ATTR __attribute__((always_inline)) {
        return hn::BitCast(
            d64, hn::TableLookupBytes(hn::BitCast(d8, digits(bits)), hn::LoadDup128(d8, gathered)));
    };
    hn::StoreU(hn::ConcatEven(d64, gather(second), gather(first)), d64,
               reinterpret_cast<std::uint64_t*>(quads + i / 4));
#endif
}

/// Factors × `scales` (1 where nullptr) as numbers of 16 bits, each rounded to the nearest; `count`
/// is a multiple of two vectors. Returns their sum where rows have a bias.
template <class Quads>
HWY_INLINE std::int32_t packDigits(const float* factors, const float* scales, std::int64_t count,
                                   DigitQuad* quads) {
    const FloatTag d;
    const hn::RebindToSigned<FloatTag> di;
    const std::int64_t lanes = lanesOf();
    const auto bitsOf = [&](std::int64_t i) HWY_ATTR __attribute__((always_inline)) {
        const auto factor = hn::LoadU(d, factors + i);
        const auto toBits = hn::Set(d, kToBits);
        return hn::BitCast(di, scales == nullptr
                                   ? hn::Add(factor, toBits)
                                   : hn::MulAdd(factor, hn::LoadU(d, scales + i), toBits));
    };
    auto sum = hn::Zero(di);
    for (std::int64_t i = 0; i < count; i += 2 * lanes) {
        const auto first = bitsOf(i);
        const auto second = bitsOf(i + lanes);
        storeQuads<Quads>(first, second, i, quads);
        if constexpr (Quads::kBias != 0)
            sum = hn::Add(sum, hn::Add(first, second));
    }
    if constexpr (Quads::kBias == 0)
        return 0;
    const auto all = static_cast<std::uint32_t>(hn::GetLane(hn::SumOfLanes(di, sum)));
    return static_cast<std::int32_t>(all - static_cast<std::uint32_t>(count) * kBitsOfZero);
}

/// One head's query as numbers of 16 bits, with zeros up to a whole block; `sums` become those of
/// each `ofPiece` numbers where rows have a bias. Returns what one of the numbers is worth: of a
/// query that is not finite NaN, so that neither are its scores.
template <class Quads>
HWY_INLINE float packQueryDigits(const float* query, std::int64_t headDimK, std::int64_t ofPiece,
                                 DigitQuad* quads, std::int32_t* sums) {
    const FloatTag d;
    const std::int64_t lanes = lanesOf();
    const std::int64_t count = blocksOf(headDimK) * kBlockValues;
    HWY_ALIGN float numbers[kMaxHeadDim];
    std::copy_n(query, headDimK, numbers);
    std::fill(numbers + headDimK, numbers + count, 0.0F);
    const auto most = hn::Set(d, std::numeric_limits<float>::max());
    auto largest = hn::Zero(d);
    bool finite = true;
    for (std::int64_t i = 0; i < count; i += lanes) {
        const auto each = hn::Abs(hn::Load(d, numbers + i));
        finite = finite && hn::AllTrue(d, hn::Le(each, most));
        largest = hn::Max(largest, each);
    }
    const float scale = hn::GetLane(hn::MaxOfLanes(d, largest)) / kMostSigned<typename Quads::Unit>;
    if (!finite || scale < std::numeric_limits<float>::min()) {
        std::fill_n(quads, count / 4, DigitQuad{});
        std::fill_n(sums, (count + ofPiece - 1) / ofPiece, 0);
        return finite ? scale : std::numeric_limits<float>::quiet_NaN();
    }
    const auto inverse = hn::Set(d, 1 / scale);
    for (std::int64_t i = 0; i < count; i += lanes)
        hn::Store(hn::Mul(hn::Load(d, numbers + i), inverse), d, numbers + i);
    for (std::int64_t i = 0; i < count; i += ofPiece)
        *sums++ =
            packDigits<Quads>(numbers + i, nullptr, std::min(ofPiece, count - i), quads + i / 4);
    return scale;
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
