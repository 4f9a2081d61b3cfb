// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/overview_plots.h"

#include <algorithm>

#include "app/gui/plots/kv_memory_plot.h"
#include "app/gui/plots/max_context_plot.h"
#include "app/gui/plots/memory_plot.h"
#include "app/gui/plots/speed_plot.h"

namespace decodescope {
namespace {

/// Whether points of the one may be shown as points of the other.
bool sameVariants(const OverviewData& a, const OverviewData& b) {
    return a.shape == b.shape && a.scope == b.scope && a.planOnly == b.planOnly &&
           std::equal(a.variants.begin(), a.variants.end(), b.variants.begin(), b.variants.end(),
                      [](const VariantSeries& x, const VariantSeries& y) {
                          return x.label == y.label && x.kvBytesPerToken == y.kvBytesPerToken;
                      });
}

QString labels(const OverviewData& overview) {
    QStringList all;
    for (const VariantSeries& variant : overview.variants)
        all << variant.label;
    return all.join(QStringLiteral(", "));
}

/// Variants of the same label are shown or hidden together.
void copyVisibility(const OverviewData& from, OverviewData& to) {
    for (VariantSeries& variant : to.variants)
        for (const VariantSeries& each : from.variants)
            if (each.label == variant.label)
                variant.visible = each.visible;
}

} // namespace

OverviewPlots::OverviewPlots(QWidget* parent)
    : QObject(parent), m_kvMemory(new KvMemoryPlot(parent)),
      m_maxContext(new MaxContextPlot(parent)), m_speed(new SpeedPlot(parent)),
      m_memory(new MemoryPlot(parent)) {
    for (LivePlot* chart : {static_cast<LivePlot*>(m_speed), static_cast<LivePlot*>(m_memory)})
        connect(chart, &LivePlot::followingChanged, this, &OverviewPlots::followingChanged);
}

std::vector<PlotWidget*> OverviewPlots::all() const {
    return {m_kvMemory, m_maxContext, m_speed, m_memory};
}

void OverviewPlots::setOverview(const OverviewData& overview) {
    m_overview = overview;
    if ((m_speed->empty() && !m_running) || sameVariants(m_measured, overview)) {
        m_measured = overview;
    } else {
        copyVisibility(overview, m_measured);
        m_measured.measuredOf = labels(m_measured);
    }
    m_kvMemory->setOverview(m_overview);
    m_maxContext->setOverview(m_overview);
    m_speed->setOverview(m_measured);
}

void OverviewPlots::beginRun() {
    m_replayed = false;
    m_speed->clear();
    m_memory->clear();
    m_measured = m_overview;
    m_speed->setOverview(m_measured);
    setFollowing(true);
}

void OverviewPlots::beginRun(const OverviewData& measured) {
    beginRun();
    m_running = true;
    m_measured = measured;
    setOverview(OverviewData(m_overview)); // which says so where the two differ
}

void OverviewPlots::endRun() {
    m_running = false;
    if (m_speed->following())
        m_speed->setFollowing(false);
}

void OverviewPlots::add(const LivePoints& points) {
    if (m_replayed)
        return;
    m_speed->add(points.speed);
    m_memory->add(points.memory);
}

void OverviewPlots::showRecording(const LivePoints& points) {
    beginRun();
    add(points);
    m_replayed = true;
    m_speed->setFollowing(false);
    m_memory->setFollowing(false);
}

void OverviewPlots::setFollowing(bool on) {
    m_speed->setFollowing(on);
    m_memory->setFollowing(on);
}

} // namespace decodescope
