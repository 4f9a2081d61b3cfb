// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <stop_token>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/backends.h"
#include "app/cli/commands/commands.h"
#include "app/cli/output.h"
#include "app/cli/progress_bar.h"
#include "app/cli/stop_signals.h"
#include "core/cpu/self_test.h"
#include "core/report/markdown.h"
#include "core/spec/units.h"
#include "core/spec/workload.h"
#include "gpu/cuda_backend.h"

namespace decodescope {
namespace {

struct Options {
    OutputOptions output;
    SelfTestOptions test;
    std::string device = "cpu";
};

constexpr std::string_view kKeys[] = {"kernel",         "dtype", "head_dim", "group_size",
                                      "context_tokens", "rows",  "columns",  "batch",
                                      "error",          "bound", "pass"};

std::vector<nlohmann::json> records(const std::vector<SelfTestResult>& results) {
    std::vector<nlohmann::json> all;
    all.reserve(results.size());
    for (const SelfTestResult& each : results)
        all.push_back({{"kernel", each.kernel},
                       {"dtype", name(each.type)},
                       {"head_dim", each.headDim},
                       {"group_size", each.group},
                       {"context_tokens", each.context},
                       {"rows", each.rows},
                       {"columns", each.columns},
                       {"batch", each.batch},
                       {"error", each.error},
                       {"bound", each.bound},
                       {"pass", each.pass()}});
    return all;
}

/// For people: one row a kernel and type with its worst shape, and each shape that failed.
std::string table(const std::vector<SelfTestResult>& results) {
    std::vector<std::vector<std::string>> rows;
    const auto add = [&rows](const SelfTestResult& r, const std::string& count,
                             const std::string& verdict) {
        rows.push_back({r.kernel, std::string(name(r.type)), count, formatCount(r.headDim),
                        formatCount(r.group), formatCount(r.context), formatCount(r.rows),
                        formatCount(r.columns), formatCount(r.batch),
                        fmt::format("{:.2e}", r.error), fmt::format("{:.2e}", r.bound), verdict});
    };
    std::vector<const SelfTestResult*> worst;
    for (const SelfTestResult& each : results) {
        const auto same = [&each](const SelfTestResult* other) {
            return other->kernel == each.kernel && other->type == each.type;
        };
        const auto found = std::find_if(worst.begin(), worst.end(), same);
        if (found == worst.end())
            worst.push_back(&each);
        else if (!(each.error / each.bound <= (*found)->error / (*found)->bound))
            *found = &each;
    }
    for (const SelfTestResult* each : worst) {
        const auto shapes =
            std::count_if(results.begin(), results.end(), [each](const SelfTestResult& other) {
                return other.kernel == each->kernel && other.type == each->type;
            });
        add(*each, formatCount(shapes), each->pass() ? "ok" : "FAILED");
    }
    for (const SelfTestResult& each : results)
        if (!each.pass() && std::find(worst.begin(), worst.end(), &each) == worst.end())
            add(each, "", "FAILED");
    return toMarkdown({{"kernel"},
                       {"type"},
                       {"shapes", true},
                       {"worst: head_dim", true},
                       {"group", true},
                       {"context", true},
                       {"rows", true},
                       {"columns", true},
                       {"batch", true},
                       {"error", true},
                       {"allowed", true},
                       {"verdict"}},
                      rows);
}

std::string text(const std::vector<SelfTestResult>& results, ReportFormat format) {
    return format == ReportFormat::Markdown ? table(results)
                                            : recordsText(kKeys, records(results), format);
}

/// What they were compiled for.
std::string kernelsOf(const DeviceInfo& device) {
    return device.simd.empty() ? "compute capability " + device.computeCapability : device.simd;
}

Status verdict(const std::vector<SelfTestResult>& results, const DeviceInfo& device) {
    const std::string kernels = kernelsOf(device);
    const SelfTestResult* worst = nullptr;
    std::int64_t failed = 0;
    for (const SelfTestResult& each : results) {
        if (each.pass())
            continue;
        ++failed;
        if (!worst || !(each.error / each.bound <= worst->error / worst->bound))
            worst = &each;
    }
    if (results.empty())
        return Error{ErrorCode::RunFailed, "no kernel was tested", device.id, ""};
    if (!worst) {
        tell(fmt::format("All {} kernel checks passed with {}.",
                         formatCount(static_cast<std::int64_t>(results.size())), kernels));
        return Done{};
    }
    return Error{ErrorCode::RunFailed,
                 fmt::format("{} of {} kernel checks failed with {}; the worst, {} with {}, is off "
                             "by {:.2e} where {:.2e} is allowed",
                             failed, results.size(), kernels, worst->kernel, name(worst->type),
                             worst->error, worst->bound),
                 device.id, "Do not trust measurements of this machine; please report it."};
}

Result<std::vector<SelfTestResult>> run(const SelfTestOptions& options, const DeviceInfo& device,
                                        const std::stop_token& stop) {
    ProgressBar bar;
    const SelfTestProgress show = [&bar](const SelfTestResult& result, double share) {
        Progress progress;
        progress.phase = result.kernel;
        progress.fraction = share;
        bar.show(progress);
    };
    if (device.backend == "cuda") {
        Result<CudaSelfTest> tested = runCudaSelfTest(device.id, options, show, stop);
        if (!tested)
            return tested.error();
        if (!tested->withoutLibrary.empty())
            tell(tested->withoutLibrary);
        return std::move(tested->results);
    }
    return runCpuSelfTest(options, show, stop);
}

Status selftest(const Options& options) {
    const Result<ReportFormat> format = options.output.reportFormat();
    if (!format)
        return format.error();
    if (Status status = checkThreads(options.test.threads, "--threads"); !status)
        return status;
    const Backends backends;
    const Result<Backends::Found> found = backends.usable(options.device);
    if (!found)
        return found.error();
    std::stop_source stop;
    const StopSignals signals(stop);
    const Result<std::vector<SelfTestResult>> results =
        run(options.test, found->device, stop.get_token());
    if (!results)
        return results.error();
    if (Status written = options.output.write(text(*results, *format)); !written)
        return written;
    if (stop.stop_requested())
        return Error{ErrorCode::Interrupted, "the self-test was stopped", "", ""};
    return verdict(*results, found->device);
}

} // namespace

void addSelftest(CLI::App& app, Command& chosen) {
    CLI::App* command =
        app.add_subcommand("selftest", "Check every kernel against a slow, exact reference");
    const auto options = std::make_shared<Options>();
    command->add_option("-d,--device", options->device, "cpu or cuda:N (default cpu)");
    command->add_option("-t,--threads", options->test.threads, "Threads (default: all)");
    command->add_option("--seed", options->test.seed, "Of the random values (default 1)");
    command->add_flag("--full", options->test.full, "Every group size and length; takes longer");
    options->output.add(*command);
    command->callback([options, &chosen] { chosen = [options] { return selftest(*options); }; });
}

} // namespace decodescope
