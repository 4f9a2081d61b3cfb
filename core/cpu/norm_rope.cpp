// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/norm_rope.h"

#include <algorithm>
#include <cmath>

#include "core/cpu/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/norm_rope.cpp"
#include <hwy/foreach_target.h>

#include "core/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {

using Floats = hn::ScalableTag<float>;

/// Σ in². Squares are summed in f32 over short stretches and those in double.
double sumOfSquares(const float* in, std::int64_t count) {
    constexpr std::int64_t kStretch = 1024;
    const Floats d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    double total = 0;
    for (std::int64_t from = 0; from < count; from += kStretch) {
        const std::int64_t to = std::min(count, from + kStretch);
        auto a = hn::Zero(d);
        auto b = hn::Zero(d);
        std::int64_t i = from;
        for (; i + 2 * lanes <= to; i += 2 * lanes) {
            const auto x = hn::LoadU(d, in + i);
            const auto y = hn::LoadU(d, in + i + lanes);
            a = hn::MulAdd(x, x, a);
            b = hn::MulAdd(y, y, b);
        }
        total += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::Add(a, b))));
        for (; i < to; ++i)
            total += static_cast<double>(in[i]) * static_cast<double>(in[i]);
    }
    return total;
}

void scale(const float* in, std::int64_t count, float factor, float* out) {
    const Floats d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const auto factors = hn::Set(d, factor);
    std::int64_t i = 0;
    for (; i + lanes <= count; i += lanes)
        hn::StoreU(hn::Mul(hn::LoadU(d, in + i), factors), d, out + i);
    for (; i < count; ++i)
        out[i] = in[i] * factor;
}

void rotateHalves(float* a, float* b, const float* cosines, const float* sines, std::int64_t half) {
    const Floats d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t i = 0;
    for (; i + lanes <= half; i += lanes) {
        const auto x = hn::LoadU(d, a + i);
        const auto y = hn::LoadU(d, b + i);
        const auto c = hn::LoadU(d, cosines + i);
        const auto s = hn::LoadU(d, sines + i);
        hn::StoreU(hn::NegMulAdd(y, s, hn::Mul(x, c)), d, a + i);
        hn::StoreU(hn::MulAdd(x, s, hn::Mul(y, c)), d, b + i);
    }
    for (; i < half; ++i) {
        const float x = a[i];
        const float y = b[i];
        a[i] = x * cosines[i] - y * sines[i];
        b[i] = x * sines[i] + y * cosines[i];
    }
}

/// 1 / (1 + e^-x).
template <class V>
HWY_INLINE V sigmoid(V x) {
    constexpr float kLog2E = 1.44269504F;
    const Floats d;
    const V power = hn::Min(hn::Mul(x, hn::Set(d, -kLog2E)), hn::Set(d, 126.0F));
    const V one = hn::Set(d, 1.0F);
    return hn::Div(one, hn::Add(one, exp2Floats(d, power)));
}

/// out[i] = function(first[i], second[i]), the last elements through a padded copy.
template <class Function>
HWY_INLINE void apply(const float* first, const float* second, std::int64_t count, float* out,
                      const Function& function) {
    const Floats d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t i = 0;
    for (; i + lanes <= count; i += lanes)
        hn::StoreU(function(hn::LoadU(d, first + i), hn::LoadU(d, second + i)), d, out + i);
    if (i == count)
        return;
    HWY_ALIGN float a[HWY_MAX_BYTES / sizeof(float)] = {};
    HWY_ALIGN float b[HWY_MAX_BYTES / sizeof(float)] = {};
    std::copy_n(first + i, count - i, a);
    std::copy_n(second + i, count - i, b);
    hn::Store(function(hn::Load(d, a), hn::Load(d, b)), d, a);
    std::copy_n(a, count - i, out + i);
}

struct SwiGlu {
    template <class V>
    HWY_INLINE V operator()(V gate, V up) const {
        return hn::Mul(hn::Mul(gate, sigmoid(gate)), up);
    }
};

/// (1 + tanh y) / 2 is the sigmoid of 2 y.
struct Gelu {
    template <class V>
    HWY_INLINE V operator()(V x, V) const {
        constexpr float kTwiceFactor = 2 * 0.7978845608F; // sqrt(2 / pi)
        const Floats d;
        const V cube = hn::Mul(hn::Mul(x, x), x);
        const V inner = hn::MulAdd(cube, hn::Set(d, 0.044715F), x);
        return hn::Mul(x, sigmoid(hn::Mul(inner, hn::Set(d, kTwiceFactor))));
    }
};

void swiGluVectors(const float* gate, const float* up, std::int64_t width, float* out) {
    apply(gate, up, width, out, SwiGlu());
}
void geluVectors(const float* in, std::int64_t width, float* out) {
    apply(in, in, width, out, Gelu());
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace decodescope {

HWY_EXPORT(sumOfSquares);
HWY_EXPORT(scale);
HWY_EXPORT(rotateHalves);
HWY_EXPORT(swiGluVectors);
HWY_EXPORT(geluVectors);

void rmsNorm(std::span<const float> in, float* out) {
    const auto count = static_cast<std::int64_t>(in.size());
    const double mean =
        HWY_DYNAMIC_DISPATCH(sumOfSquares)(in.data(), count) / static_cast<double>(count);
    const auto factor = static_cast<float>(1 / std::sqrt(mean + 1e-6));
    HWY_DYNAMIC_DISPATCH(scale)(in.data(), count, factor, out);
}

void rotate(std::span<float> head, const float* cosSin) {
    const auto half = static_cast<std::int64_t>(head.size() / 2);
    HWY_DYNAMIC_DISPATCH(rotateHalves)
    (head.data(), head.data() + half, cosSin, cosSin + half, half);
}

void swiGlu(const float* gate, const float* up, std::int64_t width, float* out) {
    HWY_DYNAMIC_DISPATCH(swiGluVectors)(gate, up, width, out);
}

void gelu(const float* in, std::int64_t width, float* out) {
    HWY_DYNAMIC_DISPATCH(geluVectors)(in, width, out);
}

} // namespace decodescope
#endif
