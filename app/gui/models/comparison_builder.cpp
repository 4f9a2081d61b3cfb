// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/models/comparison_builder.h"

#include <algorithm>
#include <cmath>

#include <QCoreApplication>

#include "app/gui/models/session.h"

namespace decodescope {
namespace {

QString say(const char* text) {
    return QCoreApplication::translate("Comparison", text);
}

Change changeOf(Verdict verdict) {
    switch (verdict) {
    case Verdict::Faster:
        return Change::Faster;
    case Verdict::Slower:
        return Change::Slower;
    case Verdict::NoDifference:
        return Change::NoDifference;
    default:
        return Change::NotComparable;
    }
}

SeriesSlot slotOf(const StepConfiguration& configuration) {
    return configuration.attention == "mha"   ? SeriesSlot::Mha
           : configuration.attention == "mqa" ? SeriesSlot::Mqa
                                              : SeriesSlot::Extra;
}

/// Whether the configurations differ in this, so that a series must name it.
template <typename Property>
bool differ(const Comparison& comparison, Property property) {
    const auto& pairs = comparison.pairs;
    return std::any_of(pairs.begin(), pairs.end(), [&](const ComparedPair& pair) {
        return property(pair.configuration()) != property(pairs.front().configuration());
    });
}

/// What a series is called: no more than tells it from the others.
class SeriesNames {
public:
    explicit SeriesNames(const Comparison& comparison)
        : m_models(differ(comparison, [](const StepConfiguration& c) { return c.model; })),
          m_scopes(differ(comparison, [](const StepConfiguration& c) { return c.scope; })),
          m_batches(differ(comparison, [](const StepConfiguration& c) { return c.batch; })) {}

    [[nodiscard]] QString of(const StepConfiguration& c) const {
        QString name = QString::fromStdString(c.variant);
        if (m_models)
            name += say(" of %1").arg(QString::fromStdString(c.model));
        if (m_scopes)
            name += c.scope == Scope::Step ? say(", step") : say(", attention");
        if (m_batches)
            name += say(", batch %1").arg(c.batch);
        return name;
    }

private:
    bool m_models, m_scopes, m_batches;
};

ComparedMark markOf(const ComparedPair& pair, const SeriesNames& names, const Session& session) {
    const StepConfiguration& c = pair.configuration();
    ComparedMark mark;
    mark.label = QString::fromStdString(c.variant);
    mark.series = names.of(c);
    mark.slot = slotOf(c);
    for (const VariantSeries& variant : session.overview().variants)
        if (variant.label == mark.label) {
            mark.slot = variant.slot;
            mark.visible = variant.visible;
        }
    mark.context = c.context;
    mark.batch = c.batch;
    mark.before = pair.a->tokensPerSecond();
    mark.now = pair.b->tokensPerSecond();
    mark.ratio = 1 / pair.ratio;
    if (std::isfinite(pair.ratioInterval.high) && pair.ratioInterval.low > 0) {
        mark.low = 1 / pair.ratioInterval.high;
        mark.high = 1 / pair.ratioInterval.low;
    }
    mark.change = changeOf(pair.verdict);
    return mark;
}

/// Where the legend has the mark's variant; behind all of them where it has not.
std::ptrdiff_t legendPlace(const ComparedMark& mark, const Session& session) {
    const std::vector<VariantSeries>& variants = session.overview().variants;
    const auto found = std::find_if(variants.begin(), variants.end(), [&](const auto& variant) {
        return variant.label == mark.label;
    });
    return found - variants.begin();
}

std::vector<Plan> plansOf(const Session& session) {
    std::vector<Plan> all;
    const Workload& workload = session.configuration().workload;
    for (const std::int64_t batch : workload.batches)
        for (const std::int64_t context : workload.contexts)
            for (Plan& plan : session.plansAt(context, batch))
                all.push_back(std::move(plan));
    return all;
}

} // namespace

std::optional<Comparison> compareWithBaseline(const Session& session) {
    const std::optional<Baseline>& baseline = session.baseline();
    if (!baseline)
        return std::nullopt;
    if (session.compared() && session.compared()->planned == baseline->set.planned)
        return compare(baseline->set, *session.compared());
    if (baseline->set.planned)
        return compare(baseline->set,
                       comparedSet(plansOf(session), say("the plan as it is").toStdString()));
    return compare(baseline->set, comparedSet(samplesBeside(*baseline, session.samples()),
                                              say("what is measured").toStdString()));
}

CompareData compareData(const Comparison& comparison, const Session& session) {
    CompareData data;
    data.baseline = QString::fromStdString(comparison.nameA);
    data.now = QString::fromStdString(comparison.nameB);
    data.planned = comparison.planned;
    if (comparison.pairs.empty())
        return data;
    const SeriesNames names(comparison);
    for (const ComparedPair& pair : comparison.pairs)
        if (pair.a && pair.b && pair.ratio > 0)
            data.marks.push_back(markOf(pair, names, session));
        else
            ++data.notCompared;
    std::stable_sort(data.marks.begin(), data.marks.end(),
                     [&](const ComparedMark& a, const ComparedMark& b) {
                         return legendPlace(a, session) < legendPlace(b, session);
                     });
    return data;
}

} // namespace decodescope
