// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/plot_navigation.h"

#include <cmath>

#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>

#include <qcustomplot.h>

#include "app/gui/plots/plot_reader.h"
#include "app/gui/plots/plot_widget.h"

namespace decodescope {
namespace {

constexpr double kWheelStep = 0.85; // of the range, for one notch
constexpr double kKeyZoom = 0.8;
constexpr double kKeyMove = 0.1; // of the range
constexpr int kOneGestureMs = 500;
constexpr int kSmallestBox = 8; // pixels: a smaller drag is a click
constexpr int kNotch = 120;
constexpr std::size_t kViewsKept = 100;
constexpr double kSmallestShare = 1e-9;  // of the bounds, on a linear axis
constexpr double kSmallestRatio = 1.001; // of the ends, on a log axis

} // namespace

PlotNavigation::PlotNavigation(PlotWidget& widget) : QObject(&widget), m_widget(widget) {
    QCustomPlot& plot = widget.plot();
    plot.setInteractions(QCP::iRangeDrag);
    plot.axisRect()->setRangeDrag(Qt::Horizontal | Qt::Vertical);
    plot.setSelectionRectMode(QCP::srmNone);
    plot.installEventFilter(this);
    plot.setMouseTracking(true);
    connect(&plot, &QCustomPlot::mousePress, this, [this](QMouseEvent* event) { press(*event); });
    connect(&plot, &QCustomPlot::mouseMove, this, [this](QMouseEvent* event) { move(*event); });
    connect(&plot, &QCustomPlot::mouseRelease, this,
            [this](QMouseEvent* event) { release(*event); });
    connect(plot.selectionRect(), &QCPSelectionRect::accepted, this,
            [this](const QRect& box, QMouseEvent* event) { boxChosen(box, *event); });
}

bool PlotNavigation::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Wheel) {
        wheel(static_cast<const QWheelEvent&>(*event));
        return true;
    }
    if (event->type() == QEvent::Leave)
        m_widget.m_reader->leave();
    return QObject::eventFilter(watched, event);
}

void PlotNavigation::wheel(const QWheelEvent& event) {
    // Qt turns the wheel sideways while Alt is held.
    const int delta = event.angleDelta().y() != 0 ? event.angleDelta().y() : event.angleDelta().x();
    if (delta == 0)
        return;
    if (!m_sinceWheel.isValid() || m_sinceWheel.elapsed() > kOneGestureMs)
        remember();
    m_sinceWheel.start();
    const bool x = !(event.modifiers() & Qt::AltModifier);
    const bool y = !(event.modifiers() & Qt::ShiftModifier);
    scaleView(std::pow(kWheelStep, static_cast<double>(delta) / kNotch), x, y, event.position());
}

void PlotNavigation::press(const QMouseEvent& event) {
    m_widget.setFocus(Qt::MouseFocusReason);
    const bool box = event.button() == Qt::RightButton;
    m_widget.plot().setSelectionRectMode(box ? QCP::srmCustom : QCP::srmNone);
    m_dragging = false;
    if (event.button() == Qt::LeftButton)
        m_sinceWheel.invalidate();
}

void PlotNavigation::move(const QMouseEvent& event) {
    if (event.buttons() & Qt::LeftButton) {
        if (!m_dragging) {
            m_dragging = true;
            remember();
        }
        m_widget.m_reader->hide();
        keepInside();
        m_widget.handMoved();
        return;
    }
    if (event.buttons() != Qt::NoButton)
        return;
    m_widget.m_reader->hover(event.position());
}

void PlotNavigation::release(const QMouseEvent& event) {
    if (event.button() == Qt::LeftButton && !m_dragging)
        m_widget.m_reader->click(event.position());
    m_dragging = false;
}

void PlotNavigation::boxChosen(const QRect& box, const QMouseEvent& event) {
    const QRect area = box.normalized();
    if (area.width() < kSmallestBox || area.height() < kSmallestBox) {
        m_widget.showMenu(event.globalPosition().toPoint());
        return;
    }
    const QCustomPlot& plot = m_widget.plot();
    remember();
    plot.xAxis->setRange(plot.xAxis->pixelToCoord(area.left()),
                         plot.xAxis->pixelToCoord(area.right()));
    plot.yAxis->setRange(plot.yAxis->pixelToCoord(area.top()),
                         plot.yAxis->pixelToCoord(area.bottom()));
    keepInside();
    m_widget.handMoved();
}

bool PlotNavigation::key(const QKeyEvent& event) {
    if (m_widget.m_reader->key(event))
        return true;
    const QPointF middle = m_widget.plot().axisRect()->rect().center();
    const auto zoom = [&](double factor) {
        remember();
        scaleView(factor, true, true, middle);
        return true;
    };
    const auto pan = [&](double right, double up) {
        remember();
        moveView(right, up);
        return true;
    };
    switch (event.key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        return zoom(kKeyZoom);
    case Qt::Key_Minus:
        return zoom(1 / kKeyZoom);
    case Qt::Key_Left:
        return pan(-kKeyMove, 0);
    case Qt::Key_Right:
        return pan(kKeyMove, 0);
    case Qt::Key_Up:
        return pan(0, kKeyMove);
    case Qt::Key_Down:
        return pan(0, -kKeyMove);
    case Qt::Key_Home:
        m_widget.fit();
        emit m_widget.wholeRequested();
        return true;
    case Qt::Key_End:
        emit m_widget.followRequested();
        return true;
    case Qt::Key_Backspace:
        m_widget.back();
        return true;
    case Qt::Key_Menu:
        m_widget.showMenu(m_widget.mapToGlobal(middle.toPoint()));
        return true;
    case Qt::Key_1:
    case Qt::Key_2:
    case Qt::Key_3:
        emit m_widget.seriesToggleRequested(event.key() - Qt::Key_1);
        return true;
    default:
        return false;
    }
}

void PlotNavigation::scaleView(double factor, bool x, bool y, const QPointF& pixel) {
    const QCustomPlot& plot = m_widget.plot();
    if (x)
        plot.xAxis->scaleRange(factor, plot.xAxis->pixelToCoord(pixel.x()));
    if (y)
        plot.yAxis->scaleRange(factor, plot.yAxis->pixelToCoord(pixel.y()));
    keepInside();
    m_widget.handMoved();
}

void PlotNavigation::moveView(double right, double up) {
    const auto shift = [](QCPAxis* axis, double share) {
        const QCPRange range = axis->range();
        if (axis->scaleType() == QCPAxis::stLogarithmic) {
            const double factor = std::pow(range.upper / range.lower, share);
            axis->setRange(range.lower * factor, range.upper * factor);
        } else {
            axis->moveRange(range.size() * share);
        }
    };
    shift(m_widget.plot().xAxis, right);
    shift(m_widget.plot().yAxis, up);
    keepInside();
    m_widget.handMoved();
}

void PlotNavigation::keepInside() {
    const QRectF& bounds = m_widget.m_bounds;
    if (bounds.isEmpty())
        return;
    const auto keep = [](QCPAxis* axis, double lower, double upper) {
        QCPRange range = axis->range();
        if (axis->scaleType() == QCPAxis::stLogarithmic) {
            if (range.upper < range.lower * kSmallestRatio)
                range.upper = range.lower * kSmallestRatio;
        } else if (const double least = (upper - lower) * kSmallestShare; range.size() < least) {
            range = {range.center() - least / 2, range.center() + least / 2};
        }
        axis->setRange(range.bounded(lower, upper));
    };
    keep(m_widget.plot().xAxis, bounds.left(), bounds.right());
    keep(m_widget.plot().yAxis, bounds.top(), bounds.bottom());
}

QRectF PlotNavigation::view() const {
    const QCPRange x = m_widget.plot().xAxis->range();
    const QCPRange y = m_widget.plot().yAxis->range();
    return {QPointF(x.lower, y.lower), QPointF(x.upper, y.upper)};
}

void PlotNavigation::setView(const QRectF& view) {
    m_widget.plot().xAxis->setRange(view.left(), view.right());
    m_widget.plot().yAxis->setRange(view.top(), view.bottom());
}

void PlotNavigation::remember() {
    if (m_views.size() == kViewsKept)
        m_views.erase(m_views.begin());
    m_views.push_back(view());
}

void PlotNavigation::forget() {
    m_views.clear();
}

bool PlotNavigation::restore() {
    if (m_views.size() < 2) // the first view remembered is the fitted one
        return false;
    setView(m_views.back());
    m_views.pop_back();
    m_widget.handMoved();
    return true;
}

} // namespace decodescope
