// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/outlier_panel.h"

#include <QHeaderView>
#include <QLabel>
#include <QVBoxLayout>

#include "app/gui/panels/data_table.h"
#include "app/gui/panels/form_section.h"
#include "app/gui/plots/latency_plot.h"
#include "app/gui/theme/type_scale.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr int kPadding = 10;

} // namespace

OutlierPanel::OutlierPanel(QWidget* parent)
    : QWidget(parent), m_note(formNote(this, "outlierNote")),
      m_table(new DataTable(QStringLiteral("outlierTable"), tr("Outliers"), this)) {
    auto* heading = new QLabel(tr("Outliers"), this);
    heading->setFont(textFont(TextSize::Heading));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kPadding, kHalfStep, kPadding, kHalfStep);
    column->setSpacing(kHalfStep);
    column->addWidget(heading);
    column->addWidget(m_note);
    column->addWidget(m_table, 1);
    m_table->setWordWrap(true);
    m_table->verticalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
}

void OutlierPanel::setData(const LatencyData& latency) {
    m_table->setVisible(!latency.outliers.empty());
    const QString what = latency.outliers.empty()
                             ? tr("No repetition stands far above the others.")
                             : tr("Repetitions above %1.").arg(msText(latency.fenceMs));
    const QString device = latency.conditions.isEmpty()
                               ? tr("Clocks of the device: not recorded.")
                               : tr("The device meanwhile: %1.").arg(latency.conditions);
    m_note->setText(what + QLatin1Char(' ') + device);
    TableData table;
    table.columns = {{tr("No.")}, {tr("ms")}, {tr("What explains it"), ColumnKind::Words}};
    for (const LatencyOutlier& each : latency.outliers)
        table.rows.push_back(
            {QString::fromStdString(formatCount(static_cast<std::int64_t>(each.repetition) + 1)),
             QString::fromStdString(formatRounded(each.ms)), each.cause});
    m_table->setTable(table);
    for (const int narrow : {0, 1})
        m_table->horizontalHeader()->setSectionResizeMode(narrow, QHeaderView::ResizeToContents);
    m_table->horizontalHeader()->setSectionResizeMode(2, QHeaderView::Stretch);
}

} // namespace decodescope
