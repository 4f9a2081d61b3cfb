// SPDX-License-Identifier: Apache-2.0
#include "gpu/step_coverage.h"

#include <algorithm>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "gpu/kernels/step_shape.h"
#include "gpu/step_plan.h"

namespace decodescope {
namespace {

Error badUsage(std::string what, std::string where, std::string hint) {
    return {ErrorCode::BadUsage, std::move(what), std::move(where), std::move(hint)};
}

/// A row of a matrix is read 16 bytes at a time, and in whole blocks.
Status wholeRows(const ModelSpec& model, DataType type, gpu::WeightFormat format) {
    const std::int64_t grain = columnGrain(format);
    const auto odd = [&](const char* what, std::int64_t width, std::string where) {
        return badUsage(
            fmt::format("a {} of {} is not a multiple of {}", what, width, grain), std::move(where),
            fmt::format("The GPU kernels read {} weights so; measure on the CPU.", name(type)));
    };
    if (model.hiddenSize % grain != 0)
        return odd("hidden size", model.hiddenSize, "--weights-type");
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
        const LayerSpec& layer = model.layers[i];
        const std::int64_t attended = layer.nHeads * layer.headDimV;
        if (attended % grain != 0)
            return odd("width of all heads", attended, fmt::format("layer {}", i));
        if (layer.ffn.hidden % grain != 0)
            return odd("feed-forward width", layer.ffn.hidden, fmt::format("layer {}", i));
    }
    return Done{};
}

/// Blocks of the largest matrix's launch with twice the batch: grid.x is an int.
Status fewEnoughBlocks(const DecoderRequest& request) {
    std::int64_t rows = request.model.vocabSize;
    for (const LayerSpec& layer : request.model.layers)
        rows = std::max({rows, 2 * layer.ffn.hidden,
                         layer.nHeads * layer.headDimK + 2 * layer.nKvHeads * layer.headDimK});
    const std::int64_t most = std::numeric_limits<std::int32_t>::max() /
                              (rows / gpu::projectionRows(8) + 1) * gpu::kMostVectorBatch / 2;
    if (request.batch <= most)
        return Done{};
    return badUsage(
        fmt::format("a batch of {} cannot be run with matrices of {} rows", request.batch, rows),
        "--batch", fmt::format("Choose 1 to {}.", most));
}

} // namespace

Status stepCoveredByGpu(const DecoderRequest& request) {
    const ModelSpec& model = request.model;
    const Result<gpu::WeightFormat> format = weightFormat(request.weightsType);
    if (!format)
        return format.error();
    if (model.hiddenSize < 1 || model.vocabSize < 1)
        return badUsage("a whole step needs the model's hidden and vocabulary size", "--scope",
                        "Use --scope attention, or a model file or preset that has them.");
    for (std::size_t i = 0; i < model.layers.size(); ++i)
        if (model.layers[i].ffn.experts > 0 || model.layers[i].ffn.hidden < 1)
            return badUsage("the GPU kernels run a whole step of dense feed-forward layers only",
                            fmt::format("layer {}", i), "Use --scope attention.");
    if (Status whole = wholeRows(model, request.weightsType, *format); !whole)
        return whole;
    return fewEnoughBlocks(request);
}

} // namespace decodescope
