// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/plots/latency_data.h"
#include "app/gui/plots/plot_widget.h"

namespace decodescope {

/// The repetitions of a point in the order they were taken, with their running median: drift is
/// seen as a slope, an outlier as a ring.
class LatencyStripPlot : public PlotWidget {
    Q_OBJECT
public:
    explicit LatencyStripPlot(QWidget* parent = nullptr);
    void setData(const LatencyData& latency);
    void setLogarithmic(bool on); ///< the axis of milliseconds
    [[nodiscard]] QString description() const override;

protected:
    void draw() override;
    void fitAxes() override;
    [[nodiscard]] QString readAt(double x, double y) const override;
    [[nodiscard]] PlotReadings readingsAt(double x, double y) const override;
    [[nodiscard]] ValueText valueText() const override;

private:
    /// Its index; absent: x is beyond them.
    [[nodiscard]] std::optional<std::size_t> repetitionAt(double x) const;

    LatencyData m_data;
    bool m_logarithmic = false;
};

/// "+2.1 % from the first quarter to the last"; says so where it cannot be told.
[[nodiscard]] QString driftText(const LatencyData& data);

} // namespace decodescope
