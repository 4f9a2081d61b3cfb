// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/overview_table.h"

#include <QHeaderView>

#include "app/gui/panels/overview_text.h"

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

QString measured(const VariantSeries& series) {
    if (!series.measuredTokensPerSecond)
        return OverviewTable::tr("not yet");
    QString text = rateText(*series.measuredTokensPerSecond);
    if (series.measuredCi)
        text += OverviewTable::tr(" ± %1").arg(rateText(*series.measuredCi));
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
    const QString at = countText(overview.chosenContext);
    setHorizontalHeaderLabels({tr("Attention"), tr("KV per token"),
                               tr("Longest context\nthat fits"),
                               tr("tokens/s at %1,\npredicted").arg(at),
                               tr("tokens/s at %1,\nmeasured").arg(at), tr("Bound")});
    setRowCount(static_cast<int>(overview.variants.size()));
    for (int row = 0; row < rowCount(); ++row) {
        const VariantSeries& series = overview.variants[static_cast<std::size_t>(row)];
        const QString cells[] = {
            series.whatIf ? tr("%1 (what-if)").arg(series.label) : series.label,
            perTokenText(series),
            roomText(overview, series),
            series.predictedTokensPerSecond > 0 ? rateText(series.predictedTokensPerSecond)
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
