// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace decodescope {

/// What a file may say of a layer: more is a broken file, whose sizes would overflow.
inline constexpr std::int64_t kMaxHeads = 1 << 14;
inline constexpr std::int64_t kMaxWidth = 1 << 24;

} // namespace decodescope
