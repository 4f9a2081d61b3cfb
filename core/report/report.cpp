// SPDX-License-Identifier: Apache-2.0
#include "core/report/report.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/plan/unverified.h"
#include "core/report/csv.h"
#include "core/report/markdown.h"
#include "core/report/records.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

std::string labelOf(const std::string& variant, bool whatIf) {
    return whatIf ? variant + " (what-if)" : variant;
}

std::string speedOf(const Plan& plan) {
    return marked(predictedSpeed(plan), plan.device.speedUnverified());
}

std::string longestOf(const Plan& plan) {
    return marked(plan.maxContextBounded ? formatCount(plan.maxContext) : "no limit",
                  plan.device.memoryUnverified());
}

/// The notes of all plans as a list, each once.
std::string notesList(std::span<const Plan> plans) {
    std::vector<std::string> lines;
    for (const Plan& plan : plans)
        for (const std::string& note : deploymentNotes(plan)) {
            std::string line = fmt::format("- {}: {}\n", plan.variant.label, note);
            if (std::find(lines.begin(), lines.end(), line) == lines.end())
                lines.push_back(std::move(line));
        }
    std::string text = lines.empty() ? "" : "\n";
    for (const std::string& line : lines)
        text += line;
    return text;
}

std::string asMarkdown(const HumanTable& table) {
    return toMarkdown(table.columns, table.rows);
}

std::string markdown(std::span<const Sample> samples) {
    return asMarkdown(humanTable(samples));
}

std::string markdown(std::span<const Plan> plans) {
    return asMarkdown(humanTable(plans)) + notesList(plans);
}

/// JSON and a line end. What is not UTF-8 (a name off a device) is replaced, never thrown at.
std::string dumped(const nlohmann::json& json, int indent) {
    return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

template <typename Record>
std::string reportAs(std::span<const Record> values, std::span<const std::string_view> keys,
                     ReportFormat format) {
    return format == ReportFormat::Markdown ? markdown(values)
                                            : recordsText(keys, records(values), format);
}

} // namespace

HumanTable humanTable(std::span<const Sample> samples) {
    std::vector<std::vector<std::string>> rows;
    for (const Sample& s : samples) {
        const double ci = s.tpotP50Ms > 0 ? s.tokensPerSecond * s.tpotCi95Ms / s.tpotP50Ms : 0;
        std::string notes = s.quickLook ? "quick look" : "";
        const auto note = [&notes](const std::string& text) {
            notes += (notes.empty() ? "" : ", ") + text;
        };
        if (s.layersMeasured < s.layers)
            note(fmt::format("scaled from {} of {} layers", s.layersMeasured, s.layers));
        if (s.cacheResident)
            note("cache-resident");
        if (s.conditions)
            for (const std::string& remark : remarks(*s.conditions))
                note(remark);
        rows.push_back(
            {labelOf(s.variant, s.whatIf), std::string(name(s.scope)), formatCount(s.context),
             formatCount(s.batch), formatRounded(s.tokensPerSecond), formatRounded(ci),
             formatRounded(s.tpotP50Ms), formatRounded(s.tpotP99Ms),
             formatRounded(s.predictedTpotMs), formatRounded(s.achievedBytesPerSecond / 1e9),
             formatRounded(s.achievedFlopPerSecond / 1e9),
             s.floorFraction > 0 ? fmt::format("{:.0f} %", 100 * s.floorFraction) : "–", s.bound,
             formatBytes(s.modelKvBytes), notes});
    }
    return {{{"attention"},
             {"scope"},
             {"context", true},
             {"batch", true},
             {"tokens/s", true},
             {"±", true},
             {"p50 ms", true},
             {"p99 ms", true},
             {"predicted ms", true},
             {"GB/s", true},
             {"GFLOP/s", true},
             {"of roof", true},
             {"bound"},
             {"KV cache", true},
             {"notes"}},
            rows};
}

HumanTable humanTable(std::span<const Plan> plans) {
    std::vector<std::vector<std::string>> rows;
    for (const Plan& plan : plans) {
        const Footprint& bytes = plan.footprint;
        const std::uint64_t perToken = kvBytesPerToken(plan);
        rows.push_back({labelOf(plan.variant.label, plan.variant.whatIf), formatCount(plan.context),
                        formatCount(plan.batch), formatBytes(perToken), formatBytes(bytes.kvBytes),
                        formatBytes(bytes.weightsBytes), formatBytes(bytes.totalBytes()),
                        plan.fits ? "yes" : "no", longestOf(plan), speedOf(plan),
                        plan.forecast.bound,
                        fmt::format("{:.0f} %", 100 * plan.forecast.kvReadShare)});
    }
    return {{{"attention"},
             {"context", true},
             {"batch", true},
             {"KV/token", true},
             {"KV cache", true},
             {"weights", true},
             {"total", true},
             {"fits"},
             {"longest context", true},
             {"tokens/s (predicted)", true},
             {"bound"},
             {"KV share", true}},
            rows};
}

std::optional<ReportFormat> parseReportFormat(std::string_view text) {
    if (text == "md")
        return ReportFormat::Markdown;
    if (text == "csv")
        return ReportFormat::Csv;
    if (text == "json")
        return ReportFormat::Json;
    if (text == "jsonl")
        return ReportFormat::JsonLines;
    return std::nullopt;
}

std::string recordsText(std::span<const std::string_view> keys,
                        const std::vector<nlohmann::json>& records, ReportFormat format) {
    if (format == ReportFormat::Csv)
        return toCsv(keys, records);
    if (format == ReportFormat::Json)
        return dumped(records, 2);
    std::string lines;
    for (const nlohmann::json& record : records)
        lines += dumped(record, -1);
    return lines;
}

std::string report(std::span<const Sample> samples, ReportFormat format) {
    return reportAs(samples, sampleKeys(), format);
}

std::string report(std::span<const Plan> plans, ReportFormat format) {
    return reportAs(plans, planKeys(), format);
}

} // namespace decodescope
