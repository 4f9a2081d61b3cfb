// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>

#include <QColor>
#include <QPen>

class QPalette;

namespace decodescope {

/// Which colour, dash and marker a series wears. The same variant wears the same everywhere.
enum class SeriesSlot { Mha, Gqa, Mqa, Extra };
inline constexpr int kSeriesSlots = 4;

/// Shape of a series' marks: it carries the same message as its colour.
enum class Marker { Disc, Square, Diamond, Triangle };

/// Who holds memory, from the bottom of the stack to its top.
enum class MemoryPart { Weights, KvCache, Workspace, Overhead, Others };
inline constexpr int kMemoryParts = 5;

/// Colours of everything drawn, for one ground. Lines keep a contrast of 3:1 on `ground`, text
/// 4.5:1.
struct Theme {
    bool dark = false;
    QColor ground;    ///< behind a plot
    QColor text;      ///< titles, values
    QColor mutedText; ///< axis labels, notes
    QColor axis;      ///< axis lines and ticks
    QColor grid;      ///< fainter than everything that carries data
    QColor capacity;  ///< the line that must not be crossed
    QColor accent;    ///< selections and cursors
    QColor error;
    QColor good;   ///< marks what holds
    QColor partly; ///< marks what holds under conditions
    QColor card;   ///< a surface raised from the window's ground
    std::array<QColor, kSeriesSlots> series;
    std::array<QColor, kMemoryParts> memory;

    [[nodiscard]] QColor colour(SeriesSlot slot) const;
    [[nodiscard]] QColor colour(MemoryPart part) const;
};

[[nodiscard]] const Theme& lightTheme();
[[nodiscard]] const Theme& darkTheme();
/// The theme whose ground is like this palette's.
[[nodiscard]] const Theme& themeOf(const QPalette& palette);
[[nodiscard]] bool isDark(const QPalette& palette);

[[nodiscard]] Marker marker(SeriesSlot slot);
/// The line a series is drawn with: its colour and dash, `width` in pixels.
[[nodiscard]] QPen seriesPen(const Theme& theme, SeriesSlot slot, double width);

} // namespace decodescope
