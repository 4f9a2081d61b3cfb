// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "core/engine/backend.h"

namespace decodescope {

/// Of a point's seconds, those that measureEnergy() may take; 0 where they are too few for a
/// counter that moves a few times a second.
[[nodiscard]] double energySeconds(double pointSeconds);

/// Joules of one decode step of the whole model, by the device's energy counter. Steps run back to
/// back from one move of the counter to another, since what it has not told yet is unknown; other
/// work of the device counts too. A step of fewer layers is scaled as its time is. Nothing where
/// there is no counter, or where it did not move twice within `maxSeconds`. Errors: those of
/// Decoder::step().
[[nodiscard]] Result<std::optional<double>>
measureStepEnergy(Backend& backend, const std::string& deviceId, Decoder& decoder, bool scaled,
                  double maxSeconds, const std::stop_token& stop);

} // namespace decodescope
