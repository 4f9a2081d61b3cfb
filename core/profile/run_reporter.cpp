// SPDX-License-Identifier: Apache-2.0
#include "core/profile/run_reporter.h"

#include <algorithm>
#include <random>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace decodescope {
namespace {

constexpr double kProgressPeriodMs = 1000.0 / 30;

bool samePlace(const Progress& a, const Progress& b) {
    return a.phase == b.phase && a.variant == b.variant && a.context == b.context &&
           a.batch == b.batch;
}

} // namespace

RunReporter::RunReporter(const EventSink& sink)
    : m_sink(sink), m_start(std::chrono::steady_clock::now()),
      m_startedAt(fmt::format(
          "{:%Y-%m-%dT%H:%M:%SZ}",
          fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())))) {}

void RunReporter::send(const Event& event) {
    const std::scoped_lock lock(m_mutex);
    if (m_sink)
        m_sink(event);
}

double RunReporter::atMs() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - m_start)
        .count();
}

std::string newRunId(const std::string& startedAt) {
    std::string digits;
    for (const char c : startedAt) {
        if (c >= '0' && c <= '9')
            digits += c;
        else if (c == 'T')
            digits += '-';
    }
    return fmt::format("{}-{:08x}", digits, std::random_device()());
}

void ProgressFeed::announce(const Progress& head, double nowMs) {
    send(head, nowMs);
}

void ProgressFeed::add(const Progress& head, double repetitionMs, double nowMs) {
    const auto same =
        std::find_if(m_waiting.begin(), m_waiting.end(),
                     [&head](const Progress& waiting) { return samePlace(waiting, head); });
    if (same == m_waiting.end()) {
        m_waiting.push_back(head);
        m_waiting.back().repetitionsMs = {repetitionMs};
    } else {
        same->repetitionsMs.push_back(repetitionMs);
        same->pointsDone = head.pointsDone;
        same->fraction = head.fraction;
        same->secondsLeft = head.secondsLeft;
    }
    if (nowMs - m_lastMs < kProgressPeriodMs)
        return;
    Progress oldest = std::move(m_waiting.front());
    m_waiting.erase(m_waiting.begin());
    send(std::move(oldest), nowMs);
}

void ProgressFeed::flush(const std::string& variant, double nowMs) {
    std::vector<Progress> kept;
    for (Progress& waiting : m_waiting) {
        if (variant.empty() || waiting.variant == variant)
            send(std::move(waiting), nowMs);
        else
            kept.push_back(std::move(waiting));
    }
    m_waiting = std::move(kept);
}

void ProgressFeed::send(Progress progress, double nowMs) {
    progress.atMs = nowMs;
    m_lastMs = nowMs;
    m_send(progress);
}

} // namespace decodescope
