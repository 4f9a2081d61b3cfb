// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "app/gui/plots/latency_data.h"

class QLabel;

namespace decodescope {

class DataTable;

/// The repetitions that stand far out, slowest first, with what the recording has to explain them.
class OutlierPanel : public QWidget {
    Q_OBJECT
public:
    explicit OutlierPanel(QWidget* parent = nullptr);
    void setData(const LatencyData& latency);

private:
    QLabel* m_note;
    DataTable* m_table;
};

} // namespace decodescope
