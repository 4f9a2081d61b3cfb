// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/spec/model_spec.h"

namespace decodescope {

/// What the matrices of a layer are for.
enum class MatrixUse : std::uint8_t {
    Attention,
    FeedForward, ///< dense, and of the experts every token passes
    Expert,      ///< of one expert; a layer has FfnShape::experts of each
    Router,
};

/// A matrix that multiplies `inputs` values of a token into `outputs`.
struct MatrixShape {
    MatrixUse use = MatrixUse::Attention;
    std::int64_t inputs = 0;
    std::int64_t outputs = 0;
};

/// Calls use(const MatrixShape&) for each matrix of a layer as published files hold them: queries,
/// keys, values and output apart, gate and up too. Of experts, one stands for all. The projections
/// of recurrent layers, whose widths a LayerSpec does not carry, are left out.
template <typename Use>
void forEachMatrix(const ModelSpec& model, const LayerSpec& layer, const Use& use) {
    const std::int64_t hidden = model.hiddenSize;
    const auto attention = [&use](std::int64_t inputs, std::int64_t outputs) {
        use(MatrixShape{MatrixUse::Attention, inputs, outputs});
    };
    if (layer.attention == AttentionKind::Softmax) {
        attention(hidden, layer.nHeads * layer.headDimK);
        attention(hidden, layer.nKvHeads * layer.headDimK);
        attention(hidden, layer.nKvHeads * layer.headDimV);
        attention(layer.nHeads * layer.headDimV, hidden);
    } else if (layer.attention == AttentionKind::Mla) {
        const MlaShape& mla = layer.mla;
        const std::int64_t queries = layer.nHeads * (mla.qkNopeHeadDim + mla.qkRopeHeadDim);
        if (mla.qLoraRank > 0)
            attention(hidden, mla.qLoraRank);
        attention(mla.qLoraRank > 0 ? mla.qLoraRank : hidden, queries);
        attention(hidden, mla.kvLoraRank + mla.qkRopeHeadDim);
        attention(mla.kvLoraRank, layer.nHeads * (mla.qkNopeHeadDim + mla.vHeadDim));
        attention(layer.nHeads * mla.vHeadDim, hidden);
    }
    const auto feedForward = [&](MatrixUse kind, std::int64_t width) {
        if (width == 0)
            return;
        if (layer.ffn.gated)
            use(MatrixShape{kind, hidden, width});
        use(MatrixShape{kind, hidden, width});
        use(MatrixShape{kind, width, hidden});
    };
    if (layer.ffn.experts == 0)
        return feedForward(MatrixUse::FeedForward, layer.ffn.hidden);
    feedForward(MatrixUse::Expert, layer.ffn.expertHidden);
    feedForward(MatrixUse::FeedForward, layer.ffn.sharedHidden);
    use(MatrixShape{MatrixUse::Router, hidden, layer.ffn.experts});
}

/// Inputs and outputs of all matrices that one token passes in its layers.
[[nodiscard]] inline double valuesPassed(const ModelSpec& model) {
    double values = 0;
    for (const LayerSpec& layer : model.layers)
        forEachMatrix(model, layer, [&](const MatrixShape& matrix) {
            const std::int64_t passed =
                matrix.use == MatrixUse::Expert ? layer.ffn.expertsPerToken : 1;
            values += static_cast<double>(passed) *
                      (static_cast<double>(matrix.inputs) + static_cast<double>(matrix.outputs));
        });
    return values;
}

} // namespace decodescope
