// SPDX-License-Identifier: Apache-2.0
#include "core/plan/weight_kinds.h"

#include <algorithm>
#include <cmath>

#include "core/spec/units.h"

namespace decodescope {
namespace {

/// Experts of one layer that `batch` tokens are expected to pick, if they pick independently:
/// E × (1 − (1 − k/E)^batch).
double distinctExperts(const FfnShape& ffn, std::int64_t batch) {
    const auto experts = static_cast<double>(ffn.experts);
    const double missed = 1 - static_cast<double>(ffn.expertsPerToken) / experts;
    return experts * (1 - std::pow(missed, static_cast<double>(batch)));
}

/// What the shape does not explain: the projections of recurrent layers, whose widths a LayerSpec
/// does not carry, norms, biases, positions.
double unexplained(const ModelSpec& model) {
    std::uint64_t explained = embeddingParameters(model);
    for (const LayerSpec& layer : model.layers)
        explained = saturatingAdd(explained, layerParameters(model, layer));
    const std::uint64_t all = model.weights.parameters.value_or(0);
    return all > explained ? static_cast<double>(all - explained) : 0;
}

bool isRecurrent(const LayerSpec& layer) {
    return layer.attention == AttentionKind::Recurrent || layer.stateBytes > 0;
}

/// Layers and head; of a layer's experts as many as `experts` says.
template <typename Experts>
std::optional<WeightKinds> kindsOf(const ModelSpec& model, const Experts& experts) {
    if (model.hiddenSize == 0 || model.vocabSize == 0)
        return std::nullopt;
    const auto width = static_cast<double>(model.hiddenSize);
    WeightKinds kinds;
    kinds.head = width * static_cast<double>(model.vocabSize);
    for (const LayerSpec& layer : model.layers) {
        const FfnShape& ffn = layer.ffn;
        LayerSpec alone = layer;
        alone.ffn = {};
        kinds.attention += static_cast<double>(layerParameters(model, alone));
        const double matrix = (ffn.gated ? 3 : 2) * width;
        kinds.feedForward +=
            matrix * static_cast<double>(ffn.experts > 0 ? ffn.sharedHidden : ffn.hidden);
        if (ffn.experts == 0)
            continue;
        kinds.experts += matrix * experts(ffn) * static_cast<double>(ffn.expertHidden);
        kinds.routers += width * static_cast<double>(ffn.experts);
    }
    return kinds;
}

} // namespace

double WeightKinds::sum() const {
    return attention + feedForward + experts + routers + embedding + head + others;
}

std::optional<WeightKinds> residentWeights(const ModelSpec& model) {
    std::optional<WeightKinds> kinds =
        kindsOf(model, [](const FfnShape& ffn) { return static_cast<double>(ffn.experts); });
    if (!kinds)
        return kinds;
    kinds->embedding = model.tiedEmbeddings ? 0 : kinds->head;
    kinds->others = unexplained(model);
    return kinds;
}

std::optional<WeightKinds> weightsRead(const ModelSpec& model, std::int64_t batch) {
    std::optional<WeightKinds> kinds =
        kindsOf(model, [batch](const FfnShape& ffn) { return distinctExperts(ffn, batch); });
    // Every token passes the projections of recurrent layers; tables of rows it does not read.
    if (kinds && std::any_of(model.layers.begin(), model.layers.end(), isRecurrent))
        kinds->others = unexplained(model);
    return kinds;
}

double bytesOf(const WeightKinds& kinds, DataType type, const KeptWeights& kept) {
    const double left = kept.attention * kinds.attention + kept.feedForward * kinds.feedForward +
                        kept.experts * kinds.experts + kept.routers * kinds.routers +
                        kept.embedding * kinds.embedding + kept.head * kinds.head +
                        kept.others * kinds.others;
    return (kinds.sum() - left) * info(type).bytesPerElement() +
           left * info(kept.type).bytesPerElement();
}

} // namespace decodescope
