// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/theme/surface.h"

#include <QPainter>

namespace decodescope {
namespace {

constexpr double kCornerRadius = 6;

} // namespace

void paintSurface(QPainter& painter, const QRectF& rect, const QColor& fill, const Theme& theme) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.grid, 1));
    painter.setBrush(fill);
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), kCornerRadius, kCornerRadius);
    painter.restore();
}

void paintRowDivider(QWidget& row, int padding) {
    QPainter painter(&row);
    painter.setPen(themeOf(row.palette()).grid);
    painter.drawLine(padding, 0, row.width() - padding - 1, 0);
}

void Surface::paintEvent(QPaintEvent*) {
    const Theme& theme = themeOf(palette());
    QPainter painter(this);
    paintSurface(painter, rect(), theme.ground, theme);
}

} // namespace decodescope
