// SPDX-License-Identifier: Apache-2.0
#include "core/plan/weight_kinds.h"

#include <algorithm>
#include <cmath>

#include "core/spec/layer_matrices.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

double allExperts(const FfnShape& ffn) {
    return static_cast<double>(ffn.experts);
}

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

/// Gathers matrices by their kind.
class Gatherer {
public:
    explicit Gatherer(const ModelSpec& model) : m_model(model) {}

    /// `copies` need not be whole.
    void add(double WeightKinds::*kind, std::int64_t inputs, std::int64_t outputs, double copies) {
        m_sum.elements.*kind += copies * static_cast<double>(inputs) * static_cast<double>(outputs);
        if (const auto& scales = m_model.weights.scales)
            m_sum.scaleBytes.*kind += copies * scales->bytes(inputs, outputs);
    }

    /// All layers; of a layer's experts as many as `experts` says.
    template <typename Experts>
    void addLayers(const Experts& experts) {
        for (const LayerSpec& layer : m_model.layers)
            forEachMatrix(m_model, layer, [&](const MatrixShape& matrix) {
                const bool expert = matrix.use == MatrixUse::Expert;
                add(kindOf(matrix.use), matrix.inputs, matrix.outputs,
                    expert ? experts(layer.ffn) : 1);
            });
    }

    void addTable(double WeightKinds::*kind) {
        add(kind, m_model.hiddenSize, m_model.vocabSize, 1);
    }

    void addOthers(double elements) {
        m_sum.elements.others += elements;
        if (const auto& scales = m_model.weights.scales)
            m_sum.scaleBytes.others += elements * scales->bytesPerElement();
    }

    [[nodiscard]] const WeightAmounts& sum() const { return m_sum; }

private:
    static double WeightKinds::*kindOf(MatrixUse use) {
        switch (use) {
        case MatrixUse::Attention:
            return &WeightKinds::attention;
        case MatrixUse::FeedForward:
            return &WeightKinds::feedForward;
        case MatrixUse::Expert:
            return &WeightKinds::experts;
        case MatrixUse::Router:
            break;
        }
        return &WeightKinds::routers;
    }

    const ModelSpec& m_model;
    WeightAmounts m_sum;
};

bool tellsItsParts(const ModelSpec& model) {
    return model.hiddenSize > 0 && model.vocabSize > 0;
}

} // namespace

double WeightKinds::sum() const {
    return attention + feedForward + experts + routers + embedding + head + others;
}

WeightAmounts weightsOfLayers(const ModelSpec& model, bool embedding, bool head) {
    Gatherer gatherer(model);
    gatherer.addLayers(allExperts);
    if (embedding)
        gatherer.addTable(model.tiedEmbeddings ? &WeightKinds::head : &WeightKinds::embedding);
    if (head)
        gatherer.addTable(&WeightKinds::head);
    return gatherer.sum();
}

std::optional<WeightAmounts> residentWeights(const ModelSpec& model) {
    if (!tellsItsParts(model))
        return std::nullopt;
    Gatherer gatherer(model);
    gatherer.addLayers(allExperts);
    gatherer.addTable(&WeightKinds::head);
    if (!model.tiedEmbeddings)
        gatherer.addTable(&WeightKinds::embedding);
    gatherer.addOthers(unexplained(model));
    return gatherer.sum();
}

std::optional<WeightAmounts> weightsRead(const ModelSpec& model, std::int64_t batch) {
    if (!tellsItsParts(model))
        return std::nullopt;
    Gatherer gatherer(model);
    gatherer.addLayers([batch](const FfnShape& ffn) { return distinctExperts(ffn, batch); });
    gatherer.addTable(&WeightKinds::head);
    // Every token passes the projections of recurrent layers; tables of rows it does not read.
    if (std::any_of(model.layers.begin(), model.layers.end(), isRecurrent))
        gatherer.addOthers(unexplained(model));
    return gatherer.sum();
}

double bytesOf(const WeightAmounts& weights, DataType type, const KeptWeights& kept) {
    const double own = info(type).bytesPerElement();
    const double left = info(kept.type).bytesPerElement();
    const auto bytes = [&](double WeightKinds::*kind, double share) {
        const double elements = weights.elements.*kind;
        return (1 - share) * (elements * own + weights.scaleBytes.*kind) + share * elements * left;
    };
    return bytes(&WeightKinds::attention, kept.attention) +
           bytes(&WeightKinds::feedForward, kept.feedForward) +
           bytes(&WeightKinds::experts, kept.experts) + bytes(&WeightKinds::routers, kept.routers) +
           bytes(&WeightKinds::embedding, kept.embedding) + bytes(&WeightKinds::head, kept.head) +
           bytes(&WeightKinds::others, kept.others);
}

} // namespace decodescope
