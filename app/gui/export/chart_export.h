// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QByteArray>
#include <QImage>
#include <QSize>
#include <QString>

#include "app/gui/theme/theme.h"
#include "core/spec/result.h"

namespace decodescope {

class PlotWidget;

/// How an exported chart looks.
struct ChartStyle {
    QSize size{1200, 750};        ///< logical pixels: text is as large against it as on screen
    double dotsPerInch = 192;     ///< of a PNG; 96 is one dot a logical pixel
    const Theme* theme = nullptr; ///< null: light
};

/// Of a chart, in logical pixels.
inline constexpr int kLeastSide = 100;
inline constexpr int kMostSide = 20000;
/// Whether a chart can be drawn so: within these sides, and as a picture of at most 300 million
/// dots.
[[nodiscard]] bool isPossible(const ChartStyle& style);

/// Whether charts can be written under this name: .png, .svg or .pdf.
[[nodiscard]] bool isChartFile(const QString& path);

/// Writes one chart, or several side by side in two columns, as the file's ending says. The file
/// appears whole or not at all. Errors: BadUsage for another ending or an impossible size,
/// OutputNotWritten.
[[nodiscard]] Status exportChart(const std::vector<PlotWidget*>& charts, const QString& path,
                                 const ChartStyle& style);

/// The same as an SVG document; empty where drawing failed.
[[nodiscard]] QByteArray chartSvg(const std::vector<PlotWidget*>& charts, const ChartStyle& style);

/// The same as a picture, for the clipboard. Null where it would not fit in memory.
[[nodiscard]] QImage chartImage(const std::vector<PlotWidget*>& charts, const ChartStyle& style);

} // namespace decodescope
