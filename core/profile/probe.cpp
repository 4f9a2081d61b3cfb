// SPDX-License-Identifier: Apache-2.0
#include "core/profile/probe.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/plan/max_context.h"
#include "core/plan/plan.h"
#include "core/profile/memory_watch.h"
#include "core/profile/point_run.h"
#include "core/profile/run_reporter.h"
#include "core/spec/units.h"
#include "core/spec/version.h"

namespace decodescope {
namespace {

/// Each page is a piece of memory of its own, of which a process may have so many (65,530 under
/// Linux, vm.max_map_count); and each costs a look at what is free.
constexpr std::int64_t kUsualPages = 8192;
constexpr std::int64_t kMostPages = 32768;

/// Of what is free, what the system itself needs to keep books on the rest: the page tables of
/// small pages take 1/512.
constexpr std::uint64_t kBookkeepingPart = 256;

/// Given back when the system refuses memory, so that the result can still be told.
constexpr std::size_t kCushionBytes = 8 * kMiB;

std::uint64_t less(std::uint64_t from, std::uint64_t bytes) {
    return from - std::min(from, bytes);
}

/// What is held at a context.
struct Held {
    MemoryLedger all;
    MemoryLedger beside; ///< of it, what no step needs
};

/// `steps` less what is held beside them: what the steps themselves need.
MemoryLedger without(MemoryLedger all, const MemoryLedger& beside) {
    all.kvBytes = less(all.kvBytes, beside.kvBytes);
    all.workspaceBytes = less(all.workspaceBytes, beside.workspaceBytes);
    return all;
}

class ProbeRun {
public:
    ProbeRun(Backend& backend, const ProbeRequest& request, const EventSink& sink,
             std::stop_token stop)
        : m_backend(backend), m_request(request), m_stop(std::move(stop)), m_reporter(sink) {}

    Status run();

private:
    [[nodiscard]] Status prepare();
    void setEngine();
    [[nodiscard]] Status setBudget();
    [[nodiscard]] Status choosePages();
    [[nodiscard]] Status holdBeside(const Held& held);
    [[nodiscard]] Status begin();
    [[nodiscard]] Status grow();
    [[nodiscard]] Status growWatched();
    [[nodiscard]] Status prove();
    [[nodiscard]] std::optional<ProbeStop> reasonToStop(const Held& grown) const;
    [[nodiscard]] Held heldAt(MemoryLedger steps, std::int64_t context) const;
    [[nodiscard]] std::uint64_t ofBudget(const MemoryLedger& held) const;
    [[nodiscard]] bool cacheIsFull(const Held& grown) const;
    [[nodiscard]] Plan planOf(std::int64_t pageTokens) const;
    [[nodiscard]] DecoderRequest decoderRequest() const;
    void sendStart();
    void sendResult();
    void sendProgress(const char* phase, bool now);

    Backend& m_backend;
    const ProbeRequest& m_request;
    const std::stop_token m_stop;
    RunReporter m_reporter;
    DeviceInfo m_device;
    ProbeResult m_result;
    std::uint64_t m_keptFreeBytes = 0; ///< of the machine
    Engine m_engine;                   ///< as it is on the device; its reserve is kept elsewhere
    std::vector<RankLoad> m_loads;     ///< of one rank
    MemoryLedger m_beside;             ///< held beside what steps need
    std::optional<Plan> m_plan;        ///< for the budget, in whole pages
    std::unique_ptr<Decoder> m_decoder;
    std::unique_ptr<std::byte[]> m_cushion;
    std::optional<MemoryWatch> m_watch; ///< last: it uses the reporter
    double m_progressAtMs = -1e9;
};

Plan ProbeRun::planOf(std::int64_t pageTokens) const {
    Workload workload = m_request.workload;
    workload.reserveFraction = 0; // the budget is what is left of it
    Deployment deployment;
    deployment.engine = m_engine;
    if (m_engine.isIdeal())
        deployment.engine.blockTokens = pageTokens;
    return makePlan(m_request.variant, {m_device.name, m_result.budgetBytes, {}}, workload,
                    pageTokens, m_result.batch, deployment);
}

DecoderRequest ProbeRun::decoderRequest() const {
    DecoderRequest request =
        decodescope::decoderRequest(*m_plan, m_request.workload, m_result.budgetBytes);
    request.pageTokens = m_result.pageTokens;
    request.residentWeightsBytes = m_plan->footprint.weightsBytes;
    return request;
}

Status ProbeRun::prepare() {
    if (m_request.workload.batches.empty() || m_request.workload.batches.front() < 1)
        return Error{ErrorCode::BadUsage, "no batch was given", "--batch", ""};
    if (m_request.pageTokens < 0)
        return Error{ErrorCode::BadUsage, "must be above zero", "--page-tokens", ""};
    if (const Status status = validate(m_request.variant.model); !status)
        return Error{ErrorCode::BadUsage, status.error().what, status.error().where, ""};
    m_result.batch = m_request.workload.batches.front();
    if (Status status = findDevice(m_backend, m_request.deviceId, m_device); !status)
        return status;
    setEngine();
    if (Status status = setBudget(); !status)
        return status;
    if (Status status = choosePages(); !status)
        return status;
    return m_backend.covers(m_request.deviceId, decoderRequest());
}

void ProbeRun::setEngine() {
    m_engine = engineOn(m_request.deployment, m_device.backend == "cpu");
    m_engine.memoryFraction = 0; // the budget is without its reserve
    m_engine.marginBytes = 0;
    m_loads = rankLoads(m_request.variant.model, m_request.workload, {m_engine, 1, 1},
                        m_request.workload.scope);
}

Status ProbeRun::setBudget() {
    const MemoryReading reading = m_backend.readMemory(m_request.deviceId);
    const std::uint64_t total = m_device.memoryTotalBytes.value_or(reading.totalBytes.value_or(0));
    m_result.memoryTotalBytes = m_request.capacityBytes > 0 ? m_request.capacityBytes : total;
    if (m_result.memoryTotalBytes == 0)
        return Error{ErrorCode::BadUsage, "this device does not tell how much memory it has",
                     m_device.id, "Say how much may be used with --memory."};
    m_result.reserveBytes =
        reserveBytes(m_request.deployment, m_request.workload, m_result.memoryTotalBytes);
    m_result.budgetBytes = less(m_result.memoryTotalBytes, m_result.reserveBytes);
    if (!reading.availableBytes)
        return Done{};
    m_keptFreeBytes = std::max(m_result.reserveBytes, safetyMarginBytes(total));
    const std::uint64_t free = less(*reading.availableBytes, m_keptFreeBytes);
    const std::uint64_t usable = free - free / kBookkeepingPart;
    m_result.budgetOfFreeMemory = usable < m_result.budgetBytes;
    m_result.budgetBytes = std::min(m_result.budgetBytes, usable);
    return Done{};
}

Status ProbeRun::choosePages() {
    m_result.pageTokens = m_request.pageTokens > 0
                              ? m_request.pageTokens
                              : std::lcm(kProbePageTokens, m_engine.blockTokens);
    if (m_result.pageTokens % m_engine.blockTokens != 0)
        return Error{ErrorCode::BadUsage,
                     fmt::format("{} tokens are no whole blocks of the {} that {} has",
                                 m_result.pageTokens, m_engine.blockTokens, m_engine.title),
                     "--page-tokens", ""};
    m_plan = planOf(m_result.pageTokens);
    const auto pages = [this] {
        return m_plan->maxContextBounded ? m_plan->maxContext / m_result.pageTokens : 1;
    };
    while (m_request.pageTokens == 0 && pages() > kUsualPages) {
        m_result.pageTokens *= 2;
        m_plan = planOf(m_result.pageTokens);
    }
    if (pages() > kMostPages)
        return Error{ErrorCode::BadUsage,
                     fmt::format("{} pages of {} tokens are more than the {} that can be held",
                                 formatCount(pages()), m_result.pageTokens,
                                 formatCount(kMostPages)),
                     "--page-tokens",
                     fmt::format("Choose {} or more.",
                                 (m_plan->maxContext / kMostPages / kProbePageTokens + 1) *
                                     kProbePageTokens)};
    if (m_plan->maxContextBounded)
        m_result.maxContextPredicted = m_plan->maxContext;
    if (m_plan->fits)
        return Done{};
    return Error{ErrorCode::OutOfMemory,
                 fmt::format("one page of {} tokens needs {} in all, and {} may be used",
                             formatCount(m_result.pageTokens),
                             formatBytes(m_plan->footprint.totalBytes()),
                             formatBytes(m_result.budgetBytes)),
                 m_request.variant.label,
                 "Choose fewer --page-tokens, a smaller type, batch or model, or more memory.",
                 m_plan->footprint.totalBytes(),
                 m_result.budgetBytes};
}

void ProbeRun::sendStart() {
    m_result.startedAt = m_reporter.startedAt();
    m_result.toolVersion = toolVersion();
    m_reporter.send(RunStarted{newRunId(m_result.startedAt),
                               m_result.toolVersion,
                               m_result.startedAt,
                               m_device,
                               m_request.variant.model,
                               m_request.workload,
                               {m_request.variant.label},
                               false,
                               m_request.deployment,
                               m_request.capacityBytes});
}

void ProbeRun::sendProgress(const char* phase, bool now) {
    constexpr double kPeriodMs = 1000.0 / 30;
    const double atMs = m_reporter.atMs();
    if (!now && atMs - m_progressAtMs < kPeriodMs)
        return;
    m_progressAtMs = atMs;
    Progress progress;
    progress.atMs = atMs;
    progress.phase = phase;
    progress.variant = m_request.variant.label;
    progress.context = m_result.maxContextMeasured;
    progress.batch = m_result.batch;
    progress.pointsTotal = 1;
    if (m_result.maxContextPredicted.value_or(0) > 0)
        progress.fraction = std::min(1.0, static_cast<double>(m_result.maxContextMeasured) /
                                              static_cast<double>(*m_result.maxContextPredicted));
    m_reporter.send(progress);
}

/// `steps`: what the decoder's steps need at that context.
Held ProbeRun::heldAt(MemoryLedger steps, std::int64_t context) const {
    Held held{steps, m_beside};
    if (!m_engine.isIdeal()) {
        const Footprint wanted = rankFootprints(m_loads, m_engine, context, m_result.batch).front();
        held.beside.kvBytes = std::max(m_beside.kvBytes, less(wanted.kvBytes, steps.kvBytes));
        held.beside.workspaceBytes =
            std::max(m_beside.workspaceBytes, less(wanted.workspaceBytes, steps.workspaceBytes));
    }
    held.all.kvBytes = saturatingAdd(steps.kvBytes, held.beside.kvBytes);
    held.all.workspaceBytes = saturatingAdd(steps.workspaceBytes, held.beside.workspaceBytes);
    return held;
}

/// What the budget has to cover of it: an engine may keep its workspace in its reserve, or hold
/// memory of its own on a GPU.
std::uint64_t ProbeRun::ofBudget(const MemoryLedger& held) const {
    const bool elsewhere = m_engine.workspace == WorkspaceRule::WithinReserve;
    return saturatingAdd(held.totalBytes() - (elsewhere ? held.workspaceBytes : 0),
                         m_engine.overheadBytes);
}

bool ProbeRun::cacheIsFull(const Held& grown) const {
    const std::uint64_t held = m_decoder->ledger().kvBytes;
    if (m_plan->maxContextBounded || grown.all.kvBytes > held)
        return false;
    // An engine's cache may grow by more than a page at a time.
    const MemoryLedger steps = without(grown.all, grown.beside);
    return heldAt(steps, kUnboundedContext).all.kvBytes <= held;
}

std::optional<ProbeStop> ProbeRun::reasonToStop(const Held& grown) const {
    if (m_stop.stop_requested())
        return ProbeStop::Interrupted;
    if (cacheIsFull(grown))
        return ProbeStop::CacheFull;
    if (ofBudget(grown.all) > m_result.budgetBytes)
        return ProbeStop::Budget;
    const MemoryReading now = m_backend.readMemory(m_request.deviceId);
    if (now.availableBytes && less(*now.availableBytes, m_keptFreeBytes) <
                                  less(grown.all.totalBytes(), m_decoder->ledger().totalBytes()))
        return ProbeStop::AvailableMemory;
    return std::nullopt;
}

Status ProbeRun::holdBeside(const Held& held) {
    Status status = m_decoder->holdBeside(held.beside, m_stop);
    if (status)
        m_beside = held.beside;
    return status;
}

/// Allocates what the first page needs. An interruption is a result.
Status ProbeRun::begin() {
    sendProgress("allocate", true);
    Result<std::unique_ptr<Decoder>> decoder =
        m_backend.makeDecoder(m_request.deviceId, decoderRequest(), m_stop);
    if (!decoder)
        return decoder.error();
    m_decoder = std::move(*decoder);
    if (Status status = holdBeside(heldAt(m_decoder->ledger(), m_result.pageTokens)); !status)
        return status;
    m_result.maxContextMeasured = m_result.pageTokens;
    return Done{};
}

Status ProbeRun::grow() {
    if (Status status = begin(); !status) {
        if (status.error().code != ErrorCode::Interrupted)
            return status;
        m_result.stoppedBy = ProbeStop::Interrupted;
        return Done{};
    }
    while (true) {
        const Held grown = heldAt(without(m_decoder->ledgerGrown(), m_beside),
                                  m_result.maxContextMeasured + m_result.pageTokens);
        if (const auto reason = reasonToStop(grown)) {
            m_result.stoppedBy = *reason;
            return Done{};
        }
        m_watch->setLedger(m_decoder->ledger());
        sendProgress("grow", false);
        Status status = holdBeside(grown);
        if (status)
            status = m_decoder->grow(m_stop);
        if (status) {
            m_result.maxContextMeasured += m_result.pageTokens;
            continue;
        }
        m_cushion.reset();
        if (status.error().code != ErrorCode::OutOfMemory &&
            status.error().code != ErrorCode::Interrupted)
            return status;
        m_result.stoppedBy = status.error().code == ErrorCode::OutOfMemory
                                 ? ProbeStop::AllocationRefused
                                 : ProbeStop::Interrupted;
        return Done{};
    }
}

Status ProbeRun::prove() {
    sendProgress("prove", true);
    const Result<TimedStep> step = timedStep(*m_decoder, m_stop);
    if (step)
        m_result.proofTpotMs = step->timing.seconds * 1000;
    else if (step.error().code != ErrorCode::Interrupted)
        return step.error();
    return Done{};
}

void ProbeRun::sendResult() {
    const Variant& variant = m_request.variant;
    m_result.variant = variant.label;
    m_result.attention = variant.attention;
    m_result.model = variant.model.name;
    m_result.kvTypes = m_request.workload.kvTypes;
    m_result.weightsType = m_request.workload.weightsType;
    m_result.scope = m_request.workload.scope;
    m_result.engine = m_engine.name;
    m_result.backend = m_device.backend;
    m_result.device = m_device.name;
    if (m_decoder) {
        m_result.threads = m_decoder->threads();
        const MemoryLedger held = m_decoder->ledger();
        m_result.weightsBytes = held.weightsBytes;
        m_result.kvBytes = held.kvBytes;
        m_result.workspaceBytes = held.workspaceBytes;
    }
    m_reporter.send(m_result);
}

/// Between the first and the last memory event, and without exceptions.
Status ProbeRun::growWatched() {
    Status status = Done{};
    try {
        m_cushion = std::make_unique_for_overwrite<std::byte[]>(kCushionBytes);
        m_watch.emplace(m_backend, m_request.deviceId, m_reporter);
        status = grow();
        if (status && m_result.stoppedBy != ProbeStop::Interrupted)
            status = prove();
        if (status) {
            if (m_decoder)
                m_watch->setLedger(m_decoder->ledger());
            m_watch.reset(); // its last event tells what is held
            sendResult();
        }
    } catch (const std::exception& cause) {
        status = Error{ErrorCode::RunFailed, cause.what(), "", ""};
    }
    m_watch.reset();
    return status;
}

Status ProbeRun::run() {
    Status status = prepare();
    sendStart();
    if (status)
        status = growWatched();
    if (!status) {
        m_reporter.send(RunFailed{m_reporter.atMs(), status.error()});
        return status;
    }
    const bool stopped = m_stop.stop_requested();
    m_reporter.send(RunDone{m_reporter.atMs(), 0, stopped});
    if (stopped)
        return Error{ErrorCode::Interrupted, "the probe was stopped", "", ""};
    return status;
}

} // namespace

std::uint64_t safetyMarginBytes(std::uint64_t totalBytes) {
    return std::clamp(totalBytes / 64, 64 * kMiB, kGiB);
}

Status probe(Backend& backend, const ProbeRequest& request, const EventSink& sink,
             std::stop_token stop) {
    return ProbeRun(backend, request, sink, std::move(stop)).run();
}

} // namespace decodescope
