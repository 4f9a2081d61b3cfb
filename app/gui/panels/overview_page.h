// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>

#include <QWidget>

#include "app/gui/plots/overview_data.h"

namespace decodescope {

class LegendRow;
class Surface;

/// The Overview: one legend over four plots. What the legend hides is marked so in the data that
/// the plots get.
class OverviewPage : public QWidget {
    Q_OBJECT
public:
    explicit OverviewPage(QWidget* parent = nullptr);

    /// Places the plots and takes them over. Those of before are deleted.
    void setPlots(QWidget* kvMemory, QWidget* maxContext, QWidget* speed, QWidget* memory);
    void setOverview(const OverviewData& overview);
    /// With `visible` of each variant as the legend has it.
    [[nodiscard]] const OverviewData& overview() const { return m_overview; }
    [[nodiscard]] LegendRow* legend() const { return m_legend; }

signals:
    /// After setOverview() and after each click in the legend: what the plots are to show.
    void overviewChanged(const OverviewData& overview);

private:
    void place(Surface* cell, QWidget* plot);

    LegendRow* m_legend;
    std::array<Surface*, 4> m_cells{};
    OverviewData m_overview;
};

} // namespace decodescope
