// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/plots/overview_data.h"
#include "app/gui/plots/plot_widget.h"

namespace decodescope {

/// The longest context that fits, a bar a variant on a linear axis: outlined where computed,
/// filled where measured. On a log axis, where the length of a bar would mislead, a dot.
class MaxContextPlot : public PlotWidget {
    Q_OBJECT
public:
    explicit MaxContextPlot(QWidget* parent = nullptr);
    void setOverview(const OverviewData& overview);
    void setLogarithmic(bool on);
    [[nodiscard]] QString description() const override;

protected:
    void draw() override;
    void fitAxes() override;
    [[nodiscard]] QString readAt(double x, double y) const override;
    [[nodiscard]] PlotReadings readingsAt(double x, double y) const override;
    [[nodiscard]] ValueText valueText() const override;
    void addMenuActions(QMenu& menu) override;

private:
    void drawBar(const VariantSeries& series, double place);
    void drawDot(const VariantSeries& series, double place);
    [[nodiscard]] std::vector<const VariantSeries*> shown() const;
    [[nodiscard]] const VariantSeries* rowAt(double y) const; ///< null: between or beyond the bars

    OverviewData m_overview;
    bool m_logarithmic = false;
};

} // namespace decodescope
