// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "app/gui/theme/theme.h"

namespace decodescope {

/// The one kind of box there is: a rounded surface a little above the window's ground.
void paintSurface(QPainter& painter, const QRectF& rect, const QColor& fill, const Theme& theme);

/// The line over a row that is not the first on its surface, `padding` px from the row's sides.
void paintRowDivider(QWidget& row, int padding);

/// A widget that is such a surface, in the plot's ground colour.
class Surface : public QWidget {
    Q_OBJECT
public:
    using QWidget::QWidget;

protected:
    void paintEvent(QPaintEvent* event) override;
};

} // namespace decodescope
