// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/commands/commands.h"
#include "app/cli/output.h"
#include "core/plan/footprint.h"
#include "core/report/markdown.h"
#include "core/spec/json_field.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

struct Options {
    OutputOptions output;
    std::string filter;
};

std::string folded(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool matches(const ModelSpec& model, const std::string& filter) {
    return folded(model.id + ' ' + model.name + ' ' + model.family).find(folded(filter)) !=
           std::string::npos;
}

std::string table(const std::vector<ModelSpec>& models) {
    std::vector<std::vector<std::string>> rows;
    for (const ModelSpec& model : models) {
        const LayerSpec* layer = model.attentionLayer();
        const LayerSpec shape = layer ? *layer : LayerSpec{};
        rows.push_back(
            {model.id, model.name, asIs(model).label, formatCount(model.layerCount()),
             fmt::format("{}/{}", shape.nHeads, shape.nKvHeads), formatCount(shape.headDimK),
             formatBytes(kvBytesPerToken(model, KvTypes{})),
             model.maxPosition ? formatCount(*model.maxPosition) : "–",
             fmt::format("{:.2f}", static_cast<double>(model.weights.parameters.value_or(0)) / 1e9),
             model.unverified.empty() ? "" : "some values unverified"});
    }
    return toMarkdown({{"id"},
                       {"name"},
                       {"attention"},
                       {"layers", true},
                       {"heads/KV", true},
                       {"head_dim", true},
                       {"f16 KV/token", true},
                       {"trained context", true},
                       {"parameters (10^9)", true},
                       {"notes"}},
                      rows);
}

/// The columns of the CSV; each is a key of the record.
constexpr std::string_view kKeys[] = {"id",         "name",         "family",
                                      "attention",  "layer_count",  "n_heads",
                                      "n_kv_heads", "head_dim",     "kv_bytes_per_token_f16",
                                      "parameters", "max_position", "citations"};

/// The whole model, with what people compare models by beside it.
nlohmann::json record(const ModelSpec& model) {
    nlohmann::json json = model;
    const LayerSpec* layer = model.attentionLayer();
    const LayerSpec shape = layer ? *layer : LayerSpec{};
    json["attention"] = asIs(model).attention;
    json["layer_count"] = model.layerCount();
    json["n_heads"] = shape.nHeads;
    json["n_kv_heads"] = shape.nKvHeads;
    json["head_dim"] = shape.headDimK;
    json["kv_bytes_per_token_f16"] = kvBytesPerToken(model, KvTypes{});
    json["parameters"] = orNull(model.weights.parameters);
    return json;
}

Status models(const Options& options) {
    const Result<ReportFormat> format = options.output.reportFormat();
    if (!format)
        return format.error();
    std::vector<ModelSpec> shown;
    for (const ModelSpec& model : modelPresets())
        if (matches(model, options.filter))
            shown.push_back(model);
    if (shown.empty())
        return findModelPreset(options.filter).error();
    if (*format == ReportFormat::Markdown)
        return options.output.write(table(shown));
    std::vector<nlohmann::json> records;
    records.reserve(shown.size());
    for (const ModelSpec& model : shown)
        records.push_back(record(model));
    return options.output.write(recordsText(kKeys, records, *format));
}

} // namespace

void addModels(CLI::App& app, Command& chosen) {
    CLI::App* command = app.add_subcommand("models", "The presets, or those that match a text");
    const auto options = std::make_shared<Options>();
    command->add_option("text", options->filter, "Part of a name");
    options->output.add(*command);
    command->callback([options, &chosen] { chosen = [options] { return models(*options); }; });
}

} // namespace decodescope
