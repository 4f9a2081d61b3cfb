// SPDX-License-Identifier: Apache-2.0
#include "core/engine/step_work.h"

#include <algorithm>

#include "core/spec/cache_law.h"
#include "core/spec/count.h"
#include "core/spec/units.h"

namespace decodescope {

std::int64_t tokensRead(const LayerSpec& layer, std::int64_t context) {
    return layer.window > 0 ? std::min(context, layer.window) : context;
}

std::int64_t tokensHeld(const LayerSpec& layer, const DecoderRequest& request) {
    const std::int64_t tokens = tokensRead(layer, request.context);
    const std::int64_t page = std::max<std::int64_t>(1, request.pageTokens);
    return (tokens + page - 1) / page * page;
}

std::uint64_t lmHeadParameters(const ModelSpec& model) {
    return saturatingMultiply(count(model.hiddenSize), count(model.vocabSize));
}

StepWork stepWork(const DecoderRequest& request,
                  const std::function<DotUnit(const LayerSpec&)>& unitOf) {
    StepWork work;
    for (const LayerSpec& layer : request.model.layers) {
        const std::uint64_t kv = cacheBytesRead(layer, request.kvTypes, request.context);
        work.kvBytesRead =
            saturatingAdd(work.kvBytesRead, saturatingMultiply(kv, count(request.batch)));
        const std::uint64_t width = count(2 * layer.nHeads * (layer.headDimK + layer.headDimV));
        const std::uint64_t tokens =
            saturatingMultiply(count(tokensRead(layer, request.context)), count(request.batch));
        const std::uint64_t flop = saturatingMultiply(width, tokens);
        work.attentionFlop = saturatingAdd(work.attentionFlop, flop);
        const DotUnit unit = unitOf(layer);
        if (unit == DotUnit::Bf16 || unit == DotUnit::SplitBf16)
            work.bf16DotFlop = saturatingAdd(work.bf16DotFlop, flop);
        if (unit == DotUnit::SplitBf16) // then with all layers that have the unit: one type
            work.bf16DotsOfFlop = bf16DotsOfSplitFlop(request.kvTypes.key, request.kvTypes.value);
        if (unit == DotUnit::Int8)
            work.int8DotFlop = saturatingAdd(work.int8DotFlop, flop);
    }
    if (request.scope == Scope::Step) {
        std::uint64_t parameters = lmHeadParameters(request.model);
        for (const LayerSpec& layer : request.model.layers)
            parameters = saturatingAdd(parameters, activeLayerParameters(request.model, layer));
        work.weightBytesRead = storedBytes(request.weightsType, parameters);
        work.linearFlop = saturatingMultiply(parameters, 2 * count(request.batch));
    }
    return work;
}

} // namespace decodescope
