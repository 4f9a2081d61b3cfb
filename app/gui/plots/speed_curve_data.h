// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <QString>

#include "app/gui/theme/theme.h"

namespace decodescope {

/// What the speed is drawn against; the other of the two is held.
enum class SpeedAxis { Context, Batch };
/// How the speed is said: tokens/s = batch / TPOT.
enum class SpeedUnit { TokensPerSecond, Tpot };

/// A predicted step. Milliseconds; the range's are 0 where it is not known.
struct PredictedSpeed {
    std::int64_t context = 0, batch = 1;
    double ms = 0;
    double leastMs = 0, mostMs = 0;
};

/// A measured point.
struct MeasuredSpeed {
    std::int64_t context = 0, batch = 1;
    double ms = 0;              ///< median of the repetitions
    std::optional<double> ciMs; ///< half-width of the median's 95 % interval; absent: not known
    double tokensPerSecond = 0;
    std::size_t repetitions = 0;
    bool quickLook = false;
    bool interrupted = false; ///< stopped before its rule was satisfied
    bool cacheResident = false;
    std::int64_t layers = 0, layersMeasured = 0; ///< fewer measured: the time is scaled

    /// A first impression, not a benchmark.
    [[nodiscard]] bool provisional() const { return quickLook || interrupted; }
    [[nodiscard]] bool scaled() const { return layersMeasured > 0 && layersMeasured < layers; }
};

/// One variant: predicted and measured, ascending along the axis.
struct SpeedCurve {
    QString label;
    bool whatIf = false;
    SeriesSlot slot = SeriesSlot::Extra;
    bool visible = true;
    std::vector<PredictedSpeed> predicted;
    std::vector<MeasuredSpeed> measured;
    bool endsByMemory = false; ///< the prediction's last point is the last that fits
};

/// The speed of all variants along one axis.
struct SpeedCurveData {
    SpeedAxis axis = SpeedAxis::Context;
    std::int64_t held = 1; ///< the batch, or the context: what the axis does not show
    std::vector<SpeedCurve> curves;
    QString scope; ///< what one step contains, in words
    QString deviceName;
    QString deployment; ///< " · TP 4, per device"; may be empty
    bool planOnly = false;
    bool roofsMeasured = false;
    bool speedUnverified = false;
};

/// Where a point lies on the axis.
template <class Point>
[[nodiscard]] double along(SpeedAxis axis, const Point& point) {
    return static_cast<double>(axis == SpeedAxis::Context ? point.context : point.batch);
}
/// Milliseconds of a step of this batch in the unit.
[[nodiscard]] double inUnit(SpeedUnit unit, double ms, std::int64_t batch);

} // namespace decodescope
