// SPDX-License-Identifier: Apache-2.0
#include "core/plan/deployment.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/plan/engines/engine_cache.h"
#include "core/plan/engines/engine_workspace.h"
#include "core/plan/weight_kinds.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// First layer of a stage; that of the stage after the last is the number of layers.
std::int64_t firstLayer(std::int64_t layers, std::int64_t stages, std::int64_t stage) {
    return stage * (layers / stages) + std::min(stage, layers % stages);
}

/// Bytes of a stage over those of the model, as far as the shape tells; by layers where it does
/// not.
double shareOfWeights(const ModelSpec& model, DataType type, const ModelSpec& stage, bool first,
                      bool last) {
    const KeptWeights* kept = keptBeside(model, type);
    const auto size = [&](const WeightAmounts& weights) {
        return kept ? bytesOf(weights, type, *kept) : weights.elements.sum();
    };
    const double all = size(weightsOfLayers(model, !model.tiedEmbeddings, true));
    if (all == 0)
        return static_cast<double>(stage.layers.size()) / static_cast<double>(model.layers.size());
    return size(weightsOfLayers(stage, first, last)) / all;
}

std::uint64_t divideUp(std::uint64_t bytes, std::int64_t parts) {
    const auto by = static_cast<std::uint64_t>(parts);
    return bytes / by + (bytes % by == 0 ? 0 : 1);
}

Status within(std::int64_t ranks, std::int64_t most, const char* option) {
    if (ranks >= 1 && ranks <= most)
        return Done{};
    return Error{ErrorCode::BadUsage, fmt::format("{} ranks are not 1 to {}", ranks, most), option,
                 ""};
}

} // namespace

Engine engineOn(const Deployment& deployment, bool cpu) {
    Engine engine = deployment.engine;
    if (cpu)
        engine.overheadBytes = 0;
    return engine;
}

Status validate(const Deployment& deployment, const ModelSpec& model) {
    if (Status status = within(deployment.tensorParallel, kMostTensorRanks, "--tp"); !status)
        return status;
    if (Status status = within(deployment.pipelineParallel, model.layerCount(), "--pp"); !status)
        return Error{ErrorCode::BadUsage, status.error().what, "--pp",
                     "A rank holds at least one layer."};
    return Done{};
}

std::uint64_t reserveBytes(const Deployment& deployment, const Workload& workload,
                           std::uint64_t memoryBytes) {
    if (!deployment.engine.isIdeal() && !deployment.reserveByHand)
        return deployment.engine.reserveBytes(memoryBytes);
    return static_cast<std::uint64_t>(static_cast<double>(memoryBytes) * workload.reserveFraction);
}

ModelSpec stageOf(const ModelSpec& model, std::int64_t stages, std::int64_t stage) {
    if (stages == 1)
        return model;
    ModelSpec part = model;
    const auto begin = model.layers.begin();
    part.layers.assign(begin + firstLayer(model.layerCount(), stages, stage),
                       begin + firstLayer(model.layerCount(), stages, stage + 1));
    if (stage + 1 < stages)
        part.vocabSize = 0;
    return part;
}

std::uint64_t weightsOnRank(const ModelSpec& model, DataType type, const Deployment& deployment,
                            std::int64_t stage) {
    std::uint64_t bytes = weightsBytes(model, type);
    const std::int64_t stages = deployment.pipelineParallel;
    if (stages > 1) {
        ModelSpec part = stageOf(model, stages, stage);
        part.vocabSize = model.vocabSize; // of the embedding too
        const double share = shareOfWeights(model, type, part, stage == 0, stage + 1 == stages);
        bytes = static_cast<std::uint64_t>(std::ceil(static_cast<double>(bytes) * share));
    }
    return divideUp(bytes, deployment.tensorParallel);
}

std::vector<RankLoad> rankLoads(const ModelSpec& model, const Workload& workload,
                                const Deployment& deployment, Scope scope) {
    std::vector<RankLoad> loads;
    const std::int64_t stages = deployment.pipelineParallel;
    const std::vector<CacheLaw> laws =
        engineLaws(deployment.engine, model.layers, workload.kvTypes, deployment.tensorParallel);
    for (std::int64_t stage = 0; stage < stages; ++stage) {
        RankLoad load;
        if (scope == Scope::Step)
            load.weightsBytes = weightsOnRank(model, workload.weightsType, deployment, stage);
        load.laws.assign(laws.begin() + firstLayer(model.layerCount(), stages, stage),
                         laws.begin() + firstLayer(model.layerCount(), stages, stage + 1));
        load.widths =
            widthsOnRank(stepWidths(stageOf(model, stages, stage)), deployment.tensorParallel);
        loads.push_back(std::move(load));
    }
    return loads;
}

std::vector<Footprint> rankFootprints(const std::vector<RankLoad>& loads, const Engine& engine,
                                      std::int64_t context, std::int64_t batch) {
    std::vector<Footprint> ranks;
    ranks.reserve(loads.size());
    for (const RankLoad& load : loads)
        ranks.push_back({load.weightsBytes, engineCacheBytes(engine, load.laws, context, batch),
                         engineWorkspaceBytes(engine, load.widths, context, batch),
                         engine.overheadBytes});
    return ranks;
}

const Footprint& fullestRank(const std::vector<Footprint>& stages) {
    return *std::max_element(
        stages.begin(), stages.end(),
        [](const Footprint& a, const Footprint& b) { return a.totalBytes() < b.totalBytes(); });
}

Footprint allRanks(const std::vector<Footprint>& stages, const Deployment& deployment) {
    Footprint all;
    const std::int64_t tensorRanks = deployment.tensorParallel;
    const auto add = [](std::uint64_t& sum, std::uint64_t bytes, std::int64_t times) {
        sum = saturatingAdd(sum, saturatingMultiply(bytes, static_cast<std::uint64_t>(times)));
    };
    for (const Footprint& rank : stages) {
        add(all.weightsBytes, rank.weightsBytes, tensorRanks);
        add(all.kvBytes, rank.kvBytes, deployment.engine.splitsCache ? tensorRanks : 1);
        add(all.workspaceBytes, rank.workspaceBytes, tensorRanks);
        add(all.overheadBytes, rank.overheadBytes, tensorRanks);
    }
    return all;
}

} // namespace decodescope
