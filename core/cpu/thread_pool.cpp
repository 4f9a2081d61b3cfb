// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <system_error>

#include <hwy/cache_control.h>

#include "core/engine/elapsed.h"

namespace decodescope {
namespace {

/// That the calling thread has run, without the time in which it was put aside.
double threadSeconds() {
#if defined(CLOCK_THREAD_CPUTIME_ID)
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
#else
    return secondsSince(Clock::time_point());
#endif
}

/// Long enough for the gap between two layers, short enough to be lost in a busy machine.
constexpr auto kSpin = std::chrono::microseconds(50);

/// Waits until `value` is no longer `old`: spins a little, then sleeps.
template <typename T>
void waitForChange(const std::atomic<T>& value, T old) {
    const auto end = Clock::now() + kSpin;
    do {
        for (int i = 0; i < 32; ++i) {
            if (value.load(std::memory_order_acquire) != old)
                return;
            hwy::Pause();
        }
    } while (Clock::now() < end);
    value.wait(old, std::memory_order_acquire);
}

} // namespace

ThreadPool::ThreadPool(int threads, Sharing sharing)
    : m_next(static_cast<std::size_t>(std::max(1, threads))), m_sharing(sharing) {
    try {
        for (int thread = 1; thread < threads; ++thread)
            m_workers.emplace_back([this, thread] { workerLoop(thread); });
    } catch (const std::system_error&) {
        // A limit on processes or memory: those that are there do the work.
    }
}

ThreadPool::~ThreadPool() {
    m_quit.store(true);
    m_epoch.fetch_add(1);
    m_epoch.notify_all();
    for (std::thread& worker : m_workers)
        worker.join();
}

bool ThreadPool::enter(Job& job, std::uint32_t& seen) {
    const std::lock_guard lock(m_mutex);
    seen = m_epoch.load(std::memory_order_acquire);
    if (!m_open)
        return false;
    job = m_job;
    m_inside.fetch_add(1, std::memory_order_relaxed);
    return true;
}

void ThreadPool::workerLoop(int thread) {
    std::uint32_t seen = 0;
    Job job;
    while (true) {
        waitForChange(m_epoch, seen);
        const bool entered = enter(job, seen);
        // Asked after the epoch was seen: it may be the last, which quits, and none would follow.
        if (m_quit.load())
            return;
        if (!entered)
            continue;
        takeUnits(job, thread);
        if (m_inside.fetch_sub(1, std::memory_order_acq_rel) == 1)
            m_inside.notify_one();
    }
}

std::int64_t ThreadPool::takeUnits(const Job& job, int thread) {
    std::int64_t taken = 0;
    for (int i = 0; i < job.ranges; ++i) {
        const int range = (thread + i) % job.ranges;
        const std::int64_t end = job.first(range + 1);
        std::atomic<std::int64_t>& next = m_next[static_cast<std::size_t>(range)].unit;
        while (!job.stop->stop_requested()) {
            const std::int64_t unit = next.fetch_add(1, std::memory_order_relaxed);
            if (unit >= end)
                break;
            (*job.work)(unit, thread);
            m_finished.fetch_add(1, std::memory_order_relaxed);
            ++taken;
        }
    }
    return taken;
}

void ThreadPool::runShared(const Job& job) {
    const auto start = Clock::now();
    const double before = threadSeconds();
    ++m_sharedRuns;
    {
        const std::lock_guard lock(m_mutex);
        m_job = job;
        m_open = true;
        m_epoch.fetch_add(1, std::memory_order_release);
    }
    m_epoch.notify_all();
    const std::int64_t taken = takeUnits(job, 0);
    const double worked = threadSeconds() - before;
    {
        const std::lock_guard lock(m_mutex);
        m_open = false;
    }
    for (int inside = m_inside.load(std::memory_order_acquire); inside != 0;
         inside = m_inside.load(std::memory_order_acquire))
        waitForChange(m_inside, inside);
    if (taken > 0) {
        const double alone = worked / static_cast<double>(taken) * static_cast<double>(job.units);
        m_balance.addShared(secondsSince(start), alone);
    }
}

bool ThreadPool::run(std::int64_t units, const std::stop_token& stop, const Work& work) {
    const bool choice = !m_workers.empty() && units > 1;
    const bool shared = choice && (m_sharing == Sharing::Always || m_balance.pays());
    const Job job{&work, &stop, units, shared ? threads() : 1};
    for (int range = 0; range < job.ranges; ++range) // no worker is inside
        m_next[static_cast<std::size_t>(range)].unit.store(job.first(range),
                                                           std::memory_order_relaxed);
    m_finished.store(0, std::memory_order_relaxed);
    if (shared) {
        runShared(job);
    } else {
        const auto start = Clock::now();
        takeUnits(job, 0);
        if (choice)
            m_balance.addAlone(secondsSince(start));
    }
    return m_finished.load(std::memory_order_relaxed) == units;
}

} // namespace decodescope
