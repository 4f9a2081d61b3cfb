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
    std::vector<PointGroup> groups; ///< of points that fit and that the kernels cover, in order
    std::vector<Skipped> skipped;   ///< the others
    std::size_t points = 0;         ///< in the groups
    /// Where there are none: BadUsage for the last that the kernels do not cover, else OutOfMemory
    /// for the smallest of all points.
    std::optional<Error> nothingRuns;
};
[[nodiscard]] RunPlan planRun(const RunState& run, const std::vector<Variant>& variants);

} // namespace decodescope
