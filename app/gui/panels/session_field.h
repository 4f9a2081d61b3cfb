// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLineEdit>
#include <QWidget>

#include "app/gui/models/session.h"

class QFormLayout;
class QLabel;

namespace decodescope {

/// A text field bound to one Field of the Session, with what is wrong under it in words.
class SessionField : public QWidget {
    Q_OBJECT
public:
    /// `name` is the object name of the line edit; the message's is name + "Message".
    SessionField(Session& session, Field field, const QString& name, const QString& label,
                 QWidget* parent = nullptr);
    void setPlaceholder(const QString& text);
    [[nodiscard]] QLineEdit* edit() const { return m_edit; }

protected:
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void refresh();
    void fitMessage();

    Session& m_session;
    Field m_field;
    QLineEdit* m_edit;
    QLabel* m_message;
};

/// A row of the form: the label, and a SessionField with this tip.
SessionField* addSessionField(QFormLayout* form, Session& session, Field field, const char* name,
                              const QString& label, const QString& tip);

} // namespace decodescope
