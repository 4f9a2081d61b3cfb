// SPDX-License-Identifier: Apache-2.0
#include "core/profile/profiler.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/profile/memory_watch.h"
#include "core/profile/point_run.h"
#include "core/profile/run_plan.h"
#include "core/profile/run_reporter.h"
#include "core/spec/units.h"
#include "core/spec/version.h"

namespace decodescope {
namespace {

/// A variant's turn in a round: long enough to be more than its first, cold step, and short enough
/// that a machine that drifts hits all variants alike.
constexpr double kTurnSeconds = 0.01;
constexpr int kTurnSteps = 8;

/// What a run may allocate where nothing tells how much memory is free.
constexpr std::uint64_t kBlindBudgetBytes = kGiB;
/// A decoder may need more than the plan says: whole tiles, pages, partial results.
constexpr std::uint64_t kNeedSlackBytes = 64 * kMiB;

class Run {
public:
    Run(Backend& backend, const RunRequest& request, const EventSink& sink, std::stop_token stop)
        : m_backend(backend), m_request(request), m_stop(std::move(stop)), m_reporter(sink),
          m_feed([this](const Event& event) { m_reporter.emit(event); }),
          m_variants(request.variants.empty() ? defaultVariants(request.model) : request.variants),
          m_limits(runLimits(request.workload, request.quickLook)) {}

    Status execute();

private:
    using Points = std::vector<PointRun>;

    Status findDevice();
    Status measureAll();
    Status calibrate();
    Status measureGroups(const RunPlan& plan);
    Status measureGroup(const PointGroup& group, double seconds);
    Status allocate(const PointGroup& group, double seconds, Points& points);
    Status warmUp(Points& points);
    Status measureRounds(Points& points);
    Status measureTurn(PointRun& point, const Points& points);
    void finish(PointRun& point, const std::string& reason);

    [[nodiscard]] PlanDevice planDevice() const;
    [[nodiscard]] std::uint64_t budgetBytes();
    [[nodiscard]] std::vector<std::uint64_t> decoderBudgets(const std::vector<Plan>& plans,
                                                            double seconds);
    [[nodiscard]] double secondsLeft() const { return m_limits.maxSeconds - m_reporter.seconds(); }
    [[nodiscard]] Progress progress(const char* phase, const Plan* plan, const Points& points);
    void skip(const Plan& plan, const Error& error);
    void skipLateGroups(const RunPlan& plan, std::size_t from);
    [[nodiscard]] Error interrupted() const {
        return {ErrorCode::Interrupted, "the run was stopped", "", ""};
    }

    Backend& m_backend;
    const RunRequest& m_request;
    std::stop_token m_stop;
    RunReporter m_reporter;
    ProgressFeed m_feed;
    std::vector<Variant> m_variants;
    RunLimits m_limits;
    RunFacts m_facts;
    std::optional<MemoryWatch> m_watch;
    std::optional<Error> m_lastSkip; ///< of a point that no decoder could be made for
    double m_fillBytesPerSecond = 0; ///< how fast decoders are allocated and filled
    double m_fraction = 0;
    std::size_t m_pointsDone = 0, m_pointsTotal = 0;
    int m_samples = 0;
    bool m_partial = false;
};

Status Run::execute() {
    m_facts.startedAt = m_reporter.startedAt();
    m_facts.runId = newRunId(m_facts.startedAt);
    m_facts.quickLook = m_request.quickLook;
    Status status = findDevice();
    std::vector<std::string> labels;
    for (const Variant& variant : m_variants)
        labels.push_back(variant.label);
    m_reporter.emit(RunStarted{m_facts.runId, std::string(toolVersion()), m_facts.startedAt,
                               m_facts.device, m_request.model, m_request.workload,
                               std::move(labels), m_request.quickLook});
    if (status) {
        m_watch.emplace(m_backend, m_request.deviceId, m_reporter);
        try {
            status = measureAll();
        } catch (const std::exception& cause) {
            status = Error{ErrorCode::RunFailed, cause.what(), "", ""};
        }
        m_feed.flush("", m_reporter.atMs());
        m_watch.reset();
    }
    if (status || status.error().code == ErrorCode::Interrupted)
        m_reporter.emit(RunDone{m_reporter.atMs(), m_samples, m_partial || !status});
    else
        m_reporter.emit(RunFailed{m_reporter.atMs(), status.error()});
    return status;
}

Status Run::findDevice() {
    m_facts.device.id = m_request.deviceId;
    std::string known;
    for (DeviceInfo& device : m_backend.devices()) {
        if (device.id != m_request.deviceId) {
            known += (known.empty() ? "" : ", ") + device.id;
            continue;
        }
        m_facts.device = std::move(device);
        if (m_facts.device.available)
            return Done{};
        return Error{ErrorCode::DeviceUnavailable, m_facts.device.reason, m_request.deviceId, ""};
    }
    return Error{ErrorCode::DeviceUnavailable, "there is no such device", m_request.deviceId,
                 fmt::format("There is: {}.", known.empty() ? "none" : known)};
}

PlanDevice Run::planDevice() const {
    std::uint64_t capacity = m_request.capacityBytes;
    if (capacity == 0)
        capacity = m_facts.device.memoryTotalBytes.value_or(0);
    if (capacity == 0) // no probe: nothing can be refused on paper
        capacity = std::numeric_limits<std::uint64_t>::max();
    return {m_facts.device.name, capacity, roofsOf(m_facts.ceilings)};
}

Status Run::measureAll() {
    if (Status status = checkRequest(m_request, m_variants); !status)
        return status;
    const RunPlan plan = planRun(m_variants, m_request.workload, planDevice());
    m_pointsTotal = plan.points;
    for (Skipped skipped : plan.skipped) {
        skipped.atMs = m_reporter.atMs();
        m_reporter.emit(skipped);
    }
    if (plan.nothingFits)
        return *plan.nothingFits;
    if (Status status = calibrate(); !status)
        return status;
    if (Status status = measureGroups(plan); !status)
        return status;
    if (m_samples == 0 && m_lastSkip)
        return *m_lastSkip;
    return Done{};
}

Status Run::calibrate() {
    if (m_stop.stop_requested())
        return interrupted();
    m_feed.announce(progress("calibrate", nullptr, {}), m_reporter.atMs());
    CalibrationRequest request;
    request.threads = m_request.workload.threads;
    request.maxSeconds = m_limits.calibrationSeconds;
    // four times what a cache could hold, as far as memory allows
    request.bufferBytes =
        std::min(std::max(request.bufferBytes,
                          saturatingMultiply(m_facts.device.lastLevelCacheBytes.value_or(0), 4)),
                 budgetBytes());
    Result<Ceilings> ceilings = m_backend.measureCeilings(m_request.deviceId, request, m_stop);
    if (!ceilings) // without room for the buffer the run goes on, its roofs unknown
        return ceilings.error().code == ErrorCode::OutOfMemory ? Status(Done{}) : ceilings.error();
    m_facts.ceilings = *ceilings;
    m_reporter.emit(CalibrationEvent{m_reporter.atMs(), m_facts.device.name, *ceilings});
    return Done{};
}

Status Run::measureGroups(const RunPlan& plan) {
    for (std::size_t at = 0; at < plan.groups.size(); ++at) {
        if (m_stop.stop_requested())
            return interrupted();
        if (secondsLeft() <= 0) {
            skipLateGroups(plan, at);
            return Done{};
        }
        const PointGroup& group = plan.groups[at];
        const double seconds =
            fairShare(secondsLeft(), group.variants.size(), m_pointsTotal - m_pointsDone);
        const Status status = measureGroup(group, seconds);
        m_watch->setLedger({});
        if (!status)
            return status;
    }
    return Done{};
}

void Run::skipLateGroups(const RunPlan& plan, std::size_t from) {
    const Error late{ErrorCode::Interrupted,
                     fmt::format("the time budget of {:.3g} s was used up before this point",
                                 m_limits.maxSeconds),
                     "", "Allow more time, or fewer points."};
    m_partial = true;
    for (std::size_t at = from; at < plan.groups.size(); ++at)
        for (const std::size_t index : plan.groups[at].variants)
            skip(makePlan(m_variants[index], planDevice(), m_request.workload,
                          plan.groups[at].context, plan.groups[at].batch),
                 late);
}

void Run::skip(const Plan& plan, const Error& error) {
    ++m_pointsDone;
    m_lastSkip = error;
    m_reporter.emit(Skipped{m_reporter.atMs(), plan.variant.label, plan.context, plan.batch, error,
                            plan.maxContext});
}

Status Run::measureGroup(const PointGroup& group, double seconds) {
    const double deadline = m_reporter.seconds() + seconds;
    Points points;
    if (Status status = allocate(group, seconds, points); !status)
        return status;
    if (points.empty())
        return Done{};
    if (Status status = warmUp(points); !status)
        return status;
    const double pointSeconds =
        (deadline - m_reporter.seconds()) / static_cast<double>(points.size());
    for (PointRun& point : points) {
        point.rule = ruleFor(m_request.workload, pointSeconds, point.warmupSeconds);
        point.rule.warmupRepetitions = warmupRepetitions(m_request.quickLook);
    }
    const Status status = measureRounds(points);
    if (!status && status.error().code == ErrorCode::Interrupted)
        for (PointRun& point : points)
            if (!point.finished &&
                point.repetitionsMs.size() >= static_cast<std::size_t>(fewestRepetitions()))
                finish(point, "interrupted");
    return status;
}

std::uint64_t Run::budgetBytes() {
    const MemoryReading reading = m_backend.readMemory(m_request.deviceId);
    std::uint64_t budget = m_request.budgetBytes;
    if (reading.availableBytes)
        budget = budget > 0
                     ? std::min(budget, *reading.availableBytes)
                     : static_cast<std::uint64_t>(static_cast<double>(*reading.availableBytes) *
                                                  (1 - m_request.workload.reserveFraction));
    else if (budget == 0)
        budget = kBlindBudgetBytes;
    return std::min(budget, m_limits.maxBytes);
}

std::vector<std::uint64_t> Run::decoderBudgets(const std::vector<Plan>& plans, double seconds) {
    if (m_fillBytesPerSecond == 0)
        m_fillBytesPerSecond = assumedFillRate(m_facts.ceilings.bandwidthBytesPerSecond);
    const double pointSeconds = seconds / static_cast<double>(plans.size());
    std::vector<std::uint64_t> needs;
    for (const Plan& plan : plans) {
        const std::uint64_t total = plan.footprint.totalBytes();
        const std::uint64_t need = saturatingAdd(saturatingAdd(total, total / 4), kNeedSlackBytes);
        needs.push_back(affordableBytes(need, pointSeconds, m_fillBytesPerSecond));
    }
    return divideBudget(budgetBytes(), needs);
}

Status Run::allocate(const PointGroup& group, double seconds, Points& points) {
    std::vector<Plan> plans;
    for (const std::size_t index : group.variants)
        plans.push_back(makePlan(m_variants[index], planDevice(), m_request.workload, group.context,
                                 group.batch));
    const std::vector<std::uint64_t> budgets = decoderBudgets(plans, seconds);
    const Workload& workload = m_request.workload;
    const double begin = m_reporter.seconds();
    MemoryLedger sum;
    for (std::size_t at = 0; at < plans.size(); ++at) {
        Plan& plan = plans[at];
        if (m_stop.stop_requested())
            return interrupted();
        m_feed.announce(progress("allocate", &plan, points), m_reporter.atMs());
        Result<std::unique_ptr<Decoder>> decoder = m_backend.makeDecoder(
            m_request.deviceId,
            {plan.variant.model, plan.scope, plan.kvTypes, plan.weightsType, plan.batch,
             plan.context, budgets[at], workload.threads, workload.seed},
            m_stop);
        if (!decoder) {
            const ErrorCode code = decoder.error().code;
            if (code != ErrorCode::OutOfMemory && code != ErrorCode::BadUsage)
                return decoder.error();
            skip(plan, decoder.error()); // the others may still be measured
            continue;
        }
        const MemoryLedger ledger = (*decoder)->ledger();
        sum.weightsBytes += ledger.weightsBytes;
        sum.kvBytes += ledger.kvBytes;
        sum.workspaceBytes += ledger.workspaceBytes;
        m_watch->setLedger(sum);
        points.push_back({std::move(plan), std::move(*decoder), {}, {}, 0, 0, false});
    }
    const double spent = m_reporter.seconds() - begin;
    if (spent > 0 && sum.totalBytes() > kNeedSlackBytes) // less says nothing of the rate
        m_fillBytesPerSecond = static_cast<double>(sum.totalBytes()) / spent;
    return Done{};
}

Status Run::warmUp(Points& points) {
    for (PointRun& point : points)
        for (int i = 0; i < warmupRepetitions(m_request.quickLook); ++i) {
            if (m_stop.stop_requested())
                return interrupted();
            const Result<TimedStep> step = timedStep(*point.decoder, m_stop);
            if (!step)
                return step.error();
            point.warmupSeconds = step->clockSeconds;
            m_feed.add(progress("warmup", &point.plan, points), step->timing.seconds * 1000,
                       m_reporter.atMs());
        }
    m_feed.flush("", m_reporter.atMs());
    return Done{};
}

Status Run::measureRounds(Points& points) {
    const auto unfinished = [](const PointRun& point) { return !point.finished; };
    while (std::any_of(points.begin(), points.end(), unfinished))
        for (PointRun& point : points) {
            if (point.finished)
                continue;
            if (Status status = measureTurn(point, points); !status)
                return status;
            const std::string reason =
                stoppingReason(point.rule, point.repetitionsMs, point.spentSeconds);
            if (!reason.empty())
                finish(point, reason);
        }
    return Done{};
}

Status Run::measureTurn(PointRun& point, const Points& points) {
    double turnSeconds = 0;
    for (int i = 0; i < kTurnSteps && turnSeconds < kTurnSeconds; ++i) {
        if (m_stop.stop_requested())
            return interrupted();
        const Result<TimedStep> step = timedStep(*point.decoder, m_stop);
        if (!step)
            return step.error();
        turnSeconds += step->clockSeconds;
        point.spentSeconds += step->clockSeconds;
        point.repetitionsMs.push_back(step->timing.seconds * 1000);
        m_feed.add(progress("measure", &point.plan, points), point.repetitionsMs.back(),
                   m_reporter.atMs());
    }
    return Done{};
}

void Run::finish(PointRun& point, const std::string& reason) {
    point.finished = true;
    ++m_pointsDone;
    ++m_samples;
    m_feed.flush(point.plan.variant.label, m_reporter.atMs());
    m_reporter.emit(makeSample(point, m_facts, reason, m_backend.readMemory(m_request.deviceId),
                               m_reporter.atMs()));
}

Progress Run::progress(const char* phase, const Plan* plan, const Points& points) {
    double done = static_cast<double>(m_pointsDone);
    for (const PointRun& point : points)
        if (!point.finished && point.rule.maxSeconds > 0 && !point.repetitionsMs.empty())
            done += std::min(1.0, point.spentSeconds / point.rule.maxSeconds);
    if (m_pointsTotal > 0)
        m_fraction = std::clamp(done / static_cast<double>(m_pointsTotal), m_fraction, 1.0);
    Progress out;
    out.phase = phase;
    if (plan) {
        out.variant = plan->variant.label;
        out.context = plan->context;
        out.batch = plan->batch;
    }
    out.pointsDone = static_cast<int>(m_pointsDone);
    out.pointsTotal = static_cast<int>(m_pointsTotal);
    out.fraction = m_fraction;
    // Points that end early shorten the run below its budget; the pace so far tells by how much.
    out.secondsLeft = std::max(0.0, secondsLeft());
    if (m_fraction > 0)
        out.secondsLeft =
            std::min(out.secondsLeft, m_reporter.seconds() * (1 - m_fraction) / m_fraction);
    return out;
}

} // namespace

Status profile(Backend& backend, const RunRequest& request, const EventSink& sink,
               std::stop_token stop) {
    return Run(backend, request, sink, std::move(stop)).execute();
}

} // namespace decodescope
