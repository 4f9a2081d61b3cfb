// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStyle>

class QStyleOptionSlider;

namespace decodescope {

/// Parts of a window that hold no data: tabs, titles, headers, bars, check marks. False: not drawn
/// here.
[[nodiscard]] bool drawChrome(QStyle::PrimitiveElement element, const QStyleOption& option,
                              QPainter& painter);
[[nodiscard]] bool drawChrome(QStyle::ControlElement element, const QStyleOption& option,
                              QPainter& painter, const QStyle& style);

void drawScrollBar(const QStyleOptionSlider& bar, QPainter& painter, const QStyle& style,
                   const QWidget* widget);
/// A scroll bar without arrows: all of it is groove.
[[nodiscard]] QRect scrollBarPart(const QStyleOptionSlider& bar, QStyle::SubControl part);

/// The text colour, thinned: what lies under a pointer or a finger.
[[nodiscard]] QColor tint(const QStyleOption& option, QStyle::State state);

} // namespace decodescope
