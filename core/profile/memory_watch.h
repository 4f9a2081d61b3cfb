// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "core/engine/backend.h"
#include "core/profile/run_reporter.h"

namespace decodescope {

/// Sends a MemoryEvent ten times a second, from its making to its end, from a thread of its own:
/// the measuring thread may be inside a step for seconds.
class MemoryWatch {
public:
    MemoryWatch(Backend& backend, std::string deviceId, RunReporter& reporter);
    ~MemoryWatch();
    MemoryWatch(const MemoryWatch&) = delete;
    MemoryWatch& operator=(const MemoryWatch&) = delete;

    /// What all Decoders together have allocated, from now on.
    void setLedger(const MemoryLedger& ledger);

private:
    void report(const MemoryLedger& ledger);
    void watch(const std::stop_token& stop);

    Backend& m_backend;
    const std::string m_deviceId;
    RunReporter& m_reporter;
    std::mutex m_mutex; ///< guards m_ledger
    std::condition_variable_any m_wake;
    MemoryLedger m_ledger;
    std::jthread m_thread; ///< last: it uses all the others
};

} // namespace decodescope
