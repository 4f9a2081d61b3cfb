// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <thread>

#include "core/profile/pause_gate.h"

namespace decodescope {

/// Makes Ctrl-Z (SIGTSTP) a pause: the step that runs is ended first, then the process stops, and
/// goes on with SIGCONT (fg). A second Ctrl-Z before that stops it at once, in mid-step. One at a
/// time may live; `gate` must outlive it.
class PauseSignals {
public:
    PauseSignals(PauseGate& gate, std::stop_token stop);
    ~PauseSignals();
    PauseSignals(const PauseSignals&) = delete;
    PauseSignals& operator=(const PauseSignals&) = delete;

private:
    std::jthread m_watcher;
};

} // namespace decodescope
