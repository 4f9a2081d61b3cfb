// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/engine/backend.h"
#include "core/plan/deployment.h"
#include "core/profile/event.h"
#include "core/profile/pause_gate.h"
#include "core/spec/workload.h"

namespace decodescope {

/// One point of a run.
struct PointName {
    std::string variant; ///< label
    std::int64_t context = 0, batch = 1;
    auto operator<=>(const PointName&) const = default;
};
void to_json(nlohmann::json& json, const PointName& point);
void from_json(const nlohmann::json& json, PointName& point);

/// Everything a worker needs to know; the window sends it as one JSON line.
struct RunRequest {
    std::string deviceId = "cpu";
    ModelSpec model;               ///< as it is
    std::vector<Variant> variants; ///< empty: defaultVariants(model)
    Workload workload;
    Deployment deployment; ///< what the asking plan is for; kept in the recording, not measured
    std::uint64_t capacityBytes = 0; ///< the memory a plan may count on; 0: the device's own
    std::uint64_t budgetBytes = 0;   ///< most this run may allocate; 0: what is free, less reserve
    std::string peer;                ///< other people's kernels to measure as well; empty: none
    std::set<PointName> done;        ///< measured before: they are left out
    bool quickLook = false;          ///< at most 2 s and 256 MiB; Samples are marked
};
void to_json(nlohmann::json& json, const RunRequest& request);
/// Throws nlohmann::json::exception; parseRunRequest() turns that into an Error.
void from_json(const nlohmann::json& json, RunRequest& request);
[[nodiscard]] Result<RunRequest> parseRunRequest(std::string_view json);
/// Whether the point is among the done ones.
[[nodiscard]] bool isDone(const RunRequest& request, const std::string& variant,
                          std::int64_t context, std::int64_t batch);
/// Points of the request that are not among its done ones, whether they fit or not.
[[nodiscard]] std::size_t countMissing(const RunRequest& request);

/// Receives every event in order, from one thread at a time. Must not throw.
using EventSink = std::function<void(const Event&)>;

/// Measures variants × contexts × batches on one device: calibrates, then for each context and
/// batch measures all variants in interleaved rounds, so that a drifting machine hits all alike.
/// Points that do not fit are skipped and said. Memory events are sent ten times a second from the
/// start to the end, progress at most thirty times a second (and when a phase or a point ends).
/// The run keeps to its time: every point gets a fair share of what is left, a point that the time
/// does not reach is skipped and said, and the run is then partial. The first group is measured in
/// any case. With a peer every point is measured a second time with its kernels, in the same
/// rounds; what the peer refuses is skipped and said. The roofs (roofsOfRun() of what is measured
/// first and of `stored`, as loadCeilings() gave it) travel as an event; storeCeilings() keeps them
/// for other runs. What the kernels do not cover is skipped before anything is measured. At `gate`
/// the run waits between two steps; the time it waits counts for nothing, and the first step after
/// it is no repetition. The last event is RunDone, or RunFailed after a failure; a stopped run is
/// done and partial. Errors: OutOfMemory where no point fits, DeviceUnavailable, RunFailed;
/// Interrupted if stopped.
[[nodiscard]] Status profile(Backend& backend, const RunRequest& request, const EventSink& sink,
                             std::stop_token stop,
                             const std::optional<Ceilings>& stored = std::nullopt,
                             PauseGate* gate = nullptr);

} // namespace decodescope
