// SPDX-License-Identifier: Apache-2.0
#include "core/profile/comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr Interval kUnknown{0, std::numeric_limits<double>::infinity()};

/// Two predictions from one formula differ by rounding alone.
constexpr double kRounding = 1e-9;

ComparedPoint pointOf(const Sample& sample) {
    ComparedPoint point;
    point.configuration = configurationOf(sample);
    point.tpotMs = sample.tpotP50Ms;
    point.repetitionsMs = sample.repetitionsMs;
    point.bytesRead = sample.bytesRead;
    point.layersMeasured = sample.layersMeasured;
    point.quickLook = sample.quickLook;
    point.cacheResident = sample.cacheResident;
    point.toolVersion = sample.toolVersion;
    return point;
}

ComparedPoint pointOf(const Plan& plan) {
    ComparedPoint point;
    StepConfiguration& c = point.configuration;
    const ModelSpec& model = plan.variant.model;
    c.model = model.name;
    c.variant = plan.variant.label;
    c.attention = plan.variant.attention;
    c.layers = model.layerCount();
    if (const LayerSpec* layer = model.attentionLayer()) {
        c.nHeads = layer->nHeads;
        c.nKvHeads = layer->nKvHeads;
        c.headDim = layer->headDimK;
    }
    c.kvTypes = plan.kvTypes;
    if (plan.scope == Scope::Step)
        c.weightsType = plan.weightsType;
    c.scope = plan.scope;
    c.batch = plan.batch;
    c.context = plan.context;
    c.device = plan.device.name;
    c.engine = plan.deployment.engine.name;
    c.tensorParallel = plan.deployment.tensorParallel;
    c.pipelineParallel = plan.deployment.pipelineParallel;
    point.tpotMs = plan.forecast.seconds * 1000;
    if (plan.maxContextBounded)
        point.maxContext = plan.maxContext;
    return point;
}

bool same(const StepConfiguration& a, const StepConfiguration& b) {
    return a.sameWork(b) && a.samePlace(b);
}

/// Another Sample of the same configuration: a run that was joined, or repeated.
void add(ComparedPoint& point, const Sample& sample) {
    point.repetitionsMs.insert(point.repetitionsMs.end(), sample.repetitionsMs.begin(),
                               sample.repetitionsMs.end());
    if (!point.repetitionsMs.empty())
        point.tpotMs = median(point.repetitionsMs);
    point.layersMeasured = std::min(point.layersMeasured, sample.layersMeasured);
    point.quickLook = point.quickLook || sample.quickLook;
    point.cacheResident = point.cacheResident || sample.cacheResident;
    if (point.toolVersion != sample.toolVersion)
        point.toolVersion += ", " + sample.toolVersion;
}

template <typename T>
void noteDifference(std::vector<std::string>& notes, const char* what, const T& a, const T& b) {
    if (a != b)
        notes.push_back(fmt::format("other {}: {} in A, {} in B", what, a, b));
}

std::vector<std::string> placeNotes(const StepConfiguration& a, const StepConfiguration& b) {
    std::vector<std::string> notes;
    noteDifference(notes, "device", a.device, b.device);
    noteDifference(notes, "thread count", a.threads, b.threads);
    noteDifference(notes, "engine", a.engine, b.engine);
    const auto kernelsOf = [](const StepConfiguration& c) {
        return c.peer.empty() ? "ours" : c.peer;
    };
    noteDifference(notes, "kernels", kernelsOf(a), kernelsOf(b));
    noteDifference(notes, "tensor-parallel ranks", a.tensorParallel, b.tensorParallel);
    noteDifference(notes, "pipeline ranks", a.pipelineParallel, b.pipelineParallel);
    return notes;
}

std::string whichOf(bool a, bool b) {
    return a && b ? "A and B" : a ? "A" : "B";
}

void addNotes(std::vector<std::string>& notes, const ComparedPoint& a, const ComparedPoint& b) {
    noteDifference(notes, "tool version", a.toolVersion, b.toolVersion);
    noteDifference(notes, "number of layers run", a.layersMeasured, b.layersMeasured);
    if (a.quickLook || b.quickLook)
        notes.push_back("quick look in " + whichOf(a.quickLook, b.quickLook));
    if (a.cacheResident != b.cacheResident)
        notes.push_back("cache-resident in " + whichOf(a.cacheResident, b.cacheResident));
}

Verdict verdictOf(const Interval& ratio) {
    return ratio.low > 1 + kRounding    ? Verdict::Slower
           : ratio.high < 1 - kRounding ? Verdict::Faster
                                        : Verdict::NoDifference;
}

ComparedPair comparePlans(const ComparedPoint& a, const ComparedPoint& b) {
    ComparedPair pair{a, b,        Verdict::NotComparable,
                      0, kUnknown, placeNotes(a.configuration, b.configuration)};
    if (a.tpotMs <= 0 || b.tpotMs <= 0) {
        pair.notes.push_back("no speed is predicted in " + whichOf(a.tpotMs <= 0, b.tpotMs <= 0));
        return pair;
    }
    pair.ratio = b.tpotMs / a.tpotMs;
    pair.ratioInterval = {pair.ratio, pair.ratio};
    pair.verdict = verdictOf(pair.ratioInterval);
    return pair;
}

ComparedPair compareMeasured(const ComparedPoint& a, const ComparedPoint& b) {
    ComparedPair pair{a, b,        Verdict::NotComparable,
                      0, kUnknown, placeNotes(a.configuration, b.configuration)};
    if (a.bytesRead != b.bytesRead)
        pair.notes.push_back(fmt::format("other work: a step reads {} bytes in A, {} in B",
                                         a.bytesRead.value_or(0), b.bytesRead.value_or(0)));
    const bool comparable = pair.notes.empty();
    addNotes(pair.notes, a, b);
    if (a.tpotMs <= 0 || b.tpotMs <= 0) {
        pair.notes.push_back("no time is recorded in " + whichOf(a.tpotMs <= 0, b.tpotMs <= 0));
        return pair;
    }
    pair.ratio = b.tpotMs / a.tpotMs;
    pair.ratioInterval = medianRatioInterval95(a.repetitionsMs, b.repetitionsMs);
    if (!std::isfinite(pair.ratioInterval.high))
        pair.notes.push_back("too few repetitions to tell");
    if (comparable)
        pair.verdict = verdictOf(pair.ratioInterval);
    return pair;
}

void noteSide(std::vector<std::string>& notes, const char* side, const ComparedSet& set) {
    if (set.partial)
        notes.push_back(
            fmt::format("{} ({}) is partial: its run did not reach its end", side, set.name));
}

} // namespace

bool StepConfiguration::sameWork(const StepConfiguration& other) const {
    const auto all = [](const StepConfiguration& c) {
        return std::tie(c.model, c.attention, c.layers, c.nHeads, c.nKvHeads, c.headDim,
                        c.kvTypes.key, c.kvTypes.value, c.weightsType, c.scope, c.batch, c.context);
    };
    return all(*this) == all(other);
}

bool StepConfiguration::samePlace(const StepConfiguration& other) const {
    const auto all = [](const StepConfiguration& c) {
        return std::tie(c.device, c.threads, c.engine, c.peer, c.tensorParallel,
                        c.pipelineParallel);
    };
    return all(*this) == all(other);
}

std::string label(const StepConfiguration& configuration) {
    const StepConfiguration& c = configuration;
    return fmt::format("{} of {}, {}, {} tokens, batch {}", c.variant, c.model, name(c.scope),
                       formatCount(c.context), formatCount(c.batch));
}

StepConfiguration configurationOf(const Sample& sample) {
    StepConfiguration out;
    out.model = sample.model;
    out.variant = sample.variant;
    out.peer = sample.peer;
    out.attention = sample.attention;
    out.layers = sample.layers;
    out.nHeads = sample.nHeads;
    out.nKvHeads = sample.nKvHeads;
    out.headDim = sample.headDim;
    out.kvTypes = sample.kvTypes;
    if (sample.scope == Scope::Step)
        out.weightsType = sample.weightsType;
    out.scope = sample.scope;
    out.batch = sample.batch;
    out.context = sample.context;
    out.device = sample.device;
    out.threads = sample.threads;
    return out;
}

double ComparedPoint::tokensPerSecond() const {
    return tpotMs > 0 ? static_cast<double>(configuration.batch) * 1000 / tpotMs : 0;
}

ComparedSet comparedSet(std::span<const Sample> samples, std::string name) {
    ComparedSet set;
    set.name = std::move(name);
    for (const Sample& sample : samples) {
        const StepConfiguration configuration = configurationOf(sample);
        const auto known =
            std::find_if(set.points.begin(), set.points.end(), [&](const ComparedPoint& point) {
                return same(point.configuration, configuration) &&
                       point.bytesRead == sample.bytesRead;
            });
        if (known == set.points.end())
            set.points.push_back(pointOf(sample));
        else
            add(*known, sample);
    }
    return set;
}

ComparedSet comparedSet(std::span<const Plan> plans, std::string name) {
    ComparedSet set;
    set.name = std::move(name);
    set.planned = true;
    for (const Plan& plan : plans)
        set.points.push_back(pointOf(plan));
    return set;
}

std::string_view name(Verdict verdict) {
    constexpr std::array<std::string_view, 6> kNames = {
        "faster", "slower", "no_difference", "not_comparable", "only_in_a", "only_in_b"};
    return kNames[static_cast<std::size_t>(verdict)];
}

const StepConfiguration& ComparedPair::configuration() const {
    return b ? b->configuration : a->configuration;
}

Status checkSides(const ComparedSet& a, const ComparedSet& b) {
    if (a.planned == b.planned)
        return Done{};
    const auto content = [](const ComparedSet& set) {
        return set.planned ? "plans" : "measurements";
    };
    return Error{ErrorCode::BadUsage,
                 fmt::format("it holds {}, and {} holds {}", content(b), a.name, content(a)),
                 b.name, "What is predicted is not compared with what is measured."};
}

Comparison compare(const ComparedSet& a, const ComparedSet& b) {
    Comparison out;
    out.nameA = a.name;
    out.nameB = b.name;
    out.planned = a.planned;
    noteSide(out.notes, "A", a);
    noteSide(out.notes, "B", b);
    std::vector<const ComparedPoint*> partner(a.points.size());
    std::vector<bool> taken(b.points.size());
    const auto match = [&](const auto& agrees) {
        for (std::size_t i = 0; i < a.points.size(); ++i)
            for (std::size_t j = 0; j < b.points.size() && !partner[i]; ++j)
                if (!taken[j] && agrees(a.points[i], b.points[j])) {
                    partner[i] = &b.points[j];
                    taken[j] = true;
                }
    };
    match([](const ComparedPoint& x, const ComparedPoint& y) {
        return same(x.configuration, y.configuration) && x.bytesRead == y.bytesRead;
    });
    match([](const ComparedPoint& x, const ComparedPoint& y) {
        return x.configuration.sameWork(y.configuration);
    });
    for (std::size_t i = 0; i < a.points.size(); ++i)
        if (!partner[i])
            out.pairs.push_back({a.points[i], {}, Verdict::OnlyInA, 0, kUnknown, {}});
        else
            out.pairs.push_back(out.planned ? comparePlans(a.points[i], *partner[i])
                                            : compareMeasured(a.points[i], *partner[i]));
    for (std::size_t j = 0; j < b.points.size(); ++j)
        if (!taken[j])
            out.pairs.push_back({{}, b.points[j], Verdict::OnlyInB, 0, kUnknown, {}});
    return out;
}

} // namespace decodescope
