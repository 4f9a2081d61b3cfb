// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <QString>

#include "app/gui/theme/theme.h"

namespace decodescope {

/// Counts of repetitions in bins of equal width: of the value, or of its logarithm.
struct LatencyHistogram {
    std::vector<double> edges; ///< milliseconds, ascending, one more than counts
    std::vector<int> counts;
    /// On a linear axis: how many lie beyond the bins. They are far from the others, and bins up to
    /// them would press all others into one.
    int below = 0, above = 0;
    double least = 0, most = 0; ///< of all values

    [[nodiscard]] bool empty() const { return counts.empty(); }
    [[nodiscard]] int highest() const; ///< count
    /// Index of the bin that holds the value; −1: none does.
    [[nodiscard]] int binOf(double value) const;
};

/// A repetition far from the others, and what the recording has to explain it.
struct LatencyOutlier {
    std::size_t repetition = 0; ///< index, from 0
    double ms = 0;
    QString cause; ///< in words; says so where nothing was recorded
};

/// All repetitions of one measured point.
struct LatencyData {
    QString label;   ///< "GQA-8"; empty: no point
    QString place;   ///< "8,192 tokens", "8,192 tokens, batch 4"
    QString remarks; ///< "quick look", "4 of 32 layers"; may be empty
    SeriesSlot slot = SeriesSlot::Extra;
    std::vector<double> repetitionsMs; ///< in order, without the warm-up
    std::vector<double> runningMs;     ///< median of each repetition and its neighbours
    LatencyHistogram linear, logarithmic;
    int warmups = 0; ///< repetitions before them, not counted
    double p50Ms = 0, p90Ms = 0, p99Ms = 0;
    QString conditions; ///< clocks and power meanwhile; empty: not recorded
    double fenceMs = 0; ///< beyond it a repetition is an outlier
    std::vector<LatencyOutlier> outliers;
    /// Median of the last quarter over that of the first, less 1. Absent for fewer than eight.
    std::optional<double> drift;

    [[nodiscard]] bool empty() const { return repetitionsMs.empty(); }
};

} // namespace decodescope
