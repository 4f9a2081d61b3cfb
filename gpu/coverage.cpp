// SPDX-License-Identifier: Apache-2.0
#include "gpu/coverage.h"

#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "gpu/attention_plan.h"
#include "gpu/page_table.h"
#include "gpu/step_coverage.h"

namespace decodescope {
namespace {

Error badUsage(std::string what, std::string where, std::string hint) {
    return {ErrorCode::BadUsage, std::move(what), std::move(where), std::move(hint)};
}

Status coveredLayer(const GpuProperties& gpu, const DecoderRequest& request, const LayerSpec& layer,
                    std::size_t index) {
    const std::string where = fmt::format("layer {}", index);
    if (layer.attention != AttentionKind::Softmax)
        return badUsage(
            fmt::format("the GPU kernels do not run a layer of kind {}", attentionName(layer)),
            where, "They run MHA, GQA and MQA; plan covers this model.");
    if (layer.headDimK != layer.headDimV)
        return badUsage(fmt::format("the GPU kernels do not run keys of {} with values of {}",
                                    layer.headDimK, layer.headDimV),
                        where, "They run one head_dim for both; plan covers this model.");
    const int contexts[] = {1};
    const Result<AttentionPlan> plan = planAttention(
        gpu, {request.kvTypes.key, layer.headDimK, layer.nHeads, layer.nKvHeads, contexts});
    if (plan)
        return Done{};
    Error error = plan.error();
    if (error.code == ErrorCode::BadUsage && error.where != "--kv-type")
        error.where = where;
    return error;
}

} // namespace

Status coveredByGpu(const GpuProperties& gpu, const DecoderRequest& request) {
    if (Status status = validate(request.model); !status)
        return status;
    constexpr std::int64_t kMostBatch = 65535; // grid.z of a launch
    if (request.batch < 1 || request.batch > kMostBatch)
        return badUsage(fmt::format("a batch of {} cannot be run", request.batch), "--batch",
                        fmt::format("Choose 1 to {}.", kMostBatch));
    constexpr std::int64_t kMostContext = std::numeric_limits<std::int32_t>::max() / 2;
    if (request.context < 1 || request.context > kMostContext)
        return badUsage(fmt::format("a context of {} tokens cannot be run", request.context),
                        "--context", fmt::format("Choose 1 to {}.", kMostContext));
    if (request.pageTokens < 0 || request.pageTokens % kPageSizes[0] != 0)
        return badUsage(fmt::format("a page of {} tokens cannot be filled", request.pageTokens),
                        "--page-tokens", fmt::format("Choose a multiple of {}.", kPageSizes[0]));
    if (request.kvTypes.key != request.kvTypes.value)
        return badUsage(fmt::format("the GPU kernels do not read keys of {} with values of {}",
                                    name(request.kvTypes.key), name(request.kvTypes.value)),
                        "--kv-type", "They read one type for both; plan covers every type.");
    if (request.scope == Scope::Step)
        if (Status status = stepCoveredByGpu(request); !status)
            return status;
    bool owned = false;
    for (std::size_t i = 0; i < request.model.layers.size(); ++i) {
        const LayerSpec& layer = request.model.layers[i];
        if (Status status = coveredLayer(gpu, request, layer, i); !status)
            return status;
        owned = owned || layer.ownsCache;
        if (!owned)
            return badUsage("a layer shares a cache that no earlier layer owns",
                            fmt::format("layer {}", i), "Correct the model.");
    }
    return Done{};
}

} // namespace decodescope
