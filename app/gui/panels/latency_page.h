// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/models/latency_builder.h"
#include "app/gui/panels/chart_page.h"

class QComboBox;
class QToolButton;

namespace decodescope {

class LatencyPlot;
class LatencyStripPlot;
class OutlierPanel;
class RunStore;

/// The repetitions of one measured point: how they are spread, how they came, and which stand far
/// out, with what explains them.
class LatencyPage : public ChartPage {
    Q_OBJECT
public:
    LatencyPage(Session& session, const RunStore& runs, QAction* run, QWidget* parent = nullptr);

protected:
    [[nodiscard]] bool takeData() override;
    [[nodiscard]] TableData tableData() const override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void buildControls();
    /// Lists the points, newest first; the chosen one stays while it is there. Its index.
    [[nodiscard]] std::size_t fillPoints();
    void layOut();

    const RunStore& m_runs;
    std::vector<LatencyChoice> m_choices;
    QString m_chosen; ///< its key; empty: the newest
    QComboBox* m_points;
    QToolButton* m_logarithmic;
    LatencyPlot* m_histogram;
    LatencyStripPlot* m_strip;
    OutlierPanel* m_outliers;
};

} // namespace decodescope
