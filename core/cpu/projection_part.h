// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "core/cpu/projection_kernel.h"
#include "core/cpu/weight_panels.h"

namespace decodescope {

/// One unit of work of a projection. Rows begin on a panel.
struct ProjectionPart {
    std::int64_t row = 0, rowEnd = 0;
    std::int64_t sequence = 0, sequenceEnd = 0; ///< kMostSequences at most, from a multiple of it
    std::int64_t aheadBytes = 0;                ///< of a panel, asked for before they are read
};

/// Sequences of one part, so that a stop request is heard.
constexpr std::int64_t kMostSequences = 64;

/// Sequences that are multiplied together where so many are left: `most`, a power of two, or a
/// smaller one. Where one is missing, zeros take its place: cheaper than three groups for seven.
constexpr std::int64_t groupOf(std::int64_t left, std::int64_t most) {
    std::int64_t size = most;
    while (size > 1 && left < size - (size > 2 ? 1 : 0))
        size /= 2;
    return size;
}

/// run(size, at) with `size`, a power of two of kMost or less, as a constant.
template <int kMost, class Run>
inline void withSize(std::int64_t size, std::int64_t at, const Run& run) {
    if (size == kMost)
        run(std::integral_constant<int, kMost>(), at);
    else if constexpr (kMost > 1)
        withSize<kMost / 2>(size, at, run);
}

/// run(size, sequence) for each group of sequences [first, end) that starts at `sequence`, its size
/// a constant of kMost or less.
template <int kMost, class Run>
inline void forGroups(std::int64_t first, std::int64_t end, const Run& run) {
    for (std::int64_t at = first; at < end;) {
        const std::int64_t size = groupOf(end - at, kMost);
        withSize<kMost>(size, at, run);
        at += size;
    }
}

/// The sums of one panel's rows, those that the matrix has.
inline void putSums(const Projection& p, std::int64_t row, std::int64_t sequence,
                    const float* sums) {
    float* out = p.out + sequence * p.rows + row;
    const std::int64_t rows = std::min(kPanelRows, p.rows - row);
    for (std::int64_t i = 0; i < rows; ++i)
        out[i] = p.add ? out[i] + sums[i] : sums[i];
}

} // namespace decodescope
