// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <vector>

#include <QRect>
#include <QRectF>
#include <QWidget>

#include "app/gui/plots/plot_reading.h"
#include "app/gui/theme/theme.h"

class QCPAbstractItem;
class QCPItemText;
class QCPPainter;
class QCPTextElement;
class QCustomPlot;
class QMenu;

namespace decodescope {

class OutsideMask;
class PlotFooter;
class PlotNavigation;
class PlotReader;

/// One chart: a title, axes, cursors that read and compare values, zooming and panning by mouse and
/// keyboard, light or dark by the palette, and a picture of itself for exports. What is drawn
/// comes from draw(), which is called anew whenever data or theme change.
class PlotWidget : public QWidget {
    Q_OBJECT
public:
    PlotWidget(const QString& chartName, const QString& title, QWidget* parent = nullptr);
    ~PlotWidget() override;

    /// The name of the chart in options and file names: "kv-memory".
    [[nodiscard]] QString chartName() const { return m_chartName; }
    [[nodiscard]] QString title() const { return m_title; }
    /// One sentence made from the data, for people who cannot see the chart.
    [[nodiscard]] virtual QString description() const = 0;
    /// False while the chart says only what it would show.
    [[nodiscard]] bool hasData() const { return m_noticeText.isEmpty(); }
    /// Shows all data, and goes on doing so as data come.
    void fit();
    /// The view before the last zoom or pan.
    void back();
    /// These ends of the x axis, as by a hand; the y axis stays.
    void showX(double lower, double upper);
    /// False after a zoom or pan by hand, until fit().
    [[nodiscard]] bool fitted() const { return m_fitted; }
    /// The chart with its legend and without cursor, into this rectangle of logical pixels.
    void paint(QCPPainter& painter, const QRect& target, const Theme& theme);
    [[nodiscard]] const Theme& theme() const { return *m_theme; }
    [[nodiscard]] QCustomPlot& plot() const { return *m_plot; }

signals:
    /// What stands under the cursor, in one line; empty when it leaves.
    void readout(const QString& text);
    void exportRequested();
    void copyRequested();
    void viewChanged();                ///< zoomed, panned, fitted
    void seriesToggleRequested(int n); ///< the keys 1, 2, 3
    void followRequested();            ///< the key End
    void wholeRequested();             ///< the key Home

protected:
    /// Puts plottables and items into plot(), coloured from theme().
    virtual void draw() = 0;
    /// Sets the ranges of the axes so that all data show.
    virtual void fitAxes() = 0;
    /// The values at this place, a line each; empty where there is nothing to read.
    [[nodiscard]] virtual QString readAt(double x, double y) const = 0;
    /// The same as numbers, for what lies between two places; without series there is nothing to
    /// compare.
    [[nodiscard]] virtual PlotReadings readingsAt(double, double) const { return {}; }
    /// Says a value of readingsAt() with its unit.
    using ValueText = QString (*)(double value);
    [[nodiscard]] virtual ValueText valueText() const;
    /// Entries of the context menu that only this chart has.
    virtual void addMenuActions(QMenu&) {}

    /// Whether the legend stands under the chart also in the window.
    [[nodiscard]] virtual bool keepsLegend() const { return false; }

    /// Draws anew: data or options have changed.
    void redraw();
    /// Only the data inside plottables have changed: repaint soon.
    void repaintSoon();
    void setSubtitle(const QString& text);
    void setXLabel(const QString& text); ///< before the first resize
    /// Words under the axes that no picture of the chart may lose, and others that a low one leaves
    /// out.
    void setFooter(const QString& always, const QString& whereItFits = {});
    /// The axes' ranges stay inside these, whatever a hand does.
    void setBounds(const QRectF& bounds);
    /// About how wide the axes are drawn, in px: what has room beside what.
    [[nodiscard]] int axesWidth() const { return m_axesWidth; }
    /// A line over the middle of the plot instead of data; empty: none.
    void setNotice(const QString& text);
    /// Makes the item leave with all else that was drawn.
    void addItem(QCPAbstractItem* item);
    /// The font of ticks, labels and notes.
    [[nodiscard]] QFont smallFont() const;
    /// A text beside a mark. Where it would stand on one that was added before, it is not drawn.
    QCPItemText* addLabel(const QString& text, double x, double y, Qt::Alignment anchor,
                          const QColor& colour);
    /// A line across the whole plot. Exactly one of the two is given.
    void addVerticalLine(double x, const QPen& pen);
    void addHorizontalLine(double y, const QPen& pen);

    void changeEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    friend class PlotNavigation;
    friend class PlotReader;
    void buildTitle();
    void arrange(const QSize& size);
    /// Fits the axes, unless a hand has moved them, to a plot of this size: how large they are
    /// drawn may decide their ranges.
    void fitTo(const QSize& size);
    void clearDrawn();
    void useTheme(const Theme& theme);
    void showLegend(bool shown);
    void showSubtitle(bool shown);
    void fitSubtitle();
    void showMenu(const QPoint& globalPosition);
    void placeNotice();
    void partLabels();
    void placeFooter(const QSize& size);
    void handMoved(); ///< a hand has changed the view

    QString m_chartName;
    QString m_title;
    QString m_subtitle; ///< whole: a narrow chart shows its beginning
    QString m_xLabel;
    QString m_noticeText;
    const Theme* m_theme;
    QCustomPlot* m_plot;
    QCPTextElement* m_titleElement = nullptr;
    QCPTextElement* m_subtitleElement = nullptr;
    PlotFooter* m_footer = nullptr; ///< null while there are no such words
    QString m_footerText, m_footerMore;
    QCPItemText* m_notice = nullptr;
    OutsideMask* m_mask = nullptr;
    std::vector<QCPAbstractItem*> m_items;
    std::vector<QCPItemText*> m_labels; ///< among them
    std::unique_ptr<PlotReader> m_reader;
    PlotNavigation* m_navigation = nullptr;
    QRectF m_bounds;
    bool m_fitted = true;
    bool m_compact = false; ///< too low for words
    int m_width = 640;      ///< px that it is drawn in, on the screen or in an export
    int m_axesWidth = 560;  ///< about what the axes have of it
    bool m_framed = false;  ///< reached by the keyboard: show where it is
};

} // namespace decodescope
