// SPDX-License-Identifier: Apache-2.0
#include "core/profile/group_run.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/profile/energy.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// A variant's turn in a round: long enough to be more than its first, cold step, and short enough
/// that a machine that drifts hits all variants alike.
constexpr double kTurnSeconds = 0.01;
constexpr int kTurnSteps = 8;

/// A decoder may need more than the plan says: whole tiles, pages, partial results.
constexpr std::uint64_t kNeedSlackBytes = 64 * kMiB;
/// Of a point's time, what its repetitions leave to the variations of its step: a fifth, or more
/// where a few rounds of a slow step need it.
constexpr double kVariationShare = 0.2;
constexpr double kMostVariationShare = 0.4;

/// Between two readings of how the device runs.
constexpr double kConditionsSeconds = 0.05;

/// Other people's kernels may fail where ours go on. A device that is lost fails for ours too.
bool onlyOfPeer(const Error& error, const std::string& peer) {
    return !peer.empty() && error.code != ErrorCode::Interrupted &&
           error.code != ErrorCode::DeviceUnavailable;
}

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

} // namespace

Status GroupRun::measure(double seconds) {
    const double deadline = m_run.reporter.seconds() + seconds;
    if (Status status = allocate(seconds); !status)
        return status;
    if (m_points.empty())
        return Done{};
    if (Status status = warmUp(seconds / static_cast<double>(m_points.size())); !status)
        return status;
    const double pointSeconds =
        (deadline - m_run.reporter.seconds()) / static_cast<double>(m_points.size());
    for (PointRun& point : m_points) {
        point.seconds = pointSeconds;
        point.rule = ruleFor(m_run.request.workload,
                             pointSeconds - variationSeconds(pointSeconds, point.warmupSeconds) -
                                 (m_run.countsEnergy ? energySeconds(pointSeconds) : 0),
                             point.warmupSeconds);
        point.rule.warmupRepetitions = point.warmups;
    }
    Status status = measureRounds();
    if (!status && status.error().code == ErrorCode::Interrupted)
        for (PointRun& point : m_points)
            if (!point.finished &&
                point.repetitionsMs.size() >= static_cast<std::size_t>(fewestRepetitions()))
                static_cast<void>(finish(point, kInterruptedReason)); // no step is run
    return status;
}

double GroupRun::variationSeconds(double pointSeconds, double stepSeconds) const {
    if (m_run.request.quickLook || pointSeconds <= 0)
        return 0;
    constexpr double kSlower = 1.5; // steps may turn out to take longer than the warm-up's
    return std::clamp(kSlower * leastElasticitySeconds(stepSeconds), kVariationShare * pointSeconds,
                      kMostVariationShare * pointSeconds);
}

std::vector<std::uint64_t> GroupRun::decoderBudgets(double seconds) const {
    const double fillRate = m_run.fillBytesPerSecond > 0
                                ? m_run.fillBytesPerSecond
                                : assumedFillRate(m_run.facts.ceilings.bandwidthBytesPerSecond);
    const double pointSeconds = perPoint(seconds);
    std::vector<std::uint64_t> needs;
    std::vector<std::uint64_t> most;
    for (const Plan& plan : m_plans) {
        const std::uint64_t total = plan.footprint.totalBytes();
        const std::uint64_t need = saturatingAdd(saturatingAdd(total, total / 4), kNeedSlackBytes);
        const std::uint64_t affordable = affordableBytes(need, pointSeconds, fillRate);
        needs.insert(needs.end(), m_run.kernelsPerPoint(), affordable);
        most.insert(most.end(), m_run.kernelsPerPoint(),
                    affordable < need ? affordable : kUnlimited);
    }
    std::vector<std::uint64_t> budgets = divideBudget(m_run.budgetBytes(), needs);
    for (std::size_t at = 0; at < budgets.size(); ++at)
        budgets[at] = std::min(budgets[at], most[at]); // what is left over would be filled too
    return budgets;
}

Status GroupRun::allocate(double seconds) {
    const std::vector<std::uint64_t> budgets = decoderBudgets(seconds);
    const double begin = m_run.reporter.seconds();
    auto budget = budgets.begin();
    for (const Plan& plan : m_plans) {
        if (Status status = addPoint(plan, "", *budget++); !status)
            return status;
        if (m_run.request.peer.empty())
            continue;
        if (Status status = addPoint(plan, m_run.request.peer, *budget++); !status)
            return status;
    }
    const double spent = m_run.reporter.seconds() - begin;
    const std::uint64_t filled = ledger().totalBytes();
    if (spent > 0 && filled > kNeedSlackBytes) // less says nothing of the rate
        m_run.fillBytesPerSecond = static_cast<double>(filled) / spent;
    return Done{};
}

Status GroupRun::addPoint(const Plan& plan, const std::string& peer, std::uint64_t budgetBytes) {
    if (Status status = m_run.goOn(); !status)
        return status;
    m_run.feed.announce(m_run.progress("allocate", &plan, 0, peer), m_run.reporter.atMs());
    const DecoderRequest request = decoderRequest(plan, m_run.request.workload, budgetBytes);
    const std::string& device = m_run.request.deviceId;
    Result<std::unique_ptr<Decoder>> decoder =
        peer.empty() ? m_run.backend.makeDecoder(device, request, m_run.stop)
                     : m_run.backend.makePeer(device, peer, request, m_run.stop);
    if (!decoder) {
        const ErrorCode code = decoder.error().code;
        if (code != ErrorCode::OutOfMemory && code != ErrorCode::BadUsage &&
            !onlyOfPeer(decoder.error(), peer))
            return decoder.error();
        m_run.skip(plan, decoder.error(), peer); // the others may still be measured
        return Done{};
    }
    PointRun point;
    point.plan = plan;
    point.peer = peer;
    point.decoder = std::move(*decoder);
    m_points.push_back(std::move(point));
    m_run.watch->setLedger(ledger());
    return Done{};
}

Status GroupRun::giveUp(PointRun& point, const Error& error) {
    if (!onlyOfPeer(error, point.peer))
        return error;
    point.finished = true;
    m_run.skip(point.plan, error, point.peer);
    return Done{};
}

Status GroupRun::warmUp(double pointSeconds) {
    constexpr double kMostOfThePoint = 0.25; // a slow step is warmed up once
    for (PointRun& point : m_points)
        do {
            if (Status status = m_run.goOn(); !status)
                return status;
            const Result<TimedStep> step = timedStep(*point.decoder, m_run.stop);
            if (!step) {
                if (Status status = giveUp(point, step.error()); !status)
                    return status;
                break;
            }
            ++point.warmups;
            point.pauses = m_run.pauses;
            point.warmupSeconds = step->clockSeconds;
            feed("warmup", point, step->timing.seconds * 1000);
        } while (point.warmups < warmupRepetitions(m_run.request.quickLook) &&
                 point.warmupSeconds < kMostOfThePoint * pointSeconds);
    m_run.feed.flush("", m_run.reporter.atMs());
    return Done{};
}

Status GroupRun::measureRounds() {
    const auto unfinished = [](const PointRun& point) { return !point.finished; };
    while (std::any_of(m_points.begin(), m_points.end(), unfinished))
        for (PointRun& point : m_points) {
            if (point.finished)
                continue;
            if (Status status = takeTurn(point); !status) {
                if (Status given = giveUp(point, status.error()); !given)
                    return given;
                continue;
            }
            const std::string reason =
                stoppingReason(point.rule, point.repetitionsMs, point.spentSeconds);
            if (!reason.empty())
                if (Status status = finish(point, reason); !status)
                    return status;
        }
    return Done{};
}

Status GroupRun::takeTurn(PointRun& point) {
    double turnSeconds = 0;
    for (int i = 0; i < kTurnSteps && turnSeconds < kTurnSeconds; ++i) {
        if (Status status = m_run.goOn(); !status)
            return status;
        const Result<TimedStep> step = timedStep(*point.decoder, m_run.stop);
        if (!step)
            return step.error();
        turnSeconds += step->clockSeconds;
        point.spentSeconds += step->clockSeconds;
        if (point.pauses != m_run.pauses) { // caches are cold after a pause
            point.pauses = m_run.pauses;
            point.rule.warmupRepetitions = ++point.warmups;
            feed("warmup", point, step->timing.seconds * 1000);
            continue;
        }
        point.repetitionsMs.push_back(step->timing.seconds * 1000);
        point.launches = step->timing.launches;
        feed("measure", point, point.repetitionsMs.back());
    }
    readConditions(point);
    return Done{};
}

void GroupRun::readConditions(PointRun& point) {
    const double now = m_run.reporter.seconds();
    if (!m_run.tellsConditions || now - point.conditionsAt < kConditionsSeconds)
        return;
    point.conditionsAt = now;
    const DeviceConditions conditions = m_run.backend.conditions(m_run.request.deviceId);
    m_run.tellsConditions = conditions != DeviceConditions{};
    point.conditions.add(conditions);
}

MemoryLedger GroupRun::ledger() const {
    MemoryLedger sum;
    for (const PointRun& point : m_points) {
        const MemoryLedger held = point.decoder->ledger();
        sum.weightsBytes += held.weightsBytes;
        sum.kvBytes += held.kvBytes;
        sum.workspaceBytes += held.workspaceBytes;
    }
    return sum;
}

Status GroupRun::measureBound(PointRun& point) {
    const double stepSeconds =
        point.spentSeconds /
        static_cast<double>(std::max<std::size_t>(1, point.repetitionsMs.size()));
    const double seconds = std::min(point.seconds - point.spentSeconds, m_run.secondsLeft());
    const Result<std::optional<Elasticities>> found =
        measureElasticities(*point.decoder, stepSeconds, seconds, m_run.stop);
    m_run.watch->setLedger(ledger()); // what the variations needed is there now
    if (!found)
        return found.error();
    point.elasticities = *found;
    return Done{};
}

Status GroupRun::measureEnergy(PointRun& point) {
    const double seconds = std::min(energySeconds(point.seconds), m_run.secondsLeft());
    if (!m_run.countsEnergy || seconds <= 0)
        return Done{};
    const bool scaled = point.decoder->layersMeasured() < point.plan.variant.model.layerCount();
    const Result<std::optional<double>> joules = measureStepEnergy(
        m_run.backend, m_run.request.deviceId, *point.decoder, scaled, seconds, m_run.stop);
    if (!joules)
        return joules.error();
    if (*joules)
        point.conditions.setEnergyPerToken(**joules / static_cast<double>(point.plan.batch));
    return Done{};
}

Status GroupRun::finish(PointRun& point, const std::string& reason) {
    const MemoryLedger needed = point.decoder->ledger(); // by the step itself
    Status status = Done{};
    if (!m_run.request.quickLook && reason != kInterruptedReason) {
        status = measureBound(point);
        if (status)
            status = measureEnergy(point);
    }
    point.finished = true;
    ++m_run.pointsDone;
    ++m_run.samples;
    m_run.feed.flush(point.label(), m_run.reporter.atMs());
    Sample sample = makeSample(point, m_run.facts, reason, m_run.memory(), m_run.reporter.atMs());
    sample.workspaceBytes = needed.workspaceBytes;
    m_run.reporter.send(sample);
    return status; // the point is measured, whatever became of its variations
}

void GroupRun::feed(const char* phase, const PointRun& point, double repetitionMs) {
    m_run.feed.add(m_run.progress(phase, &point.plan, unfinishedPoints(), point.peer), repetitionMs,
                   m_run.reporter.atMs());
}

double GroupRun::unfinishedPoints() const {
    double done = 0;
    for (const PointRun& point : m_points)
        if (!point.finished && point.rule.maxSeconds > 0 && !point.repetitionsMs.empty())
            done += std::min(1.0, point.spentSeconds / point.rule.maxSeconds);
    return done;
}

} // namespace decodescope
