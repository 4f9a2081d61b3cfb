// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/main_window.h"

#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>

#include "app/gui/export/chart_export.h"
#include "app/gui/export/data_export.h"
#include "app/gui/panels/banner.h"
#include "app/gui/panels/legend_row.h"
#include "app/gui/panels/overview_page.h"
#include "app/gui/panels/overview_plots.h"
#include "app/gui/plots/kv_memory_plot.h"
#include "app/gui/plots/max_context_plot.h"
#include "app/gui/plots/memory_plot.h"
#include "app/gui/plots/speed_plot.h"

namespace decodescope {

void MainWindow::buildPlots() {
    m_plots = new OverviewPlots(this);
    connect(m_plots, &OverviewPlots::readout, this,
            [this](const QString& text) { m_cursor->setText(text); });
    connect(m_plots, &OverviewPlots::exportRequested, this, &MainWindow::chooseExport);
    connect(m_plots, &OverviewPlots::copyRequested, this, &MainWindow::copyChart);
    connect(m_plots, &OverviewPlots::followingChanged, this, [this] {
        m_follow->setChecked(m_plots->speed()->following() && m_plots->memory()->following());
    });
    connect(m_follow, &QAction::triggered, m_plots, &OverviewPlots::setFollowing);
}

void MainWindow::placePlots() {
    m_overviewPage->setPlots(m_plots->kvMemory(), m_plots->maxContext(), m_plots->speed(),
                             m_plots->memory());
    connect(m_overviewPage, &OverviewPage::overviewChanged, m_plots, &OverviewPlots::setOverview);
    LegendRow* legend = m_overviewPage->legend();
    connect(m_plots, &OverviewPlots::toggleRequested, legend,
            [legend](int index) { legend->setShown(index, !legend->isShown(index)); });
}

void MainWindow::replayRecording() {
    std::vector<std::string> labels;
    for (const VariantSeries& variant : m_session.overview().variants)
        labels.push_back(variant.label.toStdString());
    m_plots->showRecording(replay(m_store.joined(), labels));
}

bool MainWindow::exportTo(const QString& path, PlotWidget* chart) {
    const std::vector<PlotWidget*> charts = chart ? std::vector{chart} : m_plots->all();
    const Status status = isChartFile(path)
                              ? exportChart(charts, path, {})
                              : exportData(m_store.samples(), m_session.plans(), path);
    if (!status) {
        showError(QString::fromStdString(status.error().sentence()));
        return false;
    }
    m_banner->showMessage(Banner::Kind::Notice, tr("Written: %1").arg(path));
    return true;
}

void MainWindow::chooseExport(PlotWidget* chart) {
    const QString name = chart ? chart->chartName() : QStringLiteral("decodescope");
    const QString charts = tr("Chart (*.png *.svg *.pdf)");
    const QString tables = tr("Data (*.csv *.json *.jsonl *.md)");
    QString chosen;
    QString path = QFileDialog::getSaveFileName(this, tr("Export"), name + QStringLiteral(".png"),
                                                charts + QStringLiteral(";;") + tables, &chosen);
    if (path.isEmpty())
        return;
    if (QFileInfo(path).suffix().isEmpty())
        path += chosen == tables ? QStringLiteral(".csv") : QStringLiteral(".png");
    exportTo(path, chart);
}

void MainWindow::copyChart(PlotWidget* chart) {
    const std::vector<PlotWidget*> charts = chart ? std::vector{chart} : m_plots->all();
    QApplication::clipboard()->setImage(chartImage(charts, {}));
}

} // namespace decodescope
