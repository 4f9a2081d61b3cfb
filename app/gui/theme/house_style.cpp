// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/theme/house_style.h"

#include <QComboBox>
#include <QPainter>
#include <QPainterPath>
#include <QStyleOption>

#include "app/gui/theme/house_style_chrome.h"
#include "app/gui/theme/icons.h"
#include "app/gui/theme/theme.h"

namespace decodescope {
namespace {

constexpr double kRadius = 4;
constexpr double kFocusWidth = 1.5;
constexpr int kExtraHeight = 4; // of fields and buttons, over Fusion's
constexpr int kToolPadding = 6;
constexpr int kTextPadding = 4;
constexpr int kCellPadding = 8;
constexpr int kSortMark = 8;
constexpr int kChevron = 4;
constexpr int kHoverLighter = 108;
constexpr int kPressedDarker = 112;

QColor mix(const QColor& a, const QColor& b, double share) {
    return QColor::fromRgbF(static_cast<float>(a.redF() * (1 - share) + b.redF() * share),
                            static_cast<float>(a.greenF() * (1 - share) + b.greenF() * share),
                            static_cast<float>(a.blueF() * (1 - share) + b.blueF() * share));
}

QColor edge(const QStyleOption& option) {
    const Theme& theme = themeOf(option.palette);
    return mix(theme.grid, theme.axis, 0.45);
}

void rounded(QPainter& painter, const QRectF& rect, const QColor& fill, const QPen& pen) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const double inset = pen.style() == Qt::NoPen ? 0 : pen.widthF() / 2;
    painter.setPen(pen);
    painter.setBrush(fill);
    painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), kRadius, kRadius);
    painter.restore();
}

/// What text is typed into or chosen from.
void paintField(QPainter& painter, const QStyleOption& option) {
    const bool focus = option.state & QStyle::State_HasFocus;
    const bool enabled = option.state & QStyle::State_Enabled;
    const QColor line = focus ? themeOf(option.palette).accent : edge(option);
    rounded(painter, option.rect, option.palette.color(enabled ? QPalette::Base : QPalette::Window),
            QPen(line, focus ? kFocusWidth : 1));
}

bool isPrimary(const QStyleOption& option) {
    const auto* button = qstyleoption_cast<const QStyleOptionButton*>(&option);
    return button && (button->features & QStyleOptionButton::DefaultButton) &&
           (option.state & QStyle::State_Enabled);
}

void paintButton(QPainter& painter, const QStyleOption& option) {
    const bool primary = isPrimary(option);
    QColor fill = option.palette.color(primary ? QPalette::Highlight : QPalette::Button);
    if (option.state & (QStyle::State_Sunken | QStyle::State_On))
        fill = fill.darker(kPressedDarker);
    else if ((option.state & QStyle::State_MouseOver) && (option.state & QStyle::State_Enabled))
        fill = primary ? fill.darker(kHoverLighter) : mix(fill, edge(option), 0.25);
    const bool focus = (option.state & QStyle::State_HasFocus) &&
                       (option.state & QStyle::State_KeyboardFocusChange);
    QPen pen(Qt::NoPen);
    if (focus)
        pen = QPen(primary ? option.palette.color(QPalette::WindowText)
                           : themeOf(option.palette).accent,
                   kFocusWidth);
    else if (!primary)
        pen = QPen(edge(option), 1);
    rounded(painter, option.rect, fill, pen);
}

void paintToolButton(QPainter& painter, const QStyleOption& option) {
    if (option.state & QStyle::State_AutoRaise)
        rounded(painter, option.rect, tint(option, option.state), Qt::NoPen);
    else
        paintButton(painter, option);
}

void paintChevron(QPainter& painter, const QRect& box, const QStyleOption& option) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const bool enabled = option.state & QStyle::State_Enabled;
    QPen pen(option.palette.color(enabled ? QPalette::Active : QPalette::Disabled,
                                  QPalette::PlaceholderText),
             1.5);
    pen.setCapStyle(Qt::RoundCap);
    pen.setJoinStyle(Qt::RoundJoin);
    painter.setPen(pen);
    const QPointF centre = QRectF(box).center();
    painter.drawPolyline(QPolygonF{centre + QPointF(-kChevron, -kChevron / 2.0),
                                   centre + QPointF(0, kChevron / 2.0),
                                   centre + QPointF(kChevron, -kChevron / 2.0)});
    painter.restore();
}

} // namespace

HouseStyle::HouseStyle() : QProxyStyle(QStringLiteral("Fusion")) {}

void HouseStyle::drawPrimitive(PrimitiveElement element, const QStyleOption* option,
                               QPainter* painter, const QWidget* widget) const {
    switch (element) {
    case PE_PanelLineEdit:
        if (const auto* frame = qstyleoption_cast<const QStyleOptionFrame*>(option);
            frame && frame->lineWidth > 0)
            paintField(*painter, *option);
        return;
    case PE_PanelButtonCommand:
        paintButton(*painter, *option);
        return;
    case PE_PanelButtonTool:
        paintToolButton(*painter, *option);
        return;
    case PE_FrameFocusRect:
        if (option->state & State_Selected) // a row in the highlight needs no frame
            return;
        rounded(*painter, option->rect, Qt::transparent,
                QPen(themeOf(option->palette).accent, kFocusWidth));
        return;
    default:
        if (!drawChrome(element, *option, *painter))
            QProxyStyle::drawPrimitive(element, option, painter, widget);
    }
}

void HouseStyle::drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                             const QWidget* widget) const {
    if (element == CE_PushButtonLabel && isPrimary(*option)) {
        QStyleOptionButton button(*qstyleoption_cast<const QStyleOptionButton*>(option));
        button.palette.setColor(QPalette::ButtonText,
                                button.palette.color(QPalette::HighlightedText));
        QProxyStyle::drawControl(element, &button, painter, widget);
        return;
    }
    if (const auto* tab = qstyleoption_cast<const QStyleOptionTab*>(option);
        tab && element == CE_TabBarTabLabel && !(tab->state & State_Selected)) {
        QStyleOptionTab muted(*tab);
        muted.palette.setColor(QPalette::WindowText,
                               muted.palette.color(QPalette::PlaceholderText));
        QProxyStyle::drawControl(element, &muted, painter, widget);
        return;
    }
    if (const auto* header = qstyleoption_cast<const QStyleOptionHeader*>(option);
        header && element == CE_HeaderLabel) {
        QStyleOptionHeader muted(*header);
        muted.palette.setColor(QPalette::ButtonText,
                               muted.palette.color(QPalette::PlaceholderText));
        muted.rect.adjust(kCellPadding / 2, 0, -kCellPadding / 2, 0); // over the cells' text
        QProxyStyle::drawControl(element, &muted, painter, widget);
        return;
    }
    if (const auto* button = qstyleoption_cast<const QStyleOptionToolButton*>(option);
        button && element == CE_ToolButtonLabel &&
        button->toolButtonStyle == Qt::ToolButtonTextBesideIcon) {
        QStyleOptionToolButton inside(*button); // Fusion would begin at the edge
        inside.rect.adjust(kToolPadding, 0, -kToolPadding, 0);
        QProxyStyle::drawControl(element, &inside, painter, widget);
        return;
    }
    if (!drawChrome(element, *option, *painter, *this))
        QProxyStyle::drawControl(element, option, painter, widget);
}

void HouseStyle::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option,
                                    QPainter* painter, const QWidget* widget) const {
    if (const auto* combo = qstyleoption_cast<const QStyleOptionComboBox*>(option);
        combo && control == CC_ComboBox && combo->frame) {
        paintField(*painter, *option);
        paintChevron(*painter, subControlRect(control, option, SC_ComboBoxArrow, widget), *option);
        return;
    }
    if (const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
        bar && control == CC_ScrollBar) {
        drawScrollBar(*bar, *painter, *this, widget);
        return;
    }
    QProxyStyle::drawComplexControl(control, option, painter, widget);
}

QRect HouseStyle::subControlRect(ComplexControl control, const QStyleOptionComplex* option,
                                 SubControl part, const QWidget* widget) const {
    if (const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
        bar && control == CC_ScrollBar)
        return scrollBarPart(*bar, part);
    const QRect rect = QProxyStyle::subControlRect(control, option, part, widget);
    if (control == CC_ComboBox && part == SC_ComboBoxEditField)
        return rect.adjusted(kTextPadding / 2, 0, 0, 0);
    return rect;
}

QRect HouseStyle::subElementRect(SubElement element, const QStyleOption* option,
                                 const QWidget* widget) const {
    const QRect rect = QProxyStyle::subElementRect(element, option, widget);
    if (const auto* frame = qstyleoption_cast<const QStyleOptionFrame*>(option);
        frame && frame->lineWidth > 0 && element == SE_LineEditContents)
        return rect.adjusted(kTextPadding, 0, -kTextPadding, 0);
    return rect;
}

QSize HouseStyle::sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& size,
                                   const QWidget* widget) const {
    QSize needed = QProxyStyle::sizeFromContents(type, option, size, widget);
    if (type == CT_LineEdit || type == CT_PushButton)
        needed.rheight() += kExtraHeight;
    if (type == CT_ItemViewItem)
        needed.rheight() += kExtraHeight;
    if (type == CT_ComboBox) // as high as a line edit
        needed.rheight() += kExtraHeight / 2;
    if (const auto* header = qstyleoption_cast<const QStyleOptionHeader*>(option);
        header && type == CT_HeaderSection) {
        needed.rwidth() += kCellPadding;
        if (header->sortIndicator != QStyleOptionHeader::None) // Fusion keeps a square for it
            needed.rwidth() -= needed.height() - kSortMark;
    }
    if (type == CT_ToolButton)
        needed += QSize(2 * kToolPadding, kToolPadding);
    return needed;
}

int HouseStyle::pixelMetric(PixelMetric metric, const QStyleOption* option,
                            const QWidget* widget) const {
    switch (metric) {
    case PM_TabBarTabShiftVertical:
    case PM_TabBarTabShiftHorizontal:
    case PM_TabBarTabOverlap:
    case PM_TabBarBaseOverlap:
    case PM_ButtonShiftHorizontal:
    case PM_ButtonShiftVertical:
    case PM_ToolBarFrameWidth:
    case PM_MenuBarPanelWidth:
    case PM_DockWidgetFrameWidth:
        return 0;
    case PM_TabBarTabHSpace:
        return 24;
    case PM_TabBarTabVSpace:
        return 12;
    case PM_ToolBarItemMargin:
    case PM_ToolBarItemSpacing:
        return 4;
    case PM_ToolBarIconSize:
    case PM_ButtonIconSize:
        return 18;
    case PM_SmallIconSize:
        return 16;
    case PM_HeaderMargin:
        return 4;
    case PM_HeaderMarkSize:
        return kSortMark;
    case PM_FocusFrameHMargin: // beside the text of table cells
        return kCellPadding - 1;
    case PM_DockWidgetSeparatorExtent:
    case PM_ScrollBarExtent:
        return 8;
    case PM_ScrollBarSliderMin:
        return 24;
    case PM_DockWidgetTitleMargin:
        return 6;
    default:
        return QProxyStyle::pixelMetric(metric, option, widget);
    }
}

int HouseStyle::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                          QStyleHintReturn* returned) const {
    switch (hint) {
    case SH_ComboBox_Popup: // a list under the field, not a menu over it
    case SH_DialogButtonBox_ButtonsHaveIcons:
    case SH_EtchDisabledText:
    case SH_DitherDisabledText:
    case SH_ScrollView_FrameOnlyAroundContents:
        return 0;
    default:
        return QProxyStyle::styleHint(hint, option, widget, returned);
    }
}

QIcon HouseStyle::standardIcon(StandardPixmap which, const QStyleOption* option,
                               const QWidget* widget) const {
    switch (which) {
    case SP_TitleBarCloseButton:
    case SP_DockWidgetCloseButton:
        return themedIcon(QStringLiteral("close"), QPalette::PlaceholderText);
    case SP_TitleBarNormalButton:
        return themedIcon(QStringLiteral("float"), QPalette::PlaceholderText);
    case SP_MessageBoxInformation:
        return themedIcon(QStringLiteral("info"), QPalette::Link);
    case SP_MessageBoxWarning:
    case SP_MessageBoxCritical:
        return themedIcon(QStringLiteral("warning"), QPalette::BrightText);
    default:
        return QProxyStyle::standardIcon(which, option, widget);
    }
}

} // namespace decodescope
