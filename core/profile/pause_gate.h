// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>

namespace decodescope {

/// Where a measuring thread waits between two steps while it is asked to. Thread-safe.
class PauseGate {
public:
    void pause();
    void resume();
    [[nodiscard]] bool paused() const; ///< asked to: a step may still be running
    /// True while the measuring thread stands in pass(): nothing is run.
    [[nodiscard]] bool waiting() const;
    /// Waits while paused, until a stop is asked for; `announce` is called before, without a lock.
    /// The seconds that were waited; 0 without a pause.
    [[nodiscard]] double pass(const std::stop_token& stop, const std::function<void()>& announce);

private:
    mutable std::mutex m_mutex; ///< guards what follows
    std::condition_variable_any m_changed;
    bool m_paused = false;
    bool m_waiting = false;
};

} // namespace decodescope
