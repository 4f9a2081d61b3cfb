// SPDX-License-Identifier: Apache-2.0
// Shared by the kernels; compiled once for each instruction set.
#if defined(DECODESCOPE_CPU_VECTOR_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef DECODESCOPE_CPU_VECTOR_MATH_INL_H
#undef DECODESCOPE_CPU_VECTOR_MATH_INL_H
#else
#define DECODESCOPE_CPU_VECTOR_MATH_INL_H
#endif

#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

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

/// 2^x for x ≤ 127; below -126 the smallest normal number. Relative error below 2^-22: a Taylor
/// polynomial of degree 7 on [-1/2, 1/2] (remainder 5e-9), scaled by an exponent made of bits.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp2Floats(D d, V x) {
    const hn::RebindToSigned<D> di;
    x = hn::Max(x, hn::Set(d, -126.0F));
    const V whole = hn::Round(x);
    const V f = hn::Sub(x, whole);
    V p = hn::Set(d, 1.5252734e-5F); // ln2^7 / 7!
    p = hn::MulAdd(p, f, hn::Set(d, 1.5403530e-4F));
    p = hn::MulAdd(p, f, hn::Set(d, 1.3333558e-3F));
    p = hn::MulAdd(p, f, hn::Set(d, 9.6181291e-3F));
    p = hn::MulAdd(p, f, hn::Set(d, 5.5504109e-2F));
    p = hn::MulAdd(p, f, hn::Set(d, 2.4022651e-1F));
    p = hn::MulAdd(p, f, hn::Set(d, 6.9314718e-1F));
    p = hn::MulAdd(p, f, hn::Set(d, 1.0F));
    const auto exponent = hn::Add(hn::ConvertTo(di, whole), hn::Set(di, 127));
    return hn::Mul(p, hn::BitCast(d, hn::ShiftLeft<23>(exponent)));
}

} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
