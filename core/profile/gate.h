// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/profile/comparison.h"
#include "core/spec/result.h"

namespace decodescope {

/// True where B is slower than A beyond `limit` (0.05: by 5 %) with confidence: the whole 95 %
/// interval of the ratio lies above 1 + limit. A pair that is not comparable never is.
[[nodiscard]] bool slowerThan(const ComparedPair& pair, double limit);

/// What people should know of a gate's decision, one line each: the pairs that are too slow and by
/// how much, or that there are none, and the configurations that were not compared and why.
[[nodiscard]] std::vector<std::string> gateLines(const Comparison& comparison, double limit);

/// A is the baseline. Errors: SlowerThanBaseline where any pair is slowerThan() the limit, naming
/// them; RunFailed where no pair could be compared, since nothing was checked then. Beside others,
/// what A or B lacks and what cannot be compared does not fail.
[[nodiscard]] Status checkGate(const Comparison& comparison, double limit);

} // namespace decodescope
