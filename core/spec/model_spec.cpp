// SPDX-License-Identifier: Apache-2.0
#include "core/spec/model_spec.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/spec/json_field.h"
#include "core/spec/layer_matrices.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// Generous limits: above them a number is a mistake or an attack, not a model. Together they keep
/// every product of a layer's counts, summed over all layers, within 63 bits.
constexpr std::int64_t kMaxLayers = 4096;
constexpr std::int64_t kMaxHeads = 1 << 14;
constexpr std::int64_t kMaxHeadDim = 1 << 14;
constexpr std::int64_t kMaxHidden = 1 << 20;
constexpr std::int64_t kMaxWidth = 1 << 24; ///< vocabulary, feed-forward
constexpr std::int64_t kMaxExperts = 1 << 16;
constexpr std::uint64_t kMaxStateBytes = kTiB;

std::uint64_t product(std::int64_t a, std::int64_t b) {
    return saturatingMultiply(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b));
}

/// Elements of a layer's matrices; of its experts, `experts` are counted.
std::uint64_t matrixElements(const ModelSpec& model, const LayerSpec& layer, std::int64_t experts) {
    std::uint64_t sum = 0;
    forEachMatrix(model, layer, [&](const MatrixShape& matrix) {
        const std::uint64_t one = product(matrix.inputs, matrix.outputs);
        const bool expert = matrix.use == MatrixUse::Expert;
        sum = saturatingAdd(
            sum, expert ? saturatingMultiply(one, static_cast<std::uint64_t>(experts)) : one);
    });
    return sum;
}

Error contradiction(std::string what, std::string where) {
    return {ErrorCode::FileUnreadable, std::move(what), std::move(where), ""};
}

bool within(std::int64_t n, std::int64_t most) {
    return n >= 1 && n <= most;
}
bool withinOrNone(std::int64_t n, std::int64_t most) {
    return n >= 0 && n <= most;
}

Status validateFfn(const FfnShape& ffn, const std::string& where) {
    if (withinOrNone(ffn.hidden, kMaxWidth) && withinOrNone(ffn.expertHidden, kMaxWidth) &&
        withinOrNone(ffn.sharedHidden, kMaxWidth) && withinOrNone(ffn.experts, kMaxExperts) &&
        withinOrNone(ffn.expertsPerToken, ffn.experts))
        return Done{};
    return contradiction("the feed-forward shape is out of range", where);
}

Status validateSoftmax(const LayerSpec& layer, const std::string& where) {
    if (!within(layer.nHeads, kMaxHeads) || !within(layer.nKvHeads, kMaxHeads))
        return contradiction(fmt::format("{} query heads and {} KV heads are not a shape",
                                         layer.nHeads, layer.nKvHeads),
                             where);
    if (layer.nHeads % layer.nKvHeads != 0)
        return contradiction(
            fmt::format("{} KV heads do not divide {} query heads", layer.nKvHeads, layer.nHeads),
            where);
    if (!within(layer.headDimK, kMaxHeadDim) || !within(layer.headDimV, kMaxHeadDim))
        return contradiction(
            fmt::format("head_dim {} / {} is not a width", layer.headDimK, layer.headDimV), where);
    return Done{};
}

Status validateMla(const LayerSpec& layer, const std::string& where) {
    const MlaShape& mla = layer.mla;
    if (within(layer.nHeads, kMaxHeads) && within(mla.kvLoraRank, kMaxHeadDim) &&
        withinOrNone(mla.qkRopeHeadDim, kMaxHeadDim) &&
        withinOrNone(mla.qkNopeHeadDim, kMaxHeadDim) && withinOrNone(mla.vHeadDim, kMaxHeadDim) &&
        withinOrNone(mla.qLoraRank, kMaxHidden))
        return Done{};
    return contradiction("the MLA latent's shape is out of range", where);
}

/// What a layer that is no softmax layer says of heads: nothing, or MLA's.
Status validateHeads(const LayerSpec& layer, const std::string& where) {
    constexpr std::int64_t most = 2 * kMaxHeadDim; // MLA: a part with positions and one without
    if (withinOrNone(layer.nHeads, kMaxHeads) && withinOrNone(layer.nKvHeads, kMaxHeads) &&
        withinOrNone(layer.headDimK, most) && withinOrNone(layer.headDimV, most))
        return Done{};
    return contradiction("the number or the width of its heads is out of range", where);
}

Status validateLayer(const LayerSpec& layer, std::size_t index) {
    const std::string where = fmt::format("layer {}", index);
    if (layer.window < 0)
        return contradiction("the window is negative", where);
    if (layer.stateBytes > kMaxStateBytes)
        return contradiction(
            fmt::format("the state of a sequence is larger than {}", formatBytes(kMaxStateBytes)),
            where);
    if (Status status = validateFfn(layer.ffn, where); !status)
        return status;
    if (layer.attention == AttentionKind::Softmax)
        return validateSoftmax(layer, where);
    if (Status status = validateHeads(layer, where); !status)
        return status;
    if (layer.attention == AttentionKind::Mla)
        return validateMla(layer, where);
    return Done{};
}

/// More or fewer parameters of the same mix of types. A count that the change would make negative
/// (a file whose tensors and shape disagree) stays as it is.
void changeParameters(ModelSpec& model, std::int64_t change) {
    WeightsSpec& weights = model.weights;
    const auto changed = [change](std::uint64_t count) {
        if (change >= 0)
            return saturatingAdd(count, static_cast<std::uint64_t>(change));
        const auto fewer = static_cast<std::uint64_t>(-change);
        return count > fewer ? count - fewer : count;
    };
    const std::uint64_t before = weights.parameters.value_or(0);
    for (auto* count : {&weights.parameters, &weights.activeParameters})
        if (*count)
            **count = changed(**count);
    if (!weights.exactBytes)
        return;
    if (before == 0) {
        weights.exactBytes.reset();
        return;
    }
    const double share = static_cast<double>(*weights.parameters) / static_cast<double>(before);
    weights.exactBytes = saturatingRound(static_cast<double>(*weights.exactBytes) * share);
    model.inferred.emplace_back("weights_exact_bytes");
}

template <typename T>
void readOptional(const nlohmann::json& json, const char* key, std::optional<T>& out) {
    const auto found = json.find(key);
    if (found != json.end() && !found->is_null())
        json_field::get(*found, key, out.emplace());
    else
        out.reset();
}

} // namespace

const LayerSpec* ModelSpec::attentionLayer() const {
    const auto found = std::find_if(layers.begin(), layers.end(), [](const LayerSpec& layer) {
        return layer.attention == AttentionKind::Softmax || layer.attention == AttentionKind::Mla;
    });
    return found == layers.end() ? nullptr : &*found;
}

Status validate(const ModelSpec& model) {
    if (model.layers.empty())
        return contradiction("a model has at least one layer", "layers");
    if (model.layerCount() > kMaxLayers)
        return contradiction(fmt::format("a model has at most {} layers", kMaxLayers), "layers");
    if (!withinOrNone(model.hiddenSize, kMaxHidden))
        return contradiction(fmt::format("{} is out of range", model.hiddenSize), "hidden_size");
    if (!withinOrNone(model.vocabSize, kMaxWidth))
        return contradiction(fmt::format("{} is out of range", model.vocabSize), "vocab_size");
    if (model.maxPosition && *model.maxPosition < 1)
        return contradiction(fmt::format("{} is out of range", *model.maxPosition), "max_position");
    for (std::size_t i = 0; i < model.layers.size(); ++i)
        if (Status status = validateLayer(model.layers[i], i); !status)
            return status;
    return Done{};
}

std::uint64_t layerParameters(const ModelSpec& model, const LayerSpec& layer) {
    return matrixElements(model, layer, layer.ffn.experts);
}

std::uint64_t activeLayerParameters(const ModelSpec& model, const LayerSpec& layer) {
    return matrixElements(model, layer, layer.ffn.expertsPerToken);
}

std::uint64_t embeddingParameters(const ModelSpec& model) {
    return product(model.hiddenSize, model.vocabSize) * (model.tiedEmbeddings ? 1 : 2);
}

Result<ModelSpec> withKvHeads(const ModelSpec& model, std::int64_t nKvHeads) {
    ModelSpec changed = model;
    std::int64_t parameterChange = 0;
    bool any = false;
    for (LayerSpec& layer : changed.layers) {
        if (layer.attention != AttentionKind::Softmax)
            continue;
        any = true;
        if (nKvHeads < 1 || layer.nHeads % nKvHeads != 0)
            return Error{
                ErrorCode::BadUsage,
                fmt::format("{} KV heads do not divide {} query heads", nKvHeads, layer.nHeads),
                "--kv-heads", "Choose a divisor of the query heads."};
        parameterChange +=
            model.hiddenSize * (layer.headDimK + layer.headDimV) * (nKvHeads - layer.nKvHeads);
        layer.nKvHeads = nKvHeads;
    }
    if (!any)
        return Error{ErrorCode::BadUsage, "this model has no layer whose KV heads could change",
                     "--kv-heads", "MLA and recurrent layers have no KV heads."};
    if (parameterChange == 0)
        return changed;
    changeParameters(changed, parameterChange);
    return changed;
}

ModelSpec withSharedCaches(ModelSpec model, std::int64_t layers) {
    std::int64_t owners = 0;
    for (LayerSpec& layer : model.layers)
        if (layer.ownsCache &&
            (layer.attention == AttentionKind::Softmax || layer.attention == AttentionKind::Mla))
            layer.ownsCache = owners++ % layers == 0;
    if (layers > 1) // records tell it from the model as it is by the name alone
        model.name += fmt::format(" ({} layers a cache)", layers);
    return model;
}

ModelSpec modelByHand(const ShapeByHand& shape) {
    ModelSpec model;
    model.id = "by-hand";
    model.name = fmt::format("{} layers, {}/{} heads × {}", shape.layers, shape.nHeads,
                             shape.nKvHeads, shape.headDim);
    model.source = {"by hand", "", ""};
    LayerSpec layer;
    layer.nHeads = shape.nHeads;
    layer.nKvHeads = shape.nKvHeads;
    layer.headDimK = layer.headDimV = shape.headDim;
    layer.window = shape.window;
    layer.ffn.hidden = shape.ffnHidden;
    // One layer more than validate() takes is enough for it to refuse any larger number.
    const std::int64_t layers = std::clamp<std::int64_t>(shape.layers, 0, kMaxLayers + 1);
    model.layers.assign(static_cast<std::size_t>(layers), layer);
    model.hiddenSize = shape.hiddenSize;
    model.vocabSize = shape.vocabSize;
    if (shape.hiddenSize > 0 && shape.ffnHidden > 0 && shape.vocabSize > 0) {
        std::uint64_t parameters = embeddingParameters(model);
        for (const LayerSpec& each : model.layers)
            parameters = saturatingAdd(parameters, layerParameters(model, each));
        model.weights.parameters = model.weights.activeParameters = parameters;
    }
    return model;
}

void to_json(nlohmann::json& json, const ModelSpec& model) {
    json = {{"id", model.id},
            {"name", model.name},
            {"family", model.family},
            {"layer_count", model.layers.size()},
            {"hidden_size", model.hiddenSize},
            {"vocab_size", model.vocabSize},
            {"tied_embeddings", model.tiedEmbeddings},
            {"max_position", orNull(model.maxPosition)},
            {"parameters", orNull(model.weights.parameters)},
            {"active_parameters", orNull(model.weights.activeParameters)},
            {"weights_exact_bytes", orNull(model.weights.exactBytes)},
            {"weights_dtype", model.weights.type ? nlohmann::json(name(*model.weights.type))
                                                 : nlohmann::json(nullptr)},
            {"weights_kept", orNull(model.weights.kept)},
            {"weights_scales", orNull(model.weights.scales)},
            {"source",
             {{"format", model.source.format},
              {"version", model.source.version},
              {"path", model.source.path}}},
            {"inferred", model.inferred},
            {"unverified", model.unverified},
            {"citations", model.citations},
            {"notes", model.notes},
            {"layers", model.layers}};
}

void from_json(const nlohmann::json& json, ModelSpec& model) {
    model = ModelSpec{};
    readField(json, "id", model.id);
    readField(json, "name", model.name);
    readField(json, "family", model.family);
    readField(json, "hidden_size", model.hiddenSize);
    readField(json, "vocab_size", model.vocabSize);
    readField(json, "tied_embeddings", model.tiedEmbeddings);
    readOptional(json, "max_position", model.maxPosition);
    readOptional(json, "parameters", model.weights.parameters);
    readOptional(json, "active_parameters", model.weights.activeParameters);
    readOptional(json, "weights_exact_bytes", model.weights.exactBytes);
    if (const auto& type = json.at("weights_dtype"); type.is_string())
        model.weights.type = parseDataType(type.get<std::string>());
    readOptional(json, "weights_kept", model.weights.kept);
    readOptional(json, "weights_scales", model.weights.scales);
    const auto& source = json.at("source");
    model.source = {source.at("format"), source.at("version"), source.at("path")};
    readField(json, "inferred", model.inferred);
    readField(json, "unverified", model.unverified);
    readField(json, "citations", model.citations);
    readField(json, "notes", model.notes);
    readField(json, "layers", model.layers);
}

} // namespace decodescope
