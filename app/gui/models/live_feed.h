// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/gui/plots/overview_data.h"
#include "core/profile/recording.h"

namespace decodescope {

/// What the live plots get from a batch of events.
struct LivePoints {
    std::vector<SpeedPoint> speed;
    std::vector<MemoryPoint> memory;
};

/// Turns the events of a run into points of the live plots.
class LiveFeed {
public:
    /// Labels in the order of OverviewData::variants.
    void begin(const std::vector<std::string>& variants);
    [[nodiscard]] LivePoints take(const std::vector<Event>& events);

private:
    void takeProgress(const Progress& progress, LivePoints& points);

    std::vector<std::string> m_variants;
    std::map<std::string, std::string> m_lastPoints; ///< of each variant: they take turns
};

/// All points of a recording, as they came.
[[nodiscard]] LivePoints replay(const Recording& recording,
                                const std::vector<std::string>& variants);

/// One reading of the memory, at this many seconds.
[[nodiscard]] MemoryPoint memoryPoint(const MemoryEvent& event, double seconds);

} // namespace decodescope
