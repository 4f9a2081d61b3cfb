// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/live_feed.h"

#include <algorithm>

namespace decodescope {
namespace {

constexpr double kMsPerSecond = 1000;

/// Where each run of a recording begins: its clock starts anew.
template <typename T>
std::vector<std::size_t> beginnings(const std::vector<T>& events) {
    std::vector<std::size_t> found = {0};
    for (std::size_t i = 1; i < events.size(); ++i)
        if (events[i].atMs < events[i - 1].atMs)
            found.push_back(i);
    found.push_back(events.size());
    return found;
}

/// Adds to the times of each run those of the runs before it.
void oneAfterTheOther(std::vector<Progress>& progress, std::vector<MemoryEvent>& memory) {
    const std::vector<std::size_t> first = beginnings(progress);
    const std::vector<std::size_t> second = beginnings(memory);
    double beforeMs = 0;
    const auto shift = [&beforeMs](auto& events, const std::vector<std::size_t>& begins,
                                   std::size_t run, double& endMs) {
        for (std::size_t i = run + 1 < begins.size() ? begins[run] : events.size();
             i < events.size() && i < begins[run + 1]; ++i) {
            events[i].atMs += beforeMs;
            endMs = std::max(endMs, events[i].atMs);
        }
    };
    for (std::size_t run = 0; run + 1 < std::max(first.size(), second.size()); ++run) {
        double endMs = beforeMs;
        shift(progress, first, run, endMs);
        shift(memory, second, run, endMs);
        beforeMs = endMs;
    }
}

} // namespace

void LiveFeed::begin(const std::vector<std::string>& variants) {
    m_variants = variants;
    m_lastPoints.clear();
}

LivePoints LiveFeed::take(const std::vector<Event>& events) {
    LivePoints points;
    for (const Event& event : events) {
        if (const auto* progress = std::get_if<Progress>(&event))
            takeProgress(*progress, points);
        else if (const auto* memory = std::get_if<MemoryEvent>(&event))
            points.memory.push_back(memoryPoint(*memory, memory->atMs / kMsPerSecond));
    }
    return points;
}

void LiveFeed::takeProgress(const Progress& progress, LivePoints& points) {
    if (progress.phase == kPausedPhase)
        m_lastPoints.clear(); // what follows is no continuation of the line
    if (progress.repetitionsMs.empty())
        return;
    const auto variant = std::find(m_variants.begin(), m_variants.end(), progress.variant);
    if (variant == m_variants.end())
        return;
    const std::string point = std::to_string(progress.context) + '/' +
                              std::to_string(progress.batch) + '/' + progress.phase;
    std::string& last = m_lastPoints[progress.variant];
    // The repetitions ended one after the other, the last of them now.
    double agoMs = 0;
    std::vector<SpeedPoint> found;
    for (auto ms = progress.repetitionsMs.rbegin(); ms != progress.repetitionsMs.rend(); ++ms) {
        SpeedPoint each;
        each.seconds = std::max(0.0, (progress.atMs - agoMs) / kMsPerSecond);
        each.tokensPerSecond =
            *ms > 0 ? static_cast<double>(progress.batch) * kMsPerSecond / *ms : 0;
        each.variant = static_cast<int>(variant - m_variants.begin());
        each.context = progress.context;
        each.warmup = progress.phase == "warmup";
        found.push_back(each);
        agoMs += *ms;
    }
    std::reverse(found.begin(), found.end());
    found.front().startsSegment = point != last;
    last = point;
    points.speed.insert(points.speed.end(), found.begin(), found.end());
}

LivePoints replay(const Recording& recording, const std::vector<std::string>& variants) {
    LiveFeed feed;
    feed.begin(variants);
    std::vector<Progress> progress = recording.progress;
    std::vector<MemoryEvent> memory = recording.memory;
    oneAfterTheOther(progress, memory);
    std::vector<Event> events(progress.begin(), progress.end());
    events.insert(events.end(), memory.begin(), memory.end());
    return feed.take(events);
}

MemoryPoint memoryPoint(const MemoryEvent& event, double seconds) {
    return {seconds,
            event.ledger.weightsBytes,
            event.ledger.kvBytes,
            event.ledger.workspaceBytes,
            event.reading.processBytes,
            event.reading.availableBytes,
            event.reading.totalBytes};
}

} // namespace decodescope
