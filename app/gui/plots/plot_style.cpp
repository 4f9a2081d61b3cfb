// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/plot_style.h"

namespace decodescope {
namespace {

constexpr int kTickLength = 4;
constexpr int kLabelPadding = 6;

constexpr double kUnscaled = 6; // the size at which QCustomPlot draws a path as it is

/// Around the origin, `size` pixels across.
QPainterPath trianglePath(double size) {
    QPainterPath path;
    path.moveTo(0, -0.5 * size);
    path.lineTo(0.5 * size, 0.4 * size);
    path.lineTo(-0.5 * size, 0.4 * size);
    path.closeSubpath();
    return path;
}

} // namespace

QColor mixed(const QColor& over, const QColor& ground, double share) {
    const auto mix = [share](int a, int b) { return qRound(a * share + b * (1 - share)); };
    return {mix(over.red(), ground.red()), mix(over.green(), ground.green()),
            mix(over.blue(), ground.blue())};
}

void styleAxes(QCustomPlot& plot, const Theme& theme, const QFont& font) {
    plot.setBackground(QBrush(theme.ground));
    for (QCPAxis* axis : {plot.xAxis, plot.yAxis}) {
        axis->setBasePen(QPen(theme.axis, 1));
        axis->setTickPen(QPen(theme.axis, 1));
        axis->setSubTickPen(QPen(theme.grid, 1));
        axis->setTickLength(0, kTickLength);
        axis->setSubTicks(false);
        axis->setTickLabelColor(theme.mutedText);
        axis->setLabelColor(theme.mutedText);
        axis->setTickLabelFont(font);
        axis->setLabelFont(font);
        axis->setLabelPadding(kLabelPadding);
        axis->grid()->setPen(QPen(theme.grid, 1));
        axis->grid()->setZeroLinePen(QPen(theme.grid, 1));
        axis->grid()->setSubGridVisible(false);
    }
    plot.legend->setFont(font);
    plot.legend->setTextColor(theme.mutedText);
    plot.legend->setBrush(Qt::NoBrush);
    plot.legend->setBorderPen(Qt::NoPen);
}

QCPScatterStyle scatterStyle(const Theme& theme, SeriesSlot slot, MarkerFill fill, double size) {
    const QColor colour = theme.colour(slot);
    const QPen pen(colour, 1.5);
    const QBrush brush(fill == MarkerFill::Solid ? colour : theme.ground);
    switch (marker(slot)) {
    case Marker::Disc:
        return {QCPScatterStyle::ssCircle, pen, brush, size};
    case Marker::Square:
        return {QCPScatterStyle::ssSquare, pen, brush, size};
    case Marker::Diamond:
        return {QCPScatterStyle::ssDiamond, pen, brush, size * 1.25};
    case Marker::Triangle:
        return {trianglePath(size * 1.1), pen, brush, kUnscaled};
    }
    return {};
}

} // namespace decodescope
