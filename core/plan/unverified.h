// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/plan/plan_device.h"

namespace decodescope {

/// Stands behind a figure that rests on a field of the catalogue that nobody has checked.
inline constexpr const char* kUnverifiedMark = "(unverified)";

/// The figure, with the mark behind it where it is not verified.
[[nodiscard]] std::string marked(std::string figure, bool unverified);

/// What the mark means on this device: "(unverified): nobody has checked what the catalogue says of
/// the memory and the bandwidth of Tesla P100". Empty where all was checked.
[[nodiscard]] std::string unverifiedLegend(const PlanDevice& device);

} // namespace decodescope
