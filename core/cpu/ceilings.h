// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "core/engine/backend.h"

namespace decodescope {

/// What this machine does at best, with the threads and the instruction set of the kernels: bytes
/// a second read in a stream over the buffer asked for (half of the free memory at most), and f32
/// multiply-adds a second with everything in registers. The best of several passes: a roof is what
/// nothing exceeds. Errors: Interrupted, OutOfMemory.
[[nodiscard]] Result<Ceilings> measureCpuCeilings(const CalibrationRequest& request,
                                                  const std::stop_token& stop);

} // namespace decodescope
