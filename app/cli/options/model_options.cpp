// SPDX-License-Identifier: Apache-2.0
#include "app/cli/options/model_options.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "core/import/model_file.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

Error inOption(Error error, const char* option) {
    error.where = option;
    return error;
}

bool looksLikePath(const std::string& text) {
    return text.find_first_of("/\\") != std::string::npos || text.rfind('.', 0) == 0 ||
           std::filesystem::exists(text);
}

std::vector<std::string> splitList(const std::string& text) {
    std::vector<std::string> parts;
    std::string part;
    for (const char c : text + ",")
        if (c == ',')
            parts.push_back(std::exchange(part, {}));
        else
            part += c;
    return parts;
}

Result<ModelSpec> byName(const std::string& text) {
    Result<ModelSpec> preset = findModelPreset(text);
    if (preset.ok() || !looksLikePath(text))
        return preset;
    return readModelFile(text);
}

/// KV heads of a variant called mha, gqa or mqa.
Result<std::int64_t> headsOf(const std::string& attention, const ModelSpec& model) {
    const LayerSpec* layer = model.attentionLayer();
    const std::int64_t nHeads = layer ? layer->nHeads : 1;
    if (attention == "mha")
        return nHeads;
    if (attention == "mqa")
        return std::int64_t{1};
    if (attention != "gqa")
        return Error{ErrorCode::BadUsage,
                     fmt::format("\"{}\" is not a kind of attention", attention), "--attention",
                     "Choose from mha, gqa and mqa."};
    for (const Variant& variant : defaultVariants(model))
        if (variant.attention == "gqa")
            return variant.model.attentionLayer()->nKvHeads;
    return Error{ErrorCode::BadUsage, fmt::format("{} query heads have no usual GQA", nHeads),
                 "--attention", "Name the KV heads with --kv-heads."};
}

} // namespace

void ModelOptions::add(CLI::App& command) {
    const char* group = "Model";
    const auto option = [&](const char* name, auto& value, const char* text) {
        command.add_option(name, value, text)->group(group);
    };
    option("-m,--model", model,
           "Preset, Hugging Face config.json (file or folder), GGUF or safetensors");
    option("--layers", layers, "Layers");
    option("--heads", heads, "Query heads");
    option("--kv-heads", kvHeads, "KV heads; a list sweeps, as in 32,8,1");
    option("--head-dim", headDim, "Elements of one head's key or value");
    option("--window", window, "Tokens a sliding window holds; 0: the full context");
    option("--hidden", hidden, "Hidden size (weights of a shape by hand)");
    option("--ffn", ffn, "Feed-forward width");
    option("--vocab", vocab, "Vocabulary size");
    option("-a,--attention", attention, "Variants: mha, gqa, mqa (default: the usual ones)");
}

Result<ModelSpec> ModelOptions::resolve() const {
    const bool byHand = layers || heads || headDim;
    Result<ModelSpec> found = model.empty() && byHand
                                  ? Result<ModelSpec>(modelByHand({}))
                                  : byName(model.empty() ? std::string(kDefaultModelId) : model);
    if (!found)
        return found.error().where.empty() ? inOption(found.error(), "--model") : found.error();
    ModelSpec spec = *found;
    Result<std::vector<std::int64_t>> kv = std::vector<std::int64_t>{};
    if (!kvHeads.empty() && !(kv = parseTokenList(kvHeads)).ok())
        return inOption(kv.error(), "--kv-heads");
    if (!byHand && !window && !hidden && !ffn && !vocab && (kv->empty() || !model.empty()))
        return spec; // KV heads alone are variants of the model
    const LayerSpec* first = spec.attentionLayer();
    const LayerSpec base = first ? *first : LayerSpec{};
    ShapeByHand shape{layers.value_or(spec.layerCount()),
                      heads.value_or(base.nHeads),
                      base.nKvHeads,
                      headDim.value_or(base.headDimK),
                      window.value_or(base.window),
                      hidden.value_or(spec.hiddenSize),
                      ffn.value_or(base.ffn.hidden),
                      vocab.value_or(spec.vocabSize)};
    if (!kv->empty())
        shape.nKvHeads = kv->front();
    else if (heads && shape.nHeads % std::max<std::int64_t>(1, shape.nKvHeads) != 0)
        shape.nKvHeads = shape.nHeads;
    else if (heads && model.empty())
        shape.nKvHeads = shape.nHeads;
    ModelSpec changed = modelByHand(shape);
    changed.maxPosition = spec.maxPosition;
    if (Status status = validate(changed); !status) {
        Error error = status.error();
        error.code = ErrorCode::BadUsage;
        return error;
    }
    return changed;
}

Result<std::vector<Variant>> ModelOptions::variants(const ModelSpec& spec) const {
    std::vector<std::int64_t> counts;
    if (!kvHeads.empty()) {
        const Result<std::vector<std::int64_t>> list = parseTokenList(kvHeads);
        if (!list)
            return inOption(list.error(), "--kv-heads");
        counts = *list;
    }
    if (!attention.empty())
        for (const std::string& each : splitList(attention)) {
            const Result<std::int64_t> count = headsOf(each, spec);
            if (!count)
                return count.error();
            counts.push_back(*count);
        }
    if (counts.empty())
        return defaultVariants(spec);
    std::vector<Variant> all;
    for (const std::int64_t count : counts) {
        Result<Variant> variant = variantWithKvHeads(spec, count);
        if (!variant)
            return variant.error();
        if (std::none_of(all.begin(), all.end(),
                         [&](const Variant& other) { return other.label == variant->label; }))
            all.push_back(std::move(*variant));
    }
    return all;
}

} // namespace decodescope
