// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/engine/backend.h"
#include "core/plan/plan_device.h"

namespace decodescope {

/// The roofs of a plan or a Sample: those of attention by what its kernels use units of dot
/// products for.
[[nodiscard]] Roofs roofsOf(const Ceilings& ceilings, const std::vector<UnitUse>& uses = {});

/// A device that was found on this machine (or in a recording), as plans see it: its memory (0:
/// unknown), and what was measured on it.
[[nodiscard]] PlanDevice measuredDevice(const DeviceInfo& device);

} // namespace decodescope
