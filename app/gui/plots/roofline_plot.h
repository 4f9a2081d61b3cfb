// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "app/gui/plots/plot_widget.h"
#include "app/gui/plots/roofline_data.h"

namespace decodescope {

class LineLabel;

/// FLOP/s against FLOP per byte: measured roofs solid, those of a datasheet dashed, and for every
/// variant a point a part of its step. Shape and colour tell the attention, the size the part (the
/// step is large, its attention middling, its linear layers small, so that points which coincide
/// are all seen), filled is measured, hollow is predicted.
class RooflinePlot : public PlotWidget {
    Q_OBJECT
public:
    explicit RooflinePlot(QWidget* parent = nullptr);
    void setRoofline(const RooflineData& roofline);
    /// Predicts points at this many new tokens a step, with the way there from one.
    void setNewTokens(int tokens);
    void setPartShown(StepPart part, bool shown);
    [[nodiscard]] int newTokens() const { return m_newTokens; }
    [[nodiscard]] const RooflineData& roofline() const { return m_data; }
    /// What is drawn now, largest first: predicted ones at newTokens().
    [[nodiscard]] std::vector<RooflinePoint> shownPoints() const;
    [[nodiscard]] QString description() const override;

    /// Pixels across.
    [[nodiscard]] static double markSize(StepPart part);

protected:
    void draw() override;
    void fitAxes() override;
    [[nodiscard]] QString readAt(double x, double y) const override;
    [[nodiscard]] PlotReadings readingsAt(double x, double y) const override;
    [[nodiscard]] ValueText valueText() const override;

private:
    [[nodiscard]] bool shows(const RooflinePoint& point) const;
    [[nodiscard]] double fastest(bool bandwidth, bool measured) const;
    [[nodiscard]] SeriesSlot slotOf(const RooflinePoint& point) const;
    [[nodiscard]] std::vector<RooflinePoint> near(double x, double y) const; ///< nearest first
    [[nodiscard]] double pixelsFrom(const RooflinePoint& point, double x, double y) const;
    [[nodiscard]] std::vector<Roof> roofsInOrder() const;
    [[nodiscard]] std::vector<std::pair<QPointF, double>> marks() const; ///< with their sizes
    [[nodiscard]] std::pair<QPointF, QPointF> lineOf(const Roof& roof) const;
    /// Its name covers none of `texts`, which it joins.
    void drawRoof(const Roof& roof, std::vector<const LineLabel*>& texts);
    void drawRidge();
    void drawTrails();
    void drawBaseline();
    void drawPoints();

    RooflineData m_data;
    std::set<StepPart> m_hidden;
    int m_newTokens = 1;
};

} // namespace decodescope
