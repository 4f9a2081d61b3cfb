// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/engine/backend.h"
#include "core/profile/timed_points.h"

namespace decodescope {

/// What a device that takes a layer as one launch (AttentionUnits::launched) is measured for, over
/// every type, group and head_dim that its kernels cover: the curve of a layer's attention over its
/// rows, in the last-level cache and out of memory, and how much of a step comes from memory as it
/// reads more. Launches that `budgetBytes` has no room for are left out. Each batch, once timed,
/// adds to `rates`, whose `layers` must be known by then; both must outlive the batches.
[[nodiscard]] std::vector<TimedBatch> launchBatches(Backend& backend, const DeviceInfo& device,
                                                    std::uint64_t budgetBytes, KernelRates& rates);

} // namespace decodescope
