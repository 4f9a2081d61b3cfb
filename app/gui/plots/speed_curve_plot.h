// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/plots/plot_widget.h"
#include "app/gui/plots/speed_curve_data.h"

class QCPGraph;

namespace decodescope {

/// Speed against context or batch, both axes logarithmic: predictions dashed in a faint band of
/// their range, to a hollow mark where memory ends them; measured points filled, joined by a line,
/// with the 95 % interval of their median. A first impression is a pale mark that no line joins.
class SpeedCurvePlot : public PlotWidget {
    Q_OBJECT
public:
    explicit SpeedCurvePlot(QWidget* parent = nullptr);
    void setData(const SpeedCurveData& data);
    void setUnit(SpeedUnit unit);
    [[nodiscard]] const SpeedCurveData& data() const { return m_data; }
    [[nodiscard]] SpeedUnit unit() const { return m_unit; }
    [[nodiscard]] QString description() const override;

protected:
    void draw() override;
    void fitAxes() override;
    [[nodiscard]] QString readAt(double x, double y) const override;
    [[nodiscard]] PlotReadings readingsAt(double x, double y) const override;
    [[nodiscard]] ValueText valueText() const override;

private:
    void drawBand(const SpeedCurve& curve);
    void drawPredicted(const SpeedCurve& curve);
    void drawMeasured(const SpeedCurve& curve);
    void drawPoints(const SpeedCurve& curve, bool provisional);
    [[nodiscard]] QString subtitle() const;
    /// The measured point near x on the axis; null: none is.
    [[nodiscard]] const MeasuredSpeed* measuredNear(const SpeedCurve& curve, double x) const;
    /// The predicted step at x, straight between two; absent beyond the ends.
    [[nodiscard]] std::optional<double> predictedAt(const SpeedCurve& curve, double x) const;
    [[nodiscard]] bool anyPredicted() const;
    [[nodiscard]] bool anyMeasured() const;

    SpeedCurveData m_data;
    SpeedUnit m_unit = SpeedUnit::TokensPerSecond;
};

/// "58.2 tokens/s", "17.2 ms".
[[nodiscard]] QString speedText(SpeedUnit unit, double value);
/// What is special about a measured point: "quick look, 4 of 32 layers"; may be empty.
[[nodiscard]] QString remarks(const MeasuredSpeed& point);
/// The value of the measured point and the half-width of its 95 % interval, in the unit. The
/// interval is 0 where it is not known.
[[nodiscard]] std::pair<double, double> valueAndInterval(SpeedUnit unit,
                                                         const MeasuredSpeed& point);

} // namespace decodescope
