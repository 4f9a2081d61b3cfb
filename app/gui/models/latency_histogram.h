// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>

#include "app/gui/plots/latency_data.h"

namespace decodescope {

inline constexpr int kMostBins = 80;

/// Bins after Freedman and Diaconis (Zeitschrift für Wahrscheinlichkeitstheorie 57, 1981): as wide
/// as twice the interquartile range over the cube root of the count. The range is taken to be at
/// least half a per cent of the median, which is about what clocks and timers scatter by; there are
/// at most kMostBins. A linear histogram ends six such ranges beyond the quartiles. Values that are
/// not above zero or not finite are left out.
[[nodiscard]] LatencyHistogram latencyHistogram(std::span<const double> values, bool logarithmic);

} // namespace decodescope
