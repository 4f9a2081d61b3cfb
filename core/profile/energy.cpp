// SPDX-License-Identifier: Apache-2.0
#include "core/profile/energy.h"

#include <algorithm>

#include "core/engine/elapsed.h"
#include "core/profile/point_run.h"

namespace decodescope {
namespace {

constexpr double kShare = 0.15; ///< of a point's seconds
constexpr double kLeastSeconds = 0.25;
constexpr double kMostSeconds = 0.6;

/// Asking takes time in which the device rests: not more often than this.
constexpr double kPollSeconds = 0.002;

/// Runs steps and follows the counter.
class EnergyMeter {
public:
    EnergyMeter(Backend& backend, const std::string& deviceId, Decoder& decoder,
                const std::stop_token& stop)
        : m_backend(backend), m_deviceId(deviceId), m_decoder(decoder), m_stop(stop) {}

    [[nodiscard]] std::optional<double> read() const {
        return m_backend.conditions(m_deviceId).energyJoules;
    }

    /// Steps for as long as the counter is not asked. Errors: those of Decoder::step().
    [[nodiscard]] Status runSteps() {
        const auto start = Clock::now();
        do {
            const Result<TimedStep> step = timedStep(m_decoder, m_stop);
            if (!step)
                return step.error();
            ++m_steps;
            m_toldSeconds += step->timing.seconds;
            m_clockSeconds += step->clockSeconds;
        } while (secondsSince(start) < kPollSeconds);
        return Done{};
    }

    void restart() { m_steps = m_toldSeconds = m_clockSeconds = 0; }
    [[nodiscard]] double steps() const { return m_steps; }
    /// What the times of steps of fewer layers were multiplied by.
    [[nodiscard]] double scale() const {
        return m_clockSeconds > 0 ? std::max(1.0, m_toldSeconds / m_clockSeconds) : 1;
    }

private:
    Backend& m_backend;
    const std::string& m_deviceId;
    Decoder& m_decoder;
    const std::stop_token& m_stop;
    double m_steps = 0, m_toldSeconds = 0, m_clockSeconds = 0;
};

} // namespace

double energySeconds(double pointSeconds) {
    const double seconds = std::min(kShare * pointSeconds, kMostSeconds);
    return seconds >= kLeastSeconds ? seconds : 0;
}

Result<std::optional<double>> measureStepEnergy(Backend& backend, const std::string& deviceId,
                                                Decoder& decoder, bool scaled, double maxSeconds,
                                                const std::stop_token& stop) {
    EnergyMeter meter(backend, deviceId, decoder, stop);
    const std::optional<double> before = meter.read();
    if (!before)
        return std::optional<double>();
    const auto start = Clock::now();
    std::optional<double> from; // the counter at its first move
    std::optional<double> perStep;
    double last = *before;
    while (secondsSince(start) < maxSeconds) {
        if (Status status = meter.runSteps(); !status)
            return status.error();
        const std::optional<double> now = meter.read();
        if (!now || *now < last) // the driver was loaded anew
            return std::optional<double>();
        if (*now == last)
            continue;
        if (from)
            perStep = (*now - *from) / meter.steps() * (scaled ? meter.scale() : 1);
        else
            from = now, meter.restart();
        last = *now;
    }
    return perStep;
}

} // namespace decodescope
