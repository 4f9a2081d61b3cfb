// SPDX-License-Identifier: Apache-2.0
#include "core/profile/probe_result.h"

#include <array>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "core/spec/json_field.h"

namespace decodescope {
namespace {

/// In the order of ProbeStop.
constexpr std::array<std::string_view, 5> kStops = {
    "budget", "available_memory", "allocation_refused", "cache_full", "interrupted"};

ProbeStop readStop(const nlohmann::json& json, const char* key) {
    std::string text;
    readField(json, key, text);
    for (std::size_t i = 0; i < kStops.size(); ++i)
        if (kStops[i] == text)
            return static_cast<ProbeStop>(i);
    throw BadField(std::string("\"") + key + "\" holds no reason that is known: " + text);
}

} // namespace

std::string_view name(ProbeStop stop) {
    return kStops[static_cast<std::size_t>(stop)];
}

std::optional<bool> ProbeResult::withinOnePage() const {
    if (!maxContextPredicted || stoppedBy == ProbeStop::Interrupted)
        return std::nullopt;
    return std::abs(*maxContextPredicted - maxContextMeasured) <= pageTokens;
}

void to_json(nlohmann::json& json, const ProbeResult& result) {
    json = {{"variant", result.variant},
            {"attention", result.attention},
            {"model", result.model},
            {"weights_dtype", name(result.weightsType)},
            {"scope", name(result.scope)},
            {"engine", result.engine},
            {"backend", result.backend},
            {"device", result.device},
            {"threads", result.threads},
            {"batch", result.batch},
            {"page_tokens", result.pageTokens},
            {"memory_total_bytes", result.memoryTotalBytes},
            {"reserve_bytes", result.reserveBytes},
            {"budget_bytes", result.budgetBytes},
            {"budget_of_free_memory", result.budgetOfFreeMemory},
            {"max_context_tokens_predicted", orNull(result.maxContextPredicted)},
            {"max_context_tokens_measured", result.maxContextMeasured},
            {"within_one_page", orNull(result.withinOnePage())},
            {"bytes_allocated", result.bytesAllocated()},
            {"weights_bytes", result.weightsBytes},
            {"kv_bytes", result.kvBytes},
            {"workspace_bytes", result.workspaceBytes},
            {"stopped_by", name(result.stoppedBy)},
            {"proof_tpot_ms", orNull(result.proofTpotMs)},
            {"started_at", result.startedAt},
            {"tool_version", result.toolVersion}};
    writeKvTypes(json, result.kvTypes);
}

void from_json(const nlohmann::json& json, ProbeResult& result) {
    result = ProbeResult{};
    readField(json, "variant", result.variant);
    readField(json, "attention", result.attention);
    readField(json, "model", result.model);
    result.kvTypes = readKvTypes(json);
    result.weightsType = readDataType(json, "weights_dtype");
    result.scope = readScope(json, "scope");
    readFieldIfThere(json, "engine", result.engine);
    readField(json, "backend", result.backend);
    readField(json, "device", result.device);
    readField(json, "threads", result.threads);
    readField(json, "batch", result.batch);
    readField(json, "page_tokens", result.pageTokens);
    readField(json, "memory_total_bytes", result.memoryTotalBytes);
    readField(json, "reserve_bytes", result.reserveBytes);
    readField(json, "budget_bytes", result.budgetBytes);
    readField(json, "budget_of_free_memory", result.budgetOfFreeMemory);
    readFieldOrNull(json, "max_context_tokens_predicted", result.maxContextPredicted);
    readField(json, "max_context_tokens_measured", result.maxContextMeasured);
    readField(json, "weights_bytes", result.weightsBytes);
    readField(json, "kv_bytes", result.kvBytes);
    readField(json, "workspace_bytes", result.workspaceBytes);
    result.stoppedBy = readStop(json, "stopped_by");
    readFieldOrNull(json, "proof_tpot_ms", result.proofTpotMs);
    readField(json, "started_at", result.startedAt);
    readField(json, "tool_version", result.toolVersion);
}

} // namespace decodescope
