// SPDX-License-Identifier: Apache-2.0
#include "core/profile/point_run.h"

#include <chrono>
#include <cmath>

#include "core/profile/measured_device.h"
#include "core/profile/statistics.h"
#include "core/spec/version.h"

namespace decodescope {
namespace {

/// Above the bandwidth roof by more than the roof's own error, the bytes came from a cache.
constexpr double kRoofTolerance = 1.05;

void describe(Sample& sample, const PointRun& point) {
    const Plan& plan = point.plan;
    const ModelSpec& model = plan.variant.model;
    sample.variant = point.label();
    sample.peer = point.peer;
    sample.attention = plan.variant.attention;
    sample.whatIf = plan.variant.whatIf;
    sample.model = model.name;
    sample.layers = model.layerCount();
    if (const LayerSpec* layer = model.attentionLayer()) {
        sample.nHeads = layer->nHeads;
        sample.nKvHeads = layer->nKvHeads;
        sample.headDim = layer->headDimK;
    }
    sample.kvTypes = plan.kvTypes;
    sample.weightsType = plan.weightsType;
    sample.scope = plan.scope;
    sample.batch = plan.batch;
    sample.context = plan.context;
    sample.modelKvBytes = plan.footprint.kvBytes;
    if (point.peer.empty()) // a prediction is of our kernels
        sample.predictedTpotMs = plan.forecast.seconds * 1000;
}

void setTimes(Sample& sample, const PointRun& point, const std::string& reason) {
    const Summary summary = summarise(point.repetitionsMs);
    sample.repetitionsMs = point.repetitionsMs;
    sample.tpotP50Ms = summary.p50;
    sample.tpotP90Ms = summary.p90;
    sample.tpotP99Ms = summary.p99;
    sample.tpotCi95Ms = summary.ci95;
    sample.tokensPerSecond = static_cast<double>(sample.batch) * 1000 / summary.p50;
    sample.stopping = {point.rule, reason, summary.relativeError};
}

void setRates(Sample& sample, const StepWork& work, const Ceilings& ceilings) {
    sample.bytesRead = work.bytesRead();
    sample.flop = work.flop();
    const double seconds = sample.tpotP50Ms / 1000;
    sample.achievedBytesPerSecond = static_cast<double>(sample.bytesRead) / seconds;
    sample.achievedFlopPerSecond = static_cast<double>(sample.flop) / seconds;
    sample.bf16DotFlop = work.bf16DotFlop;
    sample.int8DotFlop = work.int8DotFlop;
    Roofs roofs = roofsOf(ceilings);
    roofs.flopPerSecond = ceilings.flopPerSecondOf(sample.flop, sample.bf16DotFlop,
                                                   sample.int8DotFlop, work.bf16DotsOfFlop);
    sample.bound = name(Bottleneck::Unknown);
    if (!roofs.known())
        return;
    sample.ceilingBytesPerSecond = roofs.bandwidthBytesPerSecond;
    sample.ceilingFlopPerSecond = roofs.flopPerSecond;
    sample.floorMs = floorSeconds(roofs, sample.bytesRead, sample.flop) * 1000;
    sample.floorFraction = sample.floorMs / sample.tpotP50Ms;
    if (sample.achievedBytesPerSecond > kRoofTolerance * sample.ceilingBytesPerSecond)
        sample.cacheResident = true;
}

/// Precondition: the rates are set.
void setBound(Sample& sample, const PointRun& point, const Ceilings& ceilings) {
    if (sample.ceilingBytesPerSecond <= 0)
        return;
    BottleneckEvidence evidence;
    evidence.bandwidthShare = sample.achievedBytesPerSecond / sample.ceilingBytesPerSecond;
    evidence.arithmeticShare = sample.achievedFlopPerSecond / sample.ceilingFlopPerSecond;
    if (ceilings.barrierSeconds && point.launches > 0)
        evidence.overheadShare =
            point.launches * *ceilings.barrierSeconds * 1000 / sample.tpotP50Ms;
    if (point.elasticities) {
        evidence.bytesElasticity = point.elasticities->bytes;
        evidence.workElasticity = point.elasticities->work;
    }
    sample.bound = name(classify(evidence));
    sample.boundBy = evidence;
}

} // namespace

DecoderRequest decoderRequest(const Plan& plan, const Workload& workload,
                              std::uint64_t budgetBytes) {
    return {plan.variant.model, plan.scope,  plan.kvTypes,     plan.weightsType, plan.batch,
            plan.context,       budgetBytes, workload.threads, workload.seed};
}

Result<TimedStep> timedStep(Decoder& decoder, const std::stop_token& stop) {
    const auto begin = std::chrono::steady_clock::now();
    const Result<StepTiming> timing = decoder.step(stop);
    if (!timing)
        return timing.error();
    if (!std::isfinite(timing->seconds) || timing->seconds <= 0)
        return Error{ErrorCode::RunFailed, "the device reported a step without a duration", "", ""};
    const std::chrono::duration<double> clock = std::chrono::steady_clock::now() - begin;
    return TimedStep{*timing, clock.count()};
}

Sample makeSample(const PointRun& point, const RunFacts& facts, const std::string& reason,
                  const MemoryReading& memory, double atMs) {
    Sample sample;
    sample.runId = facts.runId;
    sample.startedAt = facts.startedAt;
    sample.toolVersion = toolVersion();
    sample.backend = facts.device.backend;
    sample.device = facts.device.name;
    sample.quickLook = facts.quickLook;
    sample.atMs = atMs;
    describe(sample, point);
    sample.conditions = point.conditions.summary();
    setTimes(sample, point, reason);

    const Decoder& decoder = *point.decoder;
    sample.threads = decoder.threads();
    sample.layersMeasured = decoder.layersMeasured();
    sample.cacheResident = decoder.cacheResident();
    setRates(sample, decoder.work(), facts.ceilings);
    setBound(sample, point, facts.ceilings);
    const MemoryLedger ledger = decoder.ledger();
    sample.kvBytes = ledger.kvBytes;
    sample.weightsBytes = ledger.weightsBytes;
    sample.workspaceBytes = ledger.workspaceBytes;
    sample.memoryTotalBytes = memory.totalBytes;
    if (memory.totalBytes && memory.availableBytes && *memory.availableBytes <= *memory.totalBytes)
        sample.memoryUsedBytes = *memory.totalBytes - *memory.availableBytes;
    return sample;
}

} // namespace decodescope
