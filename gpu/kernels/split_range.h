// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "gpu/kernels/qualifiers.h"

namespace decodescope::gpu {

/// Splits of a context begin at multiples of this, …
inline constexpr int kSplitGrain = 64;
/// … and hold no less than this: below it merging costs more than it brings.
inline constexpr int kLeastSplitTokens = 256;

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
    const std::int64_t grains = (tokens + std::int64_t{kSplitGrain} - 1) / kSplitGrain;
    const auto begin = static_cast<int>(grains * split / parts * kSplitGrain);
    const auto end = grains * (split + 1) / parts * kSplitGrain;
    return {begin, end < tokens ? static_cast<int>(end) : tokens};
}

} // namespace decodescope::gpu
