// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace decodescope {

/// One choice: what it costs (less is better) and how good it is.
struct Choice {
    double cost = 0;
    double quality = 0;
};

/// Indices of the choices that no other one betters: none costs as little and is as good, and less
/// or better in one of the two. Ascending by cost; of two alike both stay. `higherIsBetter` says
/// which way quality counts.
[[nodiscard]] std::vector<std::size_t> frontier(std::span<const Choice> choices,
                                                bool higherIsBetter);

} // namespace decodescope
