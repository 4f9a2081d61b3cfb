// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/speed_curve_builder.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/plan/max_context.h"

namespace decodescope {
namespace {

constexpr std::int64_t kFirstContext = 1024;
constexpr std::int64_t kUsualContext = std::int64_t{1} << 20; // memory sets no limit, or is unknown
constexpr std::int64_t kMostContext = std::int64_t{1} << 26;
constexpr std::int64_t kUsualBatch = 256;
constexpr double kStepsPerOctave = 4;
constexpr double kMsPerSecond = 1000;

/// The contexts or batches of the Samples and, with `asked`, of the workload.
std::set<std::int64_t> placesOf(const OverviewInput& input, SpeedAxis axis, bool asked) {
    const bool contexts = axis == SpeedAxis::Context;
    std::set<std::int64_t> places{};
    if (asked) {
        const std::vector<std::int64_t>& wanted =
            contexts ? input.workload.contexts : input.workload.batches;
        places.insert(wanted.begin(), wanted.end());
    }
    for (const Sample& sample : input.samples)
        places.insert(contexts ? sample.context : sample.batch);
    return places;
}

/// Where predictions are made, and whether memory ends them.
struct Reach {
    std::set<std::int64_t> places;
    bool endsByMemory = false;
};

/// Quarter octaves from `first` to the largest that fits, or to what was measured where that is
/// more: the attention alone can be measured where the whole model does not fit.
Reach reachTo(std::int64_t first, std::int64_t largest, std::int64_t measured) {
    const std::int64_t end = std::max(largest, measured);
    Reach reach;
    if (end < 1)
        return reach;
    const double from = std::log2(static_cast<double>(std::clamp<std::int64_t>(first, 1, end)));
    const double to = std::log2(static_cast<double>(end));
    for (int i = 0; from + i / kStepsPerOctave < to; ++i)
        reach.places.insert(std::llround(std::exp2(from + i / kStepsPerOctave)));
    reach.places.insert(end);
    reach.endsByMemory = end == largest;
    return reach;
}

/// The largest context or batch that fits beside the weights, whatever is measured.
std::int64_t largestOf(const OverviewInput& input, const Variant& variant, SpeedAxis axis,
                       std::int64_t held) {
    if (input.device.memoryBytes == 0)
        return kUnboundedContext;
    const bool contexts = axis == SpeedAxis::Context;
    const Engine engine = engineOn(input.deployment, input.device.cpu);
    const auto loads = rankLoads(variant.model, input.workload, input.deployment, Scope::Step);
    const std::uint64_t reserve =
        reserveBytes(input.deployment, input.workload, input.device.memoryBytes);
    const std::uint64_t capacity =
        input.device.memoryBytes - std::min(input.device.memoryBytes, reserve);
    return largestThatFits([&](std::int64_t place) {
        const auto ranks =
            rankFootprints(loads, engine, contexts ? place : held, contexts ? held : place);
        return fullestRank(ranks).totalBytes() <= capacity;
    });
}

Reach reachOf(const OverviewInput& input, const Variant& variant, SpeedAxis axis,
              std::int64_t held) {
    const bool contexts = axis == SpeedAxis::Context;
    const std::set<std::int64_t> measured = placesOf(input, axis, false);
    const std::set<std::int64_t> all = placesOf(input, axis, true);
    const std::int64_t most = measured.empty() ? 0 : *measured.rbegin();
    const std::int64_t largest = largestOf(input, variant, axis, held);
    const std::int64_t first =
        contexts ? std::min(kFirstContext, all.empty() ? kFirstContext : *all.begin()) : 1;
    // How far one looks where memory does not end it.
    const std::int64_t far =
        contexts ? kUsualContext : std::max(kUsualBatch, all.empty() ? 1 : *all.rbegin() * 2);
    const bool endless = contexts ? largest >= kUnboundedContext : largest > far;
    Reach reach = reachTo(first, endless ? far : std::min(largest, kMostContext), most);
    reach.endsByMemory = reach.endsByMemory && !endless && largest <= kMostContext;
    return reach;
}

std::optional<PredictedSpeed> predict(const OverviewInput& input, const Variant& variant,
                                      std::int64_t context, std::int64_t batch) {
    const Forecast at =
        forecast(variant.model, input.workload, context, batch, input.workload.scope,
                 input.device.roofs, input.deployment, input.device.kernels.get());
    if (!(at.seconds > 0))
        return std::nullopt;
    const ForecastRange range =
        at.fromKernels ? at.range : forecastRange(at, input.device.roofs, input.device.range);
    return PredictedSpeed{context, batch, at.seconds * kMsPerSecond,
                          range.leastSeconds * kMsPerSecond, range.mostSeconds * kMsPerSecond};
}

MeasuredSpeed measuredSpeed(const Sample& sample) {
    MeasuredSpeed point;
    point.context = sample.context;
    point.batch = sample.batch;
    point.ms = sample.tpotP50Ms;
    // One repetition has no interval: infinite, which a file cannot hold and gives back as 0.
    if (sample.repetitionsMs.size() > 1 && std::isfinite(sample.tpotCi95Ms))
        point.ciMs = sample.tpotCi95Ms;
    point.tokensPerSecond = sample.tokensPerSecond;
    point.repetitions = sample.repetitionsMs.size();
    point.quickLook = sample.quickLook;
    point.interrupted = sample.stopping.reason == "interrupted";
    point.cacheResident = sample.cacheResident;
    point.layers = sample.layers;
    point.layersMeasured = sample.layersMeasured;
    return point;
}

void addMeasured(SpeedCurve& curve, const OverviewInput& input, const Variant& variant,
                 SpeedAxis axis, std::int64_t held) {
    std::map<std::int64_t, MeasuredSpeed> points;
    for (const Sample& sample : input.samples) {
        const std::int64_t fixed = axis == SpeedAxis::Context ? sample.batch : sample.context;
        if (fixed == held && sample.tpotP50Ms > 0 && isOf(sample, variant, input.workload))
            points[axis == SpeedAxis::Context ? sample.context : sample.batch] =
                measuredSpeed(sample);
    }
    for (const auto& [place, point] : points)
        curve.measured.push_back(point);
}

} // namespace

SpeedCurveData buildSpeedCurves(const OverviewInput& input, const OverviewData& overview,
                                SpeedAxis axis, std::int64_t held) {
    SpeedCurveData data;
    data.axis = axis;
    data.held = held;
    data.scope = overview.scope;
    data.deviceName = overview.deviceName;
    data.deployment = overview.deployment;
    data.planOnly = overview.planOnly;
    data.roofsMeasured = overview.roofsMeasured;
    data.speedUnverified = overview.speedUnverified;
    const std::size_t count = std::min(input.variants.size(), overview.variants.size());
    for (std::size_t i = 0; i < count; ++i) {
        const Variant& variant = input.variants[i];
        const VariantSeries& series = overview.variants[i];
        SpeedCurve curve;
        curve.label = series.label;
        curve.whatIf = series.whatIf;
        curve.slot = series.slot;
        curve.visible = series.visible;
        const Reach reach = reachOf(input, variant, axis, held);
        for (const std::int64_t place : reach.places) {
            const bool contexts = axis == SpeedAxis::Context;
            if (const auto point =
                    predict(input, variant, contexts ? place : held, contexts ? held : place))
                curve.predicted.push_back(*point);
        }
        curve.endsByMemory = reach.endsByMemory && !curve.predicted.empty();
        addMeasured(curve, input, variant, axis, held);
        data.curves.push_back(std::move(curve));
    }
    return data;
}

std::vector<std::int64_t> heldChoices(const OverviewInput& input, SpeedAxis axis) {
    const bool contexts = axis == SpeedAxis::Batch;
    std::set<std::int64_t> values{usuallyHeld(input, axis)};
    const std::vector<std::int64_t>& asked =
        contexts ? input.workload.contexts : input.workload.batches;
    values.insert(asked.begin(), asked.end());
    for (const Sample& sample : input.samples)
        for (const Variant& variant : input.variants)
            if (isOf(sample, variant, input.workload))
                values.insert(contexts ? sample.context : sample.batch);
    return {values.begin(), values.end()};
}

std::int64_t usuallyHeld(const OverviewInput& input, SpeedAxis axis) {
    return axis == SpeedAxis::Context ? firstBatch(input.workload) : input.context;
}

} // namespace decodescope
