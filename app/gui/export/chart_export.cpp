// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/export/chart_export.h"

#include <algorithm>
#include <cmath>

#include <QBuffer>
#include <QCoreApplication>
#include <QFileInfo>
#include <QPageSize>
#include <QPdfWriter>
#include <QSvgGenerator>

#include <qcustomplot.h>

#include "app/gui/plots/plot_widget.h"
#include "core/profile/whole_file.h"

namespace decodescope {
namespace {

constexpr double kScreenDpi = 96;
constexpr double kInchesToMetres = 0.0254;
constexpr double kWideColumn = 0.58; // of the width, where charts stand in two columns
constexpr double kMostDots = 3e8;    // of a picture, about a gigabyte

QString suffix(const QString& path) {
    return QFileInfo(path).suffix().toLower();
}

const Theme& themeOfStyle(const ChartStyle& style) {
    return style.theme ? *style.theme : lightTheme();
}

/// Where the chart of this index stands on a page of this size.
QRect placeOf(std::size_t index, std::size_t count, const QSize& size) {
    if (count == 1)
        return {QPoint(), size};
    const int rows = static_cast<int>((count + 1) / 2);
    const int row = static_cast<int>(index / 2);
    const int top = size.height() * row / rows;
    const int bottom = size.height() * (row + 1) / rows;
    const int middle = qRound(size.width() * kWideColumn);
    return index % 2 == 0 ? QRect(0, top, middle, bottom - top)
                          : QRect(middle, top, size.width() - middle, bottom - top);
}

bool paintAll(const std::vector<PlotWidget*>& charts, QPaintDevice& device, const ChartStyle& style,
              bool vectors) {
    QCPPainter painter;
    if (!painter.begin(&device))
        return false;
    if (vectors)
        painter.setModes(QCPPainter::pmVectorized | QCPPainter::pmNoCaching);
    else
        painter.setModes(QCPPainter::pmNoCaching);
    painter.setRenderHint(QPainter::Antialiasing);
    for (std::size_t i = 0; i < charts.size(); ++i)
        charts[i]->paint(painter, placeOf(i, charts.size(), style.size), themeOfStyle(style));
    return painter.end();
}

QByteArray pngBytes(const std::vector<PlotWidget*>& charts, const ChartStyle& style) {
    QBuffer buffer;
    buffer.open(QIODevice::WriteOnly);
    const QImage image = chartImage(charts, style);
    return !image.isNull() && image.save(&buffer, "PNG") ? buffer.data() : QByteArray();
}

QByteArray pdfBytes(const std::vector<PlotWidget*>& charts, const ChartStyle& style) {
    QBuffer buffer;
    buffer.open(QIODevice::WriteOnly);
    QPdfWriter writer(&buffer);
    const int dpi = charts.front()->logicalDpiX();
    writer.setResolution(dpi);
    writer.setTitle(charts.front()->title());
    writer.setCreator(QStringLiteral("DecodeScope"));
    const QSizeF inches = QSizeF(style.size) / dpi;
    writer.setPageSize(QPageSize(inches, QPageSize::Inch, {}, QPageSize::ExactMatch));
    writer.setPageMargins(QMarginsF());
    return paintAll(charts, writer, style, true) ? buffer.data() : QByteArray();
}

} // namespace

bool isPossible(const ChartStyle& style) {
    const auto side = [](int pixels) { return pixels >= kLeastSide && pixels <= kMostSide; };
    const double scale = style.dotsPerInch / kScreenDpi;
    return side(style.size.width()) && side(style.size.height()) && scale > 0 &&
           style.size.width() * scale * style.size.height() * scale <= kMostDots;
}

bool isChartFile(const QString& path) {
    const QString ending = suffix(path);
    return ending == QLatin1String("png") || ending == QLatin1String("svg") ||
           ending == QLatin1String("pdf");
}

QByteArray chartSvg(const std::vector<PlotWidget*>& charts, const ChartStyle& style) {
    QBuffer buffer;
    buffer.open(QIODevice::WriteOnly);
    QSvgGenerator generator;
    generator.setOutputDevice(&buffer);
    // Its own resolution would shrink text by a quarter.
    generator.setResolution(charts.front()->logicalDpiX());
    generator.setSize(style.size);
    generator.setViewBox(QRect(QPoint(), style.size));
    generator.setTitle(charts.front()->title());
    generator.setDescription(charts.front()->description());
    return paintAll(charts, generator, style, true) ? buffer.data() : QByteArray();
}

QImage chartImage(const std::vector<PlotWidget*>& charts, const ChartStyle& style) {
    const double scale = style.dotsPerInch / kScreenDpi;
    QImage image((QSizeF(style.size) * scale).toSize(), QImage::Format_RGB32);
    if (image.isNull())
        return {};
    image.setDevicePixelRatio(scale);
    image.fill(themeOfStyle(style).ground);
    if (!paintAll(charts, image, style, false))
        return {};
    const int dotsPerMetre = qRound(style.dotsPerInch / kInchesToMetres);
    image.setDotsPerMeterX(dotsPerMetre);
    image.setDotsPerMeterY(dotsPerMetre);
    return image;
}

Status exportChart(const std::vector<PlotWidget*>& charts, const QString& path,
                   const ChartStyle& style) {
    const std::string where = path.toStdString();
    if (charts.empty() || !isChartFile(path))
        return Error{ErrorCode::BadUsage, "is no chart file", where,
                     "Choose a name that ends in .png, .svg or .pdf"};
    if (!isPossible(style))
        return Error{ErrorCode::BadUsage, "would be a picture of impossible size", where,
                     "A side is from 100 to 20,000 pixels, and all of it at most 300 million dots"};
    const QString ending = suffix(path);
    const QByteArray bytes = ending == QLatin1String("png")   ? pngBytes(charts, style)
                             : ending == QLatin1String("svg") ? chartSvg(charts, style)
                                                              : pdfBytes(charts, style);
    if (bytes.isEmpty())
        return Error{ErrorCode::OutputNotWritten, "cannot be written: drawing failed", where, ""};
    return writeWholeFile(path.toStdString(), bytes.toStdString());
}

} // namespace decodescope
