// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/plan/deployment.h"
#include "core/spec/json_field.h"

namespace decodescope {

void to_json(nlohmann::json& json, const Deployment& deployment) {
    json = {{"engine", deployment.engine.name},
            {"tp", deployment.tensorParallel},
            {"pp", deployment.pipelineParallel},
            {"reserve_by_hand", deployment.reserveByHand}};
}

void from_json(const nlohmann::json& json, Deployment& deployment) {
    deployment = Deployment{};
    std::string engine;
    readField(json, "engine", engine);
    const Result<Engine> known = parseEngine(engine);
    if (!known)
        throw BadField("\"engine\": " + known.error().what);
    deployment.engine = *known;
    readField(json, "tp", deployment.tensorParallel);
    if (deployment.tensorParallel < 1 || deployment.tensorParallel > kMostTensorRanks)
        throw BadField(fmt::format("\"tp\" should be from 1 to {}", kMostTensorRanks));
    readField(json, "pp", deployment.pipelineParallel); // how many are too many, layers decide
    if (deployment.pipelineParallel < 1)
        throw BadField("\"pp\" should be at least 1");
    readField(json, "reserve_by_hand", deployment.reserveByHand);
}

} // namespace decodescope
