// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/engine/backend.h"
#include "core/plan/plan.h"
#include "core/profile/elasticity.h"
#include "core/profile/point_conditions.h"
#include "core/profile/sample.h"
#include "core/profile/stopping_rule.h"

namespace decodescope {

/// What all Samples of a run share.
struct RunFacts {
    std::string runId;
    std::string startedAt;
    DeviceInfo device;
    Ceilings ceilings; ///< measured in this run; zero where that was not possible
    bool quickLook = false;
};

/// What a Backend is asked for to measure a point.
[[nodiscard]] DecoderRequest decoderRequest(const Plan& plan, const Workload& workload,
                                            std::uint64_t budgetBytes);

/// One point while it is measured.
struct PointRun {
    Plan plan;        ///< of the whole model, at the measured roofs
    std::string peer; ///< whose kernels; empty: ours
    std::unique_ptr<Decoder> decoder;
    StoppingRule rule;
    std::vector<double> repetitionsMs;
    int warmups = 0;          ///< steps that are not counted
    double warmupSeconds = 0; ///< that the last of them took on the clock
    double spentSeconds = 0;  ///< on the clock since the warm-up
    bool finished = false;
    double launches = 0;                           ///< of one step (StepTiming)
    double seconds = 0;                            ///< all that the point may take on the clock
    std::optional<Elasticities> elasticities = {}; ///< once measured
    int pauses = 0; ///< of the run, when this point was last warmed up
    ConditionsLog conditions = {};
    double conditionsAt = -1e9; ///< of the last reading, in seconds of the run

    /// How it is told from the others: the variant's, and whose kernels.
    [[nodiscard]] std::string label() const { return peerLabel(plan.variant.label, peer); }
};

/// One timed step and the seconds it took on the clock, which are fewer than the timing's where
/// the time is scaled up from fewer layers.
struct TimedStep {
    StepTiming timing;
    double clockSeconds = 0;
};
/// Errors: those of Decoder::step(), and RunFailed for a time that cannot be.
[[nodiscard]] Result<TimedStep> timedStep(Decoder& decoder, const std::stop_token& stop);

/// The record of a point. Preconditions: repetitions are there, the decoder is alive.
[[nodiscard]] Sample makeSample(const PointRun& point, const RunFacts& facts,
                                const std::string& reason, const MemoryReading& memory,
                                double atMs);

} // namespace decodescope
