// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/banner.h"

#include <utility>

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>

namespace decodescope {
namespace {

constexpr int kTintAlpha = 40; // of 255, over the window's own ground
constexpr int kEdge = 3;       // the bar that says how serious it is
constexpr int kMargin = 12;
constexpr int kDarkBelow = 128;

QColor accent(Banner::Kind kind, bool dark) {
    if (kind == Banner::Kind::Error)
        return dark ? QColor(0xF2, 0x8B, 0x82) : QColor(0xB3, 0x26, 0x1E);
    return dark ? QColor(0x8A, 0xB4, 0xF8) : QColor(0x1A, 0x5F, 0xB4);
}

} // namespace

Banner::Banner(QWidget* parent)
    : QFrame(parent), m_text(new QLabel(this)), m_action(new QPushButton(this)),
      m_close(new QToolButton(this)) {
    setObjectName(QStringLiteral("banner"));
    m_text->setObjectName(QStringLiteral("bannerText"));
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_action->setObjectName(QStringLiteral("bannerAction"));
    m_close->setObjectName(QStringLiteral("bannerClose"));
    m_close->setText(QStringLiteral("×"));
    m_close->setAutoRaise(true);
    m_close->setToolTip(tr("Dismiss"));
    m_close->setAccessibleName(tr("Dismiss this message"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(kMargin, kMargin / 2, kMargin / 2, kMargin / 2);
    row->setSpacing(kMargin);
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
    setAccessibleName(kind == Kind::Error ? tr("Error: %1").arg(text) : text);
    show();
    update();
}

void Banner::paintEvent(QPaintEvent*) {
    const bool dark = palette().color(QPalette::Window).lightness() < kDarkBelow;
    QColor ground = accent(m_kind, dark);
    QPainter painter(this);
    painter.fillRect(0, 0, kEdge, height(), ground);
    ground.setAlpha(kTintAlpha);
    painter.fillRect(kEdge, 0, width() - kEdge, height(), ground);
}

} // namespace decodescope
