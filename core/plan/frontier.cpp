// SPDX-License-Identifier: Apache-2.0
#include "core/plan/frontier.h"

#include <algorithm>

namespace decodescope {

std::vector<std::size_t> frontier(std::span<const Choice> choices, bool higherIsBetter) {
    const auto worth = [&](const Choice& choice) {
        return higherIsBetter ? choice.quality : -choice.quality;
    };
    const auto betters = [&](const Choice& a, const Choice& b) {
        return a.cost <= b.cost && worth(a) >= worth(b) && (a.cost < b.cost || worth(a) > worth(b));
    };
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < choices.size(); ++i)
        if (std::none_of(choices.begin(), choices.end(),
                         [&](const Choice& each) { return betters(each, choices[i]); }))
            kept.push_back(i);
    std::stable_sort(kept.begin(), kept.end(), [&](std::size_t a, std::size_t b) {
        return choices[a].cost < choices[b].cost;
    });
    return kept;
}

} // namespace decodescope
