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

constexpr std::int64_t kMaxLayers = 100'000; ///< far above any model

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

/// As validate(), as a fault of the options.
Result<ModelSpec> checked(ModelSpec model) {
    const Status status = validate(model);
    if (status)
        return model;
    Error error = status.error();
    error.code = ErrorCode::BadUsage;
    return error;
}

std::uint64_t shapeParameters(const ModelSpec& model, bool active) {
    std::uint64_t sum = embeddingParameters(model);
    for (const LayerSpec& layer : model.layers)
        sum = saturatingAdd(sum, active ? activeLayerParameters(model, layer)
                                        : layerParameters(model, layer));
    return sum;
}

/// The parameter counts change by what the shape says; a file's exact bytes no longer apply.
void recountWeights(const ModelSpec& original, ModelSpec& changed) {
    const auto recount = [&](std::optional<std::uint64_t>& count, bool active) {
        const std::uint64_t before = shapeParameters(original, active);
        const std::uint64_t after = shapeParameters(changed, active);
        if (count && before != after) {
            *count = saturatingAdd(*count, after) - std::min(saturatingAdd(*count, after), before);
            changed.weights.exactBytes.reset();
        }
    };
    recount(changed.weights.parameters, false);
    recount(changed.weights.activeParameters, true);
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
    option("--share-cache", shareCache,
           "Layers in a row that share the cache of the first (cross-layer attention)");
    option("--hidden", hidden, "Hidden size (weights of a shape by hand)");
    option("--ffn", ffn, "Feed-forward width");
    option("--vocab", vocab, "Vocabulary size");
    option("-a,--attention", attention, "Variants: mha, gqa, mqa (default: the usual ones)");
}

Result<ModelSpec> ModelOptions::resolve() const {
    Result<ModelSpec> shaped = shapedModel();
    if (!shaped || !shareCache)
        return shaped;
    if (*shareCache < 1)
        return Error{ErrorCode::BadUsage,
                     fmt::format("{} layers cannot share a cache", *shareCache), "--share-cache",
                     "Choose 1 for a cache of each layer, or more."};
    return withSharedCaches(*std::move(shaped), *shareCache);
}

Result<ModelSpec> ModelOptions::shapedModel() const {
    Result<std::vector<std::int64_t>> kv = std::vector<std::int64_t>{};
    if (!kvHeads.empty() && !(kv = parseTokenList(kvHeads)).ok())
        return inOption(kv.error(), "--kv-heads");
    if (model.empty() && (layers || heads || headDim)) {
        ShapeByHand shape;
        shape.layers = layers.value_or(shape.layers);
        shape.nHeads = heads.value_or(shape.nHeads);
        shape.nKvHeads = kv->empty() ? shape.nHeads : kv->front();
        shape.headDim = headDim.value_or(shape.headDim);
        shape.window = window.value_or(0);
        shape.hiddenSize = hidden.value_or(0);
        shape.ffnHidden = ffn.value_or(0);
        shape.vocabSize = vocab.value_or(0);
        return checked(modelByHand(shape));
    }
    Result<ModelSpec> found = byName(model.empty() ? std::string(kDefaultModelId) : model);
    if (!found)
        return found.error().where.empty() ? inOption(found.error(), "--model") : found.error();
    if (!layers && !heads && !headDim && !window && !hidden && !ffn && !vocab)
        return found; // KV heads alone are variants of the model
    return checked(overridden(*found));
}

ModelSpec ModelOptions::overridden(const ModelSpec& original) const {
    ModelSpec changed = original;
    if (layers && *layers > 0 && *layers <= kMaxLayers && !original.layers.empty()) {
        changed.layers.resize(static_cast<std::size_t>(*layers));
        for (std::size_t i = 0; i < changed.layers.size(); ++i) // the model's pattern goes on
            changed.layers[i] = original.layers[i % original.layers.size()];
    } else if (layers) {
        changed.layers.clear();
    }
    for (LayerSpec& layer : changed.layers) {
        layer.ffn.hidden = ffn && layer.ffn.hidden > 0 ? *ffn : layer.ffn.hidden;
        if (layer.attention != AttentionKind::Softmax)
            continue;
        if (heads) {
            const bool divides = layer.nKvHeads > 0 && *heads % layer.nKvHeads == 0;
            const bool mha = layer.nKvHeads == layer.nHeads;
            layer.nHeads = *heads;
            layer.nKvHeads = mha || !divides ? *heads : layer.nKvHeads;
        }
        layer.headDimK = headDim.value_or(layer.headDimK);
        layer.headDimV = headDim.value_or(layer.headDimV);
        layer.window = window.value_or(layer.window);
    }
    changed.hiddenSize = hidden.value_or(original.hiddenSize);
    changed.vocabSize = vocab.value_or(original.vocabSize);
    changed.name += " (changed by hand)";
    recountWeights(original, changed);
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
            return variant.error().where.empty()
                       ? inOption(variant.error(), kvHeads.empty() ? "--attention" : "--kv-heads")
                       : variant.error();
        if (spec.source.format == "by hand")
            variant->whatIf = false; // each is as much what was typed as the others
        if (std::none_of(all.begin(), all.end(),
                         [&](const Variant& other) { return other.label == variant->label; }))
            all.push_back(std::move(*variant));
    }
    return all;
}

} // namespace decodescope
