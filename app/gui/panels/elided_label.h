// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>

namespace decodescope {

/// One line of plain text that gives way: where it does not fit, the first of its shorter forms
/// that does is shown, or else its beginning and "…". The tooltip then has it all.
class ElidedLabel : public QLabel {
    Q_OBJECT
public:
    explicit ElidedLabel(QWidget* parent = nullptr);

    /// From long to short. They stay until they are set anew.
    void setShorterForms(const QStringList& forms);

    [[nodiscard]] QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    [[nodiscard]] QString shown() const;

    QStringList m_shorter;
};

} // namespace decodescope
