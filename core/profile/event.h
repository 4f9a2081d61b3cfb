// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/engine/backend.h"
#include "core/plan/deployment.h"
#include "core/profile/probe_result.h"
#include "core/profile/sample.h"
#include "core/spec/result.h"

namespace decodescope {

/// Lines of the stream, the autosave file and a saved recording: one JSON object each, told apart
/// by its "kind". Times `atMs` are milliseconds since the run started.

/// "run": the first line. What was asked, of which machine, by which version.
struct RunStarted {
    std::string runId;
    std::string toolVersion;
    std::string startedAt; ///< UTC, ISO 8601
    DeviceInfo device;
    ModelSpec model;
    Workload workload;
    std::vector<std::string> variants; ///< labels, in the order they are drawn
    bool quickLook = false;
    Deployment deployment; ///< that the run's plans were made for; nothing measured depends on it
    std::uint64_t capacityBytes = 0; ///< the memory a plan counted on; 0: the device's own
};
inline constexpr const char* kPausedPhase = "paused"; ///< until the next line about progress
/// "progress": what the worker does now, and every repetition since the last such line.
struct Progress {
    double atMs = 0;
    std::string phase; ///< "calibrate", "allocate", "warmup", "measure", kPausedPhase; of a probe:
                       ///< "allocate", "grow", "prove"
    std::string variant;
    std::int64_t context = 0, batch = 1;
    int pointsDone = 0, pointsTotal = 0;
    double fraction = 0;     ///< of the whole run, 0 to 1
    double secondsLeft = -1; ///< estimate; negative: unknown
    std::vector<double> repetitionsMs;
};
/// "memory": who holds the device's memory now.
struct MemoryEvent {
    double atMs = 0;
    MemoryLedger ledger;
    MemoryReading reading;
};
/// "calibration": the roofs of the device that the run goes by.
struct CalibrationEvent {
    double atMs = 0;
    std::string device;
    Ceilings ceilings;
    std::string note = {}; ///< what the user should know of them; empty: nothing
};
/// "skipped": a point that was not run, and why (it does not fit).
struct Skipped {
    double atMs = 0;
    std::string variant;
    std::int64_t context = 0, batch = 1;
    Error error;
    std::int64_t maxContext = 0; ///< the longest that fits
};
/// "error": the run ends, and why.
struct RunFailed {
    double atMs = 0;
    Error error;
};
/// "done": the last line of a run that was not killed.
struct RunDone {
    double atMs = 0;
    int samples = 0;
    bool partial = false; ///< stopped before all points were measured
};

/// "probe": a ProbeResult, sent by `probe --stream`, not by a run.

/// "device": a device that was found, usable or not; sent by `devices --stream`, not by a run.
struct DeviceFound {
    DeviceInfo device;
};

using Event = std::variant<RunStarted, Progress, MemoryEvent, CalibrationEvent, Skipped, RunFailed,
                           RunDone, Sample, DeviceFound, ProbeResult>;

/// The "kind" of a line.
[[nodiscard]] std::string_view kind(const Event& event);
/// One line without the line end.
[[nodiscard]] std::string toLine(const Event& event);
/// Errors: FileUnreadable for a line that is not JSON, has no known kind's keys or a wrong type.
/// A line of an unknown kind is an Error with an empty `what`, to be passed over.
[[nodiscard]] Result<Event> parseLine(std::string_view line);

/// The same of a JSON value: an element of the array that `run -o json` writes.
[[nodiscard]] nlohmann::json toJson(const Event& event);
[[nodiscard]] Result<Event> eventFromJson(const nlohmann::json& json);

} // namespace decodescope
