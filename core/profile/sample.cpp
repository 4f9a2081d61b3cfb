// SPDX-License-Identifier: Apache-2.0
#include "core/profile/sample.h"

#include <nlohmann/json.hpp>

#include "core/spec/json_field.h"

namespace decodescope {
namespace {

/// A rate or time that is 0 where it is not known: null then.
nlohmann::json knownOrNull(double value) {
    return value > 0 ? nlohmann::json(value) : nlohmann::json(nullptr);
}

void writeShape(nlohmann::json& json, const Sample& sample) {
    json["run_id"] = sample.runId;
    json["variant"] = sample.variant;
    json["peer"] = sample.peer.empty() ? nlohmann::json() : nlohmann::json(sample.peer);
    json["attention"] = sample.attention;
    json["what_if"] = sample.whatIf;
    json["model"] = sample.model;
    json["layers"] = sample.layers;
    json["n_heads"] = sample.nHeads;
    json["n_kv_heads"] = sample.nKvHeads;
    json["head_dim"] = sample.headDim;
    writeKvTypes(json, sample.kvTypes);
    json["weights_dtype"] = name(sample.weightsType);
    json["scope"] = name(sample.scope);
    json["backend"] = sample.backend;
    json["device"] = sample.device;
    json["threads"] = sample.threads;
    json["batch"] = sample.batch;
    json["context_tokens"] = sample.context;
}

void readShape(const nlohmann::json& json, Sample& sample) {
    readField(json, "run_id", sample.runId);
    readField(json, "variant", sample.variant);
    readFieldIfThere(json, "peer", sample.peer);
    readField(json, "attention", sample.attention);
    readFieldIfThere(json, "what_if", sample.whatIf);
    readFieldIfThere(json, "model", sample.model);
    readField(json, "layers", sample.layers);
    readField(json, "n_heads", sample.nHeads);
    readField(json, "n_kv_heads", sample.nKvHeads);
    readField(json, "head_dim", sample.headDim);
    sample.kvTypes = readKvTypes(json);
    sample.weightsType = readDataType(json, "weights_dtype");
    sample.scope = readScope(json, "scope");
    readField(json, "backend", sample.backend);
    readField(json, "device", sample.device);
    readField(json, "threads", sample.threads);
    readField(json, "batch", sample.batch);
    readField(json, "context_tokens", sample.context);
}

void writeTimes(nlohmann::json& json, const Sample& sample) {
    json["tpot_p50_ms"] = sample.tpotP50Ms;
    json["tpot_p90_ms"] = sample.tpotP90Ms;
    json["tpot_p99_ms"] = sample.tpotP99Ms;
    json["tpot_ci95_ms"] = sample.tpotCi95Ms;
    json["repetitions_ms"] = sample.repetitionsMs;
    json["tokens_per_second"] = sample.tokensPerSecond;
    json["achieved_bytes_per_second"] = sample.achievedBytesPerSecond;
    json["achieved_flop_per_second"] = sample.achievedFlopPerSecond;
    json["ceiling_bytes_per_second"] = knownOrNull(sample.ceilingBytesPerSecond);
    json["ceiling_flop_per_second"] = knownOrNull(sample.ceilingFlopPerSecond);
    json["floor_ms"] = knownOrNull(sample.floorMs);
    json["floor_fraction"] = knownOrNull(sample.floorFraction);
    json["bound"] = sample.bound;
    json["bound_by"] = orNull(sample.boundBy);
    json["predicted_tpot_ms"] = knownOrNull(sample.predictedTpotMs);
}

void readTimes(const nlohmann::json& json, Sample& sample) {
    readFieldOrNull(json, "tpot_p50_ms", sample.tpotP50Ms);
    readFieldOrNull(json, "tpot_p90_ms", sample.tpotP90Ms);
    readFieldOrNull(json, "tpot_p99_ms", sample.tpotP99Ms);
    readFieldOrNull(json, "tpot_ci95_ms", sample.tpotCi95Ms);
    readField(json, "repetitions_ms", sample.repetitionsMs);
    readFieldOrNull(json, "tokens_per_second", sample.tokensPerSecond);
    readFieldOrNull(json, "achieved_bytes_per_second", sample.achievedBytesPerSecond);
    readFieldOrNull(json, "achieved_flop_per_second", sample.achievedFlopPerSecond);
    readFieldOrNull(json, "ceiling_bytes_per_second", sample.ceilingBytesPerSecond);
    readFieldOrNull(json, "ceiling_flop_per_second", sample.ceilingFlopPerSecond);
    readFieldOrNull(json, "floor_ms", sample.floorMs);
    readFieldOrNull(json, "floor_fraction", sample.floorFraction);
    readField(json, "bound", sample.bound);
    if (const auto found = json.find("bound_by"); found != json.end() && !found->is_null())
        readField(json, "bound_by", sample.boundBy.emplace());
    readFieldOrNull(json, "predicted_tpot_ms", sample.predictedTpotMs);
}

void writeMemory(nlohmann::json& json, const Sample& sample) {
    json["kv_bytes"] = sample.kvBytes;
    json["weights_bytes"] = sample.weightsBytes;
    json["workspace_bytes"] = sample.workspaceBytes;
    json["model_kv_bytes"] = sample.modelKvBytes;
    json["memory_used_bytes"] = orNull(sample.memoryUsedBytes);
    json["memory_total_bytes"] = orNull(sample.memoryTotalBytes);
    json["bytes_read"] = sample.bytesRead;
    json["flop"] = sample.flop;
    json["bf16_dot_flop"] = sample.bf16DotFlop;
    json["int8_dot_flop"] = sample.int8DotFlop;
}

void readMemory(const nlohmann::json& json, Sample& sample) {
    readField(json, "kv_bytes", sample.kvBytes);
    readField(json, "weights_bytes", sample.weightsBytes);
    readField(json, "workspace_bytes", sample.workspaceBytes);
    readFieldIfThere(json, "model_kv_bytes", sample.modelKvBytes);
    readFieldOrNull(json, "memory_used_bytes", sample.memoryUsedBytes);
    readFieldOrNull(json, "memory_total_bytes", sample.memoryTotalBytes);
    readField(json, "bytes_read", sample.bytesRead);
    readField(json, "flop", sample.flop);
    readFieldIfThere(json, "bf16_dot_flop", sample.bf16DotFlop);
    readFieldIfThere(json, "int8_dot_flop", sample.int8DotFlop);
}

} // namespace

std::string peerLabel(const std::string& label, const std::string& peer) {
    return peer.empty() ? label : label + " (" + peer + ')';
}

void to_json(nlohmann::json& json, const Sample& sample) {
    json = nlohmann::json::object();
    json["kind"] = "sample";
    writeShape(json, sample);
    writeTimes(json, sample);
    writeMemory(json, sample);
    writeConditions(json, sample.conditions);
    json["cache_resident"] = sample.cacheResident;
    json["layers_measured"] = sample.layersMeasured;
    json["quick_look"] = sample.quickLook;
    json["stopping"] = sample.stopping;
    json["started_at"] = sample.startedAt;
    json["at_ms"] = sample.atMs;
    json["tool_version"] = sample.toolVersion;
}

void from_json(const nlohmann::json& json, Sample& sample) {
    sample = Sample{};
    readShape(json, sample);
    readTimes(json, sample);
    readMemory(json, sample);
    sample.conditions = readConditions(json);
    readField(json, "cache_resident", sample.cacheResident);
    readField(json, "layers_measured", sample.layersMeasured);
    readFieldIfThere(json, "quick_look", sample.quickLook);
    readField(json, "stopping", sample.stopping);
    readField(json, "started_at", sample.startedAt);
    readFieldIfThere(json, "at_ms", sample.atMs);
    readField(json, "tool_version", sample.toolVersion);
}

} // namespace decodescope
