// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "core/profile/profiler.h"
#include "core/profile/schedule.h"
#include "core/spec/json_field.h"

namespace decodescope {

void to_json(nlohmann::json& json, const PointName& point) {
    json = {{"variant", point.variant}, {"context_tokens", point.context}, {"batch", point.batch}};
}

void from_json(const nlohmann::json& json, PointName& point) {
    readField(json, "variant", point.variant);
    readField(json, "context_tokens", point.context);
    readField(json, "batch", point.batch);
}

void to_json(nlohmann::json& json, const RunRequest& request) {
    json = {{"device", request.deviceId},
            {"model", request.model},
            {"variants", request.variants},
            {"workload", request.workload},
            {"deployment", request.deployment},
            {"capacity_bytes", request.capacityBytes},
            {"budget_bytes", request.budgetBytes},
            {"quick_look", request.quickLook},
            {"peer", request.peer},
            {"done", request.done}};
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
    std::vector<PointName> done;
    readFieldIfThere(json, "done", done);
    request.done = {done.begin(), done.end()};
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

std::size_t countMissing(const RunRequest& request) {
    const std::vector<Variant> variants =
        request.variants.empty() ? defaultVariants(request.model) : request.variants;
    std::size_t missing = 0;
    for (const PointGroup& group : schedule(request.workload, variants.size()))
        for (const std::size_t index : group.variants)
            missing += isDone(request, variants[index].label, group.context, group.batch) ? 0 : 1;
    return missing;
}

bool isDone(const RunRequest& request, const std::string& variant, std::int64_t context,
            std::int64_t batch) {
    return request.done.contains({variant, context, batch});
}

} // namespace decodescope
