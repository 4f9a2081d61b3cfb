// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/plan/plan.h"

namespace decodescope {

/// Pieces of the texts of an Answer, with the plan's bytes put in.

/// "8,192 tokens".
[[nodiscard]] std::string tokensInWords(std::int64_t count);
/// weights + cache + workspace + overhead: "15.0 GiB + 1.0 GiB + 685 KiB + 0 B".
[[nodiscard]] std::string sumInNumbers(const Footprint& rank);
/// memory − reserve − weights − workspace − overhead of the fullest rank, and what that leaves.
[[nodiscard]] std::string roomInNumbers(const Plan& plan);
/// memory − reserve, and what that leaves: "24.0 GiB − 2.4 GiB = 21.6 GiB".
[[nodiscard]] std::string capacityInNumbers(std::uint64_t memoryBytes, std::uint64_t reserveBytes);

} // namespace decodescope
