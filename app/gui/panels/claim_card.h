// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "core/profile/claims.h"

class QAction;
class QLabel;
class QToolButton;

namespace decodescope {

class VerdictChip;

/// One claim: its verdict, the sentence, why, the inequality with names and with numbers, what it
/// rests on, what is still needed, and a button that runs that. Named claim-<id>; its parts are
/// claimVerdict, claimStatement, claimBecause, claimFormula, claimNumbers, claimEvidence,
/// claimNeeds, claimTest and claimTestTime.
class ClaimCard : public QWidget {
    Q_OBJECT
public:
    /// The button is as able as `run` is; null: nothing can be run.
    ClaimCard(const Claim& claim, QAction* run, QWidget* parent = nullptr);
    /// The same claim, weighed anew.
    void setClaim(const Claim& claim);
    /// The first claim of a topic has no line above it.
    void setFirst(bool first);

signals:
    void testRequested(const decodescope::ClaimTest& test);

protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void setFonts();
    void showTest();

    Claim m_claim;
    QAction* m_run;
    VerdictChip* m_verdict;
    QLabel* m_statement;
    QLabel* m_because;
    QLabel* m_formula;
    QLabel* m_numbers;
    QLabel* m_evidence;
    QLabel* m_needs;
    QToolButton* m_test;
    QLabel* m_testTime;
    bool m_first = false;
};

/// What the run would be of: "1,024 and 8,192 tokens, whole step, batch 1".
[[nodiscard]] QString testText(const ClaimTest& test);

} // namespace decodescope
