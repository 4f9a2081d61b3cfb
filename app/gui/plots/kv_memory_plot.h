// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/plots/overview_data.h"
#include "app/gui/plots/plot_widget.h"

namespace decodescope {

/// KV bytes against context, both in powers of two: a computed line a variant, measured
/// allocations as points on it, the line of what is free, and where each variant meets it.
class KvMemoryPlot : public PlotWidget {
    Q_OBJECT
public:
    explicit KvMemoryPlot(QWidget* parent = nullptr);
    void setOverview(const OverviewData& overview);
    [[nodiscard]] QString description() const override;

protected:
    void draw() override;
    void fitAxes() override;
    [[nodiscard]] QString readAt(double x, double y) const override;
    [[nodiscard]] PlotReadings readingsAt(double x, double y) const override;
    [[nodiscard]] ValueText valueText() const override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void drawVariant(const VariantSeries& series);
    /// Writes the context beside its mark, where no label before it stands in the way.
    void labelCrossing(const VariantSeries& series, double context, double at);
    void drawCapacity();
    void drawTrainedLimit();
    /// 0 at the left end of the fitted axis, 1 at its right.
    [[nodiscard]] double shareOfAxis(double context) const;

    OverviewData m_overview;
    std::vector<QRectF> m_labelled; ///< px from the axis' left end; y: -1 above the line, 1 below
};

} // namespace decodescope
