// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QObject>
#include <QString>

#include "core/profile/recording.h"

namespace decodescope {

enum class RunState { Running, Complete, Partial, Failed };

/// One run: its lines, how it ended, and where they are kept.
struct Run {
    Recording recording;
    RunState state = RunState::Running;
    QString cause; ///< why it failed or is partial, in words
    QString file;  ///< the autosave, or the file it was opened from or saved to
    bool saved = false;
    [[nodiscard]] bool quickLook() const;
};

/// The runs of this window, oldest first.
class RunStore : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    [[nodiscard]] const std::vector<Run>& runs() const { return m_runs; }
    [[nodiscard]] bool empty() const { return m_runs.empty(); }
    /// Samples of all runs, oldest first: a later one stands for the point it repeats.
    [[nodiscard]] std::vector<Sample> samples() const;
    /// The last run of which points are missing; null: there is none. A quick look never is.
    [[nodiscard]] const Run* unfinished() const;
    /// The run that was begun or goes on. Precondition: not empty.
    [[nodiscard]] const Run& current() const { return m_runs[m_current]; }
    /// All runs as one recording.
    [[nodiscard]] Recording joined() const;

    void begin(const QString& autosave);
    /// unfinished() goes on: what comes is added to it. Precondition: there is one.
    void goOn();
    void add(const std::vector<Event>& events); ///< to the run that was begun or goes on
    void finish(RunState state, const QString& cause);
    void open(Recording recording, const QString& file); ///< in place of all
    void append(Recording recording, const QString& file, bool saved);
    void markSaved(const QString& file);
    void clear();

signals:
    void changed();
    void samplesChanged();

private:
    std::vector<Run> m_runs;
    std::size_t m_current = 0; ///< of the run that was begun or goes on
};

} // namespace decodescope
