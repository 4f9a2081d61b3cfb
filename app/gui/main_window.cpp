// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/main_window.h"

#include <QCloseEvent>
#include <QDockWidget>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QLabel>
#include <QProgressBar>
#include <QScreen>
#include <QSettings>
#include <QTimer>

#include "app/gui/panels/answer_strip.h"
#include "app/gui/panels/banner.h"
#include "app/gui/panels/configuration_panel.h"
#include "app/gui/panels/elided_label.h"
#include "app/gui/panels/log_panel.h"
#include "app/gui/panels/overview_plots.h"
#include "app/gui/panels/trade_off_page.h"
#include "app/gui/theme/icons.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr QSize kFirstSize(1440, 900);
constexpr QSize kFrame(16, 40);    // what a window manager draws around
constexpr int kTallEnough = 720;   // below it the plots need the headline's line
constexpr int kCloseWaitMs = 4000; // longer than a worker is given to end

QString bytes(std::uint64_t value) {
    return QString::fromStdString(formatBytes(value));
}

/// "45 s", "12 min", "2 h 5 min": as exactly as an estimate is.
QString durationText(double seconds) {
    constexpr int minute = 60;
    constexpr int hour = 60 * minute;
    const int whole = qRound(seconds);
    if (whole < 2 * minute)
        return MainWindow::tr("%1 s").arg(whole);
    if (whole < hour)
        return MainWindow::tr("%1 min").arg(qRound(whole / 60.0));
    return MainWindow::tr("%1 h %2 min").arg(whole / hour).arg(whole % hour / minute);
}

} // namespace

MainWindow::MainWindow(QWidget* parent)
    : QMainWindow(parent), m_runsModel(m_store), m_controller(m_session, m_store),
      m_queueRunner(m_queue, m_controller) {
    applyTheme(savedTheme());
    setObjectName(QStringLiteral("mainWindow"));
    setWindowTitle(tr("DecodeScope"));
    setWindowIcon(applicationIcon());
    setAcceptDrops(true);
    setDockNestingEnabled(true);
    resize(kFirstSize.boundedTo(screen()->availableSize() - kFrame));
    buildActions();
    buildRunActions();
    buildCentre();
    buildStatusBar();
    buildPages();
    connectPlots();
    buildDocks();
    buildFileMenu();
    buildOtherMenus();
    buildToolbar();
    connectController();
    m_defaultLayout = saveState();
    restore();
    refresh();
    if (const QString& problem = m_pages.tradeOff->store().problem(); !problem.isEmpty())
        showError(problem);
}

void MainWindow::connectController() {
    connect(&m_session, &Session::changed, this, &MainWindow::refresh);
    connect(&m_store, &RunStore::samplesChanged, this,
            [this] { m_session.setSamples(m_store.samples()); });
    connect(&m_store, &RunStore::changed, this, &MainWindow::refresh);
    connect(&m_controller, &RunController::stateChanged, this, [this] {
        if (!m_controller.problem().isEmpty())
            showError(m_controller.problem());
        refresh();
    });
    connect(&m_controller, &RunController::logLine, m_log, &LogPanel::append);
    connect(&m_controller, &RunController::refused, this, &MainWindow::showError);
    connect(&m_controller, &RunController::found, m_configuration, &ConfigurationPanel::setFinding);
    connect(&m_controller, &RunController::live, this, &MainWindow::takeLive);
    connect(&m_controller, &RunController::runStarted, m_plots,
            qOverload<const OverviewData&>(&OverviewPlots::beginRun));
    connect(&m_controller, &RunController::runStarted, &m_session,
            [this] { m_session.setCompared(std::nullopt); });
    connect(&m_controller, &RunController::progress, this, &MainWindow::takeProgress);
    connect(&m_controller, &RunController::ended, this, &MainWindow::takeOutcome);
    connect(&m_controller, &RunController::silent, this, [this](int seconds) {
        m_banner->showMessage(Banner::Kind::Notice,
                              tr("The worker has said nothing for %1 s. It may hang.").arg(seconds),
                              tr("Stop it"), [this] { m_controller.stop(); });
    });
}

void MainWindow::begin(const QString& program, bool quickLook) {
    // A recording that was opened is what one wants to see.
    m_controller.begin(program, quickLook && m_store.empty());
}

Capabilities MainWindow::capabilities() const {
    Capabilities can;
    const bool running = m_controller.running();
    QString why = running ? tr("A measurement runs already.") : m_controller.problem();
    if (why.isEmpty())
        why = m_session.whyNoRun();
    can.run = {why.isEmpty(), why};
    can.stop = {running, running ? QString() : tr("Nothing runs.")};
    can.save = {!m_store.empty() && !running, m_store.empty()
                                                  ? tr("Nothing has been measured yet.")
                                                  : tr("Wait for the end of the run, or stop it.")};
    can.exportData = {true, {}};
    addRunCapabilities(can);
    return can;
}

void MainWindow::refresh() {
    const Capabilities can = capabilities();
    const auto apply = [](QAction* action, const Capability& capability, const QString& tip) {
        action->setEnabled(capability.enabled);
        action->setToolTip(capability.enabled ? tip : capability.reason);
    };
    apply(m_run, can.run, tr("Measure all variants at all contexts (F5)"));
    apply(m_stop, can.stop, tr("Stop and keep what was measured (Esc)"));
    apply(m_save, can.save, tr("Save the recording (Ctrl+S)"));
    refreshRunActions(can);
    refreshBaselineActions();
    const OverviewData& overview = m_session.overview();
    m_answers->setOverview(overview);
    QString headline = tr("%1 · %2").arg(overview.modelName, overview.shape);
    if (overview.freeForKvBytes)
        headline += tr(" · free for KV on %1: %2 beside %3 of weights")
                        .arg(overview.deviceName + overview.deployment,
                             markedText(bytes(*overview.freeForKvBytes), overview.memoryUnverified),
                             bytes(overview.weightsBytes));
    m_headline->setText(headline);
    const PlanDevice device = m_session.planDevice();
    QString status = QString::fromStdString(device.name);
    if (device.roofs.bandwidthBytesPerSecond > 0)
        status += tr(" · ") +
                  markedText(tr("%1 GB/s %2")
                                 .arg(device.roofs.bandwidthBytesPerSecond / 1e9, 0, 'f', 1)
                                 .arg(device.roofs.measured ? tr("measured") : tr("datasheet")),
                             device.isUnverified(PlanDevice::kBandwidthField));
    m_device->setText(status);
    setWindowTitle(m_file.isEmpty() ? tr("DecodeScope") : tr("%1 – DecodeScope").arg(m_file));
}

bool MainWindow::refuseTooLarge() {
    const std::optional<Plan> plan = m_session.tooLarge();
    if (!plan)
        return false;
    const QString sentence = QString::fromStdString(doesNotFit(*plan).sentence());
    if (plan->maxContext < 1) {
        showError(sentence);
        return true;
    }
    const std::int64_t tokens = plan->maxContext;
    m_banner->showMessage(Banner::Kind::Error, sentence,
                          tr("Use %1 tokens").arg(QString::fromStdString(formatCount(tokens))),
                          [this, tokens] { m_session.useContext(tokens); });
    return true;
}

void MainWindow::run() {
    if (refuseTooLarge())
        return;
    m_banner->hide();
    m_configuration->setFinding({});
    m_controller.run(false);
}

void MainWindow::takeLive(const LivePoints& points) {
    m_plots->add(points);
    if (points.memory.empty())
        return;
    const MemoryPoint& last = points.memory.back();
    if (last.totalBytes && last.availableBytes)
        m_memory->setText(
            tr("%1 of %2 in use")
                .arg(bytes(*last.totalBytes - *last.availableBytes), bytes(*last.totalBytes)));
    else
        m_memory->setText(tr("memory in use: not available"));
}

void MainWindow::takeProgress(const Progress& progress) {
    m_progress->setVisible(true);
    m_progress->setValue(static_cast<int>(progress.fraction * m_progress->maximum()));
    QString text = QString::fromStdString(progress.phase);
    if (!progress.variant.empty())
        text = tr("%1 at %2, %3 of %4")
                   .arg(QString::fromStdString(progress.variant),
                        QString::fromStdString(formatCount(progress.context)))
                   .arg(progress.pointsDone)
                   .arg(progress.pointsTotal);
    if (progress.phase == kPausedPhase)
        text = tr("paused, %1 of %2").arg(progress.pointsDone).arg(progress.pointsTotal);
    if (progress.secondsLeft >= 0)
        text += tr(", %1 left").arg(durationText(progress.secondsLeft));
    m_progressText->setText(text);
}

void MainWindow::takeOutcome(const WorkerOutcome& outcome, bool quickLook) {
    m_progress->hide();
    m_progressText->clear();
    m_plots->endRun();
    if (outcome.state == RunState::Failed) {
        m_banner->showMessage(Banner::Kind::Error,
                              tr("The run failed and is marked partial. %1").arg(outcome.cause),
                              tr("Show log"), [this] { showLog(); });
        m_log->append(outcome.cause);
    } else if (!outcome.cause.isEmpty() && !quickLook) {
        offerToGoOn(tr("%1 What was measured is kept.").arg(outcome.cause));
    }
    if (!quickLook)
        notifyOfEnd(outcome);
}

void MainWindow::showError(const QString& text) {
    m_banner->showMessage(Banner::Kind::Error, text);
    m_log->append(text);
}

void MainWindow::showLog() {
    m_logDock->show();
    m_logDock->raise();
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (m_controller.running()) {
        // The lines are in the autosave as they come; wait for the last of them.
        QEventLoop wait;
        connect(&m_controller, &RunController::ended, &wait, &QEventLoop::quit);
        QTimer::singleShot(kCloseWaitMs, &wait, &QEventLoop::quit);
        m_controller.stop();
        if (m_controller.running())
            wait.exec(QEventLoop::ExcludeUserInputEvents);
    }
    QSettings settings;
    settings.setValue(QStringLiteral("window/geometry"), saveGeometry());
    settings.setValue(QStringLiteral("window/layout"), saveState());
    keepSession();
    event->accept();
}

void MainWindow::resizeEvent(QResizeEvent* event) {
    QMainWindow::resizeEvent(event);
    m_headline->setVisible(height() >= kTallEnough);
}

void MainWindow::restore() {
    const QSettings settings;
    restoreGeometry(settings.value(QStringLiteral("window/geometry")).toByteArray());
    restoreState(settings.value(QStringLiteral("window/layout")).toByteArray());
}

} // namespace decodescope
