// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/cli/commands/commands.h"
#include "app/cli/options/deployment_options.h"
#include "app/cli/options/device_options.h"
#include "app/cli/options/model_options.h"
#include "app/cli/options/workload_options.h"
#include "app/cli/output.h"
#include "core/plan/answers.h"
#include "core/plan/unverified.h"
#include "core/report/records.h"
#include "core/spec/presets.h"
#include "core/spec/printable_text.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

struct Options {
    ModelOptions model;
    WorkloadOptions workload;
    DeviceOptions device;
    DeploymentOptions deployment;
    OutputOptions output;
    bool answers = false;
    std::string pcie = "25GB";
};

/// What the table rests on, for people; data formats carry it in every record.
void explain(const ModelSpec& model, const Workload& workload, const Plan& plan) {
    const PlanDevice& device = plan.device;
    const double keptFree =
        static_cast<double>(plan.reserveBytes) / static_cast<double>(device.memoryBytes);
    tell(printable(fmt::format("{} on {}: {} of memory, {:.0f} % kept free, {} cache, {} weights",
                               model.name, device.name, formatBytes(device.memoryBytes),
                               100 * keptFree, cacheInWords(workload.kvTypes),
                               workload.scope == Scope::Step ? name(workload.weightsType) : "no")));
    if (const Deployment& deployment = plan.deployment; !deployment.engine.isIdeal())
        tell(fmt::format("Memory by the rules of {}; {} of it taken by context and libraries.",
                         deployment.engine.title, formatBytes(deployment.engine.overheadBytes)));
    if (!device.roofs.known() && device.range.known())
        tell(printable(fmt::format("Speed is unknown: the catalogue does not have all rates of {}.",
                                   device.name)));
    else if (!device.roofs.known())
        tell("Speed is unknown: run \"decodescope-cli calibrate\" first, or name a device of the "
             "catalogue.");
    else if (!device.roofs.measured)
        tell(fmt::format("Speed is predicted from the datasheet: {:.0f} GB/s, {:.1f} TFLOP/s.",
                         device.roofs.bandwidthBytesPerSecond / 1e9,
                         device.roofs.flopPerSecond / 1e12));
    if (plan.range.known())
        tell(fmt::format("In brackets: {}{}.", rangeInWords(plan),
                         plan.forecast.fromKernels ? "" : " (--efficiency)"));
    if (const std::string legend = unverifiedLegend(device); !legend.empty())
        tell(printable(legend));
}

Result<AnswerAssumptions> assumptionsOf(const Options& options) {
    const Result<double> rate = parseByteRate(options.pcie);
    if (!rate)
        return Error{ErrorCode::BadUsage, rate.error().what, "--pcie", rate.error().hint};
    return AnswerAssumptions{*rate};
}

/// The plans with their answers, in every format that has a place for them.
Result<std::string> reportWithAnswers(const std::vector<Plan>& plans, const Workload& workload,
                                      const AnswerAssumptions& assumptions, ReportFormat format) {
    if (format == ReportFormat::Csv)
        return Error{ErrorCode::BadUsage, "a CSV table has no place for answers", "--answers",
                     "Choose md, json or jsonl."};
    std::string text = format == ReportFormat::Markdown ? report(plans, format) : "";
    std::vector<nlohmann::json> all = records(plans);
    for (std::size_t i = 0; i < plans.size(); ++i) {
        const std::vector<Answer> found = answers(plans[i], workload, devicePresets(), assumptions);
        if (format == ReportFormat::Markdown)
            text += answersList(plans[i], found);
        else
            all[i]["answers"] = found;
    }
    return format == ReportFormat::Markdown ? text : recordsText(planKeys(), all, format);
}

Status plan(const Options& options) {
    const Result<ReportFormat> format = options.output.reportFormat();
    if (!format)
        return format.error();
    const Result<ModelSpec> model = options.model.resolve();
    if (!model)
        return model.error();
    const Result<std::vector<Variant>> variants = options.model.variants(*model);
    if (!variants)
        return variants.error();
    const Result<Workload> workload = options.workload.resolve(*model, Scope::Step, "8K");
    if (!workload)
        return workload.error();
    const Result<PlanDevice> device = options.device.planDevice(Backends());
    if (!device)
        return device.error();
    const Result<AnswerAssumptions> assumptions = assumptionsOf(options);
    if (!assumptions)
        return assumptions.error();
    const Result<Deployment> deployment = options.deployment.resolve(*model);
    if (!deployment)
        return deployment.error();
    std::vector<Plan> plans;
    for (const std::int64_t context : workload->contexts)
        for (const std::int64_t batch : workload->batches)
            for (const Variant& variant : *variants)
                plans.push_back(makePlan(variant, *device, *workload, context, batch, *deployment));
    const Result<std::string> text =
        options.answers ? reportWithAnswers(plans, *workload, *assumptions, *format)
                        : report(plans, *format);
    if (!text)
        return text.error();
    if (*format == ReportFormat::Markdown)
        explain(*model, *workload, plans.front());
    return options.output.write(*text);
}

} // namespace

void addPlan(CLI::App& app, Command& chosen) {
    CLI::App* command =
        app.add_subcommand("plan", "Memory, longest context and predicted speed, on paper");
    const auto options = std::make_shared<Options>();
    options->model.add(*command);
    options->workload.add(*command, WorkloadOptions::Use::Planning);
    options->device.add(*command, true);
    options->deployment.add(*command);
    options->output.add(*command);
    command->add_flag("--answers", options->answers,
                      "Also answer: what fits, what it takes, what fewer KV heads would gain");
    command->add_option("--pcie", options->pcie,
                        "Bytes a second from host memory assumed in answers (default 25GB)");
    command->callback([options, &chosen] { chosen = [options] { return plan(*options); }; });
}

} // namespace decodescope
