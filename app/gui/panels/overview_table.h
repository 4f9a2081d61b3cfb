// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTableWidget>

#include "app/gui/plots/overview_data.h"

namespace decodescope {

/// The Overview in words and numbers: a row a variant. The table twin of its plots.
class OverviewTable : public QTableWidget {
    Q_OBJECT
public:
    explicit OverviewTable(QWidget* parent = nullptr);
    void setOverview(const OverviewData& overview);
};

} // namespace decodescope
