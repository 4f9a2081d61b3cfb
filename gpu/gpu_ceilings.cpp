// SPDX-License-Identifier: Apache-2.0
#include "gpu/gpu_ceilings.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "core/engine/elapsed.h"
#include "core/spec/units.h"
#include "gpu/kernels/memory_args.h"
#include "gpu/kernels/peak_args.h"
#include "gpu/random_fill.h"
#include "gpu/timed_work.h"

namespace decodescope {
namespace {

/// From here on there are matrix products of these factors.
constexpr int kFirstWithBf16 = 80, kFirstWithInt8 = 80;
/// 8.9 has them too, but runs what is compiled for 8.0.
constexpr int kFirstWithFp8 = 90;

constexpr int kMostOfRun = 30;        ///< passes of a run's calibration, which should not be long
constexpr int kMostOfWhole = 100'000; ///< of a whole calibration: its time decides

// Shares of the time.
constexpr double kMemoryShare = 0.35, kCacheShare = 0.1, kPeakShare = 0.1, kLaunchShare = 0.05;

/// Measures one rate after the other. The first failure ends it: what follows is not done.
class GpuCalibration {
public:
    GpuCalibration(std::shared_ptr<GpuRuntime> gpu, const CalibrationRequest& request,
                   const std::stop_token& stop)
        : m_gpu(std::move(gpu)), m_request(request), m_stop(stop) {}

    [[nodiscard]] Result<Ceilings> measure();

private:
    [[nodiscard]] Status allocate(Ceilings& ceilings);
    [[nodiscard]] Result<double> timed(const std::function<Status()>& queue);
    /// The best of at least three passes, each of `amount`.
    [[nodiscard]] double bestRate(std::string_view what, double share, double amount,
                                  const std::function<Status()>& queue);
    [[nodiscard]] double streamRate();
    [[nodiscard]] double cacheRate();
    [[nodiscard]] double launchSeconds();
    [[nodiscard]] std::optional<ArithmeticPeak> peak(std::string_view what, gpu::KernelId kernel,
                                                     int operations);
    [[nodiscard]] Result<LaunchGrid> allSms(const gpu::KernelId& kernel, int threads);
    [[nodiscard]] Status readStream(std::uint64_t bytes, int passes);
    /// Keeps the first failure; false where there is one.
    bool goOn(const Status& status);

    std::shared_ptr<GpuRuntime> m_gpu;
    const CalibrationRequest& m_request;
    const std::stop_token& m_stop;
    DeviceBuffer m_buffer; ///< what is read, and a word that is written to
    DeviceBuffer m_sink;
    std::unique_ptr<GpuEvent> m_before, m_after;
    double m_done = 0; ///< share of the whole
    Status m_status = Done{};
};

bool GpuCalibration::goOn(const Status& status) {
    if (m_status && !status)
        m_status = status;
    if (m_status && m_stop.stop_requested())
        m_status = Error{ErrorCode::Interrupted, "stopped before the ceilings were measured",
                         m_gpu->deviceId(), ""};
    return m_status.ok();
}

Status GpuCalibration::allocate(Ceilings& ceilings) {
    const Result<GpuMemory> memory = m_gpu->memory();
    if (!memory)
        return memory.error();
    // The buffer is not made larger than asked for: its size is somebody's memory budget.
    const std::uint64_t least = 8 * kMiB;
    const std::uint64_t bytes =
        std::clamp(m_request.bufferBytes, least, std::max(least, memory->freeBytes / 2)) / kMiB *
        kMiB;
    const auto start = Clock::now();
    Result<DeviceBuffer> buffer = DeviceBuffer::make(m_gpu, bytes);
    if (!buffer)
        return buffer.error();
    m_buffer = std::move(*buffer);
    Status status = fillRandom(*m_gpu, m_buffer.data(), bytes, DataType::Int8, 1);
    if (status)
        status = m_gpu->synchronize();
    if (!status)
        return status;
    ceilings.fillBytesPerSecond = static_cast<double>(bytes) / std::max(1e-9, secondsSince(start));
    Result<DeviceBuffer> sink = DeviceBuffer::make(m_gpu, 256);
    Result<std::unique_ptr<GpuEvent>> before = m_gpu->makeEvent();
    Result<std::unique_ptr<GpuEvent>> after = m_gpu->makeEvent();
    if (!sink || !before || !after)
        return !sink ? sink.error() : !before ? before.error() : after.error();
    m_sink = std::move(*sink);
    m_before = std::move(*before);
    m_after = std::move(*after);
    return Done{};
}

Result<double> GpuCalibration::timed(const std::function<Status()>& queue) {
    return timedWork(*m_gpu, *m_before, *m_after, queue);
}

double GpuCalibration::bestRate(std::string_view what, double share, double amount,
                                const std::function<Status()>& queue) {
    if (m_request.progress && m_request.whole)
        m_request.progress(what, m_done);
    m_done += share;
    constexpr int kFewest = 3;
    const int most = m_request.whole ? kMostOfWhole : kMostOfRun;
    const auto start = Clock::now();
    double best = 0;
    for (int i = 0; i < most && (i < kFewest || secondsSince(start) < share * m_request.maxSeconds);
         ++i) {
        const Result<double> seconds = timed(queue);
        if (!goOn(seconds ? Status(Done{}) : Status(seconds.error())))
            return 0;
        if (*seconds > 0)
            best = std::max(best, amount / *seconds);
    }
    return best;
}

Result<LaunchGrid> GpuCalibration::allSms(const gpu::KernelId& kernel, int threads) {
    const Result<int> blocks = m_gpu->blocksPerSm({kernel, {}, threads, 0});
    if (!blocks)
        return blocks.error();
    return LaunchGrid{std::max(1, *blocks) * m_gpu->properties().smCount, 1, 1};
}

Status GpuCalibration::readStream(std::uint64_t bytes, int passes) {
    const Result<LaunchGrid> grid = allSms(gpu::kReadStream, gpu::kMemoryThreads);
    if (!grid)
        return grid.error();
    constexpr std::uint64_t kChunkBytes = 16;
    const gpu::ReadArgs args{m_buffer.data(), static_cast<std::int64_t>(bytes / kChunkBytes),
                             grid->x, m_sink.as<std::uint32_t>()};
    Status status = Done{};
    for (int i = 0; i < passes && status; ++i)
        status = m_gpu->launch({gpu::kReadStream, *grid, gpu::kMemoryThreads}, args);
    return status;
}

/// Passes in a row, so that starting and ending counts for little: one alone of 256 MiB reached
/// 4,056 GB/s on an H200, eight reach 4,400.
double GpuCalibration::streamRate() {
    constexpr int kPasses = 8;
    return bestRate("memory", kMemoryShare, kPasses * static_cast<double>(m_buffer.bytes()),
                    [this] { return readStream(m_buffer.bytes(), kPasses); });
}

/// Half of the cache is read over and over, so that nothing else in it pushes it out.
double GpuCalibration::cacheRate() {
    constexpr int kRepeats = 32;
    const std::uint64_t bytes =
        std::min(m_buffer.bytes(), m_gpu->properties().l2Bytes / 2) / kKiB * kKiB;
    return bestRate("L2 cache", kCacheShare, kRepeats * static_cast<double>(bytes),
                    [this, bytes] { return readStream(bytes, kRepeats); });
}

/// Of a launch among others in one graph.
double GpuCalibration::launchSeconds() {
    constexpr int kLaunches = 100;
    if (!goOn(m_gpu->beginCapture()))
        return 0;
    Status queued = Done{};
    for (int i = 0; i < kLaunches && queued; ++i)
        queued = m_gpu->launch({gpu::kNothing, {}, gpu::kMemoryThreads}, gpu::NothingArgs{});
    const Result<std::unique_ptr<GpuGraph>> graph = m_gpu->endCapture();
    if (!goOn(queued) || !goOn(graph ? Status(Done{}) : Status(graph.error())))
        return 0;
    const double rate =
        bestRate("launches", kLaunchShare, kLaunches, [&graph] { return (*graph)->replay(); });
    return rate > 0 ? 1 / rate : 0;
}

std::optional<ArithmeticPeak> GpuCalibration::peak(std::string_view what, gpu::KernelId kernel,
                                                   int operations) {
    const Result<LaunchGrid> grid = allSms(kernel, gpu::kPeakThreads);
    if (!goOn(grid ? Status(Done{}) : Status(grid.error())))
        return std::nullopt;
    gpu::PeakArgs args;
    args.sink = m_sink.as<float>();
    const auto launch = [&] { return m_gpu->launch({kernel, *grid, gpu::kPeakThreads}, args); };
    // So long that starting and ending it counts for little.
    constexpr double kLongEnough = 1e-3;
    constexpr std::int32_t kMostIterations = 1 << 20;
    for (args.iterations = 64; args.iterations < kMostIterations; args.iterations *= 2) {
        const Result<double> seconds = timed(launch);
        if (!goOn(seconds ? Status(Done{}) : Status(seconds.error())))
            return std::nullopt;
        if (*seconds >= kLongEnough)
            break;
    }
    const double amount =
        static_cast<double>(operations) * args.iterations * gpu::kPeakThreads * grid->x;
    const double rate = bestRate(what, kPeakShare, amount, launch);
    if (rate <= 0)
        return std::nullopt;
    return ArithmeticPeak{rate, rate};
}

Result<Ceilings> GpuCalibration::measure() {
    Ceilings ceilings;
    if (Status allocated = allocate(ceilings); !goOn(allocated))
        return m_status.error();
    const int capability = m_gpu->properties().computeCapability();
    const auto matrix = [&](std::string_view what, gpu::KvFormat format) {
        return peak(what, gpu::mmaPeak(format), gpu::mmaOperations(format));
    };
    ceilings.bandwidthBytesPerSecond = streamRate();
    if (m_status)
        ceilings.f32 = peak("f32 arithmetic", gpu::kFmaPeak, gpu::kFmaOperations);
    if (m_status)
        ceilings.bf16Dot =
            matrix("16-bit matrix products",
                   capability >= kFirstWithBf16 ? gpu::KvFormat::BF16 : gpu::KvFormat::F16);
    if (m_status && m_request.whole && capability >= kFirstWithInt8)
        ceilings.int8Dot = matrix("int8 matrix products", gpu::KvFormat::Int8);
    if (m_status && m_request.whole && capability >= kFirstWithFp8)
        ceilings.fp8Dot = matrix("fp8 matrix products", gpu::KvFormat::E4M3);
    if (m_status && m_request.whole)
        ceilings.caches = {{2, m_gpu->properties().l2Bytes, 1, cacheRate()}};
    if (m_status)
        ceilings.barrierSeconds = launchSeconds();
    if (!m_status)
        return m_status.error();
    ceilings.flopPerSecond = ceilings.f32 ? ceilings.f32->allThreadsPerSecond : 0;
    if (m_request.whole)
        ceilings.bandwidthAtThreads = {{1, ceilings.bandwidthBytesPerSecond}};
    else
        ceilings.f32.reset();
    ceilings.threads = 1;
    ceilings.measured = true;
    return ceilings;
}

} // namespace

Result<Ceilings> measureGpuCeilings(const std::shared_ptr<GpuRuntime>& gpu,
                                    const CalibrationRequest& request,
                                    const std::stop_token& stop) {
    return GpuCalibration(gpu, request, stop).measure();
}

} // namespace decodescope
