// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/latency_data.h"

#include <algorithm>

namespace decodescope {

int LatencyHistogram::highest() const {
    return counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
}

int LatencyHistogram::binOf(double value) const {
    if (empty() || value < edges.front() || value > edges.back())
        return -1;
    const auto after = std::upper_bound(edges.begin(), edges.end(), value);
    return std::min(static_cast<int>(after - edges.begin()), static_cast<int>(counts.size())) - 1;
}

} // namespace decodescope
