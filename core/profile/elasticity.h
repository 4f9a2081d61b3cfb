// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <stop_token>

#include "core/engine/decoder.h"
#include "core/spec/result.h"

namespace decodescope {

/// How a step's time follows its bytes and its work (BottleneckEvidence).
struct Elasticities {
    double bytes = 0;
    double work = 0;
};

/// The least time that measureElasticities() takes for a step of this length, on the clock.
[[nodiscard]] double leastElasticitySeconds(double stepSeconds);

/// Runs the Decoder's variations in rounds, each beside a normal step, so that a machine that
/// drifts hits all alike; the median of the rounds counts. `stepSeconds`: what a normal step takes
/// on the clock. Nothing where the Decoder has no variations, where there is no room for them, or
/// where `maxSeconds` is below leastElasticitySeconds(). Errors: those of Decoder::step().
[[nodiscard]] Result<std::optional<Elasticities>> measureElasticities(Decoder& decoder,
                                                                      double stepSeconds,
                                                                      double maxSeconds,
                                                                      const std::stop_token& stop);

} // namespace decodescope
