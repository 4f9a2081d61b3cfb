// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/axis_link.h"

#include <qcustomplot.h>

#include "app/gui/plots/plot_widget.h"

namespace decodescope {

AxisLink::AxisLink(std::vector<PlotWidget*> charts, QObject* parent)
    : QObject(parent), m_charts(std::move(charts)) {
    for (PlotWidget* chart : m_charts)
        connect(chart, &PlotWidget::viewChanged, this, [this, chart] { follow(*chart); });
}

void AxisLink::follow(PlotWidget& moved) {
    if (m_following)
        return;
    m_following = true;
    for (PlotWidget* chart : m_charts) {
        if (chart == &moved)
            continue;
        if (moved.fitted())
            chart->fit();
        else
            chart->showX(moved.plot().xAxis->range().lower, moved.plot().xAxis->range().upper);
    }
    m_following = false;
}

} // namespace decodescope
