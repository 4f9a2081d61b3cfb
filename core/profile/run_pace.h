// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace decodescope {

/// Foretells when a run ends. Each group of points gets its share of the time that is left, and
/// what it leaves over goes to those behind it: a run of groups that use half of their share does
/// not take half of its time, but nearly all. Times are seconds of the run's clock.
class RunPace {
public:
    /// A group begins that may use `share` of the `left` seconds of the run's budget; with it,
    /// `groups` are to be measured still.
    void begin(double now, double left, double share, std::size_t groups);
    /// The group has ended.
    void end(double now);
    /// Seconds to the end of the run, at most what is left of its budget.
    [[nodiscard]] double secondsLeft(double now) const;

private:
    double m_began = 0;
    double m_left = 0;
    double m_share = 0;
    std::size_t m_groups = 0;
    double m_use = 1; ///< of its share, by the last group that ended
};

} // namespace decodescope
