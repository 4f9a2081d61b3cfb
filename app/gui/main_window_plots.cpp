// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/main_window.h"

#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QMenu>
#include <QTabWidget>

#include "app/gui/export/chart_export.h"
#include "app/gui/export/data_export.h"
#include "app/gui/export/export_dialog.h"
#include "app/gui/export/html_export.h"
#include "app/gui/models/comparison_builder.h"
#include "app/gui/panels/banner.h"
#include "app/gui/panels/compare_page.h"
#include "app/gui/panels/data_table.h"
#include "app/gui/panels/overview_page.h"
#include "app/gui/panels/overview_plots.h"
#include "app/gui/panels/runs_panel.h"
#include "app/gui/panels/tab_page.h"
#include "app/gui/panels/trade_off_page.h"
#include "app/gui/plots/memory_plot.h"
#include "app/gui/plots/speed_plot.h"

namespace decodescope {

void MainWindow::buildPages() {
    m_pages = makePages(m_session, m_store, m_actions, m_tabs);
    m_plots = &m_pages.overview->plots();
    for (TabPage* page : m_pages.all) {
        m_tabs->addTab(page, page->title());
        connect(page, &TabPage::readout, m_cursor, &QLabel::setText);
        connect(page, &TabPage::exportRequested, this, &MainWindow::chooseExport);
        connect(page, &TabPage::copyRequested, this, &MainWindow::copyChart);
        connect(m_asTable, &QAction::toggled, page, &TabPage::showTable);
    }
    connect(m_pages.tradeOff, &TradeOffPage::importRequested, this, &MainWindow::chooseTable);
    connect(m_pages.tradeOff, &TradeOffPage::exportStudyRequested, this, &MainWindow::saveStudy);
    connect(m_pages.tradeOff, &TradeOffPage::refused, this, &MainWindow::showError);
    connect(m_tabs, &QTabWidget::currentChanged, this, &MainWindow::takePage);
    takePage();
}

/// Ctrl+1 shows the first tab, Ctrl+2 the second, and so on.
void MainWindow::addTabActions(QMenu* view) {
    QMenu* tabs = view->addMenu(tr("&Tab"));
    tabs->setObjectName(QStringLiteral("tabMenu"));
    for (int i = 0; i < m_tabs->count(); ++i) {
        const QByteArray name = "actionTab" + QByteArray::number(i + 1);
        QAction* each = action(name.constData(), m_tabs->tabText(i),
                               QKeySequence(Qt::CTRL | static_cast<Qt::Key>(Qt::Key_1 + i)));
        connect(each, &QAction::triggered, this, [this, i] { m_tabs->setCurrentIndex(i); });
        tabs->addAction(each);
    }
}

void MainWindow::connectPlots() {
    connect(m_plots, &OverviewPlots::followingChanged, this, [this] {
        m_follow->setChecked(m_plots->speed()->following() && m_plots->memory()->following());
    });
    connect(m_follow, &QAction::triggered, m_plots, &OverviewPlots::setFollowing);
}

TabPage& MainWindow::currentPage() const {
    return *m_pages.all[static_cast<std::size_t>(std::max(0, m_tabs->currentIndex()))];
}

void MainWindow::takePage() {
    const bool table = currentPage().table() != nullptr;
    m_asTable->setEnabled(table);
    m_cursor->clear();
}

PlotWidget* MainWindow::focusedChart() const {
    return currentPage().focusedChart();
}

std::vector<PlotWidget*> MainWindow::chartsOr(PlotWidget* chart) const {
    if (chart)
        return {chart};
    std::vector<PlotWidget*> charts = currentPage().charts();
    return charts.empty() ? m_pages.overview->charts() : charts;
}

void MainWindow::copyTable() const {
    const DataTable* table = currentPage().table();
    if (table && table->isVisible())
        table->copy();
    else
        m_runs->copyTable();
}

void MainWindow::replayRecording() {
    m_plots->showRecording(replay(m_store.joined(), variantLabels(m_session.overview())));
}

bool MainWindow::exportTo(const QString& path, PlotWidget* chart, const ChartStyle& style) {
    const std::optional<Comparison> comparison =
        m_tabs->currentWidget() == m_pages.compare ? compareWithBaseline(m_session) : std::nullopt;
    const Status status =
        isChartFile(path)  ? exportChart(chartsOr(chart), path, style)
        : isHtmlFile(path) ? exportHtml(m_store.joined(), m_session, m_pages.chartsWithData(), path)
        : comparison       ? exportData(*comparison, path)
                           : exportData(m_store.samples(), m_session.plans(), path);
    if (!status) {
        showError(QString::fromStdString(status.error().sentence()));
        return false;
    }
    m_banner->showMessage(Banner::Kind::Notice, tr("Written: %1").arg(path));
    return true;
}

void MainWindow::chooseExport(PlotWidget* chart) {
    ExportDialog dialog(chart ? chart->title() : tr("All charts of %1").arg(currentPage().title()),
                        this);
    if (dialog.exec() != QDialog::Accepted)
        return;
    const QString name = chart ? chart->chartName() : QStringLiteral("decodescope");
    const QString ending = QLatin1Char('.') + dialog.suffix();
    QString path =
        QFileDialog::getSaveFileName(this, tr("Export"), name + ending, dialog.fileFilter());
    if (path.isEmpty())
        return;
    if (QFileInfo(path).suffix().isEmpty())
        path += ending;
    exportTo(path, chart, dialog.style());
}

void MainWindow::copyChart(PlotWidget* chart) {
    QApplication::clipboard()->setImage(chartImage(chartsOr(chart), {}));
}

} // namespace decodescope
