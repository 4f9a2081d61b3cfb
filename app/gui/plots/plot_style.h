// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

#include "app/gui/theme/theme.h"

namespace decodescope {

inline constexpr double kLineWidth = 2;
inline constexpr double kMarkerSize = 8;

/// Ground, axes, grid, fonts of a plot.
void styleAxes(QCustomPlot& plot, const Theme& theme, const QFont& font);

enum class MarkerFill { Solid, Hollow };
/// The mark of a series: solid is measured, hollow is computed.
[[nodiscard]] QCPScatterStyle scatterStyle(const Theme& theme, SeriesSlot slot, MarkerFill fill,
                                           double size = kMarkerSize);

/// A colour over the ground at this share, without transparency (so that it prints and exports
/// everywhere alike).
[[nodiscard]] QColor mixed(const QColor& over, const QColor& ground, double share);

} // namespace decodescope
