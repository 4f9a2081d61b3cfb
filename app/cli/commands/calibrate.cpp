// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <stop_token>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/backends.h"
#include "app/cli/commands/commands.h"
#include "app/cli/output.h"
#include "app/cli/stop_signals.h"
#include "core/profile/calibration.h"
#include "core/report/markdown.h"
#include "core/spec/workload.h"

namespace decodescope {
namespace {

struct Options {
    OutputOptions output;
    std::string device = "auto";
    int threads = 0;
    double maxTime = 3;
};

constexpr double kMaxSeconds = 3600;

Status calibrate(const Options& options) {
    const Result<ReportFormat> format = options.output.reportFormat();
    if (!format)
        return format.error();
    if (*format == ReportFormat::Csv)
        return Error{ErrorCode::BadUsage, "a device is no table", "--output",
                     "Choose md, json or jsonl; devices writes a table."};
    if (!(options.maxTime > 0 && options.maxTime <= kMaxSeconds))
        return Error{ErrorCode::BadUsage, "must be above zero and at most an hour", "--max-time",
                     ""};
    if (Status status = checkThreads(options.threads, "--threads"); !status)
        return status;
    const Backends backends;
    Result<Backends::Found> found = backends.usable(options.device);
    if (!found)
        return found.error();
    std::stop_source stop;
    const StopSignals signals(stop);
    CalibrationRequest request;
    request.threads = options.threads;
    request.maxSeconds = options.maxTime;
    request.bufferBytes =
        std::max(request.bufferBytes, 4 * found->device.lastLevelCacheBytes.value_or(0));
    const Result<Ceilings> ceilings =
        found->backend->measureCeilings(found->device.id, request, stop.get_token());
    if (!ceilings)
        return ceilings.error();
    if (const Status stored = storeCeilings(found->device, *ceilings); !stored)
        tell(fmt::format("decodescope-cli: not kept: {}", stored.error().sentence()));
    found->device.ceilings = *ceilings;
    if (*format != ReportFormat::Markdown)
        return options.output.write(
            nlohmann::json(found->device).dump(*format == ReportFormat::Json ? 2 : -1) + '\n');
    return options.output.write(toMarkdown(
        {{"device"},
         {"threads", true},
         {"read GB/s", true},
         {"GFLOP/s", true},
         {"ridge FLOP/byte", true}},
        {{found->device.name, std::to_string(ceilings->threads),
          fmt::format("{:.1f}", ceilings->bandwidthBytesPerSecond / 1e9),
          fmt::format("{:.0f}", ceilings->flopPerSecond / 1e9),
          fmt::format("{:.1f}", ceilings->flopPerSecond / ceilings->bandwidthBytesPerSecond)}}));
}

} // namespace

void addCalibrate(CLI::App& app, Command& chosen) {
    CLI::App* command =
        app.add_subcommand("calibrate", "Measure the device's roofs and keep them for plans");
    const auto options = std::make_shared<Options>();
    command->add_option("-d,--device", options->device, "auto, cpu or cuda:N");
    command->add_option("-t,--threads", options->threads, "Threads (default: all)");
    command->add_option("--max-time", options->maxTime, "Seconds it may take (default 3)");
    options->output.add(*command, "md, json or jsonl");
    command->callback([options, &chosen] { chosen = [options] { return calibrate(*options); }; });
}

} // namespace decodescope
