// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/overview_text.h"

#include <algorithm>

#include <QCoreApplication>

#include "app/gui/plots/binary_ticker.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

QString say(const char* text) {
    return QCoreApplication::translate("OverviewText", text);
}

} // namespace

QString countText(std::int64_t value) {
    return QString::fromStdString(formatCount(value));
}

QString rateText(double tokensPerSecond) {
    return rateLabel(tokensPerSecond);
}

QString perTokenText(const VariantSeries& series) {
    return QString::fromStdString(formatBytes(series.kvBytesPerToken));
}

QString rangeText(const VariantSeries& series) {
    if (!(series.predictedLow > 0))
        return {};
    if (series.predictedLow == series.predictedHigh)
        return QStringLiteral("(%1)").arg(rateText(series.predictedLow));
    return QStringLiteral("(%1–%2)").arg(rateText(series.predictedLow),
                                         rateText(series.predictedHigh));
}

Room roomOf(const OverviewData& overview, const VariantSeries& series) {
    if (!overview.freeForKvBytes)
        return Room::Detecting;
    if (!series.maxContextBounded)
        return Room::NoLimit;
    return series.maxContext > 0 ? Room::Tokens : Room::DoesNotFit;
}

QString roomText(const OverviewData& overview, const VariantSeries& series) {
    switch (roomOf(overview, series)) {
    case Room::Detecting:
        return say(QT_TRANSLATE_NOOP("OverviewText", "detecting…"));
    case Room::DoesNotFit:
        return say(QT_TRANSLATE_NOOP("OverviewText", "does not fit"));
    case Room::NoLimit:
        return say(QT_TRANSLATE_NOOP("OverviewText", "memory sets no limit"));
    case Room::Tokens:
        return countText(series.maxContextMeasured.value_or(series.maxContext));
    }
    return {};
}

QString overviewSentence(const OverviewData& overview) {
    const VariantSeries* least = nullptr;
    const VariantSeries* most = nullptr;
    for (const VariantSeries& each : overview.variants) {
        if (roomOf(overview, each) != Room::Tokens)
            continue;
        if (!least || each.maxContext < least->maxContext)
            least = &each;
        if (!most || each.maxContext > most->maxContext)
            most = &each;
    }
    if (!most)
        return {};
    if (most == least)
        return say(QT_TRANSLATE_NOOP("OverviewText", "%1 fits %2 tokens"))
            .arg(most->label, countText(most->maxContext));
    const double ratio =
        static_cast<double>(most->maxContext) / static_cast<double>(least->maxContext);
    return say(QT_TRANSLATE_NOOP("OverviewText", "%1 fits %2 tokens, %3× %4"))
        .arg(most->label, countText(most->maxContext), QString::number(ratio, 'g', 2),
             least->label);
}

} // namespace decodescope
