// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "core/profile/memory_watch.h"
#include "core/profile/point_run.h"
#include "core/profile/run_pace.h"
#include "core/profile/run_reporter.h"
#include "core/profile/schedule.h"

namespace decodescope {

/// What the parts of one run share: what it may use, where it stands, and whom it tells. Owned and
/// used by the measuring thread.
class RunState {
public:
    RunState(Backend& backend, const RunRequest& request, const EventSink& sink,
             std::stop_token stop, PauseGate* gate = nullptr);

    Backend& backend;
    const RunRequest& request;
    const std::stop_token stop;
    RunReporter reporter;
    ProgressFeed feed;
    RunFacts facts;
    RunLimits limits;
    std::optional<RunPace> pace;                ///< once groups are measured
    std::optional<Ceilings> stored;             ///< of this device, from before
    std::shared_ptr<const KernelModel> kernels; ///< of `stored`, where they were measured
    std::optional<MemoryWatch> watch;           ///< once the device is known
    std::size_t pointsDone = 0, pointsTotal = 0;
    int samples = 0;
    int pauses = 0;
    bool partial = false;          ///< points that fit were not reached
    std::optional<Error> lastSkip; ///< of a point that fits on paper
    bool tellsConditions = false;  ///< the device says how it runs
    bool countsEnergy = false;     ///< the device has an energy counter
    double fillBytesPerSecond = 0; ///< how fast decoders are allocated and filled; 0: unknown

    /// How often each point is measured: by our kernels, and by the peer's.
    [[nodiscard]] std::size_t kernelsPerPoint() const { return request.peer.empty() ? 1 : 2; }
    [[nodiscard]] double secondsLeft() const { return limits.maxSeconds - reporter.seconds(); }
    /// To be asked before each step: waits through a pause. An Interrupted error once the stop was
    /// asked for.
    [[nodiscard]] Status goOn();
    /// What may be allocated now.
    [[nodiscard]] std::uint64_t budgetBytes() const;
    [[nodiscard]] MemoryReading memory() const { return backend.readMemory(request.deviceId); }
    /// The plan of one point on this device, at the roofs as far as they are measured.
    [[nodiscard]] Plan plan(const Variant& variant, std::int64_t context, std::int64_t batch) const;
    /// A progress line's head. `unfinishedPoints`: how much of the points in work is done, each
    /// counted from 0 to 1; `peer`: whose kernels run, or empty. The fraction never falls.
    [[nodiscard]] Progress progress(const char* phase, const Plan* plan, double unfinishedPoints,
                                    const std::string& peer = "");
    /// Counts a point as done without a Sample, and says why. `peer`: whose kernels, or empty.
    void skip(const Plan& plan, const Error& error, const std::string& peer = "");

private:
    PauseGate* m_gate;
    double m_fraction = 0;
};

} // namespace decodescope
