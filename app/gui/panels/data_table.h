// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTableWidget>

#include "app/gui/models/table_data.h"

namespace decodescope {

/// Numbers to be read and copied, not changed: the table twin of charts.
class DataTable : public QTableWidget {
    Q_OBJECT
public:
    DataTable(const QString& objectName, const QString& accessibleName, QWidget* parent = nullptr);
    /// The place that was scrolled to is kept.
    void setTable(const TableData& table);
    /// Title and rows, tabs between the columns.
    void copy() const;
};

} // namespace decodescope
