// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/plot_reader.h"

#include <algorithm>

#include <QKeyEvent>

#include <qcustomplot.h>

#include "app/gui/plots/plot_widget.h"

namespace decodescope {
namespace {

constexpr double kKeyStep = 0.02; // of the axis

} // namespace

PlotReader::PlotReader(PlotWidget& widget) : m_widget(widget), m_cursor(widget.plot()) {
    addPin(m_pins[0], QStringLiteral("A"));
    addPin(m_pins[1], QStringLiteral("B"));
}

void PlotReader::addPin(Pin& pin, const QString& name) {
    QCustomPlot& plot = m_widget.plot();
    pin.line = new QCPItemStraightLine(&plot);
    pin.line->point1->setTypeY(QCPItemPosition::ptAxisRectRatio);
    pin.line->point2->setTypeY(QCPItemPosition::ptAxisRectRatio);
    pin.name = new QCPItemText(&plot);
    pin.name->setText(name);
    pin.name->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
    pin.name->setPositionAlignment(Qt::AlignTop | Qt::AlignHCenter);
    pin.name->setPadding(QMargins(5, 1, 5, 1));
    for (QCPAbstractItem* item :
         {static_cast<QCPAbstractItem*>(pin.line), static_cast<QCPAbstractItem*>(pin.name)}) {
        item->setLayer(PlotCursor::layer());
        item->setSelectable(false);
        item->setVisible(false);
    }
}

void PlotReader::setTheme(const Theme& theme, const QFont& font) {
    m_cursor.setTheme(theme, font);
    for (const Pin& pin : m_pins) {
        pin.line->setPen(QPen(theme.accent, 1));
        pin.name->setFont(font);
        pin.name->setColor(theme.ground);
        pin.name->setBrush(theme.accent);
    }
}

QPointF PlotReader::coordinatesOf(const QPointF& pixel) const {
    const QCustomPlot& plot = m_widget.plot();
    return {plot.xAxis->pixelToCoord(pixel.x()), plot.yAxis->pixelToCoord(pixel.y())};
}

QPointF PlotReader::pixelOf(const QPointF& coordinates) const {
    const QCustomPlot& plot = m_widget.plot();
    return {plot.xAxis->coordToPixel(coordinates.x()), plot.yAxis->coordToPixel(coordinates.y())};
}

QString PlotReader::textAt(const QPointF& coordinates, Detail detail) const {
    const std::optional<QPointF>& from = m_pins[0].at;
    if (!from)
        return m_widget.readAt(coordinates.x(), coordinates.y());
    const PlotReadings a = m_widget.readingsAt(from->x(), from->y());
    const PlotReadings b = m_widget.readingsAt(coordinates.x(), coordinates.y());
    return a.series.empty() || b.series.empty()
               ? QString()
               : differenceText(a, b, m_widget.valueText(), detail);
}

void PlotReader::say(const QString& text) {
    QString line = text;
    emit m_widget.readout(line.replace(QLatin1Char('\n'), QStringLiteral(" · ")));
}

void PlotReader::show(const QPointF& coordinates) {
    m_place = coordinates;
    const QString text = textAt(coordinates, Detail::Full);
    m_cursor.show(pixelOf(coordinates),
                  m_cursor.fits(text) ? text : textAt(coordinates, Detail::Brief));
    say(text);
}

void PlotReader::hover(const QPointF& pixel) {
    if (m_pins[1].at) // what lies between A and B stays
        return;
    if (m_widget.plot().axisRect()->rect().contains(pixel.toPoint()))
        show(coordinatesOf(pixel));
    else
        leave();
}

void PlotReader::leave() {
    if (m_pins[1].at)
        return;
    m_place.reset();
    hide();
    emit m_widget.readout({});
}

void PlotReader::hide() {
    m_cursor.hide();
}

void PlotReader::pin(Pin& pin, const QPointF& coordinates) {
    pin.at = coordinates;
    pin.line->point1->setCoords(coordinates.x(), 0);
    pin.line->point2->setCoords(coordinates.x(), 1);
    pin.name->position->setCoords(coordinates.x(), 0);
    pin.line->setVisible(true);
    pin.name->setVisible(true);
    show(coordinates);
}

void PlotReader::click(const QPointF& pixel) {
    const QPointF at = coordinatesOf(pixel);
    if (!m_widget.plot().axisRect()->rect().contains(pixel.toPoint()) ||
        m_widget.readingsAt(at.x(), at.y()).series.empty())
        return;
    if (pinned() && m_pins[0].at && m_pins[1].at) {
        unpin();
        hover(pixel);
        return;
    }
    pin(m_pins[m_pins[0].at ? 1 : 0], at);
}

void PlotReader::unpin() {
    for (Pin& each : m_pins) {
        each.at.reset();
        each.line->setVisible(false);
        each.name->setVisible(false);
    }
    m_place.reset();
    m_cursor.hide();
    m_cursor.repaint();
    emit m_widget.readout({});
}

void PlotReader::step(int right) {
    const QRect area = m_widget.plot().axisRect()->rect();
    QPointF pixel = m_place ? pixelOf(*m_place) : QRectF(area).center();
    if (m_place)
        pixel.rx() += right * std::max(1.0, area.width() * kKeyStep);
    pixel.setX(std::clamp(pixel.x(), QRectF(area).left(), QRectF(area).right() - 1));
    pixel.setY(std::clamp(pixel.y(), QRectF(area).top(), QRectF(area).bottom() - 1));
    if (m_pins[1].at) // a cursor that moves on leaves B
        unpin();
    show(coordinatesOf(pixel));
}

bool PlotReader::key(const QKeyEvent& event) {
    switch (event.key()) {
    case Qt::Key_Left:
    case Qt::Key_Right:
        if (!(event.modifiers() & Qt::ShiftModifier))
            return false;
        step(event.key() == Qt::Key_Right ? 1 : -1);
        return true;
    case Qt::Key_A:
    case Qt::Key_B: {
        if (!m_place)
            step(0);
        const QPointF at = *m_place;
        if (!m_widget.readingsAt(at.x(), at.y()).series.empty())
            pin(m_pins[event.key() == Qt::Key_A || !m_pins[0].at ? 0 : 1], at);
        return true;
    }
    case Qt::Key_Delete:
        unpin();
        return true;
    default:
        return false;
    }
}

void PlotReader::refresh() {
    if (m_pins[1].at)
        show(*m_pins[1].at);
}

} // namespace decodescope
