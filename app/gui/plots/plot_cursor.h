// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFont>
#include <QPointF>
#include <QString>

class QCPItemStraightLine;
class QCPItemText;
class QCustomPlot;

namespace decodescope {

struct Theme;

/// A line under the pointer and a box with the values there. Lives on a layer of its own, so that
/// moving it repaints nothing else.
class PlotCursor {
public:
    explicit PlotCursor(QCustomPlot& plot);
    /// The layer's name.
    [[nodiscard]] static const QString& layer();
    void setTheme(const Theme& theme, const QFont& font);
    /// `pixel` in the plot's coordinates; an empty text hides the box.
    void show(const QPointF& pixel, const QString& text);
    /// Whether the chart is wide enough for the text.
    [[nodiscard]] bool fits(const QString& text) const;
    void hide();
    /// The layer, after something else on it has changed.
    void repaint();

private:
    [[nodiscard]] QSizeF boxSize(const QString& text) const;
    [[nodiscard]] QPointF boxPlace(const QPointF& pixel, const QString& text) const;

    QCustomPlot& m_plot;
    QCPItemStraightLine* m_line;
    QCPItemText* m_box;
};

} // namespace decodescope
