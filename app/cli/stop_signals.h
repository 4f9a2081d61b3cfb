// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <thread>

namespace decodescope {

/// Turns Ctrl-C and SIGTERM into a stop request. One at a time may live; the second signal ends the
/// program at once.
class StopSignals {
public:
    explicit StopSignals(std::stop_source source);
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

private:
    std::jthread m_watcher;
};

/// Reads standard input to its end and requests a stop there, or at a line "stop". The thread is
/// left behind at exit, since a read cannot be interrupted portably.
void stopAtEndOfInput(std::stop_source source);

} // namespace decodescope
