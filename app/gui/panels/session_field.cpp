// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/session_field.h"

#include <QEvent>
#include <QFormLayout>
#include <QLabel>
#include <QVBoxLayout>

#include "app/gui/theme/theme.h"

namespace decodescope {

SessionField::SessionField(Session& session, Field field, const QString& name, const QString& label,
                           QWidget* parent)
    : QWidget(parent), m_session(session), m_field(field), m_edit(new QLineEdit(this)),
      m_message(new QLabel(this)) {
    m_edit->setObjectName(name);
    m_edit->setAccessibleName(label);
    m_message->setObjectName(name + QStringLiteral("Message"));
    m_message->setAccessibleName(tr("What is wrong with %1").arg(label));
    m_message->setTextFormat(Qt::PlainText);
    m_message->setWordWrap(true);
    m_message->hide();
    setFocusProxy(m_edit);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(2);
    column->addWidget(m_edit);
    column->addWidget(m_message);
    connect(m_edit, &QLineEdit::textEdited, this,
            [this](const QString& text) { m_session.setText(m_field, text); });
    connect(m_edit, &QLineEdit::editingFinished, this, [this] {
        if (m_session.message(m_field).isEmpty())
            m_edit->setText(m_session.text(m_field));
    });
    connect(&session, &Session::changed, this, &SessionField::refresh);
    refresh();
}

void SessionField::setPlaceholder(const QString& text) {
    m_edit->setPlaceholderText(text);
}

void SessionField::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        refresh();
}

void SessionField::fitMessage() {
    // A form gives its rows no height for their width: say how high the wrapped words are.
    if (!m_message->text().isEmpty())
        m_message->setFixedHeight(m_message->heightForWidth(width()));
}

void SessionField::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    fitMessage();
}

void SessionField::refresh() {
    // What is being typed stays as typed ("8K" is not rewritten under the cursor).
    if (!m_edit->hasFocus() || !m_edit->isModified())
        m_edit->setText(m_session.text(m_field));
    const QString message = m_session.message(m_field);
    QPalette colours = palette();
    colours.setColor(QPalette::WindowText, themeOf(colours).error);
    m_message->setPalette(colours);
    m_message->setText(message);
    m_message->setVisible(!message.isEmpty());
    fitMessage();
}

SessionField* addSessionField(QFormLayout* form, Session& session, Field field, const char* name,
                              const QString& label, const QString& tip) {
    auto* row =
        new SessionField(session, field, QString::fromLatin1(name), label, form->parentWidget());
    row->edit()->setToolTip(tip);
    form->addRow(label, row);
    return row;
}

} // namespace decodescope
