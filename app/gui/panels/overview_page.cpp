// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/overview_page.h"

#include "app/gui/panels/overview_plots.h"
#include "app/gui/panels/overview_table.h"
#include "app/gui/plots/axis_link.h"
#include "app/gui/plots/kv_memory_plot.h"
#include "app/gui/plots/max_context_plot.h"
#include "app/gui/plots/memory_plot.h"
#include "app/gui/plots/speed_plot.h"

namespace decodescope {

OverviewPage::OverviewPage(Session& session, QWidget* parent)
    : ChartPage(QStringLiteral("overview"), tr("Overview"), session, parent),
      m_plots(new OverviewPlots(this)) {
    addChart(m_plots->kvMemory(), 0, 0);
    addChart(m_plots->maxContext(), 0, 1);
    addChart(m_plots->speed(), 1, 0);
    addChart(m_plots->memory(), 1, 1);
    setShares({1, 1}, {3, 2});
    new AxisLink({m_plots->speed(), m_plots->memory()}, this); // both over the time of the run
    // A run is drawn from its first point on, also while another tab is shown.
    connect(&session, &Session::changed, this, [this] {
        if (!isVisible())
            refresh();
    });
    refresh();
}

bool OverviewPage::takeData() {
    m_plots->setOverview(session().overview());
    return true;
}

TableData OverviewPage::tableData() const {
    return overviewTable(session().overview());
}

} // namespace decodescope
