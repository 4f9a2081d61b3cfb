// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/plots/plot_widget.h"
#include "app/gui/plots/trade_off_data.h"

namespace decodescope {

/// Quality against KV bytes a token in one study: hollow marks, since somebody else measured them,
/// a step line through those that no other betters, the others grey, and under all of it whose
/// numbers they are. The model at hand is a line across, for nobody measured its quality here.
class TradeOffPlot : public PlotWidget {
    Q_OBJECT
public:
    explicit TradeOffPlot(QWidget* parent = nullptr);
    void setTradeOff(const TradeOffData& tradeOff);
    [[nodiscard]] const TradeOffData& tradeOff() const { return m_data; }
    [[nodiscard]] QString description() const override;

protected:
    void draw() override;
    void fitAxes() override;
    [[nodiscard]] QString readAt(double x, double y) const override;
    [[nodiscard]] PlotReadings readingsAt(double x, double y) const override;
    [[nodiscard]] ValueText valueText() const override;
    [[nodiscard]] bool keepsLegend() const override { return true; }

private:
    void drawFrontier();
    void drawModel();
    void drawPoints();
    [[nodiscard]] std::vector<const TradeOffPoint*> frontierPoints() const; ///< small ones first
    /// What labels must not cover: the steps of the frontier and the model's line.
    [[nodiscard]] std::vector<std::pair<QPointF, QPointF>> lines() const;
    [[nodiscard]] const TradeOffPoint* nearest(double x, double y) const;

    TradeOffData m_data;
};

} // namespace decodescope
