// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/point_labels.h"

#include <algorithm>

namespace decodescope {
namespace {

constexpr double kGap = 4; // px between mark and text
constexpr QMarginsF kAroundLine(1, 1, 1, 1);

/// The places around a mark, best first: which way from its middle the text lies.
constexpr QPoint kSides[] = {{1, 0}, {0, -1}, {0, 1}, {-1, 0}, {1, -1}, {1, 1}, {-1, -1}, {-1, 1}};

QRectF boxAt(const QPointF& mark, const QPoint& side, const QSizeF& size, double reach) {
    const double diagonal = side.x() != 0 && side.y() != 0 ? 0.7 : 1;
    const QPointF corner =
        mark + QPointF(side.x(), side.y()) * (reach * diagonal) +
        QPointF((side.x() - 1) * size.width() / 2, (side.y() - 1) * size.height() / 2);
    return {corner, size};
}

} // namespace

PointLabels::PointLabels(QCustomPlot& plot) : QCPAbstractItem(&plot) {
    setSelectable(false);
}

void PointLabels::setMarks(std::vector<QPointF> marks, double size) {
    m_marks = std::move(marks);
    m_markSize = size;
}

QPointF PointLabels::pixel(const QPointF& at) const {
    return {mParentPlot->xAxis->coordToPixel(at.x()), mParentPlot->yAxis->coordToPixel(at.y())};
}

void PointLabels::draw(QCPPainter* painter) {
    const QRectF area(clipAxisRect()->rect());
    const double half = m_markSize / 2;
    std::vector<QRectF> taken;
    for (const QPointF& mark : m_marks)
        taken.emplace_back(pixel(mark) - QPointF(half, half), QSizeF(m_markSize, m_markSize));
    for (const auto& [from, to] : m_lines)
        taken.push_back(QRectF(pixel(from), pixel(to)).normalized().marginsAdded(kAroundLine));
    const QFontMetricsF metrics(m_font);
    painter->setFont(m_font);
    m_placed.clear();
    m_boxes.clear();
    for (const PointLabel& label : m_labels) {
        const QPointF mark = pixel(label.at);
        const QSizeF size(metrics.horizontalAdvance(label.text), metrics.height());
        for (const QPoint& side : kSides) {
            const QRectF box = boxAt(mark, side, size, half + kGap);
            const bool free = area.contains(box) &&
                              std::none_of(taken.begin(), taken.end(),
                                           [&](const auto& each) { return each.intersects(box); });
            if (!free)
                continue;
            painter->setPen(label.colour);
            painter->drawText(box, Qt::AlignCenter | Qt::TextDontClip, label.text);
            taken.push_back(box);
            m_placed << label.text;
            m_boxes.push_back(box);
            break;
        }
    }
}

} // namespace decodescope
