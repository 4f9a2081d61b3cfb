// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QString>
#include <QStringList>

namespace decodescope {

enum class ColumnKind { Words, Numbers }; ///< numbers stand on the right

struct TableColumn {
    QString title; ///< with the unit; a line break where it is long
    ColumnKind kind = ColumnKind::Numbers;
};

/// What a chart shows, as a table: a text for each column in every row.
struct TableData {
    std::vector<TableColumn> columns;
    std::vector<QStringList> rows;
};

} // namespace decodescope
