// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stop_token>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/backends.h"
#include "app/cli/commands/commands.h"
#include "app/cli/output.h"
#include "app/cli/progress_bar.h"
#include "app/cli/stop_signals.h"
#include "core/profile/calibration.h"
#include "core/profile/kernel_calibration.h"
#include "core/report/markdown.h"
#include "core/spec/printable_text.h"
#include "core/spec/units.h"
#include "core/spec/workload.h"

namespace decodescope {
namespace {

struct Options {
    OutputOptions output;
    std::string device = "auto";
    int threads = 0;
    double maxTime = 40;
    bool roofs = false;
    bool forget = false;
};

constexpr double kMaxSeconds = 3600;

Status checkOptions(const Options& options) {
    if (const Result<ReportFormat> format = options.output.reportFormat(); !format)
        return format.error();
    if (!(options.maxTime > 0 && options.maxTime <= kMaxSeconds))
        return Error{ErrorCode::BadUsage, "must be above zero and at most an hour", "--max-time",
                     ""};
    return checkThreads(options.threads, "--threads");
}

/// Of the time, what the roofs get; they need no more than kRoofsSeconds.
constexpr double kRoofsShare = 0.25;
constexpr double kRoofsSeconds = 8;

Result<Ceilings> measure(const Backends::Found& found, const Options& options) {
    std::stop_source stop;
    const StopSignals signals(stop);
    ProgressBar bar;
    const double roofsShare =
        options.roofs ? 1 : std::min(kRoofsShare, kRoofsSeconds / options.maxTime);
    const auto shown = [&bar](double from, double to) {
        return [&bar, from, to](std::string_view what, double fraction) {
            Progress progress;
            progress.phase = fmt::format("measuring {}", what);
            progress.fraction = from + (to - from) * fraction;
            bar.show(progress);
        };
    };
    CalibrationRequest request;
    request.threads = options.threads;
    request.maxSeconds = roofsShare * options.maxTime;
    request.bufferBytes =
        std::max(request.bufferBytes, 4 * found.device.lastLevelCacheBytes.value_or(0));
    request.whole = true;
    request.progress = shown(0, roofsShare);
    Result<Ceilings> ceilings =
        found.backend->measureCeilings(found.device.id, request, stop.get_token());
    if (!ceilings || options.roofs)
        return ceilings;
    KernelCalibrationRequest kernels;
    kernels.threads = options.threads;
    kernels.maxSeconds = (1 - roofsShare) * options.maxTime;
    kernels.budgetBytes =
        found.backend->readMemory(found.device.id).availableBytes.value_or(kGiB) / 2;
    kernels.fillBytesPerSecond = ceilings->fillBytesPerSecond;
    kernels.cache = ceilings->fastCache();
    kernels.progress = shown(roofsShare, 1);
    Result<KernelRates> rates =
        measureKernelRates(*found.backend, found.device, kernels, stop.get_token());
    if (!rates)
        return rates.error();
    ceilings->kernels = std::move(*rates);
    return ceilings;
}

/// One figure a row: what was measured, and under which key its value stands.
constexpr std::string_view kKeys[] = {"device",
                                      "measured",
                                      "threads",
                                      "cache_bytes",
                                      "barrier_ms",
                                      "bytes_per_second",
                                      "operations_per_second"};

std::vector<nlohmann::json> records(const DeviceInfo& device) {
    const Ceilings& ceilings = *device.ceilings;
    std::vector<nlohmann::json> rows;
    const auto add = [&](const std::string& measured, int threads, const char* key, double value) {
        rows.push_back(
            {{"device", device.name}, {"measured", measured}, {"threads", threads}, {key, value}});
    };
    for (const BandwidthAtThreads& rate : ceilings.bandwidthAtThreads)
        add("memory_read", rate.threads, "bytes_per_second", rate.bytesPerSecond);
    for (const CacheLevel& cache : ceilings.caches) {
        add(fmt::format("l{}_read", cache.level), 1, "bytes_per_second", cache.bytesPerSecond);
        rows.back()["cache_bytes"] = cache.bytes;
    }
    const auto addPeak = [&](const char* measured, const std::optional<ArithmeticPeak>& peak) {
        if (!peak)
            return;
        add(measured, 1, "operations_per_second", peak->oneThreadPerSecond);
        if (ceilings.threads > 1)
            add(measured, ceilings.threads, "operations_per_second", peak->allThreadsPerSecond);
    };
    addPeak("f32_multiply_add", ceilings.f32);
    addPeak("bf16_dot", ceilings.bf16Dot);
    addPeak("int8_dot", ceilings.int8Dot);
    addPeak("fp8_dot", ceilings.fp8Dot);
    if (ceilings.barrierSeconds)
        add("barrier", ceilings.threads, "barrier_ms", *ceilings.barrierSeconds * 1000);
    return rows;
}

/// A table for people: a column for each number of threads.
class Table {
public:
    explicit Table(const Ceilings& ceilings) : m_ceilings(ceilings) {
        for (const BandwidthAtThreads& rate : ceilings.bandwidthAtThreads)
            m_threads.push_back(rate.threads);
        if (m_threads.empty())
            m_threads.push_back(ceilings.threads);
    }

    [[nodiscard]] std::string text() {
        std::vector<std::string> memory{"memory, read"};
        for (const BandwidthAtThreads& rate : m_ceilings.bandwidthAtThreads)
            memory.push_back(bytes(rate.bytesPerSecond));
        m_rows.push_back(std::move(memory));
        for (const CacheLevel& cache : m_ceilings.caches)
            addEnds(fmt::format("L{} of {}, read", cache.level, formatBytes(cache.bytes)),
                    bytes(cache.bytesPerSecond), "");
        addPeak("f32 multiply-adds", m_ceilings.f32, "GFLOP/s");
        addPeak("bf16 products", m_ceilings.bf16Dot, "GFLOP/s");
        addPeak("int8 dot products", m_ceilings.int8Dot, "GOP/s");
        addPeak("fp8 dot products", m_ceilings.fp8Dot, "GFLOP/s");
        if (m_ceilings.barrierSeconds)
            addEnds("barrier", "", fmt::format("{:.2f} µs", *m_ceilings.barrierSeconds * 1e6));
        addEnds("ridge", "",
                fmt::format("{:.1f} FLOP/byte",
                            m_ceilings.flopPerSecond / m_ceilings.bandwidthBytesPerSecond));
        std::vector<MarkdownColumn> columns{{"measured"}};
        for (const int threads : m_threads)
            columns.push_back({fmt::format("{} thread{}", threads, threads == 1 ? "" : "s"), true});
        return toMarkdown(columns, m_rows);
    }

private:
    static std::string bytes(double rate) { return fmt::format("{:.1f} GB/s", rate / 1e9); }

    /// A row of what is known for one thread and for all; with one thread the first that is there.
    void addEnds(std::string what, const std::string& one, const std::string& all) {
        std::vector<std::string> row(m_threads.size() + 1);
        row[0] = std::move(what);
        row.back() = all;
        if (row.size() > 2 || all.empty())
            row[1] = one;
        m_rows.push_back(std::move(row));
    }
    void addPeak(const char* what, const std::optional<ArithmeticPeak>& peak, const char* unit) {
        if (peak)
            addEnds(what, fmt::format("{:.1f} {}", peak->oneThreadPerSecond / 1e9, unit),
                    fmt::format("{:.1f} {}", peak->allThreadsPerSecond / 1e9, unit));
    }

    const Ceilings& m_ceilings;
    std::vector<int> m_threads;
    std::vector<std::vector<std::string>> m_rows;
};

std::string reportText(const DeviceInfo& device, ReportFormat format) {
    if (format == ReportFormat::Markdown)
        return printable(device.name) + "\n\n" + Table(*device.ceilings).text();
    if (format == ReportFormat::Csv)
        return recordsText(kKeys, records(device), format);
    return nlohmann::json(device).dump(format == ReportFormat::Json ? 2 : -1, ' ', false,
                                       nlohmann::json::error_handler_t::replace) +
           '\n';
}

Status calibrate(const Options& options) {
    if (Status status = checkOptions(options); !status)
        return status;
    const Backends backends;
    Result<Backends::Found> found = backends.usable(options.device);
    if (!found)
        return found.error();
    const Result<Ceilings> ceilings = measure(*found, options);
    if (!ceilings)
        return ceilings.error();
    Status stored = Done{};
    if (options.forget)
        stored = forgetCeilings(found->device);
    // Roofs of fewer threads are not this machine's.
    if (stored && ceilings->threads == found->device.threads)
        stored = storeCeilings(found->device, *ceilings, CalibrationKind::Whole);
    if (!stored)
        tell(fmt::format("decodescope-cli: not kept: {}", stored.error().sentence()));
    found->device.ceilings = *ceilings;
    return options.output.write(reportText(found->device, *options.output.reportFormat()));
}

} // namespace

void addCalibrate(CLI::App& app, Command& chosen) {
    CLI::App* command = app.add_subcommand(
        "calibrate",
        "Measure the device's roofs and what the kernels reach, and keep them for plans");
    const auto options = std::make_shared<Options>();
    command->add_option("-d,--device", options->device, "auto, cpu or cuda:N");
    command->add_option("-t,--threads", options->threads, "Threads (default: all)");
    command->add_option("--max-time", options->maxTime, "Seconds it should take (default 40)");
    command->add_flag("--roofs", options->roofs,
                      "Only the roofs: plans then predict the time that nothing goes below");
    command->add_flag("--forget", options->forget,
                      "Keep nothing of earlier measurements; otherwise the best of a week counts");
    options->output.add(*command);
    command->callback([options, &chosen] { chosen = [options] { return calibrate(*options); }; });
}

} // namespace decodescope
