// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/part_button.h"

#include <QPainter>

#include "app/gui/panels/legend_button.h"
#include "app/gui/theme/marks.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr int kMarkRoom = 18;
constexpr int kGap = 4;

} // namespace

PartButton::PartButton(const QString& text, double markSize, QWidget* parent)
    : QAbstractButton(parent), m_markSize(markSize) {
    setText(text);
    setAccessibleName(text);
    setAccessibleDescription(tr("Shows or hides the points of this part: %1").arg(text));
    setToolTip(tr("%1: a mark of this size. Click to show or hide.").arg(text));
    makeLegendButton(*this);
}

QSize PartButton::sizeHint() const {
    return {2 * kHalfStep + kMarkRoom + kGap + fontMetrics().horizontalAdvance(text()),
            fontMetrics().height() + kStep};
}

void PartButton::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    beginLegendButton(painter, *this);
    const QColor colour = palette().color(QPalette::WindowText);
    drawMark(painter, {kHalfStep + kMarkRoom / 2.0, height() / 2.0}, m_markSize, Marker::Disc,
             colour, false);
    painter.setPen(colour);
    painter.drawText(rect().adjusted(kHalfStep + kMarkRoom + kGap, 0, 0, 0),
                     Qt::AlignLeft | Qt::AlignVCenter, text());
}

} // namespace decodescope
