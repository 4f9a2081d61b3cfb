// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/capabilities.h"

#include <fmt/format.h>

#include "core/cpu/attention_kernel.h"
#include "core/cpu/kv_cache.h"

namespace decodescope {
namespace {

Error badUsage(std::string what, std::string where, std::string hint) {
    return {ErrorCode::BadUsage, std::move(what), std::move(where), std::move(hint)};
}

bool plain(DataType type) {
    return type == DataType::F32 || type == DataType::F16 || type == DataType::BF16;
}

/// In a cache and as weights; a cache may be int8 too.
bool covered(DataType type) {
    return plain(type) || type == DataType::Q8_0 || type == DataType::Q4_0;
}

bool cacheable(DataType type) {
    return covered(type) || type == DataType::Int8;
}

Status coveredTypes(const KvTypes& types) {
    if (!cacheable(types.key) || !cacheable(types.value))
        return badUsage(fmt::format("the CPU kernels do not read a cache of type {}",
                                    name(cacheable(types.key) ? types.value : types.key)),
                        "--kv-type",
                        "They cover f32, f16, bf16, int8, q8_0 and q4_0; plan covers every type.");
    return Done{};
}

Status coveredLayer(const LayerSpec& layer, std::size_t index) {
    const std::string where = fmt::format("layer {}", index);
    if (layer.attention != AttentionKind::Softmax)
        return badUsage(
            fmt::format("the CPU kernels do not run a layer of kind {}", attentionName(layer)),
            where, "They run MHA, GQA and MQA; plan covers this model.");
    for (const std::int64_t width : {layer.headDimK, layer.headDimV})
        if (width < 8 || width > kMaxHeadDim || width % 8 != 0)
            return badUsage(fmt::format("the CPU kernels do not run head_dim {}", width), where,
                            fmt::format("They cover multiples of 8 up to {}.", kMaxHeadDim));
    return Done{};
}

/// A quantised row of a matrix is a whole number of blocks.
Status wholeBlocks(const ModelSpec& model, DataType type) {
    const std::int64_t elements = info(type).blockElements;
    const auto broken = [&](const char* what, std::int64_t width, std::string where) {
        return badUsage(
            fmt::format("a {} of {} is not a whole number of {} blocks", what, width, name(type)),
            std::move(where),
            fmt::format("A block is {} elements; use --weights-type f16.", elements));
    };
    if (model.hiddenSize % elements != 0)
        return broken("hidden size", model.hiddenSize, "--weights-type");
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
        const LayerSpec& layer = model.layers[i];
        const std::int64_t attended = layer.nHeads * layer.headDimV;
        if (attended % elements != 0)
            return broken("width of all heads", attended, fmt::format("layer {}", i));
        if (layer.ffn.hidden % elements != 0)
            return broken("feed-forward width", layer.ffn.hidden, fmt::format("layer {}", i));
    }
    return Done{};
}

/// A whole step needs the shape of the weights, and dense layers.
Status coveredStep(const DecoderRequest& request) {
    const ModelSpec& model = request.model;
    const DataType type = request.weightsType;
    if (!covered(type))
        return badUsage(fmt::format("the CPU kernels do not read weights of type {}", name(type)),
                        "--weights-type", "They cover f32, f16, bf16, q8_0 and q4_0.");
    if (model.hiddenSize < 1 || model.vocabSize < 1)
        return badUsage("a whole step needs the model's hidden and vocabulary size", "--scope",
                        "Use --scope attention, or a model file or preset that has them.");
    for (std::size_t i = 0; i < model.layers.size(); ++i)
        if (model.layers[i].ffn.experts > 0 || model.layers[i].ffn.hidden < 1)
            return badUsage("the CPU kernels run a whole step of dense feed-forward layers only",
                            fmt::format("layer {}", i), "Use --scope attention.");
    return wholeBlocks(model, type);
}

} // namespace

Status covered(const DecoderRequest& request) {
    if (Status status = validate(request.model); !status)
        return status;
    if (request.batch < 1 || request.batch > 65536)
        return badUsage(fmt::format("a batch of {} cannot be run", request.batch), "--batch",
                        "Choose 1 to 65536.");
    if (request.context < 1 || request.context > (std::int64_t{1} << 40))
        return badUsage(fmt::format("a context of {} tokens cannot be run", request.context),
                        "--context", "Choose at least 1.");
    if (request.pageTokens < 0 || request.pageTokens % kTileTokens != 0)
        return badUsage(fmt::format("a page of {} tokens cannot be filled", request.pageTokens),
                        "--page-tokens", fmt::format("Choose a multiple of {}.", kTileTokens));
    if (Status status = coveredTypes(request.kvTypes); !status)
        return status;
    if (request.scope == Scope::Step)
        if (Status status = coveredStep(request); !status)
            return status;
    bool owned = false;
    for (std::size_t i = 0; i < request.model.layers.size(); ++i) {
        if (Status status = coveredLayer(request.model.layers[i], i); !status)
            return status;
        owned = owned || request.model.layers[i].ownsCache;
        if (!owned)
            return badUsage("a layer shares a cache that no earlier layer owns",
                            fmt::format("layer {}", i), "Correct the model.");
    }
    return Done{};
}

} // namespace decodescope
