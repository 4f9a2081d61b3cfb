// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/plan/footprint.h"
#include "core/plan/forecast.h"
#include "core/spec/workload.h"

namespace decodescope {

/// The device a plan is made for: a catalogue entry or the local machine.
struct PlanDevice {
    std::string name;
    std::uint64_t memoryBytes = 0; ///< capacity the plan may count on before the reserve
    Roofs roofs;                   ///< measured where there is a calibration, else datasheet
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
    Footprint footprint;
    bool fits = false;
    std::int64_t maxContext = 0;   ///< what memory allows; 0: not even one token
    bool maxContextBounded = true; ///< false: the cache stops growing before memory ends, and
                                   ///< maxContext is the model's limit or kUnboundedContext
    double compressionVsMha = 1;   ///< KV bytes of the same model as MHA over these
    Forecast forecast;
};

/// Plans one variant. Weights are counted for Scope::Step only.
[[nodiscard]] Plan makePlan(const Variant& variant, const PlanDevice& device,
                            const Workload& workload, std::int64_t context, std::int64_t batch);

/// OutOfMemory with the sentence people are shown: "needs 18.2 GiB, 7.9 GiB free; the longest
/// context that fits is 14,800". Precondition: !plan.fits.
[[nodiscard]] Error doesNotFit(const Plan& plan);

void to_json(nlohmann::json& json, const Plan& plan);

} // namespace decodescope
