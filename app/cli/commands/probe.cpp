// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <stop_token>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/commands/commands.h"
#include "app/cli/options/deployment_options.h"
#include "app/cli/options/device_options.h"
#include "app/cli/options/model_options.h"
#include "app/cli/options/workload_options.h"
#include "app/cli/output.h"
#include "app/cli/process_offer.h"
#include "app/cli/progress_bar.h"
#include "app/cli/stop_signals.h"
#include "core/profile/probe.h"
#include "core/report/probe_report.h"

namespace decodescope {
namespace {

struct Options {
    ModelOptions model;
    WorkloadOptions workload;
    DeploymentOptions deployment;
    DeviceOptions device;
    OutputOptions output;
    std::optional<std::int64_t> pageTokens;
    bool stream = false;
};

/// The model as it is, or the one variant that was named.
Result<Variant> variantOf(const Options& options, const ModelSpec& model) {
    if (options.model.kvHeads.empty() && options.model.attention.empty())
        return asIs(model);
    const Result<std::vector<Variant>> variants = options.model.variants(model);
    if (!variants)
        return variants.error();
    if (variants->size() != 1)
        return Error{ErrorCode::BadUsage, fmt::format("{} variants were named", variants->size()),
                     options.model.kvHeads.empty() ? "--attention" : "--kv-heads",
                     "A probe fills the memory with one; run another for the next."};
    return variants->front();
}

Result<ProbeRequest> buildRequest(const Options& options) {
    ProbeRequest request;
    const Result<ModelSpec> model = options.model.resolve();
    if (!model)
        return model.error();
    const Result<Variant> variant = variantOf(options, *model);
    if (!variant)
        return variant.error();
    request.variant = *variant;
    const Result<Workload> workload = options.workload.resolve(*model, Scope::Attention, "1");
    if (!workload)
        return workload.error();
    request.workload = *workload;
    if (request.workload.batches.size() != 1)
        return Error{ErrorCode::BadUsage, "a probe has one batch", "--batch", ""};
    const Result<Deployment> deployment = options.deployment.resolve(*model);
    if (!deployment)
        return deployment.error();
    request.deployment = *deployment;
    const Result<std::uint64_t> capacity = options.device.memoryBytes();
    if (!capacity)
        return capacity.error();
    request.capacityBytes = *capacity;
    if (options.pageTokens && *options.pageTokens < 1)
        return Error{ErrorCode::BadUsage, "must be above zero", "--page-tokens", ""};
    request.pageTokens = options.pageTokens.value_or(0);
    return request;
}

std::string reportText(const ProbeResult& result, ReportFormat format) {
    if (format == ReportFormat::Markdown)
        return probeText(result);
    const nlohmann::json record = result;
    if (format == ReportFormat::Json) // one object: there is one result
        return record.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
    return recordsText(probeKeys(), {record}, format);
}

/// Tells events as they come. The result is written at once: the memory is given back after it,
/// which takes a while.
class Results {
public:
    Results(const Options& options, ReportFormat format, std::stop_source stop)
        : m_options(options), m_format(format), m_stop(std::move(stop)) {
        if (!options.stream)
            m_bar.emplace();
    }

    void take(const Event& event) {
        const auto* result = std::get_if<ProbeResult>(&event);
        Status status = Done{};
        if (m_options.stream) {
            status = writeLine(toLine(event));
        } else if (result) {
            m_bar.reset();
            status = m_options.output.write(reportText(*result, m_format));
        } else if (m_bar) {
            m_bar->show(event);
        }
        if (!status && !m_failure) {
            m_failure = status.error();
            m_stop.request_stop(); // nobody is told any more
        }
    }
    [[nodiscard]] const std::optional<Error>& failure() const { return m_failure; }

private:
    const Options& m_options;
    ReportFormat m_format;
    std::stop_source m_stop;
    std::optional<ProgressBar> m_bar;
    std::optional<Error> m_failure;
};

Status runProbe(const Options& options) {
    const Result<ReportFormat> format = options.output.reportFormat();
    if (!format)
        return format.error();
    Result<ProbeRequest> request = buildRequest(options);
    if (!request)
        return request.error();
    const Backends backends;
    const Result<Backends::Found> found = backends.usable(options.device.device);
    if (!found)
        return found.error();
    request->deviceId = found->device.id;
    offerToOutOfMemoryKiller();
    std::stop_source stop;
    const StopSignals signals(stop);
    Results results(options, *format, stop);
    const Status status = probe(
        *found->backend, *request, [&](const Event& event) { results.take(event); },
        stop.get_token());
    return results.failure() ? *results.failure() : status;
}

} // namespace

void addProbe(CLI::App& app, Command& chosen) {
    CLI::App* command = app.add_subcommand(
        "probe", "Allocate a KV cache page by page to the longest context that really fits");
    const auto options = std::make_shared<Options>();
    options->model.add(*command);
    options->workload.add(*command, WorkloadOptions::Use::Probing);
    options->deployment.add(*command, false);
    options->device.add(*command, false);
    options->output.add(*command);
    command->add_option("--page-tokens", options->pageTokens,
                        fmt::format("Tokens that the cache grows by at a time (default {}, more "
                                    "where that were very many pages)",
                                    kProbePageTokens));
    command->add_flag("--stream", options->stream, "Every event as it comes, as JSON Lines");
    command->callback([options, &chosen] { chosen = [options] { return runProbe(*options); }; });
}

} // namespace decodescope
