// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "core/plan/answers.h"

class QLabel;
class QToolButton;
class QVBoxLayout;

namespace decodescope {

/// One answer of the plan: the question, the figure in large type, a remark. "How?" shows the
/// formula and the same with its numbers put in, and a button that copies all of it. Named
/// planAnswer-<id>; its parts are planQuestion, planFigure, planRemark, planHow, planFormula,
/// planNumbers and planCopy.
class PlanAnswerRow : public QWidget {
    Q_OBJECT
public:
    explicit PlanAnswerRow(const Answer& answer, QWidget* parent = nullptr);
    /// Another answer to the same question. What is open stays open.
    void setAnswer(const Answer& answer);
    /// Puts a field under the remark: what the answer takes for granted. The row becomes its
    /// parent.
    void addField(QWidget* field);
    /// The first row of a group has no line above it.
    void setFirst(bool first);

protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void setFonts();
    void setOpen(bool open);
    void copy() const;

    QVBoxLayout* m_words;
    QLabel* m_question;
    QLabel* m_figure;
    QLabel* m_remark;
    QToolButton* m_how;
    QWidget* m_reason; ///< formula, numbers and the button that copies them
    QLabel* m_formula;
    QLabel* m_numbers;
    bool m_first = false;
};

} // namespace decodescope
