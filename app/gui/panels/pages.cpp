// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/pages.h"

#include "app/gui/panels/claims_page.h"
#include "app/gui/panels/compare_page.h"
#include "app/gui/panels/latency_page.h"
#include "app/gui/panels/memory_page.h"
#include "app/gui/panels/overview_page.h"
#include "app/gui/panels/plan_page.h"
#include "app/gui/panels/roofline_page.h"
#include "app/gui/panels/speed_page.h"
#include "app/gui/panels/trade_off_page.h"
#include "app/gui/plots/plot_widget.h"

namespace decodescope {
namespace {

const QString kOverview = QStringLiteral("overview");

} // namespace

Pages makePages(Session& session, const RunStore& runs, const PageActions& actions,
                QWidget* parent) {
    Pages pages;
    pages.overview = new OverviewPage(session, parent);
    pages.tradeOff = new TradeOffPage(session, parent);
    pages.compare = new ComparePage(session, actions, parent);
    pages.all = {pages.overview,
                 new PlanPage(session, parent),
                 new MemoryPage(session, runs, parent),
                 new SpeedPage(session, actions.run, parent),
                 new RooflinePage(session, actions.run, parent),
                 pages.tradeOff,
                 new LatencyPage(session, runs, actions.run, parent),
                 new ClaimsPage(session, actions.run, parent),
                 pages.compare};
    return pages;
}

std::vector<PlotWidget*> Pages::charts(const QString& name) const {
    if (name == kOverview)
        return overview->charts();
    for (const TabPage* page : all)
        for (PlotWidget* chart : page->charts())
            if (chart->chartName() == name)
                return {chart};
    return {};
}

QStringList Pages::chartNames() const {
    QStringList names{kOverview};
    for (const TabPage* page : all)
        for (const PlotWidget* chart : page->charts())
            names << chart->chartName();
    return names;
}

std::vector<PlotWidget*> Pages::chartsWithData() const {
    std::vector<PlotWidget*> charts;
    for (TabPage* page : all) {
        page->refresh();
        if (!page->hasData())
            continue;
        for (PlotWidget* chart : page->charts())
            if (chart->hasData())
                charts.push_back(chart);
    }
    return charts;
}

} // namespace decodescope
