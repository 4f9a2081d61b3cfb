// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QScrollArea>

#include "app/gui/plots/overview_data.h"

class QHBoxLayout;

namespace decodescope {

class AnswerCard;

/// The answer, before anything else in the window: one card for each variant, named
/// answerCard-<index>. Cards share the width equally; those that find no room are scrolled to.
class AnswerStrip : public QScrollArea {
    Q_OBJECT
public:
    explicit AnswerStrip(QWidget* parent = nullptr);
    void setOverview(const OverviewData& overview);

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

protected:
    void resizeEvent(QResizeEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    [[nodiscard]] int heightNeeded() const;

    QHBoxLayout* m_row;
    std::vector<AnswerCard*> m_cards;
};

} // namespace decodescope
