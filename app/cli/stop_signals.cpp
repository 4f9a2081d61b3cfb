// SPDX-License-Identifier: Apache-2.0
#include "app/cli/stop_signals.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <utility>

namespace decodescope {
namespace {

/// Written by the handler, which may run in any thread, and read by the watcher.
std::atomic<bool> signalled{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a handler may not take a lock");

extern "C" void noteSignal(int number) {
    signalled = true;
    std::signal(number, SIG_DFL); // the second one ends the program
}

} // namespace

StopSignals::StopSignals(std::stop_source source) {
    signalled = false;
    std::signal(SIGINT, noteSignal);
    std::signal(SIGTERM, noteSignal);
    m_watcher = std::jthread([source = std::move(source)](const std::stop_token& ended) mutable {
        using namespace std::chrono_literals;
        while (!ended.stop_requested()) {
            if (signalled) {
                source.request_stop();
                return;
            }
            std::this_thread::sleep_for(20ms);
        }
    });
}

StopSignals::~StopSignals() {
    m_watcher.request_stop();
    m_watcher.join();
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
}

} // namespace decodescope
