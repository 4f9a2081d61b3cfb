// SPDX-License-Identifier: Apache-2.0
#include "core/profile/elasticity.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/engine/elapsed.h"
#include "core/profile/statistics.h"

namespace decodescope {
namespace {

constexpr int kUsualRounds = 5;
constexpr int kMostRounds = 100;
constexpr double kWatchedSeconds = 0.15; ///< after that the usual number of rounds is enough

/// A turn's first step finds the caches as the other variation left them: quick steps are repeated.
constexpr double kTurnSeconds = 0.001;
constexpr int kMostTurnSteps = 8;

/// Of a step as long as this, the first round tells as much as the others, and two tell enough.
constexpr double kLongStepSeconds = 0.02;

/// A round takes a normal step, one of at most twice its time, and one of about its time.
constexpr double kStepsOfARound = 4;

int stepsOfATurn(double stepSeconds) {
    return static_cast<int>(
        std::clamp<double>(kTurnSeconds / std::max(1e-9, stepSeconds), 1, kMostTurnSteps));
}

int warmUpRounds(double stepSeconds) {
    return stepSeconds < kLongStepSeconds ? 1 : 0;
}

int fewestRounds(double stepSeconds) {
    return stepSeconds < kLongStepSeconds ? 3 : 2;
}

double roundSeconds(double stepSeconds) {
    return stepSeconds * kStepsOfARound * stepsOfATurn(stepSeconds);
}

/// The median time of `steps` steps in a row.
Result<double> turnSeconds(Decoder& decoder, StepVariation variation, int steps,
                           const std::stop_token& stop) {
    std::vector<double> seconds;
    for (int i = 0; i < steps; ++i) {
        const Result<StepTiming> timing = variation == StepVariation::Normal
                                              ? decoder.step(stop)
                                              : decoder.variedStep(variation, stop);
        if (!timing)
            return timing.error();
        if (!std::isfinite(timing->seconds) || timing->seconds <= 0)
            return Error{ErrorCode::RunFailed, "the device reported a step without a duration", "",
                         ""};
        seconds.push_back(timing->seconds);
    }
    return median(seconds);
}

/// One round: log2 of the times' ratios.
Result<Elasticities> roundOf(Decoder& decoder, int steps, const std::stop_token& stop) {
    // The variation first that a Decoder may refuse.
    const Result<double> twice = turnSeconds(decoder, StepVariation::TwiceTheWork, steps, stop);
    if (!twice)
        return twice.error();
    const Result<double> normal = turnSeconds(decoder, StepVariation::Normal, steps, stop);
    if (!normal)
        return normal.error();
    const Result<double> half =
        turnSeconds(decoder, StepVariation::TwiceTheWorkHalfTheBytes, steps, stop);
    if (!half)
        return half.error();
    return Elasticities{std::log2(*normal / *half), std::log2(*twice / *normal)};
}

} // namespace

double leastElasticitySeconds(double stepSeconds) {
    return (warmUpRounds(stepSeconds) + fewestRounds(stepSeconds)) * roundSeconds(stepSeconds);
}

Result<std::optional<Elasticities>> measureElasticities(Decoder& decoder, double stepSeconds,
                                                        double maxSeconds,
                                                        const std::stop_token& stop) {
    if (leastElasticitySeconds(stepSeconds) > maxSeconds)
        return std::optional<Elasticities>();
    std::vector<double> bytes;
    std::vector<double> work;
    const auto start = Clock::now();
    for (int round = -warmUpRounds(stepSeconds); round < kMostRounds; ++round) {
        const double spent = secondsSince(start);
        if (round >= kUsualRounds && spent >= kWatchedSeconds)
            break;
        if (round >= fewestRounds(stepSeconds) && spent + roundSeconds(stepSeconds) > maxSeconds)
            break;
        const Result<Elasticities> found = roundOf(decoder, stepsOfATurn(stepSeconds), stop);
        if (!found) {
            const ErrorCode code = found.error().code;
            if (code == ErrorCode::BadUsage || code == ErrorCode::OutOfMemory)
                return std::optional<Elasticities>();
            return found.error();
        }
        if (round < 0)
            continue;
        bytes.push_back(found->bytes);
        work.push_back(found->work);
    }
    return std::optional(Elasticities{median(bytes), median(work)});
}

} // namespace decodescope
