// SPDX-License-Identifier: Apache-2.0
#include "core/profile/run_state.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/profile/measured_device.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// What a run may allocate where nothing tells how much memory is free.
constexpr std::uint64_t kBlindBudgetBytes = kGiB;

} // namespace

RunState::RunState(Backend& backend_, const RunRequest& request_, const EventSink& sink,
                   std::stop_token stop_, PauseGate* gate)
    : backend(backend_), request(request_), stop(std::move(stop_)), reporter(sink),
      feed([this](const Event& event) { reporter.send(event); }),
      limits(runLimits(request_.workload, request_.quickLook)), m_gate(gate) {
    facts.startedAt = reporter.startedAt();
    facts.runId = newRunId(facts.startedAt);
    facts.quickLook = request.quickLook;
}

Status RunState::goOn() {
    if (m_gate) {
        const double waited = m_gate->pass(stop, [this] {
            feed.flush("", reporter.atMs());
            feed.announce(progress(kPausedPhase, nullptr, 0), reporter.atMs());
        });
        reporter.leaveOut(waited);
        pauses += waited > 0 ? 1 : 0;
    }
    if (stop.stop_requested())
        return Error{ErrorCode::Interrupted, "the run was stopped", "", ""};
    return Done{};
}

std::uint64_t RunState::budgetBytes() const {
    std::uint64_t budget = request.budgetBytes;
    const std::optional<std::uint64_t> available = memory().availableBytes;
    if (available && budget == 0)
        budget = static_cast<std::uint64_t>(static_cast<double>(*available) *
                                            (1 - request.workload.reserveFraction));
    else if (available)
        budget = std::min(budget, *available);
    else if (budget == 0)
        budget = kBlindBudgetBytes;
    // A capacity that was given holds for all decoders of a group together.
    if (request.capacityBytes > 0)
        budget =
            std::min(budget, static_cast<std::uint64_t>(static_cast<double>(request.capacityBytes) *
                                                        (1 - request.workload.reserveFraction)));
    return std::min(budget, limits.maxBytes);
}

Plan RunState::plan(const Variant& variant, std::int64_t context, std::int64_t batch) const {
    std::uint64_t capacity = request.capacityBytes;
    if (capacity == 0)
        capacity = facts.device.memoryTotalBytes.value_or(0);
    if (capacity == 0) // no probe: nothing can be refused on paper
        capacity = std::numeric_limits<std::uint64_t>::max();
    PlanDevice device = measuredDevice(facts.device);
    device.memoryBytes = capacity;
    device.roofs = roofsOf(facts.ceilings, facts.device.unitUses);
    device.kernels = kernels;
    return makePlan(variant, device, request.workload, context, batch);
}

Progress RunState::progress(const char* phase, const Plan* plan, double unfinishedPoints,
                            const std::string& peer) {
    if (pointsTotal > 0)
        m_fraction = std::clamp((static_cast<double>(pointsDone) + unfinishedPoints) /
                                    static_cast<double>(pointsTotal),
                                m_fraction, 1.0);
    Progress out;
    out.phase = phase;
    if (plan) {
        out.variant = peerLabel(plan->variant.label, peer);
        out.context = plan->context;
        out.batch = plan->batch;
    }
    out.pointsDone = static_cast<int>(pointsDone);
    out.pointsTotal = static_cast<int>(pointsTotal);
    out.fraction = m_fraction;
    out.secondsLeft = pace ? pace->secondsLeft(reporter.seconds()) : std::max(0.0, secondsLeft());
    return out;
}

void RunState::skip(const Plan& plan, const Error& error, const std::string& peer) {
    ++pointsDone;
    if (peer.empty())
        lastSkip = error;
    reporter.send(Skipped{reporter.atMs(), peerLabel(plan.variant.label, peer), plan.context,
                          plan.batch, error, plan.maxContext});
}

} // namespace decodescope
