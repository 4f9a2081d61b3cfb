// SPDX-License-Identifier: GPL-3.0-or-later
// Runs beyond the next one: paused, gone on with, waiting in a queue, told of when they end.
#include "app/gui/main_window.h"

#include <QDockWidget>
#include <QMenu>
#include <QTabWidget>

#include "app/gui/last_session.h"
#include "app/gui/panels/banner.h"
#include "app/gui/panels/overview_plots.h"
#include "app/gui/run_notifier.h"
#include "app/gui/theme/icons.h"

namespace decodescope {

void MainWindow::buildRunActions() {
    m_pause = action("actionPause", tr("&Pause"), Qt::Key_F6);
    m_goOn = action("actionGoOn", tr("Measure what is &missing"), Qt::CTRL | Qt::Key_F5);
    m_enqueue = action("actionEnqueue", tr("Add to &queue"), Qt::CTRL | Qt::SHIFT | Qt::Key_Q);
    m_pause->setIcon(themedIcon(QStringLiteral("pause")));
    m_enqueue->setIcon(themedIcon(QStringLiteral("queue")));
    connect(m_pause, &QAction::triggered, this,
            [this] { m_controller.setPaused(!m_controller.paused()); });
    connect(m_goOn, &QAction::triggered, this, [this] {
        m_banner->hide();
        m_controller.goOn();
    });
    connect(m_enqueue, &QAction::triggered, this, &MainWindow::addToQueue);
    m_notifier = new RunNotifier(*this);
    m_notify = action("actionNotify", tr("&Notify when a long run ends"), {});
    m_notify->setCheckable(true);
    m_notify->setChecked(m_notifier->enabled());
    m_notify->setToolTip(tr("While the window is in the background, of runs of over 30 seconds"));
    connect(m_notify, &QAction::toggled, m_notifier, &RunNotifier::setEnabled);
}

void MainWindow::addRunActions(QMenu* measure) {
    measure->addAction(m_pause);
    measure->addAction(m_goOn);
    measure->addSeparator();
    measure->addAction(m_enqueue);
    measure->addSeparator();
    measure->addAction(m_notify);
}

void MainWindow::addRunCapabilities(Capabilities& can) const {
    const bool running = m_controller.running();
    can.pause = {running, running ? QString() : tr("Nothing runs.")};
    can.goOn = {!running && m_store.unfinished(),
                running ? tr("A measurement runs already.") : tr("No run is partial.")};
    QString why = m_controller.problem();
    if (why.isEmpty())
        why = m_session.whyNoRun();
    can.enqueue = {why.isEmpty(), why};
}

void MainWindow::refreshRunActions(const Capabilities& can) {
    const bool paused = m_controller.paused();
    m_pause->setText(paused ? tr("&Continue") : tr("&Pause"));
    m_pause->setIcon(themedIcon(paused ? QStringLiteral("run") : QStringLiteral("pause")));
    const auto apply = [](QAction* of, const Capability& capability, const QString& tip) {
        of->setEnabled(capability.enabled);
        of->setToolTip(capability.enabled ? tip : capability.reason);
    };
    apply(m_pause, can.pause,
          paused ? tr("Go on with the next step (F6)")
                 : tr("Wait after this step, and keep all that is held (F6)"));
    apply(m_goOn, can.goOn, tr("Add the missing points to the partial run (Ctrl+F5)"));
    apply(m_enqueue, can.enqueue,
          tr("Run this when what waits before it has ended (Ctrl+Shift+Q)"));
}

void MainWindow::addToQueue() {
    if (refuseTooLarge())
        return;
    const Result<RunRequest> request = m_session.request(false);
    if (!request) {
        showError(QString::fromStdString(request.error().sentence()));
        return;
    }
    m_queue.add(*request);
    if (m_controller.running() || m_queue.held()) { // it does not begin at once
        m_queueDock->show();
        m_queueDock->raise();
    }
}

void MainWindow::offerToGoOn(const QString& sentence) {
    if (!m_store.unfinished() || m_controller.running())
        m_banner->showMessage(Banner::Kind::Notice, sentence);
    else
        m_banner->showMessage(Banner::Kind::Notice, sentence, tr("Measure what is missing"),
                              [this] { m_goOn->trigger(); });
}

void MainWindow::notifyOfEnd(const WorkerOutcome& outcome) {
    const std::size_t points = m_store.current().recording.samples.size();
    QString text = tr("The run is complete. Points measured: %1.").arg(points);
    if (outcome.state == RunState::Failed)
        text = tr("The run failed. %1").arg(outcome.cause);
    else if (outcome.state == RunState::Partial)
        text = tr("The run is partial. %1").arg(outcome.cause);
    if (!outcome.stopped)
        m_notifier->runEnded(m_controller.seconds(), text);
}

void MainWindow::restoreSession() {
    const last_session::Restored restored = last_session::restore(m_session, m_store);
    m_file = restored.file;
    if (!m_store.empty())
        replayRecording();
    if (restored.tab > 0 && restored.tab < m_tabs->count())
        m_tabs->setCurrentIndex(restored.tab);
    refresh();
    if (!restored.lost.isEmpty())
        showError(tr("Not everything that was open could be opened again. %1")
                      .arg(restored.lost.join(QLatin1Char(' '))));
    else if (m_store.unfinished())
        offerToGoOn(tr("A run of last time is partial."));
}

void MainWindow::keepSession() const {
    last_session::keep(m_session, m_store, m_file, m_tabs->currentIndex());
}

void MainWindow::restoreDefaultLayout() {
    for (QDockWidget* dock : findChildren<QDockWidget*>())
        dock->setFloating(false);
    restoreState(m_defaultLayout);
    m_tabs->setCurrentIndex(0);
}

} // namespace decodescope
