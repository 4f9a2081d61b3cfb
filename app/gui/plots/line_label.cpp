// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/line_label.h"

#include <optional>

namespace decodescope {
namespace {

constexpr double kFromEnd = 10; // px of the line before its text begins
constexpr double kGap = 3;      // px between line and text
constexpr double kAround = 2;   // px of ground behind the text

/// The part of a line inside a rectangle (Liang and Barsky's clipping).
std::optional<QLineF> inside(const QLineF& line, const QRectF& rect) {
    double first = 0;
    double last = 1;
    const auto cut = [&](double direction, double distance) {
        if (direction == 0)
            return distance >= 0;
        const double at = distance / direction;
        if (direction < 0)
            first = std::max(first, at);
        else
            last = std::min(last, at);
        return first <= last;
    };
    const bool seen =
        cut(-line.dx(), line.x1() - rect.left()) && cut(line.dx(), rect.right() - line.x1()) &&
        cut(-line.dy(), line.y1() - rect.top()) && cut(line.dy(), rect.bottom() - line.y1());
    if (!seen)
        return std::nullopt;
    return QLineF(line.pointAt(first), line.pointAt(last));
}

} // namespace

LineLabel::LineLabel(QCustomPlot& plot, const QString& text, const QPointF& from, const QPointF& to)
    : QCPAbstractItem(&plot), m_text(text), m_from(from), m_to(to) {
    setSelectable(false);
}

void LineLabel::setPlace(Place place, Side side) {
    m_place = place;
    m_side = side;
}

void LineLabel::setStyle(const QFont& font, const QColor& colour, const QColor& behind) {
    m_font = font;
    m_colour = colour;
    m_behind = behind;
}

void LineLabel::draw(QCPPainter* painter) {
    const QCPAxis* x = mParentPlot->xAxis;
    const QCPAxis* y = mParentPlot->yAxis;
    const auto pixel = [&](const QPointF& at) {
        return QPointF(x->coordToPixel(at.x()), y->coordToPixel(at.y()));
    };
    const auto seen = inside(QLineF(pixel(m_from), pixel(m_to)), QRectF(clipAxisRect()->rect()));
    const QFontMetricsF metrics(m_font);
    const double width = metrics.horizontalAdvance(m_text);
    // At the end of a short line the text begins before it; at its start there is no such room.
    const double least = m_place == Place::Start ? width + 2 * kFromEnd : 2 * kFromEnd;
    if (!seen || seen->length() < least)
        return;
    const double start = m_place == Place::Start ? kFromEnd : seen->length() - kFromEnd - width;
    const double height = metrics.height();
    const QRectF box(start, m_side == Side::Above ? -kGap - height : kGap, width, height);
    painter->save();
    painter->translate(seen->p1());
    painter->rotate(-seen->angle());
    painter->fillRect(box.adjusted(-kAround, 0, kAround, 0), m_behind);
    painter->setFont(m_font);
    painter->setPen(m_colour);
    painter->drawText(box, Qt::AlignCenter, m_text);
    painter->restore();
}

} // namespace decodescope
