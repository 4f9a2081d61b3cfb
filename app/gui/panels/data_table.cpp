// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/data_table.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>

#include "app/gui/models/runs_model.h"

namespace decodescope {
namespace {

Qt::Alignment alignment(const TableColumn& column) {
    return (column.kind == ColumnKind::Words ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter;
}

} // namespace

DataTable::DataTable(const QString& objectName, const QString& accessibleName, QWidget* parent)
    : QTableWidget(parent) {
    setObjectName(objectName);
    setAccessibleName(accessibleName);
    setEditTriggers(NoEditTriggers);
    setSelectionBehavior(SelectRows);
    setFrameShape(NoFrame);
    setShowGrid(false);
    setTabKeyNavigation(false);
    setHorizontalScrollMode(ScrollPerPixel);
    verticalHeader()->hide();
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    auto* copyAction = new QAction(tr("Copy table"), this);
    connect(copyAction, &QAction::triggered, this, &DataTable::copy);
    addAction(copyAction);
    setContextMenuPolicy(Qt::ActionsContextMenu);
}

void DataTable::setTable(const TableData& table) {
    setColumnCount(static_cast<int>(table.columns.size()));
    setRowCount(static_cast<int>(table.rows.size()));
    for (int column = 0; column < columnCount(); ++column) {
        const TableColumn& each = table.columns[static_cast<std::size_t>(column)];
        auto* header = new QTableWidgetItem(each.title);
        header->setTextAlignment(alignment(each));
        setHorizontalHeaderItem(column, header);
        for (int row = 0; row < rowCount(); ++row) {
            auto* cell =
                new QTableWidgetItem(table.rows[static_cast<std::size_t>(row)].value(column));
            cell->setTextAlignment(alignment(each));
            setItem(row, column, cell);
        }
    }
}

void DataTable::copy() const {
    QApplication::clipboard()->setText(tabSeparated(*model()));
}

} // namespace decodescope
