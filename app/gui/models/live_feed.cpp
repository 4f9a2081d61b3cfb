// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/live_feed.h"

#include <algorithm>

namespace decodescope {
namespace {

constexpr double kMsPerSecond = 1000;

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
    std::vector<Event> events(recording.progress.begin(), recording.progress.end());
    events.insert(events.end(), recording.memory.begin(), recording.memory.end());
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
