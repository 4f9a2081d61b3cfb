// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/memory_stack_builder.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>

#include <QCoreApplication>

#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kFirstExponent = 10; // 1K tokens
constexpr double kLeastLast = 14;
constexpr double kMostLast = 30;
constexpr double kStepsPerOctave = 8;  // a straight line over tokens is bent on their log axis
constexpr double kBeyondLongest = 0.4; // octaves: what no longer fits is seen to stand above

/// From 1K, or the shortest that was measured, to beyond the longest that fits.
std::vector<std::int64_t> contextsOf(const MemoryStackData& data, const Workload& workload) {
    double first = kFirstExponent;
    double last = kLeastLast;
    const auto take = [&](std::int64_t context) {
        if (context < 1)
            return;
        const double exponent = std::log2(static_cast<double>(context));
        first = std::min(first, std::floor(exponent));
        last = std::max(last, std::ceil(exponent + kBeyondLongest));
    };
    std::set<std::int64_t> contexts;
    if (data.longestBounded && data.longest > 0) {
        take(data.longest);
        contexts.insert(data.longest);
    }
    for (const MeasuredStack& each : data.measured) {
        take(each.context);
        contexts.insert(each.context);
    }
    for (const std::int64_t context : workload.contexts)
        take(context);
    last = std::min(last, kMostLast);
    const int steps = static_cast<int>((last - first) * kStepsPerOctave);
    for (int i = 0; i <= steps; ++i)
        contexts.insert(std::llround(std::exp2(first + i / kStepsPerOctave)));
    return {contexts.begin(), contexts.end()};
}

void addComputed(MemoryStackData& data, const Plan& room, const Workload& workload) {
    const Engine engine = engineOn(room.deployment, room.device.cpu);
    const auto loads = rankLoads(room.variant.model, workload, room.deployment, room.scope);
    for (const std::int64_t context : contextsOf(data, workload)) {
        const auto ranks = rankFootprints(loads, engine, context, room.batch);
        const Footprint& fullest = fullestRank(ranks);
        data.computed.push_back(
            {context,
             {static_cast<double>(fullest.weightsBytes), static_cast<double>(fullest.kvBytes),
              static_cast<double>(fullest.workspaceBytes),
              static_cast<double>(fullest.overheadBytes)}});
    }
}

MeasuredStack measuredStack(const Sample& sample, const Recording& recording) {
    const auto held = [](std::uint64_t bytes) {
        return bytes > 0 ? std::optional<double>(static_cast<double>(bytes)) : std::nullopt;
    };
    MeasuredStack stack;
    stack.context = sample.context;
    stack.weights = held(sample.weightsBytes);
    if (sample.kvBytes > 0)
        stack.kv = wholeModelKvBytes(sample);
    stack.workspace = held(sample.workspaceBytes);
    stack.beyondLedger = bytesBeyondLedger(recording, sample);
    stack.layers = sample.layers;
    stack.layersMeasured = sample.layersMeasured;
    stack.quickLook = sample.quickLook;
    return stack;
}

void addMeasured(MemoryStackData& data, const Variant& variant, const Workload& workload,
                 const std::vector<Run>& runs) {
    std::map<std::int64_t, MeasuredStack> stacks; // a later one stands for the point it repeats
    for (const Run& run : runs)
        for (const Sample& sample : run.recording.samples)
            if (measures(sample, variant, workload))
                stacks[sample.context] = measuredStack(sample, run.recording);
    for (const auto& [context, stack] : stacks)
        data.measured.push_back(stack);
}

QString basisOf(const Plan& room, const OverviewData& overview) {
    return QCoreApplication::translate("MemoryStack", "%1: %2 weights, %3 cache, batch %4 · %5%6")
        .arg(QString::fromStdString(room.variant.label), QString::fromUtf8(name(room.weightsType)),
             QString::fromStdString(cacheInWords(room.kvTypes)),
             QString::fromStdString(formatCount(room.batch)), overview.deviceName,
             overview.deployment);
}

/// The readings of the run of this id. A new run begins where the time of the readings falls back.
std::span<const MemoryEvent> readingsOf(const Recording& recording, const std::string& runId) {
    const auto run = std::find_if(recording.runs.begin(), recording.runs.end(),
                                  [&](const RunStarted& each) { return each.runId == runId; });
    if (run == recording.runs.end())
        return {};
    std::vector<std::span<const MemoryEvent>> parts;
    const std::span<const MemoryEvent> all = recording.memory;
    std::size_t begin = 0;
    for (std::size_t i = 1; i <= all.size(); ++i)
        if (i == all.size() || all[i].atMs < all[i - 1].atMs) {
            parts.push_back(all.subspan(begin, i - begin));
            begin = i;
        }
    if (parts.size() != recording.runs.size())
        return {};
    return parts[static_cast<std::size_t>(run - recording.runs.begin())];
}

} // namespace

std::optional<double> bytesBeyondLedger(const Recording& recording, const Sample& sample) {
    std::optional<double> beyond;
    for (const MemoryEvent& event : readingsOf(recording, sample.runId)) {
        if (event.atMs > sample.atMs)
            break;
        if (event.ledger.totalBytes() > 0 && event.reading.processBytes)
            beyond = static_cast<double>(*event.reading.processBytes) -
                     static_cast<double>(event.ledger.totalBytes());
    }
    return beyond;
}

MemoryStackData buildMemoryStack(const OverviewInput& input, const OverviewData& overview,
                                 std::size_t variant, const std::vector<Run>& runs) {
    MemoryStackData data;
    if (variant >= input.variants.size() || variant >= overview.variants.size())
        return data;
    const Variant& chosen = input.variants[variant];
    Workload workload = input.workload;
    if (!input.planOnly)
        addMeasured(data, chosen, workload, runs);
    workload.scope = Scope::Step; // a model has its weights beside its cache
    const Plan room = makePlan(chosen, input.device, workload, input.context, firstBatch(workload),
                               input.deployment);
    const VariantSeries& series = overview.variants[variant];
    data.variant = series.label;
    data.whatIf = series.whatIf;
    data.slot = series.slot;
    data.basis = basisOf(room, overview);
    data.planOnly = input.planOnly;
    data.trainedLimit = overview.trainedLimit;
    data.chosenContext = input.context;
    data.longestBounded = room.maxContextBounded;
    data.memoryUnverified = overview.memoryUnverified;
    if (input.device.memoryBytes > 0) {
        data.memoryBytes = static_cast<double>(input.device.memoryBytes);
        data.capacityBytes = static_cast<double>(capacityBytes(room));
        data.longest = room.maxContext;
    }
    addComputed(data, room, workload);
    return data;
}

} // namespace decodescope
