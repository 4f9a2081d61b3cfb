// SPDX-License-Identifier: Apache-2.0
#include "core/report/html_report.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/plan/footprint.h"
#include "core/plan/unverified.h"
#include "core/report/html.h"
#include "core/report/report.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

using Named = std::vector<std::pair<std::string, std::string>>;

// Black on white with one accent, as it is printed; on screen no wider than reads well.
constexpr std::string_view kStyle = R"(
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1b1d21; background: #fff;
       max-width: 60rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p.note, figcaption { color: #555c66; font-size: .87rem; }
p.warning { border-left: 3px solid #b00020; padding-left: .7rem; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .55rem .25rem 0;
         border-bottom: 1px solid #dfe3e8; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
dl { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: .2rem 1.2rem; }
dt { color: #555c66; } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 1.2rem 0; break-inside: avoid; }
figure svg { width: 100%; height: auto; }
@page { size: A4; margin: 15mm; }
@media print {
  body { margin: 0; padding: 0; max-width: none; font-size: 9.5pt; }
  table, p.note, figcaption { font-size: 7.5pt; }
  th, td { padding-right: .3rem; }
  .wide { overflow: visible; }
  h2 { break-after: avoid; } tr, dl { break-inside: avoid; } thead { display: table-header-group; }
}
)";

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
    return fmt::format("{}", fmt::join(texts, between));
}

std::string counts(const std::vector<std::int64_t>& values) {
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const std::int64_t value : values)
        texts.push_back(formatCount(value));
    return joined(texts, "; ");
}

std::string section(std::string_view title, const std::string& body) {
    return body.empty() ? body : fmt::format("<h2>{}</h2>\n{}", htmlEscaped(title), body);
}

std::string paragraph(std::string_view style, std::string_view text) {
    return fmt::format("<p class=\"{}\">{}</p>\n", style, htmlEscaped(text));
}

std::string wide(const HumanTable& table) {
    return "<div class=\"wide\">\n" + htmlTable(table) + "</div>\n";
}

std::string scopeInWords(const Workload& workload) {
    return workload.scope == Scope::Step
               ? fmt::format("whole decode step, weights in {}", name(workload.weightsType))
               : "attention of all layers alone";
}

Named configuration(const RunStarted& run) {
    const ModelSpec& model = run.model;
    const Workload& workload = run.workload;
    Named all = {{"Model", model.name},
                 {"Read from", model.source.format +
                                   (model.source.path.empty() ? "" : ", " + model.source.path)}};
    if (const LayerSpec* layer = model.attentionLayer())
        all.emplace_back("Shape", fmt::format("{} layers, {} query heads, {} KV heads, head_dim {}",
                                              model.layerCount(), layer->nHeads, layer->nKvHeads,
                                              layer->headDimK));
    all.emplace_back("Variants", joined(run.variants, ", "));
    all.emplace_back("KV cache", cacheInWords(workload.kvTypes));
    all.emplace_back("One step is", scopeInWords(workload));
    all.emplace_back("Contexts", counts(workload.contexts) + " tokens");
    all.emplace_back("Batches", counts(workload.batches));
    all.emplace_back("Planned for", fmt::format("{}, {} rank(s)", run.deployment.engine.name,
                                                run.deployment.ranks()));
    all.emplace_back("Stops at",
                     fmt::format("a 95 % interval of ±{:.1f} %, or {:.0f} s for the run",
                                 100 * workload.targetError, workload.maxSeconds));
    all.emplace_back("Seed", std::to_string(workload.seed));
    if (!model.inferred.empty())
        all.emplace_back("Concluded, not read", joined(model.inferred, ", "));
    return all;
}

void add(Named& to, const char* what, double value, const char* unit, double scale) {
    if (value > 0)
        to.emplace_back(what, fmt::format("{} {}", formatRounded(value / scale), unit));
}

Named machine(const RunStarted& run, const Recording& recording) {
    const DeviceInfo& device = run.device;
    Named all = {{"Device", device.name + " (" + device.id + ")"}};
    if (device.memoryTotalBytes)
        all.emplace_back("Memory", formatBytes(*device.memoryTotalBytes));
    if (device.lastLevelCacheBytes)
        all.emplace_back("Last-level cache", formatBytes(*device.lastLevelCacheBytes));
    if (device.threads > 0)
        all.emplace_back("Threads", std::to_string(device.threads));
    for (const auto& [what, text] : {std::pair{"Instruction set", device.simd},
                                     std::pair{"Compute capability", device.computeCapability},
                                     std::pair{"Driver", device.driverVersion}})
        if (!text.empty())
            all.emplace_back(what, text);
    if (recording.calibrations.empty())
        return all;
    const CalibrationEvent& calibration = recording.calibrations.back();
    const Ceilings& roofs = calibration.ceilings;
    add(all, "Read bandwidth, measured", roofs.bandwidthBytesPerSecond, "GB/s", 1e9);
    add(all, "Multiply-adds, measured", roofs.flopPerSecond, "GFLOP/s", 1e9);
    if (roofs.bf16Dot)
        add(all, "bf16 products, measured", roofs.bf16Dot->allThreadsPerSecond, "GFLOP/s", 1e9);
    if (roofs.int8Dot)
        add(all, "int8 dot products, measured", roofs.int8Dot->allThreadsPerSecond, "GOP/s", 1e9);
    if (!calibration.note.empty())
        all.emplace_back("Note", calibration.note);
    return all;
}

/// How the numbers of the tables come about, each with those of one point put in.
Named origins(const Recording& recording) {
    if (recording.samples.empty())
        return {};
    const Sample& s = recording.samples.back();
    Named all;
    all.emplace_back(
        "tokens/s",
        fmt::format("batch / p50 of one decode step: {} / {} ms = {} ({} at {} tokens)", s.batch,
                    formatRounded(s.tpotP50Ms), formatRounded(s.tokensPerSecond), s.variant,
                    formatCount(s.context)));
    all.emplace_back(
        "± and p50, p90, p99",
        fmt::format("from {} repetitions after the warm-up; the quantiles by linear interpolation, "
                    "± half of a 95 % confidence interval of the median from two order statistics. "
                    "This point ended by: {}",
                    s.repetitionsMs.size(), s.stopping.reason));
    all.emplace_back("GB/s, GFLOP/s",
                     fmt::format("bytes and operations of one step, counted from the shape, over "
                                 "p50: {} and {} GFLOP in {} ms. Each cached byte counts once, "
                                 "however many query heads read it",
                                 formatBytes(s.bytesRead),
                                 formatRounded(static_cast<double>(s.flop) / 1e9),
                                 formatRounded(s.tpotP50Ms)));
    if (s.floorMs > 0)
        all.emplace_back(
            "of roof",
            fmt::format("floor / p50 = {} / {} ms, the floor being the longer of bytes / bandwidth "
                        "({} GB/s) and operations / peak ({} GFLOP/s), both measured in the run",
                        formatRounded(s.floorMs), formatRounded(s.tpotP50Ms),
                        formatRounded(s.ceilingBytesPerSecond / 1e9),
                        formatRounded(s.ceilingFlopPerSecond / 1e9)));
    if (s.boundBy && s.boundBy->elastic())
        all.emplace_back(
            "bound",
            fmt::format("by how the time follows the work: {:.0f} % of the bandwidth, {:.0f} % of "
                        "the peak, elasticity {:.2f} to the bytes and {:.2f} to the operations",
                        100 * s.boundBy->bandwidthShare, 100 * s.boundBy->arithmeticShare,
                        *s.boundBy->bytesElasticity, *s.boundBy->workElasticity));
    all.emplace_back("KV cache",
                     fmt::format("{} for the whole model, from the cache law of its "
                                 "layers at {} tokens, batch {}",
                                 formatBytes(s.modelKvBytes), formatCount(s.context), s.batch));
    all.emplace_back("predicted", "from the device's measured kernels or, without them, from its "
                                  "roofs; never from the points it stands beside");
    return all;
}

std::string runs(const Recording& recording) {
    std::string html;
    if (recording.runs.empty() && recording.samples.empty())
        return html;
    if (recording.failed)
        html += paragraph("warning", "The run failed: " + recording.failed->error.sentence());
    else if (!recording.complete)
        html += paragraph("warning", "The run did not measure all its points: it is partial.");
    if (std::any_of(recording.samples.begin(), recording.samples.end(),
                    [](const Sample& s) { return s.quickLook; }))
        html += paragraph("warning", "Points marked \"quick look\" are a first impression, not a "
                                     "benchmark.");
    if (!recording.samples.empty())
        html += wide(humanTable(std::span<const Sample>(recording.samples)));
    HumanTable left{{{"not measured"}, {"context", true}, {"batch", true}, {"why"}}, {}};
    for (const Skipped& each : recording.skipped)
        left.rows.push_back({each.variant, formatCount(each.context), formatCount(each.batch),
                             each.error.sentence()});
    return left.rows.empty() ? html : html + wide(left);
}

std::string planned(const HtmlReport& report) {
    if (report.plans.empty())
        return {};
    std::string html = wide(humanTable(std::span<const Plan>(report.plans)));
    if (const std::string legend = unverifiedLegend(report.plans.front().device); !legend.empty())
        html += paragraph("note", legend);
    HumanTable all{{{"question"}, {"answer"}, {"formula"}, {"with its numbers"}}, {}};
    for (const Answer& answer : report.answers)
        all.rows.push_back({answer.question, answer.text(), answer.formula, answer.numbers});
    return all.rows.empty() ? html : html + wide(all);
}

std::string weighed(const std::vector<Claim>& claims) {
    if (claims.empty())
        return {};
    HumanTable all{{{"verdict"}, {"claim"}, {"why"}, {"in numbers"}, {"rests on"}}, {}};
    for (const Claim& claim : claims)
        all.rows.push_back({std::string(inWords(claim.verdict)), claim.statement, claim.because,
                            claim.numbers, claim.evidence});
    return paragraph("note", summary(claims) + '.') + wide(all);
}

std::string figures(const std::vector<ReportChart>& charts) {
    std::string html;
    for (const ReportChart& chart : charts) {
        const std::size_t start = chart.svg.find("<svg");
        if (start == std::string::npos)
            continue;
        html += fmt::format("<figure role=\"img\" aria-label=\"{}\">\n{}\n<figcaption>{}. "
                            "{}</figcaption></figure>\n",
                            htmlEscaped(chart.title + ": " + chart.description),
                            std::string_view(chart.svg).substr(start), htmlEscaped(chart.title),
                            htmlEscaped(chart.description));
    }
    return html;
}

std::string titleOf(const HtmlReport& report) {
    if (!report.recording.runs.empty())
        return fmt::format("{} on {}", report.recording.runs.back().model.name,
                           report.recording.runs.back().device.name);
    if (!report.plans.empty())
        return fmt::format("{} on {}", report.plans.front().variant.model.name,
                           report.plans.front().device.name);
    return "DecodeScope";
}

} // namespace

std::string toHtml(const HtmlReport& report) {
    const Recording& recording = report.recording;
    std::string body = fmt::format("<h1>{}</h1>\n", htmlEscaped(titleOf(report)));
    std::string when =
        "How much context fits, and how fast it decodes. Written " + report.writtenAt + '.';
    Named versions = report.versions;
    if (!recording.runs.empty()) {
        const RunStarted& run = recording.runs.back();
        when += " Measured " + run.startedAt + " (UTC).";
        versions.emplace_back("Measured by decodescope-cli", run.toolVersion);
    }
    body += paragraph("note", when);
    body += section("Measured", runs(recording));
    body += section("Charts", figures(report.charts));
    body += section("Planned", planned(report));
    body += section("Claims", weighed(report.claims));
    if (!recording.runs.empty()) {
        body += section("Configuration", htmlList(configuration(recording.runs.back())));
        body += section("Machine", htmlList(machine(recording.runs.back(), recording)));
    }
    body += section("How each number was obtained", htmlList(origins(recording)));
    body += section("Versions", htmlList(versions));
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width\"/>\n"
        "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
        htmlEscaped(titleOf(report)), kStyle, body);
}

} // namespace decodescope
