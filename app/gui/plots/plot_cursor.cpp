// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/plot_cursor.h"

#include "app/gui/plots/plot_style.h"

namespace decodescope {
namespace {

const QString kLayer = QStringLiteral("cursor");
constexpr double kOffset = 14; // pixels between pointer and box

} // namespace

PlotCursor::PlotCursor(QCustomPlot& plot) : m_plot(plot) {
    plot.addLayer(kLayer);
    plot.layer(kLayer)->setMode(QCPLayer::lmBuffered);
    m_line = new QCPItemStraightLine(&plot);
    m_box = new QCPItemText(&plot);
    for (QCPAbstractItem* item :
         {static_cast<QCPAbstractItem*>(m_line), static_cast<QCPAbstractItem*>(m_box)}) {
        item->setLayer(kLayer);
        item->setVisible(false);
        item->setSelectable(false);
    }
    m_line->point1->setTypeX(QCPItemPosition::ptAbsolute);
    m_line->point2->setTypeX(QCPItemPosition::ptAbsolute);
    m_line->point1->setTypeY(QCPItemPosition::ptAxisRectRatio);
    m_line->point2->setTypeY(QCPItemPosition::ptAxisRectRatio);
    m_box->setClipToAxisRect(false);
    m_box->position->setType(QCPItemPosition::ptAbsolute);
    m_box->setTextAlignment(Qt::AlignLeft);
    m_box->setPadding(QMargins(8, 6, 8, 6));
}

void PlotCursor::setTheme(const Theme& theme, const QFont& font) {
    m_line->setPen(QPen(theme.mutedText, 1, Qt::DotLine));
    m_box->setFont(font);
    m_box->setColor(theme.text);
    m_box->setBrush(theme.card);
    m_box->setPen(QPen(theme.axis, 1));
}

void PlotCursor::show(const QPointF& pixel, const QString& text) {
    if (text.isEmpty()) {
        hide();
        return;
    }
    m_line->point1->setCoords(pixel.x(), 0);
    m_line->point2->setCoords(pixel.x(), 1);
    m_line->setVisible(true);
    m_box->setText(text);
    m_box->setVisible(true);
    // On the side of the pointer that has more room.
    const QRect area = m_plot.axisRect()->rect();
    const bool right = pixel.x() < area.center().x();
    const bool below = pixel.y() < area.center().y();
    m_box->setPositionAlignment((right ? Qt::AlignLeft : Qt::AlignRight) |
                                (below ? Qt::AlignTop : Qt::AlignBottom));
    m_box->position->setCoords(pixel.x() + (right ? kOffset : -kOffset),
                               pixel.y() + (below ? kOffset : -kOffset));
    repaint();
}

void PlotCursor::hide() {
    if (!m_box->visible() && !m_line->visible())
        return;
    m_line->setVisible(false);
    m_box->setVisible(false);
    repaint();
}

void PlotCursor::repaint() {
    m_plot.layer(kLayer)->replot();
}

} // namespace decodescope
