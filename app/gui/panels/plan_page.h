// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "app/gui/panels/tab_page.h"
#include "core/plan/answers.h"

class QBoxLayout;
class QComboBox;
class QLabel;
class QScrollArea;
class QToolButton;

namespace decodescope {

class ElidedLabel;
class PlanAnswerRow;
class Surface;

/// What the plan answers for one variant, the whole decode step at the chosen context: what fits on
/// the left, what a step costs on the right (one below the other where it is narrow), and below
/// what people should know of it. Computed when it is shown.
class PlanPage : public TabPage {
    Q_OBJECT
public:
    explicit PlanPage(Session& session, QWidget* parent = nullptr);

    void refresh() override;

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* header();
    Surface* group(const char* name, const QString& title);
    [[nodiscard]] std::vector<Answer> answersOf(const Plan& plan) const;
    PlanAnswerRow* addRow(const Answer& answer, std::size_t index);
    void showPlan(const Plan& plan);
    void copyAll() const;
    void layOut();

    QString m_variant; ///< its label; empty: the model as it is
    QComboBox* m_variants;
    ElidedLabel* m_basis;
    QToolButton* m_copy;
    QScrollArea* m_scroll;
    QBoxLayout* m_groups;
    Surface* m_fits;
    Surface* m_costs;
    QLabel* m_notes;
    std::vector<PlanAnswerRow*> m_rows; ///< in the order of answers()
};

} // namespace decodescope
