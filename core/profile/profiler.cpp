// SPDX-License-Identifier: Apache-2.0
#include "core/profile/profiler.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "core/profile/calibration.h"
#include "core/profile/group_run.h"
#include "core/profile/run_plan.h"
#include "core/profile/run_state.h"
#include "core/spec/units.h"
#include "core/spec/version.h"

namespace decodescope {
namespace {

/// A read stream over fewer bytes than this many last-level caches may be answered by the cache.
constexpr std::uint64_t kCachesToOutrun = 4;

void sendStart(RunState& run, const std::vector<Variant>& variants) {
    std::vector<std::string> labels;
    labels.reserve(variants.size());
    for (const Variant& variant : variants)
        labels.push_back(variant.label);
    run.reporter.send(RunStarted{run.facts.runId, std::string(toolVersion()), run.facts.startedAt,
                                 run.facts.device, run.request.model, run.request.workload,
                                 std::move(labels), run.request.quickLook, run.request.deployment,
                                 run.request.capacityBytes});
}

Status calibrate(RunState& run) {
    if (Status status = run.goOn(); !status)
        return status;
    run.feed.announce(run.progress("calibrate", nullptr, 0), run.reporter.atMs());
    CalibrationRequest request;
    request.threads = run.request.workload.threads;
    request.maxSeconds = run.limits.calibrationSeconds;
    const std::uint64_t cacheBytes = run.facts.device.lastLevelCacheBytes.value_or(0);
    request.bufferBytes =
        std::min(std::max(request.bufferBytes, saturatingMultiply(cacheBytes, kCachesToOutrun)),
                 run.budgetBytes());
    Result<Ceilings> ceilings =
        run.backend.measureCeilings(run.request.deviceId, request, run.stop);
    if (ceilings) {
        if (run.stored && request.bufferBytes < saturatingMultiply(cacheBytes, kCachesToOutrun))
            // A cache may have answered: the memory is no faster than it was.
            ceilings->bandwidthBytesPerSecond =
                std::min(ceilings->bandwidthBytesPerSecond, run.stored->bandwidthBytesPerSecond);
        RunRoofs roofs = roofsOfRun(*ceilings, run.stored);
        run.facts.ceilings = roofs.ceilings;
        run.fillBytesPerSecond = ceilings->fillBytesPerSecond;
        run.reporter.send(CalibrationEvent{run.reporter.atMs(), run.facts.device.name,
                                           std::move(roofs.ceilings), std::move(roofs.note)});
        return Done{};
    }
    if (ceilings.error().code == ErrorCode::OutOfMemory)
        return Done{}; // no room for the buffer: the run goes on, its roofs unknown
    return ceilings.error();
}

std::vector<Plan> plansOf(const RunState& run, const std::vector<Variant>& variants,
                          const PointGroup& group) {
    std::vector<Plan> plans;
    for (const std::size_t index : group.variants)
        plans.push_back(run.plan(variants[index], group.context, group.batch));
    return plans;
}

Status measureGroups(RunState& run, const std::vector<Variant>& variants,
                     const std::vector<PointGroup>& groups) {
    const Error late{ErrorCode::Interrupted,
                     fmt::format("the time budget of {:.3g} s was used up before this point",
                                 run.limits.maxSeconds),
                     "", "Allow more time, or fewer points."};
    run.pace.emplace();
    std::size_t groupsLeft = groups.size();
    for (const PointGroup& group : groups) {
        if (Status status = run.goOn(); !status)
            return status;
        std::vector<Plan> plans = plansOf(run, variants, group);
        if (run.secondsLeft() <= 0 && run.samples > 0) { // something is always measured
            run.partial = true;
            for (const Plan& plan : plans) {
                run.skip(plan, late);
                if (!run.request.peer.empty())
                    run.skip(plan, late, run.request.peer);
            }
            continue;
        }
        const double seconds = fairShare(run.secondsLeft(), plans.size() * run.kernelsPerPoint(),
                                         run.pointsTotal - run.pointsDone);
        run.pace->begin(run.reporter.seconds(), run.secondsLeft(), seconds, groupsLeft--);
        Status status = GroupRun(run, std::move(plans)).measure(seconds);
        run.pace->end(run.reporter.seconds());
        run.watch->setLedger({});
        if (!status)
            return status;
    }
    return Done{};
}

Status measureAll(RunState& run, const std::vector<Variant>& variants) {
    if (Status status = checkRequest(run.request, variants); !status)
        return status;
    if (!run.request.peer.empty())
        if (Status status = run.backend.findPeer(run.request.deviceId, run.request.peer); !status)
            return status;
    const RunPlan plan = planRun(run, variants);
    run.pointsTotal = plan.points * run.kernelsPerPoint();
    for (const Skipped& skipped : plan.skipped)
        run.reporter.send(skipped);
    const bool goesOn = !run.request.done.empty(); // then what does not fit ends it well
    if (plan.nothingRuns && !goesOn)
        return *plan.nothingRuns;
    if (plan.groups.empty())
        return Done{};
    if (Status status = calibrate(run); !status)
        return status;
    const DeviceConditions conditions = run.backend.conditions(run.request.deviceId);
    run.tellsConditions = conditions != DeviceConditions{};
    run.countsEnergy = conditions.energyJoules.has_value();
    if (Status status = measureGroups(run, variants, plan.groups); !status)
        return status;
    if (run.samples == 0 && run.lastSkip && !goesOn)
        return *run.lastSkip;
    return Done{};
}

/// measureAll() between the first and the last memory event, and without exceptions.
Status measureWatched(RunState& run, const std::vector<Variant>& variants) {
    Status status = Done{};
    try {
        run.watch.emplace(run.backend, run.request.deviceId, run.reporter);
        status = measureAll(run, variants);
    } catch (const std::exception& cause) {
        status = Error{ErrorCode::RunFailed, cause.what(), "", ""};
    }
    run.feed.flush("", run.reporter.atMs());
    run.watch.reset();
    return status;
}

} // namespace

Status profile(Backend& backend, const RunRequest& request, const EventSink& sink,
               std::stop_token stop, const std::optional<Ceilings>& stored, PauseGate* gate) {
    RunState run(backend, request, sink, std::move(stop), gate);
    run.stored = stored;
    if (stored && stored->kernels) {
        run.kernels = std::make_shared<const KernelModel>(*stored->kernels);
        run.stored->kernels.reset(); // too much to travel with the roofs
    }
    const std::vector<Variant> variants =
        request.variants.empty() ? defaultVariants(request.model) : request.variants;
    Status status = findDevice(backend, request.deviceId, run.facts.device);
    sendStart(run, variants);
    if (status)
        status = measureWatched(run, variants);
    if (status || status.error().code == ErrorCode::Interrupted)
        run.reporter.send(RunDone{run.reporter.atMs(), run.samples, run.partial || !status});
    else
        run.reporter.send(RunFailed{run.reporter.atMs(), status.error()});
    return status;
}

} // namespace decodescope
