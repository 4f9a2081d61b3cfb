// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/plan_page.h"

#include <algorithm>

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QScrollArea>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/gui/panels/elided_label.h"
#include "app/gui/panels/form_section.h"
#include "app/gui/panels/overview_text.h"
#include "app/gui/panels/page_controls.h"
#include "app/gui/panels/plan_answer_row.h"
#include "app/gui/panels/session_field.h"
#include "app/gui/theme/icons.h"
#include "app/gui/theme/surface.h"
#include "app/gui/theme/type_scale.h"
#include "core/plan/unverified.h"
#include "core/spec/presets.h"

namespace decodescope {
namespace {

constexpr int kTwoColumnsFrom = 640; // px of the page: below it figures would wrap
constexpr int kPadding = 12;
constexpr int kLinkWidth = 120;
constexpr const char* kOffloadId = "offload_break_even_tokens";
constexpr std::size_t kAnswersOnTheLeft = 4; // what fits; the others are about a step

} // namespace

PlanPage::PlanPage(Session& session, QWidget* parent)
    : TabPage(QStringLiteral("plan"), tr("Plan"), session, parent),
      m_variants(formCombo(this, "planVariant", tr("Answers for"))), m_basis(new ElidedLabel(this)),
      m_copy(new QToolButton(this)), m_scroll(new QScrollArea(this)),
      m_groups(new QBoxLayout(QBoxLayout::LeftToRight)), m_fits(group("planFits", tr("What fits"))),
      m_costs(group("planCosts", tr("What a step costs"))), m_notes(formNote(this, "planNotes")) {
    auto* content = new QWidget(m_scroll);
    auto* below = new QVBoxLayout(content);
    below->setContentsMargins(0, 0, 0, 0);
    below->setSpacing(kStep);
    m_groups->setSpacing(kStep);
    m_groups->addWidget(m_fits, 1);
    m_groups->addWidget(m_costs, 1);
    below->addLayout(m_groups);
    below->addWidget(m_notes);
    below->addStretch(1);
    m_scroll->setObjectName(QStringLiteral("planScroll"));
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setWidgetResizable(true);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setWidget(content);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, kHalfStep, 0, 0);
    column->setSpacing(kHalfStep);
    column->addWidget(header());
    column->addWidget(m_scroll, 1);
}

QWidget* PlanPage::header() {
    auto* bar = new QWidget(this);
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kStep);
    m_variants->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_variants->setToolTip(tr("The variant that is asked about"));
    connect(m_variants, &QComboBox::activated, this, [this](int index) {
        m_variant = m_variants->itemData(index).toString();
        refresh();
    });
    m_basis->setObjectName(QStringLiteral("planBasis"));
    m_basis->setForegroundRole(QPalette::PlaceholderText);
    m_copy->setObjectName(QStringLiteral("planCopyAll"));
    m_copy->setAutoRaise(true);
    m_copy->setFocusPolicy(Qt::StrongFocus);
    m_copy->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_copy->setIcon(themedIcon(QStringLiteral("copy")));
    m_copy->setText(tr("Copy all"));
    m_copy->setToolTip(tr("Copy all answers with their formulas and numbers, as Markdown"));
    connect(m_copy, &QToolButton::clicked, this, &PlanPage::copyAll);
    row->addWidget(m_variants);
    row->addWidget(m_basis, 1);
    row->addWidget(m_copy);
    return bar;
}

Surface* PlanPage::group(const char* name, const QString& title) {
    auto* surface = new Surface(this);
    surface->setObjectName(QString::fromLatin1(name));
    surface->setAccessibleName(title);
    auto* column = new QVBoxLayout(surface);
    column->setContentsMargins(0, kStep, 0, kHalfStep);
    column->setSpacing(0);
    auto* heading = new QLabel(title, surface);
    heading->setFont(textFont(TextSize::Heading));
    heading->setContentsMargins(kPadding, 0, kPadding, 0);
    column->addWidget(heading);
    column->addStretch(1); // what one group is shorter than the other lies below its rows
    return surface;
}

void PlanPage::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    layOut();
}

void PlanPage::layOut() {
    m_groups->setDirection(width() >= kTwoColumnsFrom ? QBoxLayout::LeftToRight
                                                      : QBoxLayout::TopToBottom);
}

void PlanPage::refresh() {
    const std::vector<Plan> plans = session().plans();
    const bool known = !plans.empty() && session().planDevice().memoryBytes > 0;
    for (QWidget* each : {static_cast<QWidget*>(m_variants), static_cast<QWidget*>(m_copy),
                          static_cast<QWidget*>(m_fits), static_cast<QWidget*>(m_costs)})
        each->setVisible(known);
    m_notes->setVisible(known);
    if (!known) {
        m_basis->setText(tr("What fits, and what a step costs: shown as soon as the device's "
                            "memory is known. Type it under Hardware if it stays unknown."));
        return;
    }
    showPlan(plans[fillVariants(*m_variants, session().overview(), m_variant)]);
}

std::vector<Answer> PlanPage::answersOf(const Plan& plan) const {
    const Configuration& chosen = session().configuration();
    return answers(plan, chosen.workload, devicePresets(), chosen.assumptions);
}

PlanAnswerRow* PlanPage::addRow(const Answer& answer, std::size_t index) {
    Surface* place = index < kAnswersOnTheLeft ? m_fits : m_costs;
    auto* row = new PlanAnswerRow(answer, place);
    row->setFirst(index == 0 || index == kAnswersOnTheLeft);
    auto* column = qobject_cast<QVBoxLayout*>(place->layout());
    column->insertWidget(column->count() - 1, row);
    if (answer.id == kOffloadId) {
        auto* field = new QWidget(row);
        auto* form = new QFormLayout(field);
        form->setContentsMargins(0, 0, 0, 0);
        form->setLabelAlignment(Qt::AlignLeft | Qt::AlignTop);
        const SessionField* link = addSessionField(
            form, session(), Field::PcieRate, "pcieRate", tr("PCIe"),
            tr("Bytes a second from host memory to the device: 25 GB/s is what PCIe 4.0 × 16 "
               "carries"));
        link->edit()->setFixedWidth(kLinkWidth); // a figure; what is wrong with it may be longer
        link->layout()->setAlignment(link->edit(), Qt::AlignLeft);
        alignLabels(field);
        row->addField(field);
    }
    return row;
}

void PlanPage::showPlan(const Plan& plan) {
    const OverviewData& overview = session().overview();
    m_basis->setText(tr("whole decode step at %1 tokens, batch %2, %3 cache, %4 weights · %5%6")
                         .arg(countText(plan.context), countText(plan.batch),
                              QString::fromStdString(cacheInWords(plan.kvTypes)),
                              QString::fromUtf8(name(plan.weightsType)), overview.deviceName,
                              overview.deployment));
    m_basis->setShorterForms(
        {tr("at %1 tokens, batch %2 · %3%4")
             .arg(countText(plan.context), countText(plan.batch), overview.deviceName,
                  overview.deployment),
         tr("at %1 tokens, batch %2").arg(countText(plan.context), countText(plan.batch))});
    const std::vector<Answer> all = answersOf(plan);
    for (std::size_t i = 0; i < all.size(); ++i)
        if (i < m_rows.size())
            m_rows[i]->setAnswer(all[i]);
        else
            m_rows.push_back(addRow(all[i], i));
    QStringList notes;
    for (const std::string& note : deploymentNotes(plan))
        notes << QString::fromStdString(note);
    if (const std::string legend = unverifiedLegend(plan.device); !legend.empty())
        notes << QString::fromStdString(legend);
    m_notes->setText(notes.join(QLatin1Char('\n')));
    m_notes->setVisible(!notes.isEmpty());
}

void PlanPage::copyAll() const {
    const std::vector<Plan> plans = session().plans();
    const auto index = static_cast<std::size_t>(m_variants->currentIndex());
    if (index >= plans.size())
        return;
    const Plan& plan = plans[index];
    const std::vector<Answer> all = answersOf(plan);
    QApplication::clipboard()->setText(QString::fromStdString(answersList(plan, all)).trimmed() +
                                       QLatin1Char('\n'));
}

} // namespace decodescope
