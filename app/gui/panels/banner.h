// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include <QFrame>

class QLabel;
class QPushButton;
class QToolButton;

namespace decodescope {

/// One message at the top of the centre, with at most one thing to do about it. A new message
/// takes the place of the one before.
class Banner : public QFrame {
    Q_OBJECT
public:
    enum class Kind { Notice, Error };

    explicit Banner(QWidget* parent = nullptr);
    void showMessage(Kind kind, const QString& text);
    void showMessage(Kind kind, const QString& text, const QString& action,
                     std::function<void()> act);
    [[nodiscard]] QString text() const;

protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void showIcon();

    QLabel* m_icon;
    QLabel* m_text;
    QPushButton* m_action;
    QToolButton* m_close;
    std::function<void()> m_act;
    Kind m_kind = Kind::Notice;
};

} // namespace decodescope
