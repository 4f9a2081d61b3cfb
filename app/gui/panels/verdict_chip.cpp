// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/verdict_chip.h"

#include <QEvent>
#include <QPainter>

#include "app/gui/theme/theme.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr int kPadding = 10;
constexpr int kGap = 6;
constexpr double kStroke = 2;
constexpr int kTint = 28; // of 255: the ground under the words

QColor colourOf(ClaimVerdict verdict, const Theme& theme) {
    switch (verdict) {
    case ClaimVerdict::Supported:
        return theme.good;
    case ClaimVerdict::WithConditions:
        return theme.partly;
    case ClaimVerdict::NotSupported:
        return theme.error;
    case ClaimVerdict::NotTested:
        break;
    }
    return theme.mutedText;
}

QString wordsOf(ClaimVerdict verdict) {
    switch (verdict) {
    case ClaimVerdict::Supported:
        return VerdictChip::tr("Supported");
    case ClaimVerdict::WithConditions:
        return VerdictChip::tr("Supported with conditions");
    case ClaimVerdict::NotSupported:
        return VerdictChip::tr("Not supported");
    case ClaimVerdict::NotTested:
        break;
    }
    return VerdictChip::tr("Not tested");
}

/// The sign of a verdict inside a square.
void drawSign(QPainter& painter, const QRectF& square, ClaimVerdict verdict, const QColor& colour) {
    painter.setPen(QPen(colour, kStroke, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.setBrush(Qt::NoBrush);
    const auto at = [&](double x, double y) {
        return square.topLeft() + QPointF(x * square.width(), y * square.height());
    };
    const QRectF ring = square.adjusted(kStroke / 2, kStroke / 2, -kStroke / 2, -kStroke / 2);
    switch (verdict) {
    case ClaimVerdict::Supported:
        painter.drawPolyline(QPolygonF{at(0.08, 0.55), at(0.38, 0.84), at(0.92, 0.2)});
        break;
    case ClaimVerdict::WithConditions:
        painter.drawEllipse(ring);
        painter.setBrush(colour);
        painter.drawPie(ring, 90 * 16, 180 * 16);
        break;
    case ClaimVerdict::NotSupported:
        painter.drawLine(at(0.14, 0.14), at(0.86, 0.86));
        painter.drawLine(at(0.86, 0.14), at(0.14, 0.86));
        break;
    case ClaimVerdict::NotTested:
        painter.drawEllipse(ring);
        break;
    }
}

} // namespace

VerdictChip::VerdictChip(QWidget* parent) : QWidget(parent) {
    setObjectName(QStringLiteral("claimVerdict"));
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setFont(textFont(TextSize::Note));
    setVerdict(m_verdict);
}

void VerdictChip::setVerdict(ClaimVerdict verdict) {
    m_verdict = verdict;
    setAccessibleName(text());
    updateGeometry();
    update();
}

QString VerdictChip::text() const {
    return wordsOf(m_verdict);
}

QSize VerdictChip::sizeHint() const {
    const int sign = fontMetrics().ascent();
    return {2 * kPadding + sign + kGap + fontMetrics().horizontalAdvance(text()),
            fontMetrics().height() + kStep};
}

void VerdictChip::paintEvent(QPaintEvent*) {
    const Theme& theme = themeOf(palette());
    const QColor colour = colourOf(m_verdict, theme);
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QColor tint = colour;
    tint.setAlpha(kTint);
    painter.setPen(Qt::NoPen);
    painter.setBrush(tint);
    painter.drawRoundedRect(rect(), height() / 2.0, height() / 2.0);
    const double side = fontMetrics().ascent();
    drawSign(painter, {static_cast<double>(kPadding), (height() - side) / 2, side, side}, m_verdict,
             colour);
    painter.setPen(theme.text);
    painter.drawText(rect().adjusted(kPadding + fontMetrics().ascent() + kGap, 0, 0, 0),
                     Qt::AlignLeft | Qt::AlignVCenter, text());
}

void VerdictChip::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::ApplicationFontChange) {
        setFont(textFont(TextSize::Note));
        updateGeometry();
    }
}

} // namespace decodescope
