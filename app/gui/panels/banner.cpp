// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/banner.h"

#include <utility>

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>

#include "app/gui/theme/icons.h"
#include "app/gui/theme/theme.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr int kTintAlpha = 28; // of 255, over the window's own ground
constexpr double kRadius = 6;
constexpr int kIcon = 18;

QColor accent(Banner::Kind kind, const Theme& theme) {
    return kind == Banner::Kind::Error ? theme.error : theme.accent;
}

} // namespace

Banner::Banner(QWidget* parent)
    : QFrame(parent), m_icon(new QLabel(this)), m_text(new QLabel(this)),
      m_action(new QPushButton(this)), m_close(new QToolButton(this)) {
    setObjectName(QStringLiteral("banner"));
    m_text->setObjectName(QStringLiteral("bannerText"));
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_action->setObjectName(QStringLiteral("bannerAction"));
    m_close->setObjectName(QStringLiteral("bannerClose"));
    m_close->setIcon(themedIcon(QStringLiteral("close")));
    m_close->setAutoRaise(true);
    m_close->setToolTip(tr("Dismiss"));
    m_close->setAccessibleName(tr("Dismiss this message"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(kStep + kHalfStep, kHalfStep, kHalfStep, kHalfStep);
    row->setSpacing(kStep);
    row->addWidget(m_icon);
    row->addWidget(m_text, 1);
    row->addWidget(m_action);
    row->addWidget(m_close);
    connect(m_close, &QToolButton::clicked, this, &QWidget::hide);
    connect(m_action, &QPushButton::clicked, this, [this] {
        hide();
        if (const std::function<void()> act = m_act)
            act();
    });
    hide();
}

QString Banner::text() const {
    return m_text->text();
}

void Banner::showMessage(Kind kind, const QString& text) {
    showMessage(kind, text, {}, {});
}

void Banner::showMessage(Kind kind, const QString& text, const QString& action,
                         std::function<void()> act) {
    m_kind = kind;
    m_act = std::move(act);
    m_text->setText(text);
    m_action->setText(action);
    m_action->setVisible(!action.isEmpty());
    showIcon();
    setAccessibleName(kind == Kind::Error ? tr("Error: %1").arg(text) : text);
    show();
    update();
}

void Banner::showIcon() {
    QPalette colours = palette();
    colours.setColor(QPalette::ButtonText, accent(m_kind, themeOf(colours)));
    const QString name = m_kind == Kind::Error ? QStringLiteral("warning") : QStringLiteral("info");
    m_icon->setPixmap(themedIcon(name, colours).pixmap(QSize(kIcon, kIcon), devicePixelRatioF()));
}

void Banner::changeEvent(QEvent* event) {
    QFrame::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        showIcon();
}

void Banner::paintEvent(QPaintEvent*) {
    QColor ground = accent(m_kind, themeOf(palette()));
    ground.setAlpha(kTintAlpha);
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(ground);
    painter.drawRoundedRect(rect(), kRadius, kRadius);
}

} // namespace decodescope
