// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/plan/engines/engine.h"
#include "core/plan/footprint.h"

namespace decodescope {

inline constexpr std::int64_t kMostTensorRanks = 64;

/// Whose allocation rules, and over how many devices of one kind.
struct Deployment {
    Engine engine;
    std::int64_t tensorParallel = 1;   ///< ranks that divide every layer
    std::int64_t pipelineParallel = 1; ///< ranks that divide the list of layers
    bool reserveByHand = false;        ///< Workload::reserveFraction instead of the engine's own

    [[nodiscard]] std::int64_t ranks() const { return tensorParallel * pipelineParallel; }
    bool operator==(const Deployment&) const = default;
};

/// {"engine": "vllm", "tp": 2, "pp": 1, "reserve_by_hand": false}: the engine with its defaults.
void to_json(nlohmann::json& json, const Deployment& deployment);
/// Throws nlohmann::json::exception naming the key (BadField), also for ranks out of range and an
/// engine that is not known.
void from_json(const nlohmann::json& json, Deployment& deployment);

/// The engine as it is on this kind of device: a CPU has no GPU context to hold.
[[nodiscard]] Engine engineOn(const Deployment& deployment, bool cpu);

/// Errors: BadUsage for ranks out of range or more pipeline ranks than layers.
[[nodiscard]] Status validate(const Deployment& deployment, const ModelSpec& model);

/// Bytes kept free of a device: Workload::reserveFraction for the ideal engine or by hand,
/// otherwise the engine's own.
[[nodiscard]] std::uint64_t reserveBytes(const Deployment& deployment, const Workload& workload,
                                         std::uint64_t memoryBytes);

/// The part of a model on one pipeline stage: consecutive layers, as even as they divide, the
/// longer stages first; the logits only on the last. Its weights are those of weightsOnRank().
[[nodiscard]] ModelSpec stageOf(const ModelSpec& model, std::int64_t stages, std::int64_t stage);

/// Weights on one rank of a stage: the stage's share of the model's bytes (embedding
/// on the first, output head on the last; a tied one stands on both), divided by the tensor ranks.
[[nodiscard]] std::uint64_t weightsOnRank(const ModelSpec& model, DataType type,
                                          const Deployment& deployment, std::int64_t stage);

/// What one rank of a pipeline stage holds, whatever the context. The tensor ranks of a stage hold
/// the same amounts.
struct RankLoad {
    std::uint64_t weightsBytes = 0;
    std::vector<CacheLaw> laws; ///< as the engine keeps them
    StepWidths widths;
};
/// One for each stage. Weights are counted for Scope::Step only.
[[nodiscard]] std::vector<RankLoad> rankLoads(const ModelSpec& model, const Workload& workload,
                                              const Deployment& deployment, Scope scope);
/// What these ranks need for `batch` sequences of `context` tokens.
[[nodiscard]] std::vector<Footprint> rankFootprints(const std::vector<RankLoad>& loads,
                                                    const Engine& engine, std::int64_t context,
                                                    std::int64_t batch);
/// The rank that needs most: it decides what fits. Precondition: not empty.
[[nodiscard]] const Footprint& fullestRank(const std::vector<Footprint>& stages);
/// All ranks of all stages together. A cache that is not divided stands on one rank of a stage.
[[nodiscard]] Footprint allRanks(const std::vector<Footprint>& stages,
                                 const Deployment& deployment);

} // namespace decodescope
