// SPDX-License-Identifier: Apache-2.0
#include "core/profile/bottleneck.h"

#include <nlohmann/json.hpp>

#include "core/spec/json_field.h"

namespace decodescope {

std::string_view name(Bottleneck bottleneck) {
    switch (bottleneck) {
    case Bottleneck::Memory:
        return "memory";
    case Bottleneck::Compute:
        return "compute";
    case Bottleneck::Instructions:
        return "instructions";
    case Bottleneck::Overhead:
        return "overhead";
    case Bottleneck::Mixed:
        return "mixed";
    case Bottleneck::Unknown:
        break;
    }
    return "unknown";
}

Bottleneck classify(const BottleneckEvidence& evidence) {
    using namespace bottleneck_thresholds;
    if (evidence.overheadShare.value_or(0) >= kOverheadShare)
        return Bottleneck::Overhead;
    if (!evidence.elastic())
        return evidence.bandwidthShare > evidence.arithmeticShare ? Bottleneck::Memory
                                                                  : Bottleneck::Compute;
    if (evidence.bandwidthShare >= kMemoryShare && *evidence.workElasticity <= kInelastic)
        return Bottleneck::Memory;
    if (*evidence.workElasticity >= kElastic && *evidence.bytesElasticity <= kInelastic)
        return evidence.arithmeticShare >= kArithmeticShare ? Bottleneck::Compute
                                                            : Bottleneck::Instructions;
    return Bottleneck::Mixed;
}

void to_json(nlohmann::json& json, const BottleneckEvidence& evidence) {
    json = {{"bandwidth_share", evidence.bandwidthShare},
            {"arithmetic_share", evidence.arithmeticShare},
            {"overhead_share", orNull(evidence.overheadShare)},
            {"bytes_elasticity", orNull(evidence.bytesElasticity)},
            {"work_elasticity", orNull(evidence.workElasticity)}};
}

void from_json(const nlohmann::json& json, BottleneckEvidence& evidence) {
    evidence = BottleneckEvidence{};
    readField(json, "bandwidth_share", evidence.bandwidthShare);
    readField(json, "arithmetic_share", evidence.arithmeticShare);
    readFieldOrNull(json, "overhead_share", evidence.overheadShare);
    readFieldOrNull(json, "bytes_elasticity", evidence.bytesElasticity);
    readFieldOrNull(json, "work_elasticity", evidence.workElasticity);
}

} // namespace decodescope
