// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>

namespace decodescope {

/// How kernels are to read caches and weights on this CPU's cores: what their own prefetchers do
/// well, and what is to be asked for. Only speed depends on it.
struct ReadingHabits {
    /// Query heads up to which a core waits for memory: those get short sweeps and rounds of one
    /// tile, more have time left.
    std::int64_t waitingHeads = 2;
    std::int64_t waitingHeads16 = 2;                    ///< of a cache of 16-bit elements
    std::int64_t waitingBytes = 2048, busyBytes = 8192; ///< of a matrix, that a sweep passes over
    bool asksWhileWaiting = true;
    /// Query heads up to which a long part is read from four places in turn, tile by tile.
    std::int64_t placesHeads = 1;
    /// Also with elements that take longer to unpack than to read.
    bool placesForPacked = false;
    /// Query heads up to which tiles of four places are read side by side instead, by the kernels
    /// of vectors of 32 bytes.
    std::int64_t sideHeads = 6;
    /// Blocks of heads that each convert a tile for themselves: more share one that was converted
    /// into the first-level cache.
    std::int64_t blocksBeforeConversion = std::numeric_limits<std::int64_t>::max();
    /// Whether a block of a cache of f16 has up to 16 heads instead, which share what was converted
    /// in registers.
    bool wideBlocks = false;
    /// Whether what follows in a panel of weights is asked for also where one or two sequences are
    /// multiplied, and how early.
    bool asksForWeights = false;
    std::int64_t weightsAheadBytes = 2048;
};

/// Those measured for this CPU's maker, where the kernels run with vectors of 64 bytes (`wide`) or
/// not.
[[nodiscard]] const ReadingHabits& readingHabits(bool wide);

} // namespace decodescope
