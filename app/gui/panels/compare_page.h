// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include "app/gui/panels/chart_page.h"
#include "app/gui/panels/page_actions.h"
#include "core/profile/comparison.h"

namespace decodescope {

class ComparePlot;
class ElidedLabel;

/// What the window holds against the baseline: a chart of ratios, and below it what could not be
/// compared and why.
class ComparePage : public ChartPage {
    Q_OBJECT
public:
    ComparePage(Session& session, const PageActions& actions, QWidget* parent = nullptr);

protected:
    [[nodiscard]] bool takeData() override;
    [[nodiscard]] TableData tableData() const override;

private:
    void addButton(QAction* action);
    void sayWhatIsMissing(bool both); ///< both sides have something, but nothing in common

    PageActions m_actions;
    ComparePlot* m_plot;
    ElidedLabel* m_sides;
    QLabel* m_notes;
    std::optional<Comparison> m_comparison;
};

} // namespace decodescope
