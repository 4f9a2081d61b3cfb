// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/plan_answer_row.h"

#include <QApplication>
#include <QClipboard>
#include <QEvent>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/gui/theme/icons.h"
#include "app/gui/theme/surface.h"
#include "app/gui/theme/type_scale.h"
#include "core/plan/unverified.h"

namespace decodescope {
namespace {

constexpr int kPadding = 12;

QLabel* label(QWidget* parent, const char* name, bool muted) {
    auto* made = new QLabel(parent);
    made->setObjectName(QString::fromLatin1(name));
    made->setTextFormat(Qt::PlainText);
    made->setWordWrap(true);
    made->setForegroundRole(muted ? QPalette::PlaceholderText : QPalette::WindowText);
    return made;
}

QLabel* selectable(QLabel* made) {
    made->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    made->setFocusPolicy(Qt::StrongFocus);
    return made;
}

QString plain(const std::string& text) {
    return QString::fromStdString(text);
}

} // namespace

PlanAnswerRow::PlanAnswerRow(const Answer& answer, QWidget* parent)
    : QWidget(parent), m_words(new QVBoxLayout), m_question(label(this, "planQuestion", true)),
      m_figure(label(this, "planFigure", false)), m_remark(label(this, "planRemark", true)),
      m_how(new QToolButton(this)), m_reason(new QWidget(this)),
      m_formula(selectable(label(m_reason, "planFormula", false))),
      m_numbers(selectable(label(m_reason, "planNumbers", false))) {
    setObjectName(QStringLiteral("planAnswer-") + plain(answer.id));
    m_how->setObjectName(QStringLiteral("planHow"));
    m_how->setText(tr("How?"));
    m_how->setToolTip(tr("Show the formula and its numbers"));
    m_how->setCheckable(true);
    m_how->setAutoRaise(true);
    m_how->setFocusPolicy(Qt::StrongFocus);
    m_how->setToolButtonStyle(Qt::ToolButtonTextOnly);
    connect(m_how, &QToolButton::toggled, this, &PlanAnswerRow::setOpen);
    auto* copyButton = new QToolButton(m_reason);
    copyButton->setObjectName(QStringLiteral("planCopy"));
    copyButton->setAutoRaise(true);
    copyButton->setFocusPolicy(Qt::StrongFocus);
    copyButton->setIcon(themedIcon(QStringLiteral("copy")));
    copyButton->setToolTip(tr("Copy the answer with its formula and numbers"));
    copyButton->setAccessibleName(copyButton->toolTip());
    connect(copyButton, &QToolButton::clicked, this, &PlanAnswerRow::copy);

    auto* reason = new QGridLayout(m_reason);
    reason->setContentsMargins(0, kHalfStep, 0, 0);
    reason->setHorizontalSpacing(kStep);
    reason->setVerticalSpacing(kHalfStep);
    reason->setColumnStretch(0, 1);
    reason->addWidget(m_formula, 0, 0);
    reason->addWidget(m_numbers, 1, 0);
    reason->addWidget(copyButton, 0, 1, 2, 1, Qt::AlignTop);
    m_words->setSpacing(2);
    m_words->addWidget(m_question);
    m_words->addWidget(m_figure);
    m_words->addWidget(m_remark);
    auto* head = new QHBoxLayout;
    head->setSpacing(kStep);
    head->addLayout(m_words, 1);
    head->addWidget(m_how, 0, Qt::AlignTop);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kPadding, kStep, kPadding, kStep);
    column->setSpacing(0);
    column->addLayout(head);
    column->addWidget(m_reason);
    m_reason->hide();
    setFonts();
    setAnswer(answer);
}

void PlanAnswerRow::setAnswer(const Answer& answer) {
    m_question->setText(plain(answer.question));
    m_figure->setText(plain(marked(answer.figure, answer.unverified)));
    m_remark->setText(plain(answer.remark));
    m_remark->setVisible(!answer.remark.empty());
    m_formula->setText(plain(answer.formula));
    m_numbers->setText(plain(answer.numbers));
    m_numbers->setVisible(!answer.numbers.empty());
    m_formula->setAccessibleName(tr("Formula: %1").arg(m_formula->text()));
    m_numbers->setAccessibleName(tr("With its numbers: %1").arg(m_numbers->text()));
    setAccessibleName(plain(answer.question));
    setAccessibleDescription(plain(answer.text()));
    m_how->setAccessibleName(tr("How? %1: %2").arg(m_question->text(), plain(answer.text())));
    m_how->setAccessibleDescription(m_how->toolTip());
}

void PlanAnswerRow::addField(QWidget* field) {
    m_words->addSpacing(kHalfStep);
    m_words->addWidget(field);
}

void PlanAnswerRow::setFirst(bool first) {
    m_first = first;
    update();
}

void PlanAnswerRow::setOpen(bool open) {
    m_reason->setVisible(open);
    m_how->setToolTip(open ? tr("Hide the formula and its numbers")
                           : tr("Show the formula and its numbers"));
    m_how->setAccessibleDescription(m_how->toolTip());
}

void PlanAnswerRow::copy() const {
    QStringList lines = {tr("%1: %2").arg(accessibleName(), accessibleDescription()),
                         m_formula->text()};
    if (!m_numbers->text().isEmpty())
        lines << m_numbers->text();
    QApplication::clipboard()->setText(lines.join(QLatin1Char('\n')));
}

void PlanAnswerRow::setFonts() {
    m_question->setFont(textFont(TextSize::Note));
    m_figure->setFont(textFont(TextSize::Title));
    m_remark->setFont(textFont(TextSize::Note));
    m_how->setFont(textFont(TextSize::Note));
    m_formula->setFont(textFont(TextSize::Note));
    m_numbers->setFont(textFont(TextSize::Note));
}

void PlanAnswerRow::paintEvent(QPaintEvent*) {
    if (!m_first)
        paintRowDivider(*this, kPadding);
}

void PlanAnswerRow::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::ApplicationFontChange)
        setFonts();
}

} // namespace decodescope
