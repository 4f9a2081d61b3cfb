// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QObject>

#include "app/gui/models/live_feed.h"
#include "app/gui/plots/overview_data.h"

namespace decodescope {

class KvMemoryPlot;
class LivePlot;
class MaxContextPlot;
class MemoryPlot;
class PlotWidget;
class SpeedPlot;

/// The four charts of the Overview and what they show together: the variants (those that the data
/// call visible), and whether the live ones follow. The speed chart keeps the variants that were
/// measured, also while the configuration has moved on.
class OverviewPlots : public QObject {
    Q_OBJECT
public:
    /// The charts become children of `parent` when they are put into a layout.
    explicit OverviewPlots(QWidget* parent);

    void setOverview(const OverviewData& overview);
    /// A run begins: what was measured before leaves the live charts.
    void beginRun();
    /// The same of a run of these variants, which need not be those that are shown.
    void beginRun(const OverviewData& measured);
    void endRun();
    void add(const LivePoints& points);
    /// A whole recording at once. Until the next run the memory of now has no place beside it.
    void showRecording(const LivePoints& points);
    void setFollowing(bool on);

    [[nodiscard]] KvMemoryPlot* kvMemory() const { return m_kvMemory; }
    [[nodiscard]] MaxContextPlot* maxContext() const { return m_maxContext; }
    [[nodiscard]] SpeedPlot* speed() const { return m_speed; }
    [[nodiscard]] MemoryPlot* memory() const { return m_memory; }
    [[nodiscard]] std::vector<PlotWidget*> all() const;

signals:
    void followingChanged(bool on);

private:
    KvMemoryPlot* m_kvMemory;
    MaxContextPlot* m_maxContext;
    SpeedPlot* m_speed;
    MemoryPlot* m_memory;
    OverviewData m_overview;
    bool m_replayed = false; ///< a recording is shown
    OverviewData m_measured; ///< what the points of the speed chart are of
    bool m_running = false;
};

} // namespace decodescope
