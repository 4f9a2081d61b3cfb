// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/gui/panels/chart_page.h"

namespace decodescope {

class OverviewPlots;

/// The Overview: four charts of the configuration and of the run that is going on.
class OverviewPage : public ChartPage {
    Q_OBJECT
public:
    explicit OverviewPage(Session& session, QWidget* parent = nullptr);
    [[nodiscard]] OverviewPlots& plots() const { return *m_plots; }

protected:
    [[nodiscard]] bool takeData() override;
    [[nodiscard]] TableData tableData() const override;

private:
    OverviewPlots* m_plots;
};

} // namespace decodescope
