// SPDX-License-Identifier: Apache-2.0
#include "gpu/step_recording.h"

#include <utility>

namespace decodescope {
namespace {

Status queueAll(const std::vector<StepSegment>& segments,
                const std::vector<std::unique_ptr<GpuEvent>>& events) {
    Status status = events.front()->record();
    for (std::size_t i = 0; i < segments.size() && status; ++i) {
        status = segments[i].queue();
        if (status)
            status = events[i + 1]->record();
    }
    return status;
}

} // namespace

Result<StepRecording> StepRecording::record(std::shared_ptr<GpuRuntime> gpu,
                                            const std::vector<StepSegment>& segments) {
    StepRecording recording;
    for (std::size_t i = 0; i <= segments.size(); ++i) {
        Result<std::unique_ptr<GpuEvent>> event = gpu->makeEvent();
        if (!event)
            return event.error();
        recording.m_events.push_back(std::move(*event));
    }
    for (const StepSegment& segment : segments) {
        recording.m_represents.push_back(segment.represents);
        recording.m_launches += segment.represents * segment.launches;
    }
    if (Status begun = gpu->beginCapture(); !begun)
        return begun.error();
    const Status queued = queueAll(segments, recording.m_events);
    Result<std::unique_ptr<GpuGraph>> graph = gpu->endCapture();
    if (!queued)
        return queued.error();
    if (!graph)
        return graph.error();
    recording.m_graph = std::move(*graph);
    recording.m_gpu = std::move(gpu);
    return recording;
}

Result<StepTiming> StepRecording::run() {
    if (Status replayed = m_graph->replay(); !replayed)
        return replayed.error();
    if (Status done = m_gpu->synchronize(); !done)
        return done.error();
    StepTiming timing;
    timing.launches = m_launches;
    for (std::size_t i = 0; i < m_represents.size(); ++i) {
        const Result<double> seconds = m_events[i + 1]->secondsSince(*m_events[i]);
        if (!seconds)
            return seconds.error();
        timing.seconds += m_represents[i] * *seconds;
    }
    return timing;
}

} // namespace decodescope
