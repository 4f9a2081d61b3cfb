// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/roofline_builder.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include <QCoreApplication>

#include "app/gui/models/overview_builder.h"
#include "app/gui/plots/si_text.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

QString say(const char* text) {
    return QCoreApplication::translate("Roofline", text);
}

QString percent(double share) {
    return QString::number(qRound(100 * share));
}

constexpr double kMentioned = 0.05; ///< of the time, handing out work
/// Above it a point is not under its roof, and not by the roof's own uncertainty.
constexpr double kAboveRoof = 1.02;

// ---- roofs ----------------------------------------------------------------------------------

/// The better of two measurements of one thing need not be the same in both places.
bool alike(double a, double b) {
    constexpr double kTolerance = 0.02;
    return std::abs(a - b) <= kTolerance * std::max(a, b);
}

void markMain(std::vector<Roof>& roofs, const Roofs& main) {
    for (Roof& each : roofs)
        each.main = each.measured == main.measured && !each.integer &&
                    alike(each.perSecond,
                          each.bandwidth ? main.bandwidthBytesPerSecond : main.flopPerSecond);
}

Roof roof(const QString& label, bool bandwidth, double perSecond) {
    Roof made;
    made.label = label;
    made.bandwidth = bandwidth;
    made.perSecond = perSecond;
    return made;
}

/// One thread's rate of a cache, times the caches of its level that the threads fill. Where one
/// cache serves all of them that is the least it delivers, and below the memory's roof says
/// nothing.
void addCaches(std::vector<Roof>& roofs, const Ceilings& ceilings) {
    for (const CacheLevel& level : ceilings.caches) {
        const int caches = std::max(1, ceilings.threads / std::max(1, level.threads));
        const double rate = caches * level.bytesPerSecond;
        if (rate <= ceilings.bandwidthBytesPerSecond)
            continue;
        const QString name = say(QT_TRANSLATE_NOOP("Roofline", "L%1 cache")).arg(level.level);
        roofs.push_back(
            roof(caches == 1 ? name
                             : say(QT_TRANSLATE_NOOP("Roofline", "%1 × %2")).arg(caches).arg(name),
                 true, rate));
    }
}

void addMeasuredRoofs(std::vector<Roof>& roofs, const Ceilings& ceilings, bool gpu) {
    if (ceilings.bandwidthBytesPerSecond > 0)
        roofs.push_back(roof(say(QT_TRANSLATE_NOOP("Roofline", "memory")), true,
                             ceilings.bandwidthBytesPerSecond));
    addCaches(roofs, ceilings);
    if (ceilings.f32)
        roofs.push_back(roof(say(QT_TRANSLATE_NOOP("Roofline", "f32 multiply-add")), false,
                             ceilings.f32->allThreadsPerSecond));
    if (ceilings.bf16Dot)
        roofs.push_back(roof(gpu ? say(QT_TRANSLATE_NOOP("Roofline", "bf16 matrix units"))
                                 : say(QT_TRANSLATE_NOOP("Roofline", "bf16 products")),
                             false, ceilings.bf16Dot->allThreadsPerSecond));
    if (ceilings.int8Dot) {
        roofs.push_back(roof(gpu ? say(QT_TRANSLATE_NOOP("Roofline", "int8 matrix units"))
                                 : say(QT_TRANSLATE_NOOP("Roofline", "int8 dot products")),
                             false, ceilings.int8Dot->allThreadsPerSecond));
        roofs.back().integer = true;
    }
    // Where the units were not told apart it is theirs that most kernels use.
    if (std::none_of(roofs.begin(), roofs.end(),
                     [&](const Roof& each) {
                         return !each.bandwidth && alike(each.perSecond, ceilings.flopPerSecond);
                     }) &&
        ceilings.flopPerSecond > 0)
        roofs.push_back(roof(say(QT_TRANSLATE_NOOP("Roofline", "arithmetic peak")), false,
                             ceilings.flopPerSecond));
}

void addDatasheet(std::vector<Roof>& roofs, const DeviceSpec& spec) {
    const auto add = [&](const QString& label, bool bandwidth, double perSecond,
                         std::string_view field) {
        if (!(perSecond > 0))
            return;
        roofs.push_back(roof(label, bandwidth, perSecond));
        roofs.back().measured = false;
        roofs.back().unverified = std::find(spec.unverified.begin(), spec.unverified.end(),
                                            field) != spec.unverified.end();
    };
    add(say(QT_TRANSLATE_NOOP("Roofline", "memory")), true, spec.bandwidthBytesPerSecond,
        PlanDevice::kBandwidthField);
    add(say(QT_TRANSLATE_NOOP("Roofline", "f32")), false, spec.floatFlopPerSecond.value_or(0),
        PlanDevice::kFloatRateField);
    add(say(QT_TRANSLATE_NOOP("Roofline", "16-bit")), false, spec.halfFlopPerSecond.value_or(0),
        PlanDevice::kHalfRateField);
}

// ---- points ---------------------------------------------------------------------------------

/// Elasticities as people would check them: what becomes of the time.
QString evidenceWords(const BottleneckEvidence& evidence) {
    QStringList words{
        say(QT_TRANSLATE_NOOP("Roofline", "%1 % of the bandwidth, %2 % of the peak"))
            .arg(percent(evidence.bandwidthShare), percent(evidence.arithmeticShare))};
    if (evidence.overheadShare.value_or(0) >= kMentioned)
        words << say(QT_TRANSLATE_NOOP("Roofline", "%1 % of the time is handing out work"))
                     .arg(percent(*evidence.overheadShare));
    if (evidence.bytesElasticity)
        words << say(QT_TRANSLATE_NOOP("Roofline", "half the bytes: %1 × the time"))
                     .arg(QString::number(std::exp2(-*evidence.bytesElasticity), 'g', 2));
    if (evidence.workElasticity)
        words << say(QT_TRANSLATE_NOOP("Roofline", "twice the work: %1 × the time"))
                     .arg(QString::number(std::exp2(*evidence.workElasticity), 'g', 2));
    return words.join(QStringLiteral(" · "));
}

/// Which side of the ridge it lies on, where nothing more is known.
void boundByRidge(RooflinePoint& point, const Roofs& roofs) {
    const bool memory = point.intensity < roofs.ridge();
    point.bound = boundWords(memory ? QStringLiteral("memory") : QStringLiteral("compute"));
    point.evidence = (memory ? say(QT_TRANSLATE_NOOP("Roofline", "below the ridge at %1 FLOP/B"))
                             : say(QT_TRANSLATE_NOOP("Roofline", "above the ridge at %1 FLOP/B")))
                         .arg(intensityText(roofs.ridge()));
}

RooflinePoint pointOf(const PartWork& work, const Roofs& roofs) {
    RooflinePoint point;
    point.part = work.part;
    point.intensity = work.intensity();
    point.flopPerSecond = work.flopPerSecond();
    if (roofs.known()) {
        point.ofRoof = point.flopPerSecond / attainableFlopPerSecond(roofs, point.intensity);
        point.cacheResident =
            roofs.measured && point.intensity < roofs.ridge() && point.ofRoof > kAboveRoof;
        boundByRidge(point, roofs);
    }
    return point;
}

PartWork workOf(const Sample& sample) {
    return {sample.scope == Scope::Attention ? StepPart::Attention : StepPart::Whole,
            sample.bytesRead, sample.flop, sample.tpotP50Ms / 1000};
}

/// The newest Sample of this variant and scope nearest to the context; at exactly it with `exact`.
const Sample* nearest(std::span<const Sample> samples, const Plan& plan, const Workload& workload,
                      Scope scope, std::int64_t context, bool exact = false) {
    Workload asked = workload;
    asked.scope = scope;
    const auto distance = [context](const Sample& sample) {
        return std::abs(std::log(static_cast<double>(std::max<std::int64_t>(1, sample.context)) /
                                 static_cast<double>(std::max<std::int64_t>(1, context))));
    };
    const Sample* found = nullptr;
    for (const Sample& sample : samples) {
        if (!measures(sample, plan.variant, asked) || !workOf(sample).known() ||
            (scope == Scope::Step && sample.weightsType != workload.weightsType) ||
            (exact && sample.context != context))
            continue;
        if (!found || distance(sample) <= distance(*found))
            found = &sample;
    }
    return found;
}

/// Under the roofs of its own run, whose arithmetic is that of the units the step uses.
RooflinePoint measuredPoint(const Sample& sample, const PartWork& work, const Roofs& device) {
    const Roofs own{sample.ceilingBytesPerSecond, sample.ceilingFlopPerSecond, true};
    RooflinePoint point = pointOf(work, own.known() ? own : device);
    point.measured = true;
    point.context = sample.context;
    point.batch = sample.batch;
    point.cacheResident |= sample.cacheResident && work.part != StepPart::Linear;
    return point;
}

void addMeasured(std::vector<RooflinePoint>& points, std::span<const Sample> samples,
                 const Plan& plan, const Roofs& roofs, int variant, const RooflineInput& input) {
    const auto add = [&](RooflinePoint point) {
        point.variant = variant;
        points.push_back(std::move(point));
    };
    for (const Scope scope : {Scope::Attention, Scope::Step}) {
        const Sample* sample = nearest(samples, plan, input.workload, scope, plan.context);
        if (!sample)
            continue;
        RooflinePoint point = measuredPoint(*sample, workOf(*sample), roofs);
        if (const QString bound = boundWords(QString::fromStdString(sample->bound));
            !bound.isEmpty() && sample->boundBy) {
            point.bound = bound;
            point.evidence = evidenceWords(*sample->boundBy);
        }
        add(point);
        const Sample* attention =
            scope == Scope::Step
                ? nearest(samples, plan, input.workload, Scope::Attention, sample->context, true)
                : nullptr;
        if (!attention)
            continue;
        const PartWork linear = linearPart(workOf(*sample), workOf(*attention));
        if (!linear.known())
            continue;
        RooflinePoint rest = measuredPoint(*sample, linear, roofs);
        if (!rest.evidence.isEmpty())
            rest.evidence +=
                say(QT_TRANSLATE_NOOP("Roofline", " · step less attention, both measured"));
        add(rest);
    }
}

std::vector<std::vector<RooflinePoint>> predictedPaths(const Plan& plan, const PlanDevice& device,
                                                       int variant, const RooflineInput& input) {
    std::vector<std::vector<RooflinePoint>> paths(std::size(kStepParts));
    for (int tokens = 1; tokens <= kMostNewTokens; ++tokens)
        for (const PartWork& work : predictedParts(plan.variant.model, input.workload, plan.context,
                                                   plan.batch, device, plan.deployment, tokens)) {
            Roofs roofs = device.roofs;
            if (work.peakFlopPerSecond > 0)
                roofs.flopPerSecond = work.peakFlopPerSecond;
            RooflinePoint point = pointOf(work, roofs);
            point.variant = variant;
            point.context = plan.context;
            point.batch = plan.batch;
            point.newTokens = tokens;
            paths[static_cast<std::size_t>(work.part)].push_back(std::move(point));
        }
    std::erase_if(paths, [](const auto& path) { return path.empty(); });
    return paths;
}

/// The device that the roofline is of.
struct Basis {
    PlanDevice device;
    std::optional<Ceilings> ceilings;
};

/// The one that is planned for or, where the newest Sample of the variants was measured on another
/// (a recording of another machine) or its roofs are not known here, that Sample's, with the two
/// roofs it carries.
Basis basisOf(const RooflineInput& input) {
    Basis basis{input.plans.front().device, input.ceilings};
    const Sample* newest = nullptr;
    for (const Plan& plan : input.plans)
        for (const Scope scope : {Scope::Attention, Scope::Step})
            if (const Sample* sample =
                    nearest(input.samples, plan, input.workload, scope, plan.context);
                sample && (!newest || sample > newest))
                newest = sample;
    if (!newest || !(newest->ceilingBytesPerSecond > 0) || !(newest->ceilingFlopPerSecond > 0) ||
        (basis.ceilings && newest->device == basis.device.name))
        return basis;
    basis.device = {};
    basis.device.name = newest->device;
    basis.device.roofs = {newest->ceilingBytesPerSecond, newest->ceilingFlopPerSecond, true};
    basis.ceilings = Ceilings{newest->ceilingBytesPerSecond, newest->ceilingFlopPerSecond,
                              newest->threads, true};
    return basis;
}

std::set<std::string> words(std::string_view text) {
    std::set<std::string> all;
    std::string word;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c))) {
            word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        } else if (!word.empty()) {
            all.insert(std::exchange(word, {}));
        }
    }
    if (!word.empty())
        all.insert(word);
    return all;
}

} // namespace

const DeviceSpec* likelyDatasheet(std::string_view deviceName) {
    const std::set<std::string> local = words(deviceName);
    const DeviceSpec* best = nullptr;
    std::size_t most = 0;
    for (const DeviceSpec& spec : devicePresets()) {
        const std::set<std::string> named = words(spec.name);
        if (named.size() > most &&
            std::includes(local.begin(), local.end(), named.begin(), named.end())) {
            best = &spec;
            most = named.size();
        }
    }
    return best;
}

RooflineData buildRoofline(const RooflineInput& input) {
    RooflineData data;
    if (input.plans.empty())
        return data;
    const Basis basis = basisOf(input);
    data.deviceName = QString::fromStdString(basis.device.name);
    data.main = basis.device.roofs;
    if (basis.ceilings)
        addMeasuredRoofs(data.roofs, *basis.ceilings, input.gpu);
    if (input.datasheet)
        addDatasheet(data.roofs, *input.datasheet);
    markMain(data.roofs, data.main);
    for (std::size_t i = 0; i < input.plans.size(); ++i) {
        const Plan& plan = input.plans[i];
        const VariantSeries& series = input.overview.variants[i];
        data.variants.push_back({series.label, series.slot, series.visible});
        const int variant = static_cast<int>(i);
        for (auto& path : predictedPaths(plan, basis.device, variant, input))
            data.predicted.push_back(std::move(path));
        addMeasured(data.measured, input.samples, plan, data.main, variant, input);
        addMeasured(data.baseline, input.baseline, plan, data.main, variant, input);
    }
    data.subtitle = say(QT_TRANSLATE_NOOP("Roofline", "%1 · %2 · at %3 tokens"))
                        .arg(data.deviceName, input.overview.shape,
                             QString::fromStdString(formatCount(input.plans.front().context)));
    return data;
}

} // namespace decodescope
