// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/theme/marks.h"

#include <QPainter>
#include <QPolygonF>

namespace decodescope {
namespace {

constexpr double kOutline = 1.5;

// Of the size: what makes the four look equally large.
constexpr double kSquareHalf = 0.44;
constexpr double kDiamondHalf = 0.58;
constexpr double kTriangleHalf = 0.54;

} // namespace

void drawMark(QPainter& painter, const QPointF& centre, double size, Marker shape,
              const QColor& colour, bool filled) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    QPen pen(colour, kOutline);
    pen.setJoinStyle(Qt::MiterJoin);
    painter.setPen(pen);
    painter.setBrush(filled ? QBrush(colour) : QBrush(Qt::NoBrush));
    const double inner = size - kOutline;
    const auto at = [&](double x, double y) { return centre + QPointF(x, y) * inner; };
    switch (shape) {
    case Marker::Disc:
        painter.drawEllipse(centre, inner / 2, inner / 2);
        break;
    case Marker::Square:
        painter.drawRect(QRectF(at(-kSquareHalf, -kSquareHalf), at(kSquareHalf, kSquareHalf)));
        break;
    case Marker::Diamond:
        painter.drawPolygon(QPolygonF{at(0, -kDiamondHalf), at(kDiamondHalf, 0),
                                      at(0, kDiamondHalf), at(-kDiamondHalf, 0)});
        break;
    case Marker::Triangle:
        painter.drawPolygon(QPolygonF{at(0, -kTriangleHalf), at(kTriangleHalf, kSquareHalf),
                                      at(-kTriangleHalf, kSquareHalf)});
        break;
    }
    painter.restore();
}

} // namespace decodescope
