// SPDX-License-Identifier: Apache-2.0
#include "core/profile/pause_gate.h"

#include <chrono>

namespace decodescope {

void PauseGate::pause() {
    const std::scoped_lock lock(m_mutex);
    m_paused = true;
}

void PauseGate::resume() {
    {
        const std::scoped_lock lock(m_mutex);
        m_paused = false;
    }
    m_changed.notify_all();
}

bool PauseGate::paused() const {
    const std::scoped_lock lock(m_mutex);
    return m_paused;
}

bool PauseGate::waiting() const {
    const std::scoped_lock lock(m_mutex);
    return m_waiting;
}

double PauseGate::pass(const std::stop_token& stop, const std::function<void()>& announce) {
    if (!paused() || stop.stop_requested())
        return 0;
    const auto begin = std::chrono::steady_clock::now();
    announce();
    std::unique_lock lock(m_mutex);
    m_waiting = true;
    m_changed.wait(lock, stop, [this] { return !m_paused; });
    m_waiting = false;
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

} // namespace decodescope
