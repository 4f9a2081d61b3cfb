// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QByteArray>
#include <QElapsedTimer>
#include <QFile>
#include <QObject>
#include <QProcess>
#include <QStringList>
#include <QTimer>

#include "app/gui/models/run_store.h"

namespace decodescope {

/// What to start. The first line is sent to the worker's standard input.
struct WorkerCommand {
    QString program;
    QStringList arguments;
    QByteArray firstLine;
    QString autosave; ///< every line is added to it as it comes; empty: kept nowhere
};

/// How a worker ended.
struct WorkerOutcome {
    RunState state = RunState::Failed;
    QString cause;        ///< empty for a complete run
    bool stopped = false; ///< the user asked for the end
};

/// A decodescope-cli that streams events. Its lines are parsed in small portions and handed out at
/// most 30 times a second, so that a fast worker never blocks the window. Whatever becomes of the
/// process, every whole line it wrote is handed out before finished().
class WorkerProcess : public QObject {
    Q_OBJECT
public:
    explicit WorkerProcess(QObject* parent = nullptr);
    ~WorkerProcess() override;

    void start(const WorkerCommand& command);
    /// Asks it to stop; ends it after one second, and kills it after three.
    void stop();
    /// Asks it to wait between two steps, or to go on. One that knows nothing of it does not.
    void setPaused(bool paused);
    [[nodiscard]] bool running() const { return m_running; }
    /// A worker that says nothing for so long is reported by silent().
    void setSilenceLimit(int ms) { m_silenceLimitMs = ms; }

signals:
    void events(const std::vector<decodescope::Event>& events);
    void logLine(const QString& line);
    void silent(int seconds);
    void finished(const decodescope::WorkerOutcome& outcome);

private:
    void readOutput();
    void readErrors();
    void flush();
    void takeLine(const QByteArray& line, std::vector<Event>& events);
    void processEnded();
    void watchSilence();
    void finish();
    [[nodiscard]] WorkerOutcome outcome() const;

    QProcess m_process;
    QTimer m_flushTimer;
    QTimer m_terminateTimer;
    QTimer m_killTimer;
    QElapsedTimer m_sinceLine;
    QByteArray m_buffer;
    QByteArray m_errorBuffer;
    QString m_lastError;
    QFile m_autosave;
    int m_silenceLimitMs = 15000;
    int m_badLines = 0;
    bool m_running = false;
    bool m_ended = false;
    bool m_stopAsked = false;
    bool m_silenceSaid = false;
    bool m_sawDone = false;
    bool m_partial = false;
    QString m_failure;
};

} // namespace decodescope

Q_DECLARE_METATYPE(decodescope::WorkerOutcome)
