// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QObject>

#include "app/gui/models/live_feed.h"
#include "app/gui/models/run_store.h"
#include "app/gui/models/session.h"
#include "app/gui/worker/monitor.h"
#include "app/gui/worker/worker_program.h"

namespace decodescope {

/// Runs what the Session asks for and puts what comes back into the RunStore. While nothing runs,
/// the monitor watches the machine.
class RunController : public QObject {
    Q_OBJECT
public:
    RunController(Session& session, RunStore& store, QObject* parent = nullptr);

    /// Checks the worker program, then watches the machine; after the first devices are known,
    /// a quick look is run where one is wanted.
    void begin(const QString& program, bool quickLook);
    void run(bool quickLook);
    /// Runs what was asked for before, by a queue.
    void start(const RunRequest& request);
    /// Measures what is missing of RunStore::unfinished(), and adds it to that run and its file.
    void goOn();
    void stop();
    /// A paused run waits between two steps, with all it holds, until it goes on or is stopped.
    void setPaused(bool paused);
    [[nodiscard]] bool running() const { return m_worker.running(); }
    [[nodiscard]] bool paused() const { return m_paused; }
    /// Seconds since the run began.
    [[nodiscard]] double seconds() const;
    /// Why nothing can be measured; empty where it can.
    [[nodiscard]] QString problem() const { return m_problem; }

signals:
    void stateChanged(); ///< running, problem
    void runStarted(const decodescope::OverviewData& measured);
    void live(const decodescope::LivePoints& points);
    void progress(const decodescope::Progress& progress);
    void found(const QString& sentence); ///< what the quick look found
    void ended(const decodescope::WorkerOutcome& outcome, bool quickLook);
    void refused(const QString& why);
    void silent(int seconds);
    void logLine(const QString& line);

private:
    [[nodiscard]] Result<RunRequest> requestToGoOn(const Run& run, const QString& file) const;
    void launch(const RunRequest& request, const QString& autosave);
    void takeEvents(const std::vector<Event>& events);
    void takeOutcome(const WorkerOutcome& outcome);
    void watch();

    Session& m_session;
    RunStore& m_store;
    WorkerProcess m_worker;
    Monitor m_monitor;
    WorkerCheck m_check;
    LiveFeed m_feed;
    QElapsedTimer m_sinceRun; ///< or since the start, before the first run
    QString m_program;
    QString m_problem;
    std::string m_runDevice;
    bool m_quickLookWanted = false;
    bool m_quickLook = false;
    bool m_paused = false;
};

/// Where the lines of a run begun now are kept.
[[nodiscard]] QString newAutosavePath();

/// One sentence about what these Samples of one context say of each other; empty without two.
[[nodiscard]] QString findingOf(const std::vector<Sample>& samples);

} // namespace decodescope
