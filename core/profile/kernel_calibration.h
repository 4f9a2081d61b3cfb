// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>

#include "core/engine/backend.h"
#include "core/spec/kernel_rates.h"

namespace decodescope {

/// Limits for a measurement of what the kernels reach.
struct KernelCalibrationRequest {
    int threads = 0; ///< at most; 0: all. One thread is measured too
    double maxSeconds = 30;
    std::uint64_t budgetBytes = 0; ///< most that is allocated at a time
    /// Of new memory (Ceilings::fillBytesPerSecond); 0: not known. Where it would take too much of
    /// the time, less than a cache that is hardly faster than memory is outrun.
    double fillBytesPerSecond = 0;
    /// What is taken for the cache (Ceilings::fastCache()); nullopt: the last-level one.
    std::optional<CacheLevel> cache = {};
    /// Told what is measured next ("q8_0 cache, 2 threads") and how much is done (0 to 1). May be
    /// empty.
    std::function<void(std::string_view what, double fraction)> progress = {};
};

/// Runs decode steps of small models on a device, over every type that its kernels cover, groups,
/// head dims and batches, out of the cache and out of memory that no cache holds, and takes the
/// fastest of each; points of one kind are visited in turns, so that a disturbance hits few of
/// them. Where the budget has no room to outrun the cache, rates of memory are left out. Errors:
/// Interrupted, OutOfMemory where there is room for nothing, RunFailed.
[[nodiscard]] Result<KernelRates> measureKernelRates(Backend& backend, const DeviceInfo& device,
                                                     const KernelCalibrationRequest& request,
                                                     const std::stop_token& stop);

} // namespace decodescope
