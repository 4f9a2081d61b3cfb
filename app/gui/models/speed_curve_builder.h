// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "app/gui/models/overview_builder.h"
#include "app/gui/plots/speed_curve_data.h"

namespace decodescope {

/// Predicted and measured speed of all variants along the axis, with the other quantity held at
/// `held`: predictions as far as memory reaches, Samples of that batch or context, the last where a
/// point was repeated. `overview` is made from `input`.
[[nodiscard]] SpeedCurveData buildSpeedCurves(const OverviewInput& input,
                                              const OverviewData& overview, SpeedAxis axis,
                                              std::int64_t held);

/// What can be held: the batches of the workload and of the Samples for an axis of contexts, the
/// contexts for one of batches. Ascending, never empty.
[[nodiscard]] std::vector<std::int64_t> heldChoices(const OverviewInput& input, SpeedAxis axis);
/// What is held until somebody chooses: the workload's first batch, or the chosen context.
[[nodiscard]] std::int64_t usuallyHeld(const OverviewInput& input, SpeedAxis axis);

} // namespace decodescope
