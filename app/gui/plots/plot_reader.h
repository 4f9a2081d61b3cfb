// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <optional>

#include <QPointF>

#include "app/gui/plots/plot_cursor.h"
#include "app/gui/plots/plot_reading.h"

class QCPItemStraightLine;
class QCPItemText;
class QKeyEvent;

namespace decodescope {

class PlotWidget;

/// Reads values off a chart: those under the pointer, and those of two places that a hand has
/// pinned, A and B, with what lies between them.
class PlotReader {
public:
    explicit PlotReader(PlotWidget& widget);
    void setTheme(const Theme& theme, const QFont& font);

    void hover(const QPointF& pixel);
    void leave();
    /// While the view moves under the pointer.
    void hide();
    /// Pins A there, the next time B; the third time takes both away.
    void click(const QPointF& pixel);
    /// Shift and an arrow move the cursor, A and B pin it, Delete takes the pins away. False: the
    /// key means nothing here.
    [[nodiscard]] bool key(const QKeyEvent& event);
    void unpin();
    [[nodiscard]] bool pinned() const { return m_pins[0].at || m_pins[1].at; }
    /// The data have changed: what is pinned is read anew.
    void refresh();

private:
    struct Pin {
        std::optional<QPointF> at; ///< in the plot's coordinates
        QCPItemStraightLine* line = nullptr;
        QCPItemText* name = nullptr;
    };
    void addPin(Pin& pin, const QString& name);
    void pin(Pin& pin, const QPointF& coordinates);
    void step(int right);
    void show(const QPointF& coordinates);
    void say(const QString& text);
    [[nodiscard]] QString textAt(const QPointF& coordinates, Detail detail) const;
    [[nodiscard]] QPointF coordinatesOf(const QPointF& pixel) const;
    [[nodiscard]] QPointF pixelOf(const QPointF& coordinates) const;

    PlotWidget& m_widget;
    PlotCursor m_cursor;
    std::array<Pin, 2> m_pins;
    std::optional<QPointF> m_place; ///< of the cursor, in the plot's coordinates
};

} // namespace decodescope
