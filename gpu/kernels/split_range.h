// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "gpu/kernels/qualifiers.h"

namespace decodescope::gpu {

/// Splits of a context begin at multiples of this, …
inline constexpr int kSplitGrain = 64;
/// … and hold no less than this: below it merging costs more than it brings.
inline constexpr int kLeastSplitTokens = 64;

/// Tokens [begin, end) of a context.
struct TokenRange {
    int begin = 0;
    int end = 0;
    [[nodiscard]] DECODESCOPE_HOST_DEVICE constexpr bool empty() const { return begin >= end; }
};

/// Into how many parts a context of `tokens` is split where a launch has `most` (at least 1).
DECODESCOPE_HOST_DEVICE constexpr int splitsOf(int tokens, int most) {
    const int room = tokens / kLeastSplitTokens;
    return room < 1 ? 1 : room < most ? room : most;
}

/// Tokens of part `split` of a context of `tokens`; empty from splitsOf() on. Parts are as even as
/// the grain allows.
DECODESCOPE_HOST_DEVICE constexpr TokenRange splitRange(int tokens, int most, int split) {
    const int parts = splitsOf(tokens, most);
    if (split >= parts)
        return {};
    const int grains = static_cast<int>((tokens + std::int64_t{kSplitGrain} - 1) / kSplitGrain);
    const int each = grains / parts;
    const int shorter = parts - grains % parts; // the others, whose last grain may not be whole,
    const int begin = split * each + (split > shorter ? split - shorter : 0); // have one more
    const int end = begin + each + (split < shorter ? 0 : 1);
    return {begin * kSplitGrain, end < grains ? end * kSplitGrain : tokens};
}

} // namespace decodescope::gpu
