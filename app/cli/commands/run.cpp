// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <stop_token>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/cli/commands/commands.h"
#include "app/cli/input_lines.h"
#include "app/cli/options/device_options.h"
#include "app/cli/options/gate_options.h"
#include "app/cli/options/model_options.h"
#include "app/cli/options/resume_options.h"
#include "app/cli/options/workload_options.h"
#include "app/cli/output.h"
#include "app/cli/pause_signals.h"
#include "app/cli/process_offer.h"
#include "app/cli/progress_bar.h"
#include "app/cli/run_claims.h"
#include "app/cli/stop_signals.h"
#include "core/profile/calibration.h"
#include "core/profile/comparison_file.h"
#include "core/profile/profiler.h"
#include "core/profile/recording.h"
#include "core/profile/whole_file.h"

namespace decodescope {
namespace {

struct Options {
    ModelOptions model;
    WorkloadOptions workload;
    DeviceOptions device;
    OutputOptions output;
    GateOptions gate;
    ResumeOptions resume;
    std::string baseline;
    std::string request;
    std::string record;
    std::string peer;
    bool stream = false;
    bool quickLook = false;
    bool claims = false;
};

constexpr std::uint64_t kMaxRequestBytes = std::uint64_t{64} << 20;

Result<RunRequest> readRequest(const std::string& from, InputLines& input) {
    if (from == "-") {
        const std::optional<std::string> line = input.next();
        if (!line)
            return Error{ErrorCode::BadUsage, "standard input ended before a run request",
                         "--request", "Send it as one line of JSON."};
        return parseRunRequest(*line);
    }
    const Result<std::string> text = readWholeFile(from, kMaxRequestBytes);
    if (!text)
        return text.error();
    return parseRunRequest(*text);
}

Result<RunRequest> buildRequest(const Options& options) {
    RunRequest request;
    const Result<ModelSpec> model = options.model.resolve();
    if (!model)
        return model.error();
    request.model = *model;
    const Result<std::vector<Variant>> variants = options.model.variants(*model);
    if (!variants)
        return variants.error();
    request.variants = *variants;
    const Result<Workload> workload =
        options.workload.resolve(*model, Scope::Attention, options.quickLook ? "4K" : "1K-32K*2");
    if (!workload)
        return workload.error();
    request.workload = *workload;
    const Result<std::uint64_t> capacity = options.device.memoryBytes();
    if (!capacity)
        return capacity.error();
    request.capacityBytes = *capacity;
    request.deviceId = options.device.device;
    request.quickLook = options.quickLook;
    request.peer = options.peer;
    return request;
}

/// What to measure, and the run that this goes on with.
struct Task {
    RunRequest request;
    Recording before;
};

Result<Task> resumedTask(const Options& options) {
    Result<Recording> before = options.resume.read();
    if (!before)
        return before.error();
    Result<RunRequest> request = resumedRequest(*before);
    if (!request)
        return request.error();
    if (options.resume.timeGiven())
        request->workload.maxSeconds = options.workload.maxTime;
    return Task{std::move(*request), std::move(*before)};
}

Result<Task> readTask(const Options& options, InputLines& input) {
    if (options.resume.given())
        return resumedTask(options);
    Result<RunRequest> request =
        options.request.empty() ? buildRequest(options) : readRequest(options.request, input);
    if (!request)
        return request.error();
    return Task{std::move(*request), {}};
}

/// Passes events on: to the record, to the stream or the progress bar, and keeps the Samples.
class Results {
public:
    Results(const Options& options, std::vector<Sample> measured, std::stop_source stop)
        : m_options(options),
          m_recordFile(options.resume.given() ? options.resume.file : options.record),
          m_stop(std::move(stop)), m_samples(std::move(measured)) {
        if (!options.stream)
            m_bar.emplace();
    }

    Status openRecord() {
        if (m_recordFile.empty())
            return Done{};
        if (Status status = endLastLine(m_recordFile); !status)
            return status;
        m_record.open(m_recordFile, std::ios::app); // what was measured before is kept
        return recordStatus();
    }

    void take(const Event& event) {
        const std::string line = toLine(event);
        if (m_record.is_open())
            m_record << line << '\n' << std::flush;
        if (m_bar)
            m_bar->show(event);
        else if (const Status status = writeLine(line); !status)
            giveUp(status.error());
        if (const Status status = recordStatus(); !status)
            giveUp(status.error());
        if (const auto* sample = std::get_if<Sample>(&event))
            m_samples.push_back(*sample);
        if (const auto* calibration = std::get_if<CalibrationEvent>(&event))
            m_ceilings = calibration->ceilings;
    }

    /// Ends the display and writes the table, with `below` under it where it is for people. Errors:
    /// the first failure of any output.
    Status finish(const std::string& below) {
        m_bar.reset();
        if (m_failure)
            return *m_failure;
        if (m_options.stream)
            return Done{};
        const Result<ReportFormat> format = m_options.output.reportFormat();
        if (!format)
            return format.error();
        std::string text = report(m_samples, *format);
        if (*format == ReportFormat::Markdown)
            text += below;
        return m_options.output.write(text);
    }

    [[nodiscard]] bool empty() const { return m_samples.empty(); }
    [[nodiscard]] const std::vector<Sample>& samples() const { return m_samples; }
    [[nodiscard]] const std::optional<Ceilings>& ceilings() const { return m_ceilings; }

private:
    [[nodiscard]] Status recordStatus() const {
        if (m_recordFile.empty() || m_record.good())
            return Done{};
        return Error{ErrorCode::OutputNotWritten, "the record cannot be written", m_recordFile,
                     "Does its folder exist, and is there room?"};
    }
    /// Measuring for an output that is gone is of no use.
    void giveUp(const Error& error) {
        if (!m_failure)
            m_failure = error;
        m_stop.request_stop();
    }

    const Options& m_options;
    const std::string& m_recordFile;
    std::stop_source m_stop;
    std::ofstream m_record;
    std::optional<ProgressBar> m_bar;
    std::vector<Sample> m_samples;
    std::optional<Ceilings> m_ceilings;
    std::optional<Error> m_failure;
};

/// What this run is held against.
struct Baseline {
    std::optional<ComparedSet> set;
    std::optional<double> limit;
};

/// Read before anything is measured: a file that cannot be used is told at once.
Result<Baseline> readBaseline(const Options& options) {
    Baseline baseline;
    const Result<std::optional<double>> limit = options.gate.limit();
    if (!limit)
        return limit.error();
    baseline.limit = *limit;
    if (options.baseline.empty() && baseline.limit)
        return Error{ErrorCode::BadUsage, "there is no baseline to be slower than",
                     "--fail-if-slower", "Name a recording with --baseline."};
    if (options.baseline.empty())
        return baseline;
    const Result<ComparedSet> set = readComparedSet(options.baseline);
    if (!set)
        return set.error();
    if (set->planned)
        return Error{ErrorCode::BadUsage, "it holds plans, and a run is compared with a recording",
                     "--baseline " + options.baseline, ""};
    baseline.set = *set;
    return baseline;
}

Status checkOutput(const Options& options) {
    const Result<ReportFormat> format = options.output.reportFormat();
    if (!format)
        return format.error();
    if (options.claims && (options.stream || *format != ReportFormat::Markdown))
        return Error{ErrorCode::BadUsage, "claims are told in words, below a Markdown table",
                     "--claims", "Choose --output md, without --stream."};
    return Done{};
}

Status run(const Options& options) {
    if (Status output = checkOutput(options); !output)
        return output;
    const Result<Baseline> baseline = readBaseline(options);
    if (!baseline)
        return baseline.error();
    InputLines input;
    Result<Task> task = readTask(options, input);
    if (!task)
        return task.error();
    RunRequest& request = task->request;
    const Backends backends;
    const Result<Backends::Found> found = backends.usable(request.deviceId);
    if (!found)
        return found.error();
    request.deviceId = found->device.id;
    if (Status status = sameDevice(task->before, found->device); !status)
        return status;
    offerToOutOfMemoryKiller();
    std::stop_source stop;
    const StopSignals signals(stop);
    PauseGate gate;
    const PauseSignals pauses(gate, stop.get_token());
    std::optional<InputCommands> commands;
    if (options.request == "-")
        commands.emplace(std::move(input), stop, &gate);
    Results results(options, std::move(task->before.samples), stop);
    if (Status status = results.openRecord(); !status)
        return status;
    Status measured = profile(
        *found->backend, request, [&](const Event& event) { results.take(event); },
        stop.get_token(), found->device.ceilings, &gate);
    // Roofs of fewer threads are not this machine's.
    const bool ofTheMachine =
        results.ceilings() && results.ceilings()->threads == found->device.threads;
    if (!request.quickLook && ofTheMachine)
        if (const Status stored =
                storeCeilings(found->device, *results.ceilings(), CalibrationKind::InRun);
            !stored)
            tell(fmt::format("decodescope-cli: the calibration was not kept: {}",
                             stored.error().sentence()));
    if (!measured && results.empty() && measured.error().code != ErrorCode::Interrupted)
        return measured;
    DeviceInfo device = found->device;
    if (results.ceilings())
        device.ceilings = results.ceilings();
    if (Status written =
            results.finish(claimsText(request, device, results.samples(), options.claims));
        !written)
        return written;
    if (!measured || !baseline->set)
        return measured;
    return passGate(compare(*baseline->set, comparedSet(results.samples(), "this run")),
                    baseline->limit);
}

} // namespace

void addRun(CLI::App& app, Command& chosen) {
    CLI::App* command = app.add_subcommand("run", "Measure decode steps on this machine");
    const auto options = std::make_shared<Options>();
    options->model.add(*command);
    options->workload.add(*command, WorkloadOptions::Use::Measuring);
    options->device.add(*command, false);
    options->output.add(*command);
    command
        ->add_option("--baseline", options->baseline,
                     "A recording that this run is compared with, by configuration")
        ->group("Gate");
    options->gate.add(*command);
    options->resume.add(*command);
    command->add_flag("--quick-look", options->quickLook,
                      "At most 2 s and 256 MiB: a first impression, not a benchmark");
    command->add_option("--peer", options->peer,
                        "Measure other people's attention kernels as well, in the same rounds: "
                        "cudnn (on NVIDIA GPUs, where the cuDNN library is found)");
    command->add_flag("--claims", options->claims,
                      "Below the table, also what each verdict on a claim rests on (Markdown)");
    command->add_flag("--stream", options->stream, "Every event as it comes, as JSON Lines");
    command->add_option("--record", options->record, "Add every event to this file as it comes");
    command->add_option("--request", options->request,
                        "A run request as JSON from a file, or from standard input (-), whose end "
                        "or a line \"stop\" then stops the run; \"pause\" and \"resume\" are "
                        "obeyed too");
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace decodescope
