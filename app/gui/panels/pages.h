// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QStringList>

#include "app/gui/panels/page_actions.h"

class QWidget;

namespace decodescope {

class ComparePage;
class OverviewPage;
class PlotWidget;
class RunStore;
class Session;
class TabPage;
class TradeOffPage;

/// All tabs of the window, in their order.
struct Pages {
    OverviewPage* overview = nullptr; ///< also among `all`; it is fed live
    TradeOffPage* tradeOff = nullptr; ///< the same; it takes tables
    ComparePage* compare = nullptr;   ///< also among `all`
    std::vector<TabPage*> all;

    /// The charts of this name: one or, for "overview", the Overview's four. Empty: there is none.
    [[nodiscard]] std::vector<PlotWidget*> charts(const QString& name) const;
    [[nodiscard]] QStringList chartNames() const;
    /// Those that have something to show, after all pages have taken what the Session says now.
    [[nodiscard]] std::vector<PlotWidget*> chartsWithData() const;
};

[[nodiscard]] Pages makePages(Session& session, const RunStore& runs, const PageActions& actions,
                              QWidget* parent);

} // namespace decodescope
