// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractButton>

namespace decodescope {

/// One part of a decode step in the roofline's legend: a mark as large as the part's, and its name.
/// A click shows or hides it.
class PartButton : public QAbstractButton {
    Q_OBJECT
public:
    PartButton(const QString& text, double markSize, QWidget* parent = nullptr);
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    double m_markSize;
};

} // namespace decodescope
