// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/profile/run_state.h"

namespace decodescope {

/// Measures the points of one context and batch together: a decoder for each, all alive at once,
/// that take turns until each one's stopping rule ends it.
class GroupRun {
public:
    GroupRun(RunState& run, std::vector<Plan> plans) : m_run(run), m_plans(std::move(plans)) {}

    /// Uses about `seconds`. A point that no decoder can be made for is skipped. A stopped group
    /// gives Samples of the points that have repetitions enough. Errors: those of the Backend.
    [[nodiscard]] Status measure(double seconds);

private:
    [[nodiscard]] std::vector<std::uint64_t> decoderBudgets(double seconds) const;
    [[nodiscard]] Status allocate(double seconds);
    /// Adds a point of `plan` by our kernels (`peer` empty) or the peer's; where no decoder can be
    /// made for it, it is skipped. Errors: those that end the run.
    [[nodiscard]] Status addPoint(const Plan& plan, const std::string& peer,
                                  std::uint64_t budgetBytes);
    /// Leaves out a point of the peer that failed. Errors: `error`, where it ends the run.
    [[nodiscard]] Status giveUp(PointRun& point, const Error& error);
    /// `seconds` divided over all points of the group.
    [[nodiscard]] double perPoint(double seconds) const {
        return seconds / static_cast<double>(m_plans.size() * m_run.kernelsPerPoint());
    }
    [[nodiscard]] Status warmUp(double pointSeconds);
    [[nodiscard]] Status measureRounds();
    [[nodiscard]] Status takeTurn(PointRun& point);
    /// Sends the point's Sample; of a point that was not stopped with its elasticities, where there
    /// is time for them. Errors: those of the Backend.
    [[nodiscard]] Status finish(PointRun& point, const std::string& reason);
    [[nodiscard]] double variationSeconds(double pointSeconds, double stepSeconds) const;
    [[nodiscard]] Status measureBound(PointRun& point);
    [[nodiscard]] Status measureEnergy(PointRun& point);
    /// Notes how the device runs, now and then.
    void readConditions(PointRun& point);
    [[nodiscard]] MemoryLedger ledger() const;
    void feed(const char* phase, const PointRun& point, double repetitionMs);
    [[nodiscard]] double unfinishedPoints() const;

    RunState& m_run;
    std::vector<Plan> m_plans;
    std::vector<PointRun> m_points; ///< those that have a decoder
};

} // namespace decodescope
