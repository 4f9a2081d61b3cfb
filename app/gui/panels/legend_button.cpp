// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/legend_button.h"

#include <QPainter>
#include <QStyleOption>

#include "app/gui/panels/overview_text.h"
#include "app/gui/theme/marks.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr int kSampleWidth = 32;
constexpr double kLineWidth = 2;
constexpr double kMarkSize = 9;
constexpr double kHiddenOpacity = 0.35;
constexpr int kGap = 6;

} // namespace

void makeLegendButton(QAbstractButton& button) {
    button.setCheckable(true);
    button.setChecked(true);
    button.setFocusPolicy(Qt::StrongFocus);
    button.setAttribute(Qt::WA_Hover);
    button.setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

void beginLegendButton(QPainter& painter, QAbstractButton& button) {
    QStyleOption option;
    option.initFrom(&button);
    option.state |= QStyle::State_AutoRaise;
    option.state.setFlag(QStyle::State_Sunken, button.isDown());
    button.style()->drawPrimitive(QStyle::PE_PanelButtonTool, &option, &painter, &button);
    if (button.hasFocus()) {
        QStyleOptionFocusRect focus;
        focus.initFrom(&button);
        button.style()->drawPrimitive(QStyle::PE_FrameFocusRect, &focus, &painter, &button);
    }
    if (!button.isChecked())
        painter.setOpacity(kHiddenOpacity);
}

LegendButton::LegendButton(QWidget* parent) : QAbstractButton(parent) {
    makeLegendButton(*this);
}

void LegendButton::setSeries(const VariantSeries& series) {
    m_slot = series.slot;
    m_cost = tr("%1 per token").arg(perTokenText(series));
    setText(series.label);
    setAccessibleName(series.label);
    setAccessibleDescription(
        tr("Shows or hides the series of %1 in all plots; %2").arg(series.label, m_cost));
    setToolTip(tr("%1, %2. Click to show or hide.").arg(series.label, m_cost));
    updateGeometry();
    update();
}

void LegendButton::setDetailed(bool detailed) {
    if (m_detailed == detailed)
        return;
    m_detailed = detailed;
    updateGeometry();
    update();
}

int LegendButton::widthOf(bool detailed) const {
    int width = 2 * kStep + kSampleWidth + kGap + fontMetrics().horizontalAdvance(text());
    if (detailed)
        width += kGap + fontMetrics().horizontalAdvance(m_cost);
    return width;
}

QSize LegendButton::sizeHint() const {
    return {widthOf(m_detailed), fontMetrics().height() + kStep};
}

void LegendButton::paintEvent(QPaintEvent*) {
    const Theme& theme = themeOf(palette());
    QPainter painter(this);
    beginLegendButton(painter, *this);
    const double middle = height() / 2.0;
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(seriesPen(theme, m_slot, kLineWidth));
    painter.drawLine(QPointF(kStep, middle), QPointF(kStep + kSampleWidth, middle));
    drawMark(painter, {kStep + kSampleWidth / 2.0, middle}, kMarkSize, marker(m_slot),
             theme.colour(m_slot), true);
    QRect place = rect().adjusted(kStep + kSampleWidth + kGap, 0, 0, 0);
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(place, Qt::AlignLeft | Qt::AlignVCenter, text());
    if (!m_detailed)
        return;
    place.adjust(fontMetrics().horizontalAdvance(text()) + kGap, 0, 0, 0);
    painter.setPen(palette().color(QPalette::PlaceholderText));
    painter.drawText(place, Qt::AlignLeft | Qt::AlignVCenter, m_cost);
}

} // namespace decodescope
