// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QString>

namespace decodescope {

/// What one series is worth at a place of a chart.
struct PlotReading {
    QString label;
    double value = 0;
};

/// All series at one place.
struct PlotReadings {
    QString place; ///< "8,192 tokens"
    double x = 0;  ///< of the place, for its ratio; 0 where a ratio of places means nothing
    std::vector<PlotReading> series;
};

/// A line for the place and one for each series: "8,192 tokens", "MQA: 128 MiB". Empty without a
/// place.
[[nodiscard]] QString readingsText(const PlotReadings& readings, QString (*text)(double value));

/// From one place to another, a line for the places and one for each series that both have, with
/// difference and ratio: "MQA: 16.0 MiB → 64.0 MiB, +48.0 MiB, ×4". Where both places have one
/// series of their own these two are compared. `text` says a value with its unit.
enum class Detail { Full, Brief }; ///< Brief leaves out the two values of a series
[[nodiscard]] QString differenceText(const PlotReadings& from, const PlotReadings& to,
                                     QString (*text)(double value), Detail detail = Detail::Full);

} // namespace decodescope
