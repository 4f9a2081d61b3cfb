// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <vector>

#include "core/engine/backend.h"

namespace decodescope {

/// What this machine does at best, with the threads and the instruction set of the kernels: bytes
/// a second read in a stream over the buffer asked for (half of the free memory at most), and f32
/// multiply-adds a second with everything in registers. The best of several passes: a roof is what
/// nothing exceeds. The barrier is a median: it is a cost, and the usual one counts. A whole
/// calibration takes the same at 1, 2, 4, … threads, the caches at one thread, and the dot product
/// units. Errors: Interrupted, OutOfMemory.
[[nodiscard]] Result<Ceilings> measureCpuCeilings(const CalibrationRequest& request,
                                                  const std::stop_token& stop);

/// 1, 2, 4, … below `most`, and `most`.
[[nodiscard]] std::vector<int> threadCounts(int most);

} // namespace decodescope
