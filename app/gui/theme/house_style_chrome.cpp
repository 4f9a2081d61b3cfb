// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/theme/house_style_chrome.h"

#include <algorithm>

#include <QAbstractScrollArea>
#include <QPainter>
#include <QStyleOption>

#include "app/gui/theme/theme.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr int kUnderline = 2;
constexpr int kProgressHeight = 6;
constexpr double kTickWidth = 1.6;
constexpr double kBoxRadius = 3;
constexpr int kThumbInset = 1;
constexpr int kThumbLeast = 24;
constexpr int kHoverAlpha = 16; // of 255
constexpr int kPressedAlpha = 30;
constexpr int kThumbAlpha = 60;
constexpr int kThumbHeldAlpha = 110;

void pill(QPainter& painter, const QRectF& rect, const QColor& fill) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(fill);
    const double radius = std::min(rect.width(), rect.height()) / 2;
    painter.drawRoundedRect(rect, radius, radius);
    painter.restore();
}

/// The box of a choice, or with half its side as radius its circle: filled where it is taken.
void drawIndicator(const QStyleOption& option, QPainter& painter, double radius) {
    const Theme& theme = themeOf(option.palette);
    const bool on = option.state & QStyle::State_On;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(on ? option.palette.color(QPalette::Highlight) : theme.axis, 1));
    painter.setBrush(option.palette.color(on ? QPalette::Highlight : QPalette::Base));
    const QRectF box = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5);
    painter.drawRoundedRect(box, radius, radius);
    if (on) {
        const auto at = [&box](double x, double y) {
            return box.topLeft() + QPointF(x * box.width(), y * box.height());
        };
        QPen tick(option.palette.color(QPalette::HighlightedText), kTickWidth);
        tick.setCapStyle(Qt::RoundCap);
        tick.setJoinStyle(Qt::RoundJoin);
        painter.setPen(tick);
        painter.setBrush(Qt::NoBrush);
        painter.drawPolyline(QPolygonF{at(0.25, 0.52), at(0.43, 0.7), at(0.75, 0.32)});
    }
    painter.restore();
}

bool isBelow(QTabBar::Shape shape) {
    return shape == QTabBar::RoundedSouth || shape == QTabBar::TriangularSouth;
}

/// The selected tab is underlined in the accent, one under the pointer is tinted.
void drawTab(const QStyleOptionTab& tab, QPainter& painter) {
    QRect line = tab.rect;
    if (isBelow(tab.shape))
        line.setHeight(kUnderline);
    else
        line.setTop(line.bottom() + 1 - kUnderline);
    if (tab.state & QStyle::State_Selected)
        painter.fillRect(line, themeOf(tab.palette).accent);
    else if (tab.state & QStyle::State_MouseOver)
        painter.fillRect(tab.rect, tint(tab, tab.state));
}

void drawDockTitle(const QStyleOptionDockWidget& dock, QPainter& painter, const QStyle& style) {
    const QRect text = style.subElementRect(QStyle::SE_DockWidgetTitleBarText, &dock)
                           .adjusted(kStep + kHalfStep, 0, 0, 0);
    painter.save();
    painter.setFont(textFont(TextSize::Heading));
    painter.setPen(dock.palette.color(QPalette::WindowText));
    painter.drawText(text, Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(dock.title, Qt::ElideRight, text.width()));
    painter.restore();
}

void drawHeader(const QStyleOption& option, QPainter& painter) {
    painter.fillRect(option.rect, option.palette.color(QPalette::Base));
    QRect line = option.rect;
    line.setTop(line.bottom());
    painter.fillRect(line, themeOf(option.palette).grid);
}

void drawMenuBarItem(const QStyleOptionMenuItem& item, QPainter& painter, const QStyle& style) {
    painter.fillRect(item.rect, item.palette.color(QPalette::Window));
    if (item.state & (QStyle::State_Selected | QStyle::State_Sunken))
        painter.fillRect(item.rect, tint(item, QStyle::State_Sunken));
    int flags = Qt::AlignCenter | Qt::TextShowMnemonic | Qt::TextDontClip | Qt::TextSingleLine;
    if (!style.styleHint(QStyle::SH_UnderlineShortcut, &item))
        flags |= Qt::TextHideMnemonic;
    style.drawItemText(&painter, item.rect, flags, item.palette, item.state & QStyle::State_Enabled,
                       item.text, QPalette::WindowText);
}

/// A scroll bar has the ground of what it scrolls.
QColor groundUnder(const QStyleOption& bar, const QWidget* widget) {
    for (const QWidget* each = widget; each; each = each->parentWidget())
        if (const auto* area = qobject_cast<const QAbstractScrollArea*>(each))
            return area->viewport()->palette().color(area->viewport()->backgroundRole());
    return bar.palette.color(QPalette::Window);
}

QRectF progressTrack(const QRect& rect) {
    return QRectF(rect.left(), rect.center().y() + 0.5 - kProgressHeight / 2.0, rect.width(),
                  kProgressHeight);
}

void drawProgress(const QStyleOptionProgressBar& bar, QPainter& painter) {
    QRectF filled = progressTrack(bar.rect);
    const double range = bar.maximum - bar.minimum;
    if (range > 0)
        filled.setWidth(filled.width() *
                        std::clamp((bar.progress - bar.minimum) / range, 0.0, 1.0));
    if (filled.width() >= kProgressHeight)
        pill(painter, filled, themeOf(bar.palette).accent);
}

} // namespace

QColor tint(const QStyleOption& option, QStyle::State state) {
    QColor colour = option.palette.color(QPalette::WindowText);
    if (state & (QStyle::State_Sunken | QStyle::State_On))
        colour.setAlpha(kPressedAlpha);
    else if ((state & QStyle::State_MouseOver) && (state & QStyle::State_Enabled))
        colour.setAlpha(kHoverAlpha);
    else
        colour.setAlpha(0);
    return colour;
}

bool drawChrome(QStyle::PrimitiveElement element, const QStyleOption& option, QPainter& painter) {
    switch (element) {
    case QStyle::PE_FrameStatusBarItem:
    case QStyle::PE_PanelStatusBar:
    case QStyle::PE_PanelMenuBar:
    case QStyle::PE_FrameTabWidget:
    case QStyle::PE_PanelScrollAreaCorner:
    case QStyle::PE_FrameTabBarBase:
    case QStyle::PE_FrameDockWidget:
    case QStyle::PE_IndicatorDockWidgetResizeHandle:
    case QStyle::PE_IndicatorToolBarHandle:
        return true;
    case QStyle::PE_IndicatorCheckBox:
        drawIndicator(option, painter, kBoxRadius);
        return true;
    case QStyle::PE_IndicatorRadioButton:
        drawIndicator(option, painter, option.rect.width() / 2.0);
        return true;
    case QStyle::PE_PanelToolBar:
        painter.fillRect(option.rect, option.palette.color(QPalette::Window));
        return true;
    case QStyle::PE_IndicatorToolBarSeparator:
        painter.fillRect(QRect(option.rect.center().x(), option.rect.top() + kStep, 1,
                               option.rect.height() - 2 * kStep),
                         themeOf(option.palette).grid);
        return true;
    default:
        return false;
    }
}

bool drawChrome(QStyle::ControlElement element, const QStyleOption& option, QPainter& painter,
                const QStyle& style) {
    switch (element) {
    case QStyle::CE_ToolBar:
    case QStyle::CE_MenuBarEmptyArea:
        painter.fillRect(option.rect, option.palette.color(QPalette::Window));
        return true;
    case QStyle::CE_MenuBarItem:
        drawMenuBarItem(static_cast<const QStyleOptionMenuItem&>(option), painter, style);
        return true;
    case QStyle::CE_Splitter:
        return true;
    case QStyle::CE_TabBarTabShape:
        drawTab(static_cast<const QStyleOptionTab&>(option), painter);
        return true;
    case QStyle::CE_DockWidgetTitle:
        drawDockTitle(static_cast<const QStyleOptionDockWidget&>(option), painter, style);
        return true;
    case QStyle::CE_HeaderSection:
    case QStyle::CE_HeaderEmptyArea:
        drawHeader(option, painter);
        return true;
    case QStyle::CE_ProgressBarGroove:
        pill(painter, progressTrack(option.rect), themeOf(option.palette).grid);
        return true;
    case QStyle::CE_ProgressBarContents:
        drawProgress(static_cast<const QStyleOptionProgressBar&>(option), painter);
        return true;
    default:
        return false;
    }
}

QRect scrollBarPart(const QStyleOptionSlider& bar, QStyle::SubControl part) {
    const bool across = bar.orientation == Qt::Horizontal;
    const int length = across ? bar.rect.width() : bar.rect.height();
    const double range = double(bar.maximum) - bar.minimum;
    int thumb = length;
    if (range > 0)
        thumb = std::clamp(static_cast<int>(length * bar.pageStep / (range + bar.pageStep)),
                           std::min(kThumbLeast, length), length);
    const int start = QStyle::sliderPositionFromValue(bar.minimum, bar.maximum, bar.sliderPosition,
                                                      length - thumb, bar.upsideDown);
    const auto piece = [&](int from, int size) {
        return across ? QRect(bar.rect.left() + from, bar.rect.top(), size, bar.rect.height())
                      : QRect(bar.rect.left(), bar.rect.top() + from, bar.rect.width(), size);
    };
    switch (part) {
    case QStyle::SC_ScrollBarSlider:
        return piece(start, thumb);
    case QStyle::SC_ScrollBarSubPage:
        return piece(0, start);
    case QStyle::SC_ScrollBarAddPage:
        return piece(start + thumb, length - start - thumb);
    case QStyle::SC_ScrollBarGroove:
        return bar.rect;
    default:
        return {};
    }
}

void drawScrollBar(const QStyleOptionSlider& bar, QPainter& painter, const QStyle& style,
                   const QWidget* widget) {
    painter.fillRect(bar.rect, groundUnder(bar, widget));
    if (bar.maximum <= bar.minimum)
        return;
    const bool held = (bar.state & QStyle::State_MouseOver) &&
                      (bar.activeSubControls & QStyle::SC_ScrollBarSlider);
    QColor colour = bar.palette.color(QPalette::WindowText);
    colour.setAlpha(held ? kThumbHeldAlpha : kThumbAlpha);
    const QRect thumb =
        style.subControlRect(QStyle::CC_ScrollBar, &bar, QStyle::SC_ScrollBarSlider, widget);
    pill(painter, QRectF(thumb).adjusted(kThumbInset, kThumbInset, -kThumbInset, -kThumbInset),
         colour);
}

} // namespace decodescope
