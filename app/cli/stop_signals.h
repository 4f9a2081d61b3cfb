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

} // namespace decodescope
