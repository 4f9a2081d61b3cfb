// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/roof_kernels.h"

#include "core/cpu/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/roof_kernels.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

/// From four places far apart at a time, each a stream to the prefetchers: a quarter more than one
/// stream on Zen 3 (27 against 22 GB/s).
float readVectors(const float* from, std::int64_t floats) {
    const hn::CappedTag<float, 16> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    constexpr std::int64_t kLine = 16; ///< floats
    const std::int64_t quarter = floats / 4 / kLine * kLine;
    auto a = hn::Zero(d);
    auto b = hn::Zero(d);
    auto c = hn::Zero(d);
    auto e = hn::Zero(d);
    for (std::int64_t at = 0; at < quarter; at += kLine)
        for (std::int64_t i = at; i < at + kLine; i += lanes) {
            a = hn::Max(a, hn::LoadU(d, from + i));
            b = hn::Max(b, hn::LoadU(d, from + quarter + i));
            c = hn::Max(c, hn::LoadU(d, from + 2 * quarter + i));
            e = hn::Max(e, hn::LoadU(d, from + 3 * quarter + i));
        }
    for (std::int64_t at = 4 * quarter; at + lanes <= floats; at += lanes)
        a = hn::Max(a, hn::LoadU(d, from + at));
    return hn::GetLane(hn::MaxOfLanes(d, hn::Max(hn::Max(a, b), hn::Max(c, e))));
}

/// Ten independent chains hide the latency of a multiply-add.
double multiplyAdd(std::int64_t rounds, float seed, float& sink) {
    const hn::ScalableTag<float> d;
    constexpr int kChains = 10;
    hn::Vec<decltype(d)> x[kChains];
    for (int i = 0; i < kChains; ++i)
        x[i] = hn::Set(d, seed + static_cast<float>(i));
    const auto factor = hn::Set(d, 0.999F + seed * 1e-6F);
    const auto term = hn::Set(d, seed);
    for (std::int64_t r = 0; r < rounds; ++r)
        for (int i = 0; i < kChains; ++i)
            x[i] = hn::MulAdd(x[i], factor, term);
    auto sum = hn::Zero(d);
    for (int i = 0; i < kChains; ++i)
        sum = hn::Add(sum, x[i]);
    sink = hn::GetLane(hn::SumOfLanes(d, sum));
    return 2.0 * kChains * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

} // namespace
} // namespace decodescope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace decodescope {
namespace {

HWY_EXPORT(readVectors);
HWY_EXPORT(multiplyAdd);

} // namespace

float readStream(const float* from, std::int64_t floats) {
    return HWY_DYNAMIC_DISPATCH(readVectors)(from, floats);
}

PeakLoop f32Loop() {
    return [](std::int64_t rounds, float seed, float& sink) {
        return HWY_DYNAMIC_DISPATCH(multiplyAdd)(rounds, seed, sink);
    };
}

} // namespace decodescope
#endif
