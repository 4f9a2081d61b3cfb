// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "app/gui/models/table_data.h"
#include "app/gui/panels/tab_page.h"

class QAction;
class QGridLayout;
class QHBoxLayout;
class QLabel;
class QStackedWidget;
class QToolButton;

namespace decodescope {

class LegendRow;
class Surface;

/// A tab of charts: under a row for the page's own controls and the legend of the variants stands a
/// grid of charts, each on a surface; or their numbers as a table; or, while there is nothing to
/// show, a line that says what there will be and a button that brings it.
class ChartPage : public TabPage {
    Q_OBJECT
public:
    ChartPage(const QString& name, const QString& title, Session& session,
              QWidget* parent = nullptr);

    [[nodiscard]] std::vector<PlotWidget*> charts() const override { return m_charts; }
    [[nodiscard]] DataTable* table() const override { return m_table; }
    void showTable(bool shown) override;
    [[nodiscard]] bool hasData() const override { return m_any; }
    void refresh() final;
    [[nodiscard]] LegendRow* legend() const { return m_legend; }

protected:
    /// Gives the charts their data from session(). False: there is nothing to show.
    [[nodiscard]] virtual bool takeData() = 0;
    /// After takeData(): what the charts show.
    [[nodiscard]] virtual TableData tableData() const = 0;

    /// Puts a chart, which the page then owns, into these cells of the grid.
    void addChart(PlotWidget* chart, int row, int column, int rowSpan = 1, int columnSpan = 1);
    /// The same for what stands beside charts.
    void addPanel(QWidget* panel, int row, int column, int rowSpan = 1, int columnSpan = 1);
    /// Shares of the room that rows and columns take; all are alike otherwise.
    void setShares(const std::vector<int>& rows, const std::vector<int>& columns);
    /// The row over the legend for combo boxes, toggles, sliders; not there while it is empty.
    [[nodiscard]] QHBoxLayout* controls();
    /// The charts have keys of their own: what they show are not the variants.
    void dropLegend() { m_hasLegend = false; }
    /// What stands in the place of the charts while there is nothing to show. `action` may be null.
    void setEmpty(const QString& text, QAction* action);

private:
    Surface* place(QWidget* content, int row, int column, int rowSpan, int columnSpan);
    void showRight();

    std::vector<PlotWidget*> m_charts;
    QWidget* m_head;
    QHBoxLayout* m_controls = nullptr;
    LegendRow* m_legend;
    QStackedWidget* m_body;
    QGridLayout* m_grid;
    DataTable* m_table;
    QLabel* m_emptyText;
    QToolButton* m_emptyButton;
    bool m_hasLegend = true;
    bool m_any = true;
    bool m_tableShown = false;
};

} // namespace decodescope
