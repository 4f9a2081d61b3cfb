// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/worker/worker_process.h"

#include "app/gui/worker/exit_cause.h"

namespace decodescope {
namespace {

constexpr int kFlushMs = 33;  // at most 30 updates a second
constexpr int kPortionMs = 8; // parsing in one go, half a frame
constexpr int kTerminateMs = 1000;
constexpr int kKillMs = 3000;
constexpr int kLastWaitMs = 500;
constexpr int kBadLinesTold = 5;
constexpr int kBadLineShown = 120; // characters

} // namespace

WorkerProcess::WorkerProcess(QObject* parent) : QObject(parent) {
    m_flushTimer.setInterval(kFlushMs);
    m_terminateTimer.setSingleShot(true);
    m_killTimer.setSingleShot(true);
    connect(&m_process, &QProcess::readyReadStandardOutput, this, &WorkerProcess::readOutput);
    connect(&m_process, &QProcess::readyReadStandardError, this, &WorkerProcess::readErrors);
    connect(&m_process, &QProcess::finished, this, &WorkerProcess::processEnded);
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error != QProcess::FailedToStart)
            return;
        m_failure =
            tr("%1 cannot be started: %2.").arg(m_process.program(), m_process.errorString());
        processEnded();
    });
    connect(&m_flushTimer, &QTimer::timeout, this, &WorkerProcess::flush);
    connect(&m_terminateTimer, &QTimer::timeout, &m_process, &QProcess::terminate);
    connect(&m_killTimer, &QTimer::timeout, &m_process, &QProcess::kill);
}

WorkerProcess::~WorkerProcess() {
    disconnect(&m_process, nullptr, this, nullptr);
    if (m_process.state() == QProcess::NotRunning)
        return;
    m_process.closeWriteChannel();
    m_process.terminate();
    if (!m_process.waitForFinished(kLastWaitMs))
        m_process.kill();
    m_process.waitForFinished(kLastWaitMs);
}

void WorkerProcess::start(const WorkerCommand& command) {
    Q_ASSERT(!m_running);
    m_buffer.clear();
    m_errorBuffer.clear();
    m_lastError.clear();
    m_failure.clear();
    m_badLines = 0;
    m_ended = m_stopAsked = m_silenceSaid = m_sawDone = m_partial = false;
    m_running = true;
    if (!command.autosave.isEmpty()) {
        m_autosave.setFileName(command.autosave);
        if (!m_autosave.open(QIODevice::WriteOnly | QIODevice::Append))
            emit logLine(tr("%1: the autosave cannot be written: %2.")
                             .arg(command.autosave, m_autosave.errorString()));
    }
    m_sinceLine.start();
    m_flushTimer.start();
    m_process.start(command.program, command.arguments);
    if (!command.firstLine.isEmpty())
        m_process.write(command.firstLine + '\n');
}

void WorkerProcess::stop() {
    if (!m_running || m_ended || m_stopAsked)
        return;
    m_stopAsked = true;
    m_process.write("stop\n");
    m_process.closeWriteChannel();
    m_terminateTimer.start(kTerminateMs);
    m_killTimer.start(kKillMs);
}

void WorkerProcess::setPaused(bool paused) {
    if (m_running && !m_ended && !m_stopAsked)
        m_process.write(paused ? "pause\n" : "resume\n");
}

void WorkerProcess::readOutput() {
    m_buffer += m_process.readAllStandardOutput();
}

void WorkerProcess::readErrors() {
    m_errorBuffer += m_process.readAllStandardError();
    for (qsizetype end = m_errorBuffer.indexOf('\n'); end >= 0; end = m_errorBuffer.indexOf('\n')) {
        const QString line = QString::fromUtf8(m_errorBuffer.left(end)).trimmed();
        m_errorBuffer.remove(0, end + 1);
        if (line.isEmpty())
            continue;
        m_lastError = line;
        emit logLine(line);
    }
}

void WorkerProcess::takeLine(const QByteArray& line, std::vector<Event>& events) {
    if (line.trimmed().isEmpty())
        return;
    Result<Event> event = parseLine(std::string_view(line.constData(), line.size()));
    if (!event) {
        if (!event.error().what.empty() && ++m_badLines <= kBadLinesTold)
            emit logLine(tr("The worker sent a line that is no record: %1")
                             .arg(QString::fromUtf8(line.left(kBadLineShown))));
        return;
    }
    if (m_autosave.isOpen() && m_autosave.write(line + '\n') < 0)
        m_autosave.close();
    if (const auto* done = std::get_if<RunDone>(&*event)) {
        m_sawDone = true;
        m_partial = done->partial;
    } else if (const auto* failed = std::get_if<RunFailed>(&*event)) {
        m_failure = QString::fromStdString(failed->error.sentence());
    }
    events.push_back(std::move(*event));
}

void WorkerProcess::flush() {
    QElapsedTimer spent;
    spent.start();
    std::vector<Event> found;
    qsizetype begin = 0;
    while (spent.elapsed() < kPortionMs) {
        const qsizetype end = m_buffer.indexOf('\n', begin);
        if (end < 0)
            break;
        takeLine(m_buffer.mid(begin, end - begin), found);
        begin = end + 1;
    }
    if (begin > 0) {
        m_buffer.remove(0, begin);
        m_sinceLine.restart();
        m_silenceSaid = false;
        if (m_autosave.isOpen())
            m_autosave.flush();
    }
    if (!found.empty())
        emit events(found);
    if (m_ended && m_buffer.indexOf('\n') < 0)
        finish();
    else
        watchSilence();
}

void WorkerProcess::watchSilence() {
    if (m_ended || m_silenceSaid || m_sinceLine.elapsed() < m_silenceLimitMs)
        return;
    m_silenceSaid = true;
    emit silent(static_cast<int>(m_sinceLine.elapsed() / 1000));
}

void WorkerProcess::processEnded() {
    if (m_ended)
        return;
    readOutput();
    readErrors();
    m_ended = true;
    m_terminateTimer.stop();
    m_killTimer.stop();
}

WorkerOutcome WorkerProcess::outcome() const {
    if (!m_failure.isEmpty())
        return {RunState::Failed, m_failure, false};
    if (m_stopAsked)
        return {RunState::Partial, m_sawDone && !m_partial ? QString() : tr("Stopped by you."),
                true};
    if (m_sawDone)
        return m_partial
                   ? WorkerOutcome{RunState::Partial,
                                   tr("The time ended before all points were measured."), false}
                   : WorkerOutcome{RunState::Complete, {}, false};
    QString cause = exitCause(m_process.exitStatus() == QProcess::CrashExit, m_process.exitCode());
    if (!m_lastError.isEmpty())
        cause += QLatin1Char(' ') + tr("It last said: %1").arg(m_lastError);
    return {RunState::Failed, cause, false};
}

void WorkerProcess::finish() {
    m_flushTimer.stop();
    m_autosave.close();
    m_running = false;
    WorkerOutcome end = outcome();
    if (end.state == RunState::Partial && end.cause.isEmpty())
        end.state = RunState::Complete;
    emit finished(end);
}

} // namespace decodescope
