// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "core/cpu/sharing_balance.h"

namespace decodescope {

/// Threads that stay, and share out small units of work as they come free. Each begins with a range
/// of its own, so that what it reads is one long stream, and takes from the others' when it is
/// through. A worker that the system has put aside when a job ends is not waited for unless it
/// holds a unit. Beside a process that keeps one of two cores busy what a worker adds in its time
/// slice is lost in the next, when it holds a unit: where Sharing::WherePaying finds that, the
/// calling thread works alone for a while. That workers rest between units, to be let in again
/// sooner, gained nothing.
class ThreadPool {
public:
    enum class Sharing { Always, WherePaying };
    /// `threads` in all: the calling thread works too. At least 1; fewer than asked for where the
    /// system grants no more, and threads() tells how many.
    explicit ThreadPool(int threads, Sharing sharing = Sharing::Always);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    [[nodiscard]] int threads() const { return static_cast<int>(m_workers.size()) + 1; }
    /// Runs so far that woke the workers. To be asked by the calling thread.
    [[nodiscard]] std::int64_t sharedRuns() const { return m_sharedRuns; }

    /// work(unit, thread) for each unit in [0, units), thread in [0, threads()). Returns when all
    /// are done. After a stop request no further unit starts; false where units were left out.
    using Work = std::function<void(std::int64_t unit, int thread)>;
    bool run(std::int64_t units, const std::stop_token& stop, const Work& work);

private:
    struct Job {
        const Work* work = nullptr;
        const std::stop_token* stop = nullptr;
        std::int64_t units = 0;
        int ranges = 1;
        /// First unit of a range; of the one after the last, all units.
        [[nodiscard]] std::int64_t first(int range) const {
            return units / ranges * range + units % ranges * range / ranges;
        }
    };
    /// The next unit of a range, on a line of its own: it is every thread's most wanted word.
    struct alignas(64) Next {
        std::atomic<std::int64_t> unit{0};
    };
    void workerLoop(int thread);
    bool enter(Job& job, std::uint32_t& seen);
    std::int64_t takeUnits(const Job& job, int thread); ///< returns how many
    void runShared(const Job& job);

    std::mutex m_mutex; ///< guards m_job and m_open
    Job m_job;
    bool m_open = false;
    std::atomic<std::uint32_t> m_epoch{0}; ///< one up for each job, and to quit
    std::vector<Next> m_next;              ///< of each thread's range
    std::atomic<std::int64_t> m_finished{0};
    std::atomic<int> m_inside{0}; ///< workers that hold the present job
    std::atomic<bool> m_quit{false};
    // Of the calling thread.
    std::int64_t m_sharedRuns = 0;
    Sharing m_sharing;
    SharingBalance m_balance;
    std::vector<std::thread> m_workers;
};

} // namespace decodescope
