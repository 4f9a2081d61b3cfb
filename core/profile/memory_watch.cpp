// SPDX-License-Identifier: Apache-2.0
#include "core/profile/memory_watch.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace decodescope {
namespace {

constexpr std::chrono::milliseconds kPeriod{100};

} // namespace

MemoryWatch::MemoryWatch(Backend& backend, std::string deviceId, RunReporter& reporter)
    : m_backend(backend), m_deviceId(std::move(deviceId)), m_reporter(reporter) {
    report({}); // before anything is allocated, however late the thread starts
    m_thread = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

MemoryWatch::~MemoryWatch() {
    m_thread.request_stop();
    m_thread.join();
}

void MemoryWatch::setLedger(const MemoryLedger& ledger) {
    const std::scoped_lock lock(m_mutex);
    m_ledger = ledger;
}

void MemoryWatch::report(const MemoryLedger& ledger) {
    m_reporter.send(MemoryEvent{m_reporter.atMs(), ledger, m_backend.readMemory(m_deviceId)});
}

void MemoryWatch::watch(const std::stop_token& stop) {
    auto next = std::chrono::steady_clock::now() + kPeriod;
    std::unique_lock lock(m_mutex);
    while (true) {
        m_wake.wait_until(lock, stop, next, [] { return false; });
        const bool last = stop.stop_requested(); // the end is sent too
        const MemoryLedger ledger = m_ledger;
        lock.unlock();
        report(ledger);
        if (last)
            return;
        // A sink that was slow is not made up for with a burst.
        next = std::max(next + kPeriod, std::chrono::steady_clock::now());
        lock.lock();
    }
}

} // namespace decodescope
