// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "app/gui/plots/overview_data.h"

namespace decodescope {

class ElidedLabel;

/// What one variant allows: the longest context in large type, tokens/s at the chosen context, KV
/// bytes per token, what bounds it, and what of that nobody has checked. Its labels are named
/// answerLabel, answerWhatIf, answerUnverified, answerContext,
/// answerContextUnit, answerSpeed, answerSpeedUnit and answerCost.
class AnswerCard : public QWidget {
    Q_OBJECT
public:
    explicit AnswerCard(QWidget* parent = nullptr);
    void setAnswer(const OverviewData& overview, const VariantSeries& series);

protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void setFonts();
    void setContext(const OverviewData& overview, const VariantSeries& series);
    void setSpeed(const OverviewData& overview, const VariantSeries& series);
    void setUnverified(const OverviewData& overview, const VariantSeries& series);

    class Mark;
    class Chip;
    Mark* m_mark;
    ElidedLabel* m_label;
    Chip* m_whatIf;
    ElidedLabel* m_unverified; ///< at the right of the head: what nobody has checked
    ElidedLabel* m_context;
    ElidedLabel* m_contextUnit;
    ElidedLabel* m_speed;
    ElidedLabel* m_speedUnit;
    ElidedLabel* m_cost;
    bool m_contextIsNumber = false;
};

} // namespace decodescope
