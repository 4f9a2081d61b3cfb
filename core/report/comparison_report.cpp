// SPDX-License-Identifier: Apache-2.0
#include "core/report/comparison_report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/report/markdown.h"
#include "core/spec/printable_text.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr std::string_view kKeys[] = {"verdict",
                                      "variant",
                                      "attention",
                                      "model",
                                      "layers",
                                      "n_heads",
                                      "n_kv_heads",
                                      "head_dim",
                                      "kv_dtype",
                                      "weights_dtype",
                                      "scope",
                                      "batch",
                                      "context_tokens",
                                      "device_a",
                                      "device_b",
                                      "threads_a",
                                      "threads_b",
                                      "tpot_ms_a",
                                      "tpot_ms_b",
                                      "tokens_per_second_a",
                                      "tokens_per_second_b",
                                      "tpot_ratio",
                                      "tpot_ratio_low",
                                      "tpot_ratio_high",
                                      "tokens_per_second_ratio",
                                      "repetitions_a",
                                      "repetitions_b",
                                      "max_context_tokens_a",
                                      "max_context_tokens_b",
                                      "engine_a",
                                      "engine_b",
                                      "peer_a",
                                      "peer_b",
                                      "planned",
                                      "tool_version_a",
                                      "tool_version_b",
                                      "notes"};

nlohmann::json positiveOrNull(double value) {
    return value > 0 && std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

nlohmann::json textOrNull(const std::string& text) {
    return text.empty() ? nlohmann::json(nullptr) : nlohmann::json(text);
}

/// What one side has, under keys that end in `side`; null where it has no such point.
void writeSide(nlohmann::json& json, const std::string& side,
               const std::optional<ComparedPoint>& point) {
    const auto set = [&](const char* key, nlohmann::json value) {
        json[key + side] = point ? std::move(value) : nlohmann::json(nullptr);
    };
    const ComparedPoint known = point.value_or(ComparedPoint{});
    const StepConfiguration& c = known.configuration;
    set("device", c.device);
    set("threads", c.threads > 0 ? nlohmann::json(c.threads) : nlohmann::json(nullptr));
    set("tpot_ms", positiveOrNull(known.tpotMs));
    set("tokens_per_second", positiveOrNull(known.tokensPerSecond()));
    set("repetitions", known.repetitionsMs.size());
    set("max_context_tokens",
        known.maxContext ? nlohmann::json(*known.maxContext) : nlohmann::json(nullptr));
    set("engine", textOrNull(c.engine));
    set("peer", textOrNull(c.peer));
    set("tool_version", textOrNull(known.toolVersion));
}

nlohmann::json recordOf(const ComparedPair& pair, bool planned) {
    const StepConfiguration& c = pair.configuration();
    nlohmann::json json = {
        {"verdict", name(pair.verdict)},
        {"variant", c.variant},
        {"attention", c.attention},
        {"model", c.model},
        {"layers", c.layers},
        {"n_heads", c.nHeads},
        {"n_kv_heads", c.nKvHeads},
        {"head_dim", c.headDim},
        {"weights_dtype", c.weightsType ? nlohmann::json(name(*c.weightsType)) : nlohmann::json()},
        {"scope", name(c.scope)},
        {"batch", c.batch},
        {"context_tokens", c.context},
        {"tpot_ratio", positiveOrNull(pair.ratio)},
        {"tpot_ratio_low", nullptr},
        {"tpot_ratio_high", nullptr},
        {"tokens_per_second_ratio", nullptr},
        {"planned", planned},
        {"notes", pair.notes}};
    writeKvTypes(json, c.kvTypes);
    if (pair.ratio > 0)
        json["tokens_per_second_ratio"] = 1 / pair.ratio; // the batch is the same
    if (pair.ratio > 0 && !planned && std::isfinite(pair.ratioInterval.high)) {
        json["tpot_ratio_low"] = pair.ratioInterval.low;
        json["tpot_ratio_high"] = pair.ratioInterval.high;
    }
    writeSide(json, "_a", pair.a);
    writeSide(json, "_b", pair.b);
    return json;
}

std::string verdictText(Verdict verdict) {
    switch (verdict) {
    case Verdict::Faster:
        return "faster";
    case Verdict::Slower:
        return "slower";
    case Verdict::NoDifference:
        return "no difference shown";
    case Verdict::NotComparable:
        return "not comparable";
    case Verdict::OnlyInA:
        return "only in A";
    case Verdict::OnlyInB:
        return "only in B";
    }
    return "";
}

std::string ratioText(double ratio) {
    return ratio > 0 ? fmt::format("{:.3f}", ratio) : "–";
}

std::string intervalText(const ComparedPair& pair) {
    if (!(pair.ratio > 0) || !std::isfinite(pair.ratioInterval.high))
        return "–";
    return fmt::format("{:.3f} to {:.3f}", pair.ratioInterval.low, pair.ratioInterval.high);
}

std::string timeOf(const std::optional<ComparedPoint>& point) {
    return point ? formatRounded(point->tpotMs) : "–";
}

std::string speedOf(const std::optional<ComparedPoint>& point) {
    return point ? formatRounded(point->tokensPerSecond()) : "–";
}

std::string longestOf(const std::optional<ComparedPoint>& point) {
    return !point ? "–" : point->maxContext ? formatCount(*point->maxContext) : "no limit";
}

/// Names of models and types only where they differ within the table.
std::string caption(const StepConfiguration& c, bool severalModels) {
    std::string text = c.variant;
    if (severalModels)
        text += " of " + c.model;
    return text + ", " + cacheInWords(c.kvTypes);
}

} // namespace

std::span<const std::string_view> comparisonKeys() {
    return kKeys;
}

std::vector<nlohmann::json> records(const Comparison& comparison) {
    std::vector<nlohmann::json> all;
    for (const ComparedPair& pair : comparison.pairs)
        all.push_back(recordOf(pair, comparison.planned));
    return all;
}

std::string comparisonTable(const Comparison& comparison) {
    const bool planned = comparison.planned;
    const auto& pairs = comparison.pairs;
    const bool severalModels =
        std::any_of(pairs.begin(), pairs.end(), [&](const ComparedPair& pair) {
            return pair.configuration().model != pairs.front().configuration().model;
        });
    std::vector<std::vector<std::string>> rows;
    for (const ComparedPair& pair : pairs) {
        const StepConfiguration& c = pair.configuration();
        std::vector<std::string> row = {caption(c, severalModels),
                                        std::string(name(c.scope)),
                                        formatCount(c.context),
                                        formatCount(c.batch),
                                        timeOf(pair.a),
                                        timeOf(pair.b),
                                        speedOf(pair.a),
                                        speedOf(pair.b),
                                        ratioText(pair.ratio)};
        if (planned) {
            row.push_back(longestOf(pair.a));
            row.push_back(longestOf(pair.b));
        } else {
            row.push_back(intervalText(pair));
        }
        row.push_back(verdictText(pair.verdict));
        std::string notes;
        for (const std::string& note : pair.notes)
            notes += (notes.empty() ? "" : "; ") + note;
        row.push_back(notes);
        rows.push_back(std::move(row));
    }
    std::vector<MarkdownColumn> columns = {
        {"attention"},  {"scope"},      {"context", true},    {"batch", true},
        {"A ms", true}, {"B ms", true}, {"A tokens/s", true}, {"B tokens/s", true},
        {"B/A", true}};
    if (planned) {
        columns.push_back({"A longest context", true});
        columns.push_back({"B longest context", true});
    } else {
        columns.push_back({"95 % interval", true});
    }
    columns.push_back({"B is"});
    columns.push_back({"notes"});
    std::string text = toMarkdown(columns, rows);
    text += fmt::format("\nA: {}  \nB: {}  \nB/A is the {}time per output token of B over that of "
                        "A: above 1, B is slower.\n",
                        printable(comparison.nameA), printable(comparison.nameB),
                        planned ? "predicted " : "median ");
    for (const std::string& note : comparison.notes)
        text += "- " + printable(note) + '\n';
    return text;
}

std::string report(const Comparison& comparison, ReportFormat format) {
    return format == ReportFormat::Markdown
               ? comparisonTable(comparison)
               : recordsText(comparisonKeys(), records(comparison), format);
}

} // namespace decodescope
