// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "core/profile/profiler.h"
#include "core/spec/json_field.h"

namespace decodescope {

void to_json(nlohmann::json& json, const RunRequest& request) {
    json = {{"device", request.deviceId},
            {"model", request.model},
            {"variants", request.variants},
            {"workload", request.workload},
            {"deployment", request.deployment},
            {"capacity_bytes", request.capacityBytes},
            {"budget_bytes", request.budgetBytes},
            {"quick_look", request.quickLook},
            {"peer", request.peer}};
}

void from_json(const nlohmann::json& json, RunRequest& request) {
    request = RunRequest{};
    readField(json, "device", request.deviceId);
    readField(json, "model", request.model);
    readFieldIfThere(json, "variants", request.variants);
    readField(json, "workload", request.workload);
    readFieldIfThere(json, "deployment", request.deployment);
    readFieldIfThere(json, "capacity_bytes", request.capacityBytes);
    readFieldIfThere(json, "budget_bytes", request.budgetBytes);
    readFieldIfThere(json, "quick_look", request.quickLook);
    readFieldIfThere(json, "peer", request.peer);
}

Result<RunRequest> parseRunRequest(std::string_view text) {
    const auto wrong = [](const std::string& what) {
        return Error{ErrorCode::BadUsage, what, "run request", ""};
    };
    try {
        const nlohmann::json json = nlohmann::json::parse(text);
        if (!json.is_object())
            return wrong("it should be a JSON object");
        return json.get<RunRequest>();
    } catch (const nlohmann::json::parse_error& cause) {
        return wrong("it is not JSON from byte " + std::to_string(cause.byte));
    } catch (const std::exception& cause) {
        return wrong(cause.what());
    }
}

} // namespace decodescope
