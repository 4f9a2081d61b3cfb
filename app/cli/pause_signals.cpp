// SPDX-License-Identifier: Apache-2.0
#include "app/cli/pause_signals.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <utility>

#include <unistd.h>

namespace decodescope {
namespace {

/// Written by the handler, which may run in any thread, and read by the watcher.
std::atomic<bool> pauseAsked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a handler may not take a lock");

extern "C" void notePause(int number) {
    pauseAsked = true;
    std::signal(number, SIG_DFL); // the second one does not wait for the step
}

constexpr std::chrono::milliseconds kPoll{20};

} // namespace

PauseSignals::PauseSignals(PauseGate& gate, std::stop_token stop) {
    pauseAsked = false;
    std::signal(SIGTSTP, notePause);
    m_watcher = std::jthread([&gate, stop = std::move(stop)](const std::stop_token& ended) {
        const auto over = [&] { return ended.stop_requested() || stop.stop_requested(); };
        for (; !over(); std::this_thread::sleep_for(kPoll)) {
            if (!pauseAsked)
                continue;
            gate.pause();
            while (!gate.waiting() && !over())
                std::this_thread::sleep_for(kPoll);
            pauseAsked = false;
            if (over())
                return;
            kill(getpid(), SIGSTOP); // until SIGCONT
            std::signal(SIGTSTP, notePause);
            gate.resume();
        }
    });
}

PauseSignals::~PauseSignals() {
    m_watcher.request_stop();
    m_watcher.join();
    std::signal(SIGTSTP, SIG_DFL);
}

} // namespace decodescope
