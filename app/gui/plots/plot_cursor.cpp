// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/plot_cursor.h"

#include <algorithm>

#include "app/gui/plots/plot_style.h"

namespace decodescope {
namespace {

const QString kLayer = QStringLiteral("cursor");
constexpr double kOffset = 14; // pixels between pointer and box
constexpr double kEdge = 2;    // and between box and the chart's edge
constexpr int kPaddingX = 8;
constexpr int kPaddingY = 6;

} // namespace

const QString& PlotCursor::layer() {
    return kLayer;
}

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
    m_box->setPositionAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_box->setPadding(QMargins(kPaddingX, kPaddingY, kPaddingX, kPaddingY));
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
    m_box->setLayer(kLayer); // the last of it: nothing is drawn over the numbers
    m_box->setVisible(true);
    m_box->position->setCoords(boxPlace(pixel, text));
    repaint();
}

QSizeF PlotCursor::boxSize(const QString& text) const {
    return QFontMetrics(m_box->font()).boundingRect(QRect(), 0, text).size() +
           QSizeF(2 * kPaddingX, 2 * kPaddingY);
}

bool PlotCursor::fits(const QString& text) const {
    return boxSize(text).width() + 2 * kEdge <= m_plot.width();
}

QPointF PlotCursor::boxPlace(const QPointF& pixel, const QString& text) const {
    const QSizeF size = boxSize(text);
    // On the side of the pointer that has more room, and never over the chart's edge.
    const QRectF area = m_plot.axisRect()->rect();
    const auto place = [](double at, double length, double middle, double whole) {
        const double beside = at < middle ? at + kOffset : at - kOffset - length;
        return std::max(kEdge, std::min(beside, whole - length - kEdge));
    };
    return {place(pixel.x(), size.width(), area.center().x(), m_plot.width()),
            place(pixel.y(), size.height(), area.center().y(), m_plot.height())};
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
