// SPDX-License-Identifier: Apache-2.0
#include "core/profile/event.h"

#include <array>
#include <exception>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/spec/json_field.h"

namespace decodescope {

NLOHMANN_JSON_SERIALIZE_ENUM(ErrorCode, {{ErrorCode::RunFailed, "run_failed"},
                                         {ErrorCode::BadUsage, "bad_usage"},
                                         {ErrorCode::FileUnreadable, "file_unreadable"},
                                         {ErrorCode::OutputNotWritten, "output_not_written"},
                                         {ErrorCode::DeviceUnavailable, "device_unavailable"},
                                         {ErrorCode::OutOfMemory, "out_of_memory"},
                                         {ErrorCode::SlowerThanBaseline, "slower_than_baseline"},
                                         {ErrorCode::Interrupted, "interrupted"}})

namespace {

using Json = nlohmann::json;

Json errorJson(const Error& error) {
    return {{"code", error.code},
            {"what", error.what},
            {"where", error.where},
            {"hint", error.hint},
            {"bytes_asked", error.bytesAsked},
            {"bytes_free", error.bytesFree},
            {"message", error.sentence()}};
}

Error readError(const Json& json, const char* key) {
    Json fields;
    readField(json, key, fields);
    Error error;
    std::string code;
    readField(fields, "code", code);
    error.code = Json(code).get<ErrorCode>(); // a code of a newer version reads as RunFailed
    readField(fields, "what", error.what);
    readField(fields, "where", error.where);
    readField(fields, "hint", error.hint);
    readFieldIfThere(fields, "bytes_asked", error.bytesAsked);
    readFieldIfThere(fields, "bytes_free", error.bytesFree);
    return error;
}

Json write(const RunStarted& run) {
    return {{"run_id", run.runId},          {"tool_version", run.toolVersion},
            {"started_at", run.startedAt},  {"device", run.device},
            {"model", run.model},           {"workload", run.workload},
            {"variants", run.variants},     {"quick_look", run.quickLook},
            {"deployment", run.deployment}, {"capacity_bytes", run.capacityBytes}};
}

void read(const Json& json, RunStarted& run) {
    readField(json, "run_id", run.runId);
    readField(json, "tool_version", run.toolVersion);
    readField(json, "started_at", run.startedAt);
    readField(json, "device", run.device);
    readField(json, "model", run.model);
    if (const Status status = validate(run.model); !status) // the window plans what was measured
        throw BadField(fmt::format("in \"model\": {}", status.error().sentence()));
    readField(json, "workload", run.workload);
    readField(json, "variants", run.variants);
    readField(json, "quick_look", run.quickLook);
    readFieldIfThere(json, "deployment", run.deployment);
    readFieldIfThere(json, "capacity_bytes", run.capacityBytes);
}

Json write(const Progress& progress) {
    return {{"at_ms", progress.atMs},
            {"phase", progress.phase},
            {"variant", progress.variant},
            {"context_tokens", progress.context},
            {"batch", progress.batch},
            {"points_done", progress.pointsDone},
            {"points_total", progress.pointsTotal},
            {"fraction", progress.fraction},
            {"seconds_left", progress.secondsLeft >= 0 ? Json(progress.secondsLeft) : Json()},
            {"repetitions_ms", progress.repetitionsMs}};
}

void read(const Json& json, Progress& progress) {
    readField(json, "at_ms", progress.atMs);
    readField(json, "phase", progress.phase);
    readField(json, "variant", progress.variant);
    readField(json, "context_tokens", progress.context);
    readField(json, "batch", progress.batch);
    readField(json, "points_done", progress.pointsDone);
    readField(json, "points_total", progress.pointsTotal);
    readField(json, "fraction", progress.fraction);
    readFieldOrNull(json, "seconds_left", progress.secondsLeft);
    readField(json, "repetitions_ms", progress.repetitionsMs);
}

Json write(const MemoryEvent& memory) {
    return {{"at_ms", memory.atMs},
            {"weights_bytes", memory.ledger.weightsBytes},
            {"kv_bytes", memory.ledger.kvBytes},
            {"workspace_bytes", memory.ledger.workspaceBytes},
            {"memory_total_bytes", orNull(memory.reading.totalBytes)},
            {"memory_available_bytes", orNull(memory.reading.availableBytes)},
            {"process_bytes", orNull(memory.reading.processBytes)}};
}

void read(const Json& json, MemoryEvent& memory) {
    readField(json, "at_ms", memory.atMs);
    readField(json, "weights_bytes", memory.ledger.weightsBytes);
    readField(json, "kv_bytes", memory.ledger.kvBytes);
    readField(json, "workspace_bytes", memory.ledger.workspaceBytes);
    readFieldOrNull(json, "memory_total_bytes", memory.reading.totalBytes);
    readFieldOrNull(json, "memory_available_bytes", memory.reading.availableBytes);
    readFieldOrNull(json, "process_bytes", memory.reading.processBytes);
}

Json write(const CalibrationEvent& calibration) {
    Json json = calibration.ceilings;
    json["at_ms"] = calibration.atMs;
    json["device"] = calibration.device;
    json["note"] = calibration.note;
    return json;
}

void read(const Json& json, CalibrationEvent& calibration) {
    readField(json, "at_ms", calibration.atMs);
    readField(json, "device", calibration.device);
    readFieldIfThere(json, "note", calibration.note);
    from_json(json, calibration.ceilings);
}

Json write(const Skipped& skipped) {
    return {{"at_ms", skipped.atMs},
            {"variant", skipped.variant},
            {"context_tokens", skipped.context},
            {"batch", skipped.batch},
            {"error", errorJson(skipped.error)},
            {"max_context_tokens", skipped.maxContext}};
}

void read(const Json& json, Skipped& skipped) {
    readField(json, "at_ms", skipped.atMs);
    readField(json, "variant", skipped.variant);
    readField(json, "context_tokens", skipped.context);
    readField(json, "batch", skipped.batch);
    skipped.error = readError(json, "error");
    readField(json, "max_context_tokens", skipped.maxContext);
}

Json write(const RunFailed& failed) {
    return {{"at_ms", failed.atMs}, {"error", errorJson(failed.error)}};
}

void read(const Json& json, RunFailed& failed) {
    readField(json, "at_ms", failed.atMs);
    failed.error = readError(json, "error");
}

Json write(const RunDone& done) {
    return {{"at_ms", done.atMs}, {"samples", done.samples}, {"partial", done.partial}};
}

void read(const Json& json, RunDone& done) {
    readField(json, "at_ms", done.atMs);
    readField(json, "samples", done.samples);
    readField(json, "partial", done.partial);
}

Json write(const Sample& sample) {
    return sample;
}

void read(const Json& json, Sample& sample) {
    from_json(json, sample);
}

Json write(const DeviceFound& found) {
    return {{"device", found.device}};
}

void read(const Json& json, DeviceFound& found) {
    readField(json, "device", found.device);
}

Json write(const ProbeResult& result) {
    return result;
}

void read(const Json& json, ProbeResult& result) {
    from_json(json, result);
}

/// The kinds in the order of the Event's alternatives.
constexpr std::array<std::string_view, std::variant_size_v<Event>> kKinds = {
    "run",   "progress", "memory", "calibration", "skipped",
    "error", "done",     "sample", "device",      "probe"};
static_assert(std::is_same_v<std::variant_alternative_t<7, Event>, Sample>);

/// Reads the alternative whose place in kKinds is `index`.
template <std::size_t At = 0>
Event readKind(std::size_t index, const Json& json) {
    if constexpr (At + 1 < kKinds.size())
        if (index != At)
            return readKind<At + 1>(index, json);
    std::variant_alternative_t<At, Event> event;
    read(json, event);
    return event;
}

Error unreadable(std::string what, std::string where = "") {
    return {ErrorCode::FileUnreadable, std::move(what), std::move(where), ""};
}

} // namespace

std::string_view kind(const Event& event) {
    return kKinds[event.index()];
}

Json toJson(const Event& event) {
    Json json = std::visit([](const auto& alternative) { return write(alternative); }, event);
    json["kind"] = kind(event);
    return json;
}

std::string toLine(const Event& event) {
    // A text that is not UTF-8 is repaired: a line must never be lost for its name.
    return toJson(event).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Event> eventFromJson(const Json& json) {
    try {
        if (!json.is_object())
            return unreadable("a record should be a JSON object");
        std::string kind;
        readField(json, "kind", kind);
        for (std::size_t index = 0; index < kKinds.size(); ++index)
            if (kKinds[index] == kind)
                return readKind(index, json);
        return unreadable("", kind);
    } catch (const std::exception& cause) {
        return unreadable(cause.what());
    }
}

Result<Event> parseLine(std::string_view line) {
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded())
        return unreadable("the line is not a whole JSON value");
    return eventFromJson(json);
}

} // namespace decodescope
