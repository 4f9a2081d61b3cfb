// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/line_label.h"

#include <algorithm>
#include <optional>

namespace decodescope {
namespace {

constexpr double kFromEnd = 10;        // px of the line before its text begins
constexpr double kGaps[] = {3, 8, 12}; // px between line and text; the wider ones pass by marks
constexpr double kAround = 2;          // px of ground behind the text, and around marks
constexpr double kShift = 6;           // px from one place to try to the next

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

QPointF LineLabel::pixel(const QPointF& at) const {
    return {mParentPlot->xAxis->coordToPixel(at.x()), mParentPlot->yAxis->coordToPixel(at.y())};
}

/// Along a line of this length that runs to the right from the origin: best first.
std::vector<QRectF> LineLabel::placesOn(double length) const {
    const QFontMetricsF metrics(m_font);
    const QSizeF size(metrics.horizontalAdvance(m_text), metrics.height());
    const double last = length - kFromEnd - size.width();
    // At the end of a short line the text begins before it; at its start there is no such room.
    if (length < 2 * kFromEnd || (m_place == Place::Start && last < kFromEnd))
        return {};
    std::vector<double> starts;
    if (m_place == Place::End && last < kFromEnd)
        starts.push_back(last);
    for (double way = 0; kFromEnd + way <= last; way += kShift)
        starts.push_back(m_place == Place::Start ? kFromEnd + way : last - way);
    std::vector<QRectF> places;
    for (const double gap : kGaps) {
        const double above = -gap - size.height();
        for (const double start : starts)
            for (const double y :
                 {m_side == Side::Above ? above : gap, m_side == Side::Above ? gap : above})
                places.emplace_back(QPointF(start, y), size);
    }
    return places;
}

bool LineLabel::isFree(const QRectF& place, const QTransform& toPlot) const {
    const QTransform toLine = toPlot.inverted();
    if (!QRectF(clipAxisRect()->rect()).contains(toPlot.map(QPolygonF(place)).boundingRect()))
        return false;
    for (const auto& [at, size] : m_marks) {
        const double half = size / 2 + kAround;
        if (QRectF(toLine.map(pixel(at)) - QPointF(half, half), QSizeF(2 * half, 2 * half))
                .intersects(place))
            return false;
    }
    for (const auto& [from, to] : m_lines)
        if (inside(toLine.map(QLineF(pixel(from), pixel(to))), place))
            return false;
    return std::none_of(m_others.begin(), m_others.end(), [&](const LineLabel* other) {
        return toLine.map(other->placed()).boundingRect().intersects(place);
    });
}

void LineLabel::draw(QCPPainter* painter) {
    m_placed.clear();
    const auto seen = inside(QLineF(pixel(m_from), pixel(m_to)), QRectF(clipAxisRect()->rect()));
    if (!seen)
        return;
    QTransform toPlot;
    toPlot.translate(seen->x1(), seen->y1());
    toPlot.rotate(-seen->angle());
    const std::vector<QRectF> places = placesOn(seen->length());
    const auto place = std::find_if(places.begin(), places.end(),
                                    [&](const QRectF& each) { return isFree(each, toPlot); });
    if (place == places.end())
        return;
    m_placed = toPlot.map(QPolygonF(*place));
    painter->save();
    painter->setTransform(toPlot, true);
    painter->fillRect(place->adjusted(-kAround, 0, kAround, 0), m_behind);
    painter->setFont(m_font);
    painter->setPen(m_colour);
    painter->drawText(*place, Qt::AlignCenter, m_text);
    painter->restore();
}

} // namespace decodescope
