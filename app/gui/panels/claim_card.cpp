// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/claim_card.h"

#include <cmath>

#include <QAction>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/gui/panels/overview_text.h"
#include "app/gui/panels/verdict_chip.h"
#include "app/gui/theme/icons.h"
#include "app/gui/theme/surface.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr int kPadding = 12;

QLabel* label(QWidget* parent, const char* name, bool muted) {
    auto* made = new QLabel(parent);
    made->setObjectName(QString::fromLatin1(name));
    made->setTextFormat(Qt::PlainText);
    made->setWordWrap(true);
    made->setForegroundRole(muted ? QPalette::PlaceholderText : QPalette::WindowText);
    made->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return made;
}

QString plain(const std::string& text) {
    return QString::fromStdString(text);
}

void setOrHide(QLabel* label, const QString& text) {
    label->setText(text);
    label->setVisible(!text.isEmpty());
}

} // namespace

QString testText(const ClaimTest& test) {
    QStringList contexts;
    for (const std::int64_t context : test.contexts)
        contexts << countText(context);
    const QString tokens = ClaimCard::tr("%1 tokens").arg(contexts.join(ClaimCard::tr(" and ")));
    return ClaimCard::tr("%1, %2, batch %3")
        .arg(tokens,
             test.scope == Scope::Step ? ClaimCard::tr("whole step")
                                       : ClaimCard::tr("attention alone"),
             countText(test.batch));
}

ClaimCard::ClaimCard(const Claim& claim, QAction* run, QWidget* parent)
    : QWidget(parent), m_run(run), m_verdict(new VerdictChip(this)),
      m_statement(label(this, "claimStatement", false)),
      m_because(label(this, "claimBecause", false)), m_formula(label(this, "claimFormula", true)),
      m_numbers(label(this, "claimNumbers", false)), m_evidence(label(this, "claimEvidence", true)),
      m_needs(label(this, "claimNeeds", true)), m_test(new QToolButton(this)),
      m_testTime(label(this, "claimTestTime", true)) {
    setObjectName(QStringLiteral("claim-") + plain(claim.id));
    m_test->setObjectName(QStringLiteral("claimTest"));
    m_test->setText(tr("Test it"));
    m_test->setIcon(themedIcon(QStringLiteral("run")));
    m_test->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_test->setFocusPolicy(Qt::StrongFocus);
    m_testTime->setWordWrap(false);
    connect(m_test, &QToolButton::clicked, this, [this] {
        if (m_claim.test)
            emit testRequested(*m_claim.test);
    });
    if (m_run)
        connect(m_run, &QAction::changed, this, &ClaimCard::showTest);
    auto* head = new QHBoxLayout;
    head->setSpacing(kStep);
    head->addWidget(m_verdict);
    head->addStretch(1);
    head->addWidget(m_testTime);
    head->addWidget(m_test);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kPadding, kPadding, kPadding, kPadding);
    column->setSpacing(kHalfStep);
    column->addLayout(head);
    column->addSpacing(kHalfStep);
    for (QLabel* each : {m_statement, m_because, m_formula, m_numbers, m_evidence, m_needs})
        column->addWidget(each);
    setFonts();
    setClaim(claim);
}

void ClaimCard::setClaim(const Claim& claim) {
    m_claim = claim;
    m_verdict->setVerdict(claim.verdict);
    m_statement->setText(plain(claim.statement));
    setOrHide(m_because, plain(claim.because));
    setOrHide(m_formula, plain(claim.formula));
    setOrHide(m_numbers, plain(claim.numbers));
    setOrHide(m_evidence, plain(claim.evidence));
    setOrHide(m_needs, claim.needs.empty() ? QString() : tr("Needed: %1").arg(plain(claim.needs)));
    m_formula->setAccessibleName(tr("What has to hold: %1").arg(m_formula->text()));
    m_numbers->setAccessibleName(tr("With its numbers: %1").arg(m_numbers->text()));
    setAccessibleName(m_statement->text());
    setAccessibleDescription(tr("%1. %2").arg(m_verdict->text(), m_because->text()));
    showTest();
}

void ClaimCard::showTest() {
    const bool offered = m_claim.test && m_run;
    m_test->setVisible(offered);
    m_testTime->setVisible(offered);
    if (!offered)
        return;
    const QString seconds = QString::number(std::ceil(m_claim.test->maxSeconds));
    m_testTime->setText(tr("up to %1 s").arg(seconds));
    m_test->setEnabled(m_run->isEnabled());
    m_test->setToolTip(
        m_run->isEnabled()
            ? tr("Sets the workload to %1, and measures all variants").arg(testText(*m_claim.test))
            : m_run->toolTip());
    m_test->setAccessibleName(tr("Test it: %1").arg(m_statement->text()));
    m_test->setAccessibleDescription(tr("%1; takes up to %2 s").arg(m_test->toolTip(), seconds));
}

void ClaimCard::setFirst(bool first) {
    m_first = first;
    update();
}

void ClaimCard::setFonts() {
    m_statement->setFont(textFont(TextSize::Heading));
    for (QLabel* each : {m_formula, m_numbers, m_evidence, m_needs, m_testTime})
        each->setFont(textFont(TextSize::Note));
    m_test->setFont(textFont(TextSize::Note));
}

void ClaimCard::paintEvent(QPaintEvent*) {
    if (!m_first)
        paintRowDivider(*this, kPadding);
}

void ClaimCard::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::ApplicationFontChange)
        setFonts();
}

} // namespace decodescope
