// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/overview_table.h"

#include <QCoreApplication>

#include "app/gui/panels/overview_text.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("OverviewTable", text);
}

QString measured(const OverviewData& overview, const VariantSeries& series) {
    if (!series.measuredTokensPerSecond)
        return overview.planOnly ? tr("plan only") : tr("not yet");
    QString text = rateText(*series.measuredTokensPerSecond);
    if (series.measuredCi)
        text += tr(" ± %1").arg(rateText(*series.measuredCi));
    return text;
}

QString longest(const OverviewData& overview, const VariantSeries& series) {
    return markedText(roomText(overview, series), overview.memoryUnverified);
}

QString predicted(const OverviewData& overview, const VariantSeries& series) {
    if (!(series.predictedTokensPerSecond > 0))
        return overview.planOnly && !overview.roofsMeasured ? tr("not known") : tr("no roofs yet");
    const QString text =
        rateText(series.predictedTokensPerSecond) + QLatin1Char(' ') + rangeText(series);
    return markedText(text.trimmed(), overview.speedUnverified);
}

} // namespace

TableData overviewTable(const OverviewData& overview) {
    const QString at = QString::fromStdString(formatTokensShort(overview.chosenContext));
    TableData table;
    table.columns = {
        {tr("Attention"), ColumnKind::Words},      {tr("KV per token")},
        {tr("Longest context\nthat fits")},        {tr("tokens/s at %1,\npredicted").arg(at)},
        {tr("tokens/s at %1,\nmeasured").arg(at)}, {tr("Bound"), ColumnKind::Words}};
    for (const VariantSeries& series : overview.variants)
        table.rows.push_back({series.whatIf ? tr("%1 (what-if)").arg(series.label) : series.label,
                              perTokenText(series), longest(overview, series),
                              predicted(overview, series), measured(overview, series),
                              series.bound.isEmpty() ? tr("unknown") : series.bound});
    return table;
}

} // namespace decodescope
