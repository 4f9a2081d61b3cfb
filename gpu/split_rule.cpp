// SPDX-License-Identifier: Apache-2.0
#include "gpu/split_rule.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "gpu/kernels/split_range.h"

namespace decodescope {
namespace {

double costOf(int splits, std::span<const int> contexts, int blocksOfPart, int blocksAtOnce,
              const SplitCosts& costs) {
    std::int64_t parts = 0;
    std::int64_t grains = 0;
    std::int64_t longest = 0;
    for (const int context : contexts) {
        const std::int64_t held = (context + std::int64_t{gpu::kSplitGrain} - 1) / gpu::kSplitGrain;
        const std::int64_t own = gpu::splitsOf(context, splits);
        parts += own;
        grains += held;
        longest = std::max(longest, (held + own - 1) / own);
    }
    const std::int64_t blocks = parts * blocksOfPart;
    const std::int64_t waves = (blocks + blocksAtOnce - 1) / blocksAtOnce;
    const double mean = static_cast<double>(grains) / static_cast<double>(parts);
    // Parts of one length make full waves; of unequal ones the longest is a bound of its own.
    const double even = static_cast<double>(waves) * (std::ceil(mean) + costs.start);
    const double alone = static_cast<double>(longest) + costs.start;
    return std::max(even, alone) + (splits > 1 ? splits * costs.perSplit : 0);
}

} // namespace

int chooseSplits(std::span<const int> contexts, int blocksOfPart, int blocksAtOnce,
                 const SplitCosts& costs) {
    if (contexts.empty() || blocksOfPart < 1 || blocksAtOnce < 1)
        return 1;
    const int longest = *std::max_element(contexts.begin(), contexts.end());
    const int most = std::clamp(longest / gpu::kLeastSplitTokens, 1, kMostSplits);
    int best = 1;
    double least = costOf(1, contexts, blocksOfPart, blocksAtOnce, costs);
    for (int splits = 2; splits <= most; ++splits) {
        const double cost = costOf(splits, contexts, blocksOfPart, blocksAtOnce, costs);
        if (cost < least) {
            least = cost;
            best = splits;
        }
    }
    return best;
}

} // namespace decodescope
