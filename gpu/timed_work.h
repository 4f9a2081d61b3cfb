// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "gpu/gpu_runtime.h"

namespace decodescope {

/// Seconds that the GPU takes for what `queue` queues, between two events of it; waits for them.
/// Errors: those of GpuRuntime and of `queue`.
[[nodiscard]] Result<double> timedWork(GpuRuntime& gpu, GpuEvent& before, GpuEvent& after,
                                       const std::function<Status()>& queue);

} // namespace decodescope
