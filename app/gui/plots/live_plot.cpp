// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/live_plot.h"

#include <algorithm>

#include <qcustomplot.h>

namespace decodescope {
namespace {

constexpr double kShortest = 5; // seconds an axis shows at least

} // namespace

LivePlot::LivePlot(const QString& chartName, const QString& title, QWidget* parent)
    : PlotWidget(chartName, title, parent) {
    setXLabel(tr("Time (s)"));
    connect(this, &PlotWidget::viewChanged, this, [this] {
        if (m_following && !fitted()) {
            m_following = false;
            emit followingChanged(false);
        }
    });
    connect(this, &PlotWidget::followRequested, this, [this] { setFollowing(true); });
    connect(this, &PlotWidget::wholeRequested, this, [this] { setFollowing(false); });
}

void LivePlot::setFollowing(bool on) {
    const bool changed = m_following != on;
    m_following = on;
    fit();
    if (changed)
        emit followingChanged(on);
}

void LivePlot::fitTime() {
    const double last = std::max(lastSeconds(), kShortest);
    plot().xAxis->setRange(m_following ? std::max(0.0, last - kWindowSeconds) : 0, last);
}

} // namespace decodescope
