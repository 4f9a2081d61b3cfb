// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "core/engine/backend.h"
#include "core/profile/probe_result.h"
#include "core/profile/profiler.h"
#include "core/spec/workload.h"

namespace decodescope {

/// What to hold, and in how much memory.
struct ProbeRequest {
    std::string deviceId = "cpu";
    Variant variant;
    Workload workload; ///< of its contexts and its time budget nothing is asked; the first batch
    std::uint64_t capacityBytes = 0; ///< memory to count on; 0: the device's own
    /// Whose blocks, windows, buffers and reserve; of its ranks nothing is asked.
    Deployment deployment;
    std::int64_t pageTokens = 0; ///< 0: kProbePageTokens, more where that were too many pages
};

inline constexpr std::int64_t kProbePageTokens = 256;

/// Memory of the machine that a probe leaves free whatever the reserve, so that the system has no
/// cause to end a process: 1/64 of `totalBytes`, at least 64 MiB and at most 1 GiB.
[[nodiscard]] std::uint64_t safetyMarginBytes(std::uint64_t totalBytes);

/// Finds the longest context a device really holds: allocates the weights (Scope::Step) and the
/// workspace, grows the KV cache of all layers page by page, each filled as it comes, and beside it
/// whatever more an engine's rules need for that context, until
///   - the next page is above the budget: the capacity less its reserve, or what is free now less
///     that reserve and no less than safetyMarginBytes(), whichever is lower;
///   - what is free of the machine nears that margin, because others use memory too;
///   - the system refuses, every layer's window is full, or a stop is asked for;
/// then runs one step over all of it. `sink` gets RunStarted, Progress, MemoryEvents as of a run,
/// one ProbeResult while the memory is still held, and RunDone (partial where it was stopped) or
/// RunFailed. Errors: OutOfMemory where not one page fits, DeviceUnavailable, BadUsage for what the
/// kernels do not cover and for pages that are no whole blocks of the engine, RunFailed;
/// Interrupted if stopped, after the ProbeResult.
[[nodiscard]] Status probe(Backend& backend, const ProbeRequest& request, const EventSink& sink,
                           std::stop_token stop);

} // namespace decodescope
