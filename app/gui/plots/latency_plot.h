// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/plots/latency_data.h"
#include "app/gui/plots/plot_widget.h"

class QCPItemText;

namespace decodescope {

/// How the repetitions of a point are spread: a histogram with lines at its percentiles. On a
/// linear axis what lies far from the others is gathered in a column beyond the end.
class LatencyPlot : public PlotWidget {
    Q_OBJECT
public:
    explicit LatencyPlot(QWidget* parent = nullptr);
    void setData(const LatencyData& data);
    [[nodiscard]] const LatencyData& data() const { return m_data; }
    void setLogarithmic(bool on);
    [[nodiscard]] bool logarithmic() const { return m_logarithmic; }
    [[nodiscard]] QString description() const override;

signals:
    void logarithmicChanged(bool on);

protected:
    void draw() override;
    void fitAxes() override;
    [[nodiscard]] QString readAt(double x, double y) const override;
    void addMenuActions(QMenu& menu) override;

private:
    [[nodiscard]] const LatencyHistogram& histogram() const;
    void drawBins();
    void drawBeyond(bool above);
    void drawPercentiles();
    QCPItemText* drawPercentile(const QString& name, double ms, QCPItemText* below);
    [[nodiscard]] QString subtitle() const;
    /// Where the column of what lies beyond the bins begins and ends.
    [[nodiscard]] std::pair<double, double> beyond(bool above) const;
    /// Where a value is drawn: itself, or the middle of the column that holds it.
    [[nodiscard]] double placeOf(double ms) const;

    LatencyData m_data;
    bool m_logarithmic = false;
};

/// "41.3 ms", "0.354 ms".
[[nodiscard]] QString msText(double ms);

} // namespace decodescope
