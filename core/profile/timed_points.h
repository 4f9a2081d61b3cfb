// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/engine/backend.h"

namespace decodescope {

/// A model whose steps are timed.
struct TimedPoint {
    DecoderRequest request;
    double amount = 1;                          ///< rows or bytes of a step
    std::unique_ptr<Decoder> decoder = nullptr; ///< while it is timed
    std::vector<double> seconds = {};           ///< of the steps
    std::vector<double> visits = {};            ///< median of each visit

    /// Precondition: it was timed.
    [[nodiscard]] double fastest() const;
};

/// Points that are timed in turns.
struct TimedBatch {
    std::string what;
    std::vector<TimedPoint> points;
    std::function<void(std::vector<TimedPoint>&)> take; ///< writes down what they tell
    bool once = false; ///< takes so long to fill that it is timed in one pass of several
};

/// Times batches on one device, and keeps how quiet it was.
class PointTimer {
public:
    PointTimer(Backend& backend, std::string deviceId, const std::stop_token& stop)
        : m_backend(backend), m_deviceId(std::move(deviceId)), m_stop(stop) {}

    /// Makes the batch's decoders, visits each at least once and until `seconds` have passed, and
    /// lets them go. What a batch's points took is kept beside what they took before. Errors: those
    /// of the Backend, Interrupted.
    [[nodiscard]] Status run(TimedBatch& batch, double seconds);
    /// Hands the points to the batch's `take`, after the last run. Precondition: it was run.
    void finish(TimedBatch& batch);

    /// Of each point, how much longer its steps usually took than the fastest.
    [[nodiscard]] const std::vector<double>& slowdowns() const { return m_slowdowns; }

private:
    [[nodiscard]] Status makeDecoders(TimedBatch& batch);
    [[nodiscard]] Status visit(TimedPoint& point);

    Backend& m_backend;
    const std::string m_deviceId;
    const std::stop_token& m_stop;
    std::vector<double> m_slowdowns;
};

} // namespace decodescope
