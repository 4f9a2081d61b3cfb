// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/overview_builder.h"

#include <algorithm>
#include <cmath>

#include <QCoreApplication>

#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kFirstExponent = 10; // 1K tokens
constexpr double kLastExponent = 20;  // 1M tokens, or further where a variant fits more
constexpr double kMostExponent = 26;
constexpr double kStepsPerOctave = 4;

/// Contexts from 1K to the first power of two at which every variant's longest has been passed.
std::vector<std::int64_t> curveContexts(const std::vector<Plan>& plans) {
    double last = kLastExponent;
    for (const Plan& plan : plans)
        if (plan.maxContextBounded && plan.maxContext > 0)
            last = std::max(last, std::ceil(std::log2(static_cast<double>(plan.maxContext)) + 0.1));
    last = std::min(last, kMostExponent);
    std::vector<std::int64_t> contexts;
    const int steps = static_cast<int>((last - kFirstExponent) * kStepsPerOctave);
    for (int i = 0; i <= steps; ++i)
        contexts.push_back(std::llround(std::exp2(kFirstExponent + i / kStepsPerOctave)));
    return contexts;
}

/// KV bytes on the fullest device and forecast at each of the contexts. `plan` says how fast,
/// `room` what lies where.
void addCurves(VariantSeries& series, const Plan& plan, const Plan& room, const Workload& workload,
               const std::vector<std::int64_t>& contexts) {
    const ModelSpec& model = plan.variant.model;
    const Engine engine = engineOn(room.deployment, room.device.cpu);
    const auto loads = rankLoads(model, workload, room.deployment, room.scope);
    for (const std::int64_t context : contexts) {
        const auto x = static_cast<double>(context);
        const auto ranks = rankFootprints(loads, engine, context, room.batch);
        series.kvCurve.emplace_back(x, static_cast<double>(fullestRank(ranks).kvBytes));
        const Forecast at = forecast(model, workload, context, plan.batch, plan.scope,
                                     plan.device.roofs, plan.deployment, plan.device.kernels.get());
        if (at.tokensPerSecond > 0)
            series.predictedCurve.emplace_back(x, at.tokensPerSecond);
    }
}

/// The GQA variant that wears GQA's colour: the model itself where it is one, so that a what-if
/// more does not change what it wears.
std::string gqaLabel(const std::vector<Variant>& variants) {
    const Variant* found = nullptr;
    for (const Variant& each : variants)
        if (each.attention == "gqa" && (!found || (found->whatIf && !each.whatIf)))
            found = &each;
    return found ? found->label : std::string();
}

SeriesSlot slotOf(const Variant& variant, const std::string& gqa) {
    if (variant.attention == "mha")
        return SeriesSlot::Mha;
    if (variant.attention == "mqa")
        return SeriesSlot::Mqa;
    return variant.label == gqa ? SeriesSlot::Gqa : SeriesSlot::Extra;
}

void addMeasured(VariantSeries& series, const Variant& variant, const OverviewInput& input) {
    for (const Sample& sample : input.samples) {
        if (!measures(sample, variant, input.workload))
            continue;
        series.kvMeasured.emplace_back(static_cast<double>(sample.context),
                                       wholeModelKvBytes(sample));
        if (sample.context != input.context)
            continue;
        series.measuredTokensPerSecond = sample.tokensPerSecond;
        series.measuredCi = sample.tpotP50Ms > 0
                                ? sample.tokensPerSecond * sample.tpotCi95Ms / sample.tpotP50Ms
                                : 0;
        series.bound = QString::fromStdString(sample.bound);
    }
}

QString shapeText(const ModelSpec& model, const Workload& workload) {
    const LayerSpec* layer = model.attentionLayer();
    return QCoreApplication::translate("Overview", "%1 layers · %2 heads · d %3 · %4 · batch %5")
        .arg(model.layerCount())
        .arg(layer ? layer->nHeads : 0)
        .arg(layer ? layer->headDimK : 0)
        .arg(QString::fromStdString(cacheInWords(workload.kvTypes)))
        .arg(firstBatch(workload));
}

/// What is not said of one device and an ideal allocator.
QString deploymentText(const Deployment& deployment) {
    QString text;
    const auto add = [&text](const QString& part) { text += QStringLiteral(" · ") + part; };
    if (const Engine& engine = deployment.engine; !engine.isIdeal())
        add(QString::fromUtf8(engine.title.data(), static_cast<qsizetype>(engine.title.size())));
    if (deployment.tensorParallel > 1)
        add(QCoreApplication::translate("Overview", "TP %1").arg(deployment.tensorParallel));
    if (deployment.pipelineParallel > 1)
        add(QCoreApplication::translate("Overview", "PP %1").arg(deployment.pipelineParallel));
    if (deployment.ranks() > 1)
        text += QCoreApplication::translate("Overview", ", per device");
    return text;
}

QString scopeText(const Workload& workload) {
    return workload.scope == Scope::Attention
               ? QCoreApplication::translate("Overview", "attention of all layers alone")
               : QCoreApplication::translate("Overview", "whole decode step, %1 weights")
                     .arg(QString::fromUtf8(name(workload.weightsType).data()));
}

const Variant* modelItself(const std::vector<Variant>& variants) {
    const auto found = std::find_if(variants.begin(), variants.end(),
                                    [](const Variant& each) { return !each.whatIf; });
    if (found != variants.end())
        return &*found;
    return variants.empty() ? nullptr : &variants.front();
}

std::uint64_t freeForKv(const Plan& plan) {
    const std::uint64_t taken = saturatingAdd(
        plan.reserveBytes, plan.fullestRank.weightsBytes + plan.fullestRank.workspaceBytes +
                               plan.fullestRank.overheadBytes);
    return plan.device.memoryBytes - std::min(plan.device.memoryBytes, taken);
}

/// `plan` says how fast, in the scope that is measured; `room` how much fits, with the weights.
VariantSeries seriesOf(const Plan& plan, const Plan& room, const OverviewInput& input,
                       SeriesSlot slot, const std::vector<std::int64_t>& contexts) {
    VariantSeries series;
    series.label = QString::fromStdString(plan.variant.label);
    series.whatIf = plan.variant.whatIf;
    series.slot = slot;
    addCurves(series, plan, room, input.workload, contexts);
    series.kvBytesPerToken = kvBytesPerToken(plan);
    series.maxContext = input.device.memoryBytes > 0 ? room.maxContext : 0;
    series.maxContextBounded = room.maxContextBounded;
    series.predictedTokensPerSecond = plan.forecast.tokensPerSecond;
    if (plan.range.known()) {
        series.predictedLow = static_cast<double>(plan.batch) / plan.range.mostSeconds;
        series.predictedHigh = static_cast<double>(plan.batch) / plan.range.leastSeconds;
    }
    if (plan.forecast.bound != "unknown")
        series.bound = QString::fromStdString(plan.forecast.bound);
    addMeasured(series, plan.variant, input);
    return series;
}

} // namespace

std::int64_t firstBatch(const Workload& workload) {
    return workload.batches.empty() ? 1 : workload.batches.front();
}

bool isOf(const Sample& sample, const Variant& variant, const Workload& workload) {
    const LayerSpec* layer = variant.model.attentionLayer();
    return layer && sample.variant == variant.label && sample.scope == workload.scope &&
           (sample.model.empty() || sample.model == variant.model.name) &&
           sample.kvTypes == workload.kvTypes && sample.layers == variant.model.layerCount() &&
           sample.nHeads == layer->nHeads && sample.nKvHeads == layer->nKvHeads &&
           sample.headDim == layer->headDimK &&
           (sample.scope == Scope::Attention || sample.weightsType == workload.weightsType);
}

bool measures(const Sample& sample, const Variant& variant, const Workload& workload) {
    return sample.batch == firstBatch(workload) && isOf(sample, variant, workload);
}

double wholeModelKvBytes(const Sample& sample) {
    const double share =
        sample.layersMeasured > 0 && sample.layers > 0
            ? static_cast<double>(sample.layers) / static_cast<double>(sample.layersMeasured)
            : 1;
    return static_cast<double>(sample.kvBytes) * share;
}

std::vector<Plan> plansAt(const OverviewInput& input, std::int64_t context) {
    std::vector<Plan> plans;
    for (const Variant& variant : input.variants)
        plans.push_back(makePlan(variant, input.device, input.workload, context,
                                 firstBatch(input.workload), input.deployment));
    return plans;
}

std::vector<Plan> roomPlans(const OverviewInput& input) {
    OverviewInput whole = input;
    whole.workload.scope = Scope::Step;
    return plansAt(whole, input.context);
}

OverviewData buildOverview(const OverviewInput& input) {
    OverviewData data;
    data.chosenContext = input.context;
    data.batch = firstBatch(input.workload);
    data.scope = scopeText(input.workload);
    data.attentionOnly = input.workload.scope == Scope::Attention;
    data.deviceName = QString::fromStdString(input.device.name);
    data.deployment = deploymentText(input.deployment);
    data.planOnly = input.planOnly;
    data.roofsMeasured = input.device.roofs.measured;
    data.memoryUnverified = input.device.memoryUnverified();
    data.speedUnverified = input.device.speedUnverified();
    const Variant* own = modelItself(input.variants);
    if (!own)
        return data;
    data.modelName = QString::fromStdString(own->model.name);
    data.shape = shapeText(own->model, input.workload);
    data.trainedLimit = own->model.maxPosition;
    const std::string gqa = gqaLabel(input.variants);
    const std::vector<Plan> plans = plansAt(input, input.context);
    const std::vector<Plan> rooms = roomPlans(input);
    const std::vector<std::int64_t> contexts = curveContexts(rooms);
    for (std::size_t i = 0; i < plans.size(); ++i) {
        const SeriesSlot slot = slotOf(plans[i].variant, gqa);
        data.variants.push_back(seriesOf(plans[i], rooms[i], input, slot, contexts));
        if (input.device.memoryBytes > 0 && rooms[i].variant.label == own->label) {
            data.freeForKvBytes = freeForKv(rooms[i]);
            data.weightsBytes = rooms[i].fullestRank.weightsBytes;
        }
    }
    return data;
}

} // namespace decodescope
