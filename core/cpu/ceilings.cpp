// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/ceilings.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "core/cpu/memory_counters.h"
#include "core/cpu/random_fill.h"
#include "core/cpu/topology.h"
#include "core/cpu/vector_targets.h"
#include "core/spec/units.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/cpu/ceilings.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace decodescope::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

/// Reads every byte of a whole number of lines (64 bytes) once; the sum keeps the loads alive.
float readStream(const float* from, std::int64_t floats) {
    const hn::CappedTag<float, 16> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    auto a = hn::Zero(d);
    auto b = hn::Zero(d);
    auto c = hn::Zero(d);
    auto e = hn::Zero(d);
    std::int64_t at = 0;
    for (; at + 4 * lanes <= floats; at += 4 * lanes) {
        a = hn::Max(a, hn::LoadU(d, from + at));
        b = hn::Max(b, hn::LoadU(d, from + at + lanes));
        c = hn::Max(c, hn::LoadU(d, from + at + 2 * lanes));
        e = hn::Max(e, hn::LoadU(d, from + at + 3 * lanes));
    }
    return hn::GetLane(hn::MaxOfLanes(d, hn::Max(hn::Max(a, b), hn::Max(c, e))));
}

/// Ten independent chains hide the latency of a multiply-add. Returns FLOP done.
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

HWY_EXPORT(readStream);
HWY_EXPORT(multiplyAdd);

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The best rate of at least three passes, until `maxSeconds` are over. 0 after a stop request.
template <typename Pass>
double bestRate(double maxSeconds, const std::stop_token& stop, const Pass& pass) {
    constexpr int kFewest = 3;
    constexpr int kMost = 30;
    const auto start = Clock::now();
    double best = 0;
    for (int i = 0; i < kMost && (i < kFewest || secondsSince(start) < maxSeconds); ++i) {
        const auto passStart = Clock::now();
        const double amount = pass();
        if (stop.stop_requested())
            return 0;
        best = std::max(best, amount / secondsSince(passStart));
    }
    return best;
}

double streamRate(ThreadPool& pool, const Buffer& buffer, double maxSeconds,
                  const std::stop_token& stop) {
    constexpr std::uint64_t kUnitBytes = std::uint64_t{1} << 20;
    const auto units = static_cast<std::int64_t>(buffer.bytes() / kUnitBytes);
    std::atomic<float> sink{0};
    return bestRate(maxSeconds, stop, [&] {
        static_cast<void>(pool.run(units, stop, [&](std::int64_t unit, int) {
            const std::byte* at = buffer.data() + static_cast<std::uint64_t>(unit) * kUnitBytes;
            sink.store(HWY_DYNAMIC_DISPATCH(readStream)(reinterpret_cast<const float*>(at),
                                                        kUnitBytes / sizeof(float)),
                       std::memory_order_relaxed);
        }));
        return static_cast<double>(units) * static_cast<double>(kUnitBytes);
    });
}

double flopRate(ThreadPool& pool, double maxSeconds, const std::stop_token& stop) {
    const std::int64_t units = 16 * pool.threads();
    std::atomic<double> done{0};
    std::atomic<float> sink{1};
    return bestRate(maxSeconds, stop, [&] {
        done.store(0);
        static_cast<void>(pool.run(units, stop, [&](std::int64_t unit, int) {
            float last = 0;
            const double flop =
                HWY_DYNAMIC_DISPATCH(multiplyAdd)(100'000, 1.0F + static_cast<float>(unit), last);
            sink.store(last, std::memory_order_relaxed);
            done.fetch_add(flop, std::memory_order_relaxed);
        }));
        return done.load();
    });
}

} // namespace

Result<Ceilings> measureCpuCeilings(const CalibrationRequest& request,
                                    const std::stop_token& stop) {
    const Error interrupted{ErrorCode::Interrupted, "stopped before the ceilings were measured",
                            "cpu", ""};
    const CpuTopology& cpu = cpuTopology();
    ThreadPool pool(request.threads > 0 ? request.threads : cpu.threads);
    // The buffer is not made larger than asked for: its size is somebody's memory budget.
    const std::uint64_t free =
        readSystemMemory().availableBytes.value_or(saturatingMultiply(request.bufferBytes, 2));
    const std::uint64_t bytes =
        std::clamp(request.bufferBytes, 8 * kMiB, std::max(8 * kMiB, free / 2));
    Buffer buffer(bytes / kMiB * kMiB);
    if (!buffer.valid())
        return Error{ErrorCode::OutOfMemory,
                     "no room for the buffer of the read stream",
                     "cpu",
                     "Close other programs.",
                     bytes,
                     free};
    Ceilings ceilings;
    const auto fillStart = Clock::now();
    if (!fillRandom(pool, buffer, DataType::F32, 1, 0, stop))
        return interrupted;
    ceilings.fillBytesPerSecond =
        static_cast<double>(buffer.bytes()) / std::max(1e-9, secondsSince(fillStart));
    ceilings.bandwidthBytesPerSecond = streamRate(pool, buffer, request.maxSeconds * 0.6, stop);
    ceilings.flopPerSecond = flopRate(pool, request.maxSeconds * 0.3, stop);
    ceilings.threads = pool.threads();
    ceilings.measured = true;
    if (stop.stop_requested())
        return interrupted;
    return ceilings;
}

} // namespace decodescope
#endif
