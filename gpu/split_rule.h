// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace decodescope {

/// What splitting costs, in the time that a block takes for gpu::kSplitGrain tokens while all its
/// neighbours work too. The defaults are estimates for parts with HBM; a calibration measures them.
struct SplitCosts {
    double start = 2;       ///< of a block: launch, first tile on its way, merging of its warps
    double perSplit = 0.02; ///< of one more part to combine
};

/// Parts are at most this many: the memory for their states grows with them.
inline constexpr int kMostSplits = 256;

/// Into how many parts (at most) the contexts are split in one launch, by what it would take:
///   waves × (grains of a part + start) + splits × perSplit
/// for waves = ⌈blocks / blocksAtOnce⌉, but no less than the longest part takes alone. `contexts`
/// are the tokens of each sequence; `blocksOfPart` the blocks that work on one part of one sequence
/// (KV heads × passes); `blocksAtOnce` the blocks that run at once (SMs × occupancy). Of equal
/// costs the fewest parts. Source: the flash-decoding split of the KV sequence (Dao et al. 2023).
[[nodiscard]] int chooseSplits(std::span<const int> contexts, int blocksOfPart, int blocksAtOnce,
                               const SplitCosts& costs = {});

} // namespace decodescope
