// SPDX-License-Identifier: Apache-2.0
#include "core/profile/timed_points.h"

#include <algorithm>

#include "core/engine/elapsed.h"
#include "core/profile/point_run.h"
#include "core/profile/statistics.h"

namespace decodescope {
namespace {

// A visit to a point.
constexpr double kVisitSeconds = 0.006;
constexpr int kVisitSteps = 4;            // the first find the caches full of other points
constexpr double kLongStepSeconds = 0.02; ///< is not repeated

} // namespace

double TimedPoint::fastest() const {
    return *std::min_element(seconds.begin(), seconds.end());
}

Status PointTimer::makeDecoders(TimedBatch& batch) {
    for (TimedPoint& point : batch.points) {
        Result<std::unique_ptr<Decoder>> decoder =
            m_backend.makeDecoder(m_deviceId, point.request, m_stop);
        if (!decoder)
            return decoder.error();
        point.decoder = std::move(*decoder);
        if (point.request.scope == Scope::Step) // of the layers that fit
            point.amount = static_cast<double>(point.decoder->work().weightBytesRead);
    }
    return Done{};
}

Status PointTimer::visit(TimedPoint& point) {
    std::vector<double> seconds;
    double spent = 0;
    do {
        const Result<TimedStep> step = timedStep(*point.decoder, m_stop);
        if (!step)
            return step.error();
        seconds.push_back(step->timing.seconds);
        spent += step->timing.seconds;
    } while (seconds.back() < kLongStepSeconds &&
             (static_cast<int>(seconds.size()) < kVisitSteps || spent < kVisitSeconds));
    point.visits.push_back(median(seconds));
    point.seconds.insert(point.seconds.end(), seconds.begin(), seconds.end());
    return Done{};
}

Status PointTimer::run(TimedBatch& batch, double seconds) {
    const auto start = Clock::now();
    if (Status status = makeDecoders(batch); !status)
        return status;
    do
        for (TimedPoint& point : batch.points) {
            if (m_stop.stop_requested())
                return Error{ErrorCode::Interrupted, "stopped before the kernels were measured",
                             m_deviceId, ""};
            if (Status status = visit(point); !status)
                return status;
        }
    while (secondsSince(start) < seconds);
    for (TimedPoint& point : batch.points)
        point.decoder.reset();
    return Done{};
}

void PointTimer::finish(TimedBatch& batch) {
    for (const TimedPoint& point : batch.points)
        m_slowdowns.push_back(median(point.visits) / point.fastest());
    batch.take(batch.points);
    batch.points.clear();
}

} // namespace decodescope
