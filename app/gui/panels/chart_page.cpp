// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/chart_page.h"

#include <QAction>
#include <QGridLayout>
#include <QLabel>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/gui/panels/data_table.h"
#include "app/gui/panels/legend_row.h"
#include "app/gui/plots/plot_widget.h"
#include "app/gui/theme/surface.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr QSize kLeastPlot(160, 96);
enum Body { ChartsBody, TableBody, EmptyBody };

Surface* surfaceAround(QWidget* content, QWidget* parent) {
    auto* surface = new Surface(parent);
    auto* inside = new QVBoxLayout(surface);
    inside->setContentsMargins(kHalfStep, kHalfStep, kHalfStep, kHalfStep);
    inside->addWidget(content);
    return surface;
}

} // namespace

ChartPage::ChartPage(const QString& name, const QString& title, Session& session, QWidget* parent)
    : TabPage(name, title, session, parent), m_head(new QWidget(this)),
      m_legend(new LegendRow(this)), m_body(new QStackedWidget(this)), m_grid(new QGridLayout),
      m_table(new DataTable(name + QStringLiteral("Table"), tr("%1 as a table").arg(title))),
      m_emptyText(new QLabel(this)), m_emptyButton(new QToolButton(this)) {
    m_head->hide();
    auto* charts = new QWidget(m_body);
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setSpacing(kStep);
    charts->setLayout(m_grid);
    m_emptyText->setObjectName(name + QStringLiteral("Empty"));
    m_emptyText->setTextFormat(Qt::PlainText);
    m_emptyText->setAlignment(Qt::AlignCenter);
    m_emptyText->setWordWrap(true);
    m_emptyText->setForegroundRole(QPalette::PlaceholderText);
    m_emptyButton->setObjectName(name + QStringLiteral("EmptyButton"));
    m_emptyButton->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_emptyButton->setFocusPolicy(Qt::StrongFocus);
    auto* empty = new QWidget(m_body);
    auto* emptyColumn = new QVBoxLayout(empty);
    emptyColumn->setSpacing(2 * kStep);
    emptyColumn->addStretch(1);
    emptyColumn->addWidget(m_emptyText);
    emptyColumn->addWidget(m_emptyButton, 0, Qt::AlignHCenter);
    emptyColumn->addStretch(1);
    m_body->addWidget(charts);
    m_body->addWidget(surfaceAround(m_table, m_body));
    m_body->addWidget(surfaceAround(empty, m_body));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, kHalfStep, 0, 0);
    column->setSpacing(kHalfStep);
    column->addWidget(m_head);
    column->addWidget(m_legend);
    column->addWidget(m_body, 1);
    connect(m_legend, &LegendRow::toggled, &session, &Session::setShown);
}

Surface* ChartPage::place(QWidget* content, int row, int column, int rowSpan, int columnSpan) {
    Surface* cell = surfaceAround(content, m_body->widget(ChartsBody));
    cell->setMinimumSize(kLeastPlot);
    // Shares as they were given, whatever the contents would like.
    cell->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Ignored);
    m_grid->addWidget(cell, row, column, rowSpan, columnSpan);
    for (int i = row; i < row + rowSpan; ++i)
        m_grid->setRowStretch(i, 1);
    for (int i = column; i < column + columnSpan; ++i)
        m_grid->setColumnStretch(i, 1);
    return cell;
}

void ChartPage::addChart(PlotWidget* chart, int row, int column, int rowSpan, int columnSpan) {
    place(chart, row, column, rowSpan, columnSpan);
    watch(chart);
    m_charts.push_back(chart);
}

void ChartPage::addPanel(QWidget* panel, int row, int column, int rowSpan, int columnSpan) {
    place(panel, row, column, rowSpan, columnSpan);
}

void ChartPage::setShares(const std::vector<int>& rows, const std::vector<int>& columns) {
    for (std::size_t i = 0; i < rows.size(); ++i)
        m_grid->setRowStretch(static_cast<int>(i), rows[i]);
    for (std::size_t i = 0; i < columns.size(); ++i)
        m_grid->setColumnStretch(static_cast<int>(i), columns[i]);
}

QHBoxLayout* ChartPage::controls() {
    if (!m_controls) {
        m_controls = new QHBoxLayout(m_head);
        m_controls->setContentsMargins(0, 0, 0, 0);
        m_controls->setSpacing(kStep);
        m_head->show();
    }
    return m_controls;
}

void ChartPage::setEmpty(const QString& text, QAction* action) {
    m_emptyText->setText(text);
    m_emptyButton->setVisible(action != nullptr);
    if (action)
        m_emptyButton->setDefaultAction(action);
}

void ChartPage::showTable(bool shown) {
    m_tableShown = shown;
    if (isVisible())
        refresh();
}

void ChartPage::refresh() {
    m_legend->setOverview(session().overview());
    m_any = takeData();
    if (m_any && m_tableShown)
        m_table->setTable(tableData());
    showRight();
}

void ChartPage::showRight() {
    m_body->setCurrentIndex(!m_any ? EmptyBody : m_tableShown ? TableBody : ChartsBody);
    m_head->setVisible(m_controls != nullptr && m_any);
    m_legend->setVisible(m_hasLegend && m_any && !m_tableShown);
}

} // namespace decodescope
