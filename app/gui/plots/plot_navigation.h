// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QElapsedTimer>
#include <QObject>
#include <QPoint>
#include <QRectF>

class QCPAxis;
class QKeyEvent;
class QMouseEvent;
class QWheelEvent;

namespace decodescope {

class PlotWidget;

/// What a hand does to a plot: the wheel zooms at the pointer (Shift x only, Alt y only), a drag
/// pans, a click pins a cursor, a right-drag zooms into a box, a right click opens the menu, and
/// keys do the same.
class PlotNavigation : public QObject {
    Q_OBJECT
public:
    explicit PlotNavigation(PlotWidget& widget);

    /// False: the key means nothing here.
    [[nodiscard]] bool key(const QKeyEvent& event);
    void forget();                ///< the history of views
    [[nodiscard]] bool restore(); ///< the view before; false: there is none

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void wheel(const QWheelEvent& event);
    void press(const QMouseEvent& event);
    void move(const QMouseEvent& event);
    void release(const QMouseEvent& event);
    void boxChosen(const QRect& box, const QMouseEvent& event);
    void scaleView(double factor, bool x, bool y, const QPointF& pixel);
    void moveView(double right, double up);
    void remember();
    void keepInside();
    [[nodiscard]] QRectF view() const;
    void setView(const QRectF& view);

    PlotWidget& m_widget;
    std::vector<QRectF> m_views;
    QElapsedTimer m_sinceWheel;
    bool m_dragging = false;
};

} // namespace decodescope
