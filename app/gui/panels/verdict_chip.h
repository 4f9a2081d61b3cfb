// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "core/profile/claims.h"

namespace decodescope {

/// A verdict in colour, shape and word: a tick, a half-filled ring, a cross or an empty ring.
class VerdictChip : public QWidget {
    Q_OBJECT
public:
    explicit VerdictChip(QWidget* parent = nullptr);
    void setVerdict(ClaimVerdict verdict);
    [[nodiscard]] QString text() const;

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    ClaimVerdict m_verdict = ClaimVerdict::NotTested;
};

} // namespace decodescope
