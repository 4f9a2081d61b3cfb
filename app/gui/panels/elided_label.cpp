// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/elided_label.h"

#include <QHelpEvent>
#include <QPainter>
#include <QStyle>
#include <QToolTip>

namespace decodescope {

ElidedLabel::ElidedLabel(QWidget* parent) : QLabel(parent) {
    setTextFormat(Qt::PlainText);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

QSize ElidedLabel::minimumSizeHint() const {
    return {fontMetrics().horizontalAdvance(QStringLiteral("…")),
            QLabel::minimumSizeHint().height()};
}

void ElidedLabel::setShorterForms(const QStringList& forms) {
    m_shorter = forms;
    update();
}

QString ElidedLabel::shown() const {
    const int width = contentsRect().width();
    for (const QString& form : QStringList(text()) + m_shorter)
        if (fontMetrics().horizontalAdvance(form) <= width)
            return form;
    return fontMetrics().elidedText(m_shorter.isEmpty() ? text() : m_shorter.constLast(),
                                    Qt::ElideRight, width);
}

void ElidedLabel::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    style()->drawItemText(&painter, contentsRect(), static_cast<int>(alignment()), palette(),
                          isEnabled(), shown(), foregroundRole());
}

bool ElidedLabel::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip || !toolTip().isEmpty() || shown() == text())
        return QLabel::event(event);
    QToolTip::showText(static_cast<QHelpEvent*>(event)->globalPos(), text(), this);
    return true;
}

} // namespace decodescope
