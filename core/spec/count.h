// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace decodescope {

/// A number of things as a factor of bytes; below zero there are none.
constexpr std::uint64_t count(std::int64_t n) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, n));
}

} // namespace decodescope
