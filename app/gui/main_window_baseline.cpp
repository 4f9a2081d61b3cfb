// SPDX-License-Identifier: GPL-3.0-or-later
// What is compared, and with what.
#include "app/gui/main_window.h"

#include <algorithm>

#include <QFileDialog>
#include <QFileInfo>
#include <QTabWidget>

#include "app/gui/panels/banner.h"
#include "app/gui/panels/compare_page.h"
#include "core/profile/comparison_file.h"

namespace decodescope {
namespace {

/// The last run that was measured, a quick look only where there is nothing else. From 1; 0: none.
int runToPin(const std::vector<Run>& runs) {
    int found = 0;
    for (std::size_t i = 0; i < runs.size(); ++i)
        if (!runs[i].recording.samples.empty() &&
            (found == 0 || !runs[i].quickLook() ||
             runs[static_cast<std::size_t>(found) - 1].quickLook()))
            found = static_cast<int>(i) + 1;
    return found;
}

} // namespace

void MainWindow::buildBaselineActions() {
    m_actions.pinBaseline =
        action("actionPinBaseline", tr("&Pin as baseline"), Qt::CTRL | Qt::SHIFT | Qt::Key_B);
    connect(m_actions.pinBaseline, &QAction::triggered, this,
            [this] { pinBaseline(runToPin(m_store.runs())); });
    m_actions.openBaseline = action("actionOpenBaseline", tr("Open as &baseline…"), {});
    connect(m_actions.openBaseline, &QAction::triggered, this, &MainWindow::chooseBaseline);
    m_actions.removeBaseline = action("actionRemoveBaseline", tr("Remove &baseline"), {});
    connect(m_actions.removeBaseline, &QAction::triggered, &m_session, &Session::clearBaseline);
    m_actions.run = m_run;
}

void MainWindow::refreshBaselineActions() {
    const bool any = runToPin(m_store.runs()) > 0;
    m_actions.pinBaseline->setEnabled(any);
    m_actions.pinBaseline->setToolTip(any ? tr("Hold what is measured next against the last run "
                                               "(Ctrl+Shift+B)")
                                          : tr("Nothing has been measured yet."));
    const bool pinned = m_session.baseline().has_value();
    m_actions.removeBaseline->setEnabled(pinned);
    m_actions.removeBaseline->setToolTip(pinned ? tr("Compare with nothing")
                                                : tr("There is no baseline."));
    m_actions.openBaseline->setToolTip(
        tr("A recording or plans that what is here is compared with"));
}

void MainWindow::pinBaseline(int number) {
    if (number < 1 || number > static_cast<int>(m_store.runs().size()))
        return;
    const Run& run = m_store.runs()[static_cast<std::size_t>(number) - 1];
    const QString name = run.saved ? QFileInfo(run.file).fileName() : tr("run %1").arg(number);
    m_session.setBaseline(baselineOf(run.recording.samples, name));
    tellBaseline();
}

void MainWindow::chooseBaseline() {
    const QString path =
        QFileDialog::getOpenFileName(this, tr("Open as baseline"), {},
                                     tr("Recordings and plans (*.jsonl *.json);;All files (*)"));
    if (!path.isEmpty())
        openBaseline(path);
}

bool MainWindow::openBaseline(const QString& path) {
    Result<Baseline> baseline = readBaseline(path);
    if (!baseline) {
        showError(QString::fromStdString(baseline.error().sentence()));
        return false;
    }
    m_session.setBaseline(std::move(*baseline));
    tellBaseline();
    return true;
}

void MainWindow::tellBaseline() {
    if (m_tabs->currentWidget() == m_pages.compare)
        return;
    m_banner->showMessage(Banner::Kind::Notice,
                          tr("%1 is the baseline.").arg(m_session.baseline()->name), tr("Compare"),
                          [this] { m_tabs->setCurrentWidget(m_pages.compare); });
}

bool MainWindow::compareFiles(const QString& baseline, const QString& now) {
    Result<ComparedSet> set = readComparedSet(now.toStdString());
    if (!set) {
        showError(QString::fromStdString(set.error().sentence()));
        return false;
    }
    if (!set->planned)
        openPath(now);
    if (!openBaseline(baseline))
        return false;
    if (const Status sides = checkSides(m_session.baseline()->set, *set); !sides) {
        showError(QString::fromStdString(sides.error().sentence()));
        return false;
    }
    set->name = QFileInfo(now).fileName().toStdString();
    m_session.setCompared(std::move(*set));
    m_banner->hide();
    m_tabs->setCurrentWidget(m_pages.compare);
    return true;
}

} // namespace decodescope
