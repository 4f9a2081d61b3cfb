// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/profile/recording.h"

namespace decodescope {

/// Whether the machine was disturbed while one repetition of a Sample ran, as far as the stream
/// tells: variants of one context and batch take turns, so that what slows the machine slows them
/// all.
struct Surroundings {
    bool recorded = false; ///< the stream has the repetition and when it ended
    double windowMs = 0;   ///< the repetition ran within so long
    /// Another variant that ran in that window: its slowest repetition there over its median.
    struct Neighbour {
        std::string variant;
        double slowdown = 1;
    };
    std::vector<Neighbour> neighbours;
};

/// One for each of these repetitions (indices into Sample::repetitionsMs).
[[nodiscard]] std::vector<Surroundings> surroundings(const Recording& recording,
                                                     const Sample& sample,
                                                     const std::vector<std::size_t>& repetitions);

} // namespace decodescope
