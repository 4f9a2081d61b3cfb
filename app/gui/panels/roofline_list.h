// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QScrollArea>

#include "app/gui/plots/roofline_data.h"

class QVBoxLayout;

namespace decodescope {

class RooflineRow;

/// What bounds each point of the roofline, and the numbers that say so: a row a variant and part.
class RooflineList : public QScrollArea {
    Q_OBJECT
public:
    explicit RooflineList(QWidget* parent = nullptr);
    void setPoints(const RooflineData& roofline, const std::vector<RooflinePoint>& points);

private:
    QVBoxLayout* m_column;
    std::vector<RooflineRow*> m_rows;
};

} // namespace decodescope
