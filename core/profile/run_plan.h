// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "core/profile/run_state.h"

namespace decodescope {

/// What a request makes sense of; the Error names what does not. BadUsage.
[[nodiscard]] Status checkRequest(const RunRequest& request, const std::vector<Variant>& variants);

/// The points of a run on paper, before anything is allocated.
struct RunPlan {
    std::vector<PointGroup> groups; ///< of points that fit, in order
    std::vector<Skipped> skipped;   ///< those that do not
    std::size_t points = 0;         ///< that fit
    /// OutOfMemory for the smallest of all points, where none fits.
    std::optional<Error> nothingFits;
};
[[nodiscard]] RunPlan planRun(const RunState& run, const std::vector<Variant>& variants);

} // namespace decodescope
