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
#include "core/spec/workload.h"

namespace decodescope {

/// The device a plan is made for: a catalogue entry or the local machine.
struct PlanDevice {
    std::string name;
    std::uint64_t memoryBytes = 0; ///< capacity the plan may count on before the reserve
    Roofs roofs;                   ///< measured where there is a calibration, else datasheet
    bool cpu = false;              ///< an engine's overhead on a GPU does not arise
};

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
};

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
