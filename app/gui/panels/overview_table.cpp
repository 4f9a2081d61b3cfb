// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/overview_table.h"

#include <QHeaderView>

#include "app/gui/panels/overview_text.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

enum Column {
    VariantColumn,
    PerTokenColumn,
    LongestColumn,
    PredictedColumn,
    MeasuredColumn,
    BoundColumn,
    ColumnCount
};

QString measured(const OverviewData& overview, const VariantSeries& series) {
    if (!series.measuredTokensPerSecond)
        return overview.planOnly ? OverviewTable::tr("plan only") : OverviewTable::tr("not yet");
    QString text = rateText(*series.measuredTokensPerSecond);
    if (series.measuredCi)
        text += OverviewTable::tr(" ± %1").arg(rateText(*series.measuredCi));
    return text;
}

QString longest(const OverviewData& overview, const VariantSeries& series) {
    return markedText(roomText(overview, series), overview.memoryUnverified);
}

QString predicted(const OverviewData& overview, const VariantSeries& series) {
    if (!(series.predictedTokensPerSecond > 0))
        return overview.planOnly && !overview.roofsMeasured ? OverviewTable::tr("not known")
                                                            : OverviewTable::tr("no roofs yet");
    const QString text =
        rateText(series.predictedTokensPerSecond) + QLatin1Char(' ') + rangeText(series);
    return markedText(text.trimmed(), overview.speedUnverified);
}

Qt::Alignment alignment(int column) {
    const bool words = column == VariantColumn || column == BoundColumn;
    return (words ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter;
}

} // namespace

OverviewTable::OverviewTable(QWidget* parent) : QTableWidget(0, ColumnCount, parent) {
    setObjectName(QStringLiteral("overviewTable"));
    setAccessibleName(tr("Overview as a table"));
    setEditTriggers(NoEditTriggers);
    setSelectionBehavior(SelectRows);
    setFrameShape(NoFrame);
    setShowGrid(false);
    setTabKeyNavigation(false);
    verticalHeader()->hide();
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
}

void OverviewTable::setOverview(const OverviewData& overview) {
    const QString at = QString::fromStdString(formatTokensShort(overview.chosenContext));
    setHorizontalHeaderLabels({tr("Attention"), tr("KV per token"),
                               tr("Longest context\nthat fits"),
                               tr("tokens/s at %1,\npredicted").arg(at),
                               tr("tokens/s at %1,\nmeasured").arg(at), tr("Bound")});
    for (int column = 0; column < ColumnCount; ++column)
        horizontalHeaderItem(column)->setTextAlignment(alignment(column));
    setRowCount(static_cast<int>(overview.variants.size()));
    for (int row = 0; row < rowCount(); ++row) {
        const VariantSeries& series = overview.variants[static_cast<std::size_t>(row)];
        const QString cells[] = {series.whatIf ? tr("%1 (what-if)").arg(series.label)
                                               : series.label,
                                 perTokenText(series),
                                 longest(overview, series),
                                 predicted(overview, series),
                                 measured(overview, series),
                                 series.bound.isEmpty() ? tr("unknown") : series.bound};
        for (int column = 0; column < ColumnCount; ++column) {
            auto* cell = new QTableWidgetItem(cells[column]);
            cell->setTextAlignment(alignment(column));
            setItem(row, column, cell);
        }
    }
}

} // namespace decodescope
