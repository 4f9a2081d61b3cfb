// SPDX-License-Identifier: Apache-2.0
#include "core/profile/run_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/plan/max_context.h"

namespace decodescope {
namespace {

/// Far above what any model is used with; keeps products of counts within 64 bits.
constexpr std::int64_t kMaxBatch = std::int64_t{1} << 20;

Error badUsage(std::string what, std::string where) {
    return {ErrorCode::BadUsage, std::move(what), std::move(where), ""};
}

/// The first value outside 1 … most.
std::optional<std::int64_t> outside(const std::vector<std::int64_t>& values, std::int64_t most) {
    const auto found = std::find_if(values.begin(), values.end(),
                                    [most](std::int64_t v) { return v < 1 || v > most; });
    return found == values.end() ? std::nullopt : std::optional(*found);
}

Status checkWorkload(const Workload& workload) {
    if (workload.contexts.empty())
        return badUsage("no context was given", "contexts");
    if (workload.batches.empty())
        return badUsage("no batch was given", "batches");
    if (const auto wrong = outside(workload.contexts, kUnboundedContext))
        return badUsage(fmt::format("a context of {} tokens cannot be measured", *wrong),
                        "contexts");
    if (const auto wrong = outside(workload.batches, kMaxBatch))
        return badUsage(fmt::format("a batch of {} cannot be measured", *wrong), "batches");
    if (!std::isfinite(workload.maxSeconds) || workload.maxSeconds <= 0)
        return badUsage("the time budget is not above zero", "max_seconds");
    if (!std::isfinite(workload.targetError) || workload.targetError < 0)
        return badUsage("the target error is below zero", "target_error");
    if (!(workload.reserveFraction >= 0 && workload.reserveFraction < 1))
        return badUsage("the reserve is not a share between 0 and 1", "reserve_fraction");
    return checkThreads(workload.threads, "threads");
}

} // namespace

Status checkRequest(const RunRequest& request, const std::vector<Variant>& variants) {
    if (Status status = checkWorkload(request.workload); !status)
        return status;
    for (const Variant& variant : variants) {
        if (const Status status = validate(variant.model); !status)
            return badUsage(status.error().what,
                            fmt::format("{}, {}", variant.label, status.error().where));
        if (!variant.model.attentionLayer())
            return badUsage("no layer of this model attends to past tokens", variant.label);
    }
    return Done{};
}

RunPlan planRun(const RunState& run, const std::vector<Variant>& variants) {
    RunPlan out;
    std::optional<Error> notCovered;
    std::optional<Error> doesNotFitAtAll;
    std::uint64_t smallest = std::numeric_limits<std::uint64_t>::max();
    for (PointGroup group : schedule(run.request.workload, variants.size())) {
        std::vector<std::size_t> running;
        for (const std::size_t index : group.variants) {
            if (isDone(run.request, variants[index].label, group.context, group.batch))
                continue;
            const Plan plan = run.plan(variants[index], group.context, group.batch);
            Error error;
            if (const Status covered = run.backend.covers(
                    run.request.deviceId, decoderRequest(plan, run.request.workload, 0));
                !covered) {
                error = covered.error();
                notCovered = error;
            } else if (plan.fits) {
                running.push_back(index);
                continue;
            } else {
                error = doesNotFit(plan);
                if (plan.footprint.totalBytes() < smallest) {
                    smallest = plan.footprint.totalBytes();
                    doesNotFitAtAll = error;
                }
            }
            out.skipped.push_back({run.reporter.atMs(), variants[index].label, group.context,
                                   group.batch, error, plan.maxContext});
        }
        if (running.empty())
            continue;
        out.points += running.size();
        group.variants = std::move(running);
        out.groups.push_back(std::move(group));
    }
    if (out.points == 0)
        out.nothingRuns = notCovered ? notCovered : doesNotFitAtAll;
    return out;
}

} // namespace decodescope
