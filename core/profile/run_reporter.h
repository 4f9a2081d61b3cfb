// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "core/profile/profiler.h"

namespace decodescope {

/// Hands events to a run's sink, one at a time, and keeps the run's clock. Thread-safe.
class RunReporter {
public:
    explicit RunReporter(const EventSink& sink);

    void send(const Event& event);
    [[nodiscard]] double atMs() const;
    /// Of the run's own time: without what was left out.
    [[nodiscard]] double seconds() const { return atMs() / 1000 - m_leftOutSeconds; }
    /// Of the time up to now these seconds are none of the run's: it was paused. To be called by
    /// the measuring thread, which alone asks for seconds().
    void leaveOut(double seconds) { m_leftOutSeconds += seconds; }
    /// When the run began: UTC, ISO 8601.
    [[nodiscard]] const std::string& startedAt() const { return m_startedAt; }

private:
    const EventSink& m_sink;
    std::mutex m_mutex;
    std::chrono::steady_clock::time_point m_start;
    double m_leftOutSeconds = 0;
    std::string m_startedAt;
};

/// "20260102-030405-1a2b3c4d": sorts by time, and no two runs of one second share it.
[[nodiscard]] std::string newRunId(const std::string& startedAt);

/// Gathers repetitions into Progress lines, so that at most thirty a second are sent however fast
/// the steps are. Used by one thread; times are passed in.
class ProgressFeed {
public:
    explicit ProgressFeed(EventSink send) : m_send(std::move(send)) {}

    /// Sends a line about a new phase at once.
    void announce(const Progress& head, double nowMs);
    /// Adds one repetition to the line of this phase, variant, context and batch, and sends the
    /// line that waits longest if one is due.
    void add(const Progress& head, double repetitionMs, double nowMs);
    /// Sends what waits about `variant` (of all, if empty), due or not.
    void flush(const std::string& variant, double nowMs);

private:
    void send(Progress progress, double nowMs);

    EventSink m_send;
    std::vector<Progress> m_waiting; ///< oldest first
    double m_lastMs = -1e9;
};

} // namespace decodescope
