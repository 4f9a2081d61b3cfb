// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/plan/deployment.h"
#include "core/plan/footprint.h"
#include "core/plan/forecast.h"
#include "core/plan/plan_device.h"
#include "core/spec/workload.h"

namespace decodescope {

/// Everything paper can say about one variant at one context and batch. The keys of
/// `plan -o json`.
struct Plan {
    Variant variant;
    std::int64_t context = 0;
    std::int64_t batch = 1;
    Scope scope = Scope::Step;
    KvTypes kvTypes;
    DataType weightsType = DataType::F16;
    PlanDevice device;
    std::uint64_t reserveBytes = 0;
    Deployment deployment;
    Footprint footprint;           ///< on all ranks together
    Footprint fullestRank;         ///< on the device that needs most
    bool fits = false;             ///< the fullest rank, on one device
    std::int64_t maxContext = 0;   ///< what memory allows; 0: not even one token
    bool maxContextBounded = true; ///< false: the cache stops growing before memory ends, and
                                   ///< maxContext is the model's limit or kUnboundedContext
    double compressionVsMha = 1;   ///< KV bytes of the same model as MHA over these, on the ranks
                                   ///< they are divided over: n_heads / tp for MQA
    Forecast forecast;
    ForecastRange range; ///< of the forecast's seconds, by the device's range
};

/// What may be filled of one device: its memory less the reserve.
[[nodiscard]] std::uint64_t capacityBytes(const Plan& plan);

/// What one more token costs one sequence in the caches of all layers, as the engine keeps them,
/// before any window is full.
[[nodiscard]] std::uint64_t kvBytesPerToken(const Plan& plan);

/// Predicted tokens/s for people: by measured kernels or at the roofs, and in brackets its range:
/// "58.2 (40.8–49.5)"; "–" where it is unknown.
[[nodiscard]] std::string predictedSpeed(const Plan& plan);
/// What those brackets span: shares of the roofs, or how fast the measured kernels' steps were.
/// Empty without a range.
[[nodiscard]] std::string rangeInWords(const Plan& plan);

/// Names of what the plan rests on and nobody has checked: fields of the device ("memory_bytes")
/// and of the model ("model.max_position").
[[nodiscard]] std::vector<std::string> unverifiedFields(const Plan& plan);

/// Plans one variant. Weights are counted for Scope::Step only. Precondition: validate(deployment,
/// variant.model).
[[nodiscard]] Plan makePlan(const Variant& variant, const PlanDevice& device,
                            const Workload& workload, std::int64_t context, std::int64_t batch,
                            const Deployment& deployment = {});

/// What people should know of a plan over several devices, one sentence each: heads that are
/// replicated and what is left of the compression, a cache that is not divided, the rank that
/// decides. Empty for one device.
[[nodiscard]] std::vector<std::string> deploymentNotes(const Plan& plan);

/// OutOfMemory with the sentence people are shown: "needs 18.2 GiB, 7.9 GiB free; the longest
/// context that fits is 14,800". Precondition: !plan.fits.
[[nodiscard]] Error doesNotFit(const Plan& plan);

void to_json(nlohmann::json& json, const Plan& plan);

} // namespace decodescope
