// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/ceilings.h"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include "core/cpu/buffer.h"
#include "core/cpu/memory_counters.h"
#include "core/cpu/random_fill.h"
#include "core/cpu/roof_kernels.h"
#include "core/cpu/thread_pool.h"
#include "core/cpu/topology.h"
#include "core/engine/elapsed.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// How long one rate is measured.
struct Passes {
    double maxSeconds = 0;
    int most = 30; ///< of a run's calibration, which should not be long where passes are quick
};
constexpr int kMostOfWhole = 100'000; ///< of a whole calibration: its time decides

/// The best rate of at least three passes. 0 after a stop request.
template <typename Pass>
double bestRate(const Passes& passes, const std::stop_token& stop, const Pass& pass) {
    constexpr int kFewest = 3;
    const auto start = Clock::now();
    double best = 0;
    for (int i = 0; i < passes.most && (i < kFewest || secondsSince(start) < passes.maxSeconds);
         ++i) {
        const auto passStart = Clock::now();
        const double amount = pass();
        if (stop.stop_requested())
            return 0;
        best = std::max(best, amount / secondsSince(passStart));
    }
    return best;
}

double streamRate(ThreadPool& pool, const Buffer& buffer, const Passes& passes,
                  const std::stop_token& stop) {
    constexpr std::uint64_t kUnitBytes = std::uint64_t{1} << 20;
    const auto units = static_cast<std::int64_t>(buffer.bytes() / kUnitBytes);
    std::atomic<float> sink{0};
    return bestRate(passes, stop, [&] {
        static_cast<void>(pool.run(units, stop, [&](std::int64_t unit, int) {
            const std::byte* at = buffer.data() + static_cast<std::uint64_t>(unit) * kUnitBytes;
            sink.store(readStream(reinterpret_cast<const float*>(at), kUnitBytes / sizeof(float)),
                       std::memory_order_relaxed);
        }));
        return static_cast<double>(units) * static_cast<double>(kUnitBytes);
    });
}

/// Half of the cache is read over and over, so that nothing else in it pushes it out.
double cacheRate(const CpuCache& cache, const Buffer& buffer, const Passes& passes,
                 const std::stop_token& stop) {
    constexpr std::uint64_t kLineBytes = 4096; // whole lines of any CPU
    constexpr std::uint64_t kPassBytes = 16 * kMiB;
    const std::uint64_t bytes =
        std::clamp(cache.bytes / 2, kLineBytes, buffer.bytes()) / kLineBytes * kLineBytes;
    const std::uint64_t repeats = std::max<std::uint64_t>(1, kPassBytes / bytes);
    const auto* from = reinterpret_cast<const float*>(buffer.data());
    std::atomic<float> sink{0};
    return bestRate(passes, stop, [&] {
        for (std::uint64_t i = 0; i < repeats; ++i)
            sink.store(readStream(from, static_cast<std::int64_t>(bytes / sizeof(float))),
                       std::memory_order_relaxed);
        return static_cast<double>(bytes) * static_cast<double>(repeats);
    });
}

double peakRate(ThreadPool& pool, PeakLoop loop, const Passes& passes,
                const std::stop_token& stop) {
    const std::int64_t units = 16 * pool.threads();
    std::atomic<double> done{0};
    std::atomic<float> sink{1};
    return bestRate(passes, stop, [&] {
        done.store(0);
        static_cast<void>(pool.run(units, stop, [&](std::int64_t unit, int) {
            float last = 0;
            const double amount = loop(100'000, 1.0F + static_cast<float>(unit), last);
            sink.store(last, std::memory_order_relaxed);
            done.fetch_add(amount, std::memory_order_relaxed);
        }));
        return done.load();
    });
}

/// Half of the time for each.
ArithmeticPeak peakOf(PeakLoop loop, ThreadPool& one, ThreadPool& all, const Passes& passes,
                      const std::stop_token& stop) {
    const Passes half{passes.maxSeconds / 2, passes.most};
    const double oneThread = peakRate(one, loop, half, stop);
    if (all.threads() == 1)
        return {oneThread, oneThread};
    return {oneThread, peakRate(all, loop, half, stop)};
}

/// The median time of a job with one empty unit for each thread.
double barrierSeconds(ThreadPool& pool, double maxSeconds, const std::stop_token& stop) {
    constexpr std::size_t kFewest = 21;
    constexpr std::size_t kMost = 20'000;
    const ThreadPool::Work nothing = [](std::int64_t, int) {};
    std::vector<double> seconds;
    const auto start = Clock::now();
    while (seconds.size() < kMost &&
           (seconds.size() < kFewest || secondsSince(start) < maxSeconds)) {
        const auto jobStart = Clock::now();
        static_cast<void>(pool.run(pool.threads(), stop, nothing));
        seconds.push_back(secondsSince(jobStart));
    }
    const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
    std::nth_element(seconds.begin(), middle, seconds.end());
    return std::max(1e-9, *middle);
}

/// The parts of a whole calibration, one after the other, each with its share of the time.
class WholeCalibration {
public:
    WholeCalibration(const CalibrationRequest& request, const Buffer& buffer,
                     const std::stop_token& stop)
        : m_request(request), m_buffer(buffer), m_stop(stop) {}

    void measure(ThreadPool& all, Ceilings& ceilings);

private:
    /// Tells what comes, and how long it may take.
    Passes next(std::string_view what, double share) {
        if (m_request.progress)
            m_request.progress(what, m_done);
        m_done += share;
        return {share * m_request.maxSeconds, kMostOfWhole};
    }
    void measureMemory(ThreadPool& all, Ceilings& ceilings);
    void measureCaches(Ceilings& ceilings);
    [[nodiscard]] std::optional<ArithmeticPeak> peak(ThreadPool& one, ThreadPool& all,
                                                     const char* what, PeakLoop loop);

    const CalibrationRequest& m_request;
    const Buffer& m_buffer;
    const std::stop_token& m_stop;
    double m_done = 0; ///< share of the whole
};

// Shares of the time. What is left over covers the buffer's filling.
constexpr double kMemoryShare = 0.45;
constexpr double kCacheShare = 0.15;
constexpr double kPeakShare = 0.1; ///< of each data type
constexpr double kBarrierShare = 0.02;

void WholeCalibration::measureMemory(ThreadPool& all, Ceilings& ceilings) {
    const std::vector<int> counts = threadCounts(all.threads());
    for (const int threads : counts) {
        if (m_stop.stop_requested())
            return;
        const Passes passes =
            next(fmt::format("memory with {} thread{}", threads, threads > 1 ? "s" : ""),
                 kMemoryShare / static_cast<double>(counts.size()));
        double rate = 0;
        if (threads == all.threads()) {
            rate = streamRate(all, m_buffer, passes, m_stop);
        } else {
            ThreadPool some(threads);
            rate = streamRate(some, m_buffer, passes, m_stop);
        }
        ceilings.bandwidthAtThreads.push_back({threads, rate});
    }
    ceilings.bandwidthBytesPerSecond = ceilings.bandwidthAtThreads.back().bytesPerSecond;
}

void WholeCalibration::measureCaches(Ceilings& ceilings) {
    const std::vector<CpuCache>& caches = cpuTopology().caches;
    for (const CpuCache& cache : caches) {
        const Passes passes = next(fmt::format("L{} cache", cache.level),
                                   kCacheShare / static_cast<double>(caches.size()));
        const double rate = cacheRate(cache, m_buffer, passes, m_stop);
        ceilings.caches.push_back({cache.level, cache.bytes, cache.threads, rate});
    }
}

std::optional<ArithmeticPeak> WholeCalibration::peak(ThreadPool& one, ThreadPool& all,
                                                     const char* what, PeakLoop loop) {
    if (!loop)
        return std::nullopt;
    return peakOf(loop, one, all, next(what, kPeakShare), m_stop);
}

void WholeCalibration::measure(ThreadPool& all, Ceilings& ceilings) {
    measureMemory(all, ceilings);
    measureCaches(ceilings);
    ThreadPool one(1);
    ceilings.f32 = peak(one, all, "f32 arithmetic", f32Loop());
    ceilings.bf16Dot = peak(one, all, "bf16 products", bf16Loop());
    ceilings.int8Dot = peak(one, all, "int8 dot products", int8DotLoop());
    ceilings.flopPerSecond = ceilings.f32->allThreadsPerSecond;
    ceilings.barrierSeconds =
        barrierSeconds(all, next("barrier", kBarrierShare).maxSeconds, m_stop);
}

} // namespace

std::vector<int> threadCounts(int most) {
    std::vector<int> counts;
    for (int threads = 1; threads < most; threads *= 2)
        counts.push_back(threads);
    counts.push_back(most);
    return counts;
}

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
    if (request.whole) {
        WholeCalibration(request, buffer, stop).measure(pool, ceilings);
    } else {
        ceilings.bandwidthBytesPerSecond =
            streamRate(pool, buffer, {request.maxSeconds * 0.6}, stop);
        const PeakLoop bf16 = bf16Loop();
        const PeakLoop int8 = int8DotLoop();
        const double peakSeconds = request.maxSeconds * 0.3 / (1 + (bf16 ? 1 : 0) + (int8 ? 1 : 0));
        ceilings.flopPerSecond = peakRate(pool, f32Loop(), {peakSeconds}, stop);
        ThreadPool one(1);
        if (bf16)
            ceilings.bf16Dot = peakOf(bf16, one, pool, {peakSeconds}, stop);
        if (int8)
            ceilings.int8Dot = peakOf(int8, one, pool, {peakSeconds}, stop);
        ceilings.barrierSeconds = barrierSeconds(pool, request.maxSeconds * kBarrierShare, stop);
    }
    ceilings.threads = pool.threads();
    ceilings.measured = true;
    if (stop.stop_requested())
        return interrupted;
    return ceilings;
}

} // namespace decodescope
