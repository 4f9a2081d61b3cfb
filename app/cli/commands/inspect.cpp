// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/commands/commands.h"
#include "app/cli/output.h"
#include "core/import/model_file.h"
#include "core/plan/footprint.h"
#include "core/report/markdown.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

struct Options {
    OutputOptions output;
    std::string file;
};

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : ", ") + part;
    return text.empty() ? "nothing" : text;
}

std::string kindText(const LayerSpec& layer) {
    std::string kind = attentionName(layer);
    if (layer.attention == AttentionKind::Softmax)
        kind += fmt::format(" {}/{} heads × {}", layer.nHeads, layer.nKvHeads, layer.headDimK);
    if (layer.window > 0)
        kind += fmt::format(", window {}", formatCount(layer.window));
    return kind;
}

struct LayerRun {
    std::string kind;
    std::size_t layers;
};

/// Layers of one kind that follow one another, or all that there are of it.
std::vector<LayerRun> runsOf(const ModelSpec& model, bool inOrder) {
    std::vector<LayerRun> runs;
    for (const LayerSpec& layer : model.layers) {
        std::string kind = kindText(layer);
        const auto from = inOrder && !runs.empty() ? runs.end() - 1 : runs.begin();
        const auto same =
            std::find_if(from, runs.end(), [&](const LayerRun& run) { return run.kind == kind; });
        if (same != runs.end())
            ++same->layers;
        else
            runs.push_back({std::move(kind), 1});
    }
    return runs;
}

/// "32 × gqa 32/8 heads × 128", one entry for each run of layers of one kind; of many runs, one for
/// each kind.
std::string layersText(const ModelSpec& model) {
    constexpr std::size_t shown = 4;
    std::vector<LayerRun> runs = runsOf(model, true);
    const bool inTurn = runs.size() > shown;
    if (inTurn)
        runs = runsOf(model, false);
    std::vector<std::string> parts;
    parts.reserve(runs.size());
    for (const LayerRun& run : runs)
        parts.push_back(fmt::format("{} × {}", run.layers, run.kind));
    if (parts.size() > shown) {
        const std::size_t rest = parts.size() - shown;
        parts.resize(shown);
        parts.push_back(fmt::format("and {} more kinds", rest));
    }
    return joined(parts) + (inTurn ? ", in turn" : "");
}

std::string weightsText(const ModelSpec& model) {
    const WeightsSpec& weights = model.weights;
    if (!weights.exactBytes && !weights.parameters)
        return "–";
    const DataType type = weights.type.value_or(DataType::F16);
    return fmt::format("{} ({}{}, {})", formatBytes(weightsBytes(model, type)), name(type),
                       weights.scales ? " and scales" : "",
                       weights.exactBytes ? "exact" : "computed");
}

std::string summary(const ModelSpec& model) {
    const auto known = [](const auto& value) {
        return value ? formatCount(static_cast<std::int64_t>(*value)) : std::string("–");
    };
    std::vector<std::vector<std::string>> rows = {
        {"name", model.name},
        {"source",
         fmt::format("{} {}, {}", model.source.format, model.source.version, model.source.path)},
        {"family", model.family},
        {"attention", asIs(model).label},
        {"layers", layersText(model)},
        {"hidden size", formatCount(model.hiddenSize)},
        {"vocabulary", formatCount(model.vocabSize)},
        {"trained context", known(model.maxPosition)},
        {"parameters", known(model.weights.parameters)},
        {"weights", weightsText(model)},
        {"KV cache of a token, f16", formatBytes(kvBytesPerToken(model, KvTypes{}))},
        {"inferred, not read", joined(model.inferred)}};
    if (!model.notes.empty())
        rows.push_back({"notes", model.notes});
    return toMarkdown({{"value"}, {"read from the file"}}, rows);
}

Status inspect(const Options& options) {
    const Result<ReportFormat> format = options.output.reportFormat();
    if (!format)
        return format.error();
    if (*format == ReportFormat::Csv)
        return Error{ErrorCode::BadUsage, "a model is no table", "--output",
                     "Choose md, json or jsonl."};
    const Result<ModelSpec> model = readModelFile(options.file);
    if (!model)
        return model.error();
    if (*format == ReportFormat::Markdown)
        return options.output.write(summary(*model));
    const int indent = *format == ReportFormat::Json ? 2 : -1;
    return options.output.write(
        nlohmann::json(*model).dump(indent, ' ', false, nlohmann::json::error_handler_t::replace) +
        '\n');
}

} // namespace

void addInspect(CLI::App& app, Command& chosen) {
    CLI::App* command =
        app.add_subcommand("inspect", "What a model file says, and what was inferred");
    const auto options = std::make_shared<Options>();
    command->add_option("file", options->file, "config.json or its folder, GGUF, safetensors")
        ->required();
    options->output.add(*command, "md, json or jsonl");
    command->callback([options, &chosen] { chosen = [options] { return inspect(*options); }; });
}

} // namespace decodescope
