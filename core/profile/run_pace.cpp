// SPDX-License-Identifier: Apache-2.0
#include "core/profile/run_pace.h"

#include <algorithm>

namespace decodescope {

void RunPace::begin(double now, double left, double share, std::size_t groups) {
    m_began = now;
    m_left = std::max(0.0, left);
    m_share = share;
    m_groups = groups;
}

void RunPace::end(double now) {
    if (m_share > 0)
        m_use = std::clamp((now - m_began) / m_share, 0.0, 1.0);
}

double RunPace::secondsLeft(double now) const {
    const double spent = now - m_began;
    double use = m_use;
    if (m_share > 0)
        use = std::clamp(spent / m_share, m_use, 1.0); // it takes longer than the one before
    double leftOver = 1; // of the budget, when all groups have had their share
    for (std::size_t groups = 1; groups <= m_groups; ++groups)
        leftOver *= 1 - use / static_cast<double>(groups);
    return std::clamp(m_left * (1 - leftOver) - spent, 0.0, std::max(0.0, m_left - spent));
}

} // namespace decodescope
