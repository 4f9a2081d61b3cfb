// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/overview_table.h"

#include <QHeaderView>

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

QString count(std::int64_t value) {
    return QString::fromStdString(formatCount(value));
}

QString rate(double value) {
    return QString::number(value, 'f', value >= 100 ? 0 : 1);
}

QString longest(const VariantSeries& series, bool capacityKnown) {
    if (!capacityKnown)
        return OverviewTable::tr("detecting…");
    if (!series.maxContextBounded)
        return OverviewTable::tr("memory sets no limit");
    if (series.maxContext == 0)
        return OverviewTable::tr("does not fit");
    return count(series.maxContext);
}

QString measured(const VariantSeries& series) {
    if (!series.measuredTokensPerSecond)
        return OverviewTable::tr("not yet");
    QString text = rate(*series.measuredTokensPerSecond);
    if (series.measuredCi)
        text += OverviewTable::tr(" ± %1").arg(rate(*series.measuredCi));
    return text;
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
    const QString at = count(overview.chosenContext);
    setHorizontalHeaderLabels({tr("Attention"), tr("KV per token"),
                               tr("Longest context\nthat fits"),
                               tr("tokens/s at %1,\npredicted").arg(at),
                               tr("tokens/s at %1,\nmeasured").arg(at), tr("Bound")});
    setRowCount(static_cast<int>(overview.variants.size()));
    for (int row = 0; row < rowCount(); ++row) {
        const VariantSeries& series = overview.variants[static_cast<std::size_t>(row)];
        const QString cells[] = {
            series.whatIf ? tr("%1 (what-if)").arg(series.label) : series.label,
            QString::fromStdString(formatBytes(series.kvBytesPerToken)),
            longest(series, overview.freeForKvBytes.has_value()),
            series.predictedTokensPerSecond > 0 ? rate(series.predictedTokensPerSecond)
                                                : tr("no roofs yet"),
            measured(series),
            series.bound.isEmpty() ? tr("unknown") : series.bound};
        for (int column = 0; column < ColumnCount; ++column) {
            auto* cell = new QTableWidgetItem(cells[column]);
            if (column > VariantColumn && column < BoundColumn)
                cell->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
            setItem(row, column, cell);
        }
    }
}

} // namespace decodescope
