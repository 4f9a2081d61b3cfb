// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/engine/backend.h"
#include "core/plan/plan_device.h"

namespace decodescope {

/// The roofs of a plan or a Sample.
[[nodiscard]] Roofs roofsOf(const Ceilings& ceilings);

/// A device that was found on this machine (or in a recording), as plans see it: its memory (0:
/// unknown), and what was measured on it.
[[nodiscard]] PlanDevice measuredDevice(const DeviceInfo& device);

} // namespace decodescope
