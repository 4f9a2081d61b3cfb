// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/claims_page.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QScrollArea>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/gui/models/claims_builder.h"
#include "app/gui/panels/claim_card.h"
#include "app/gui/panels/data_table.h"
#include "app/gui/panels/elided_label.h"
#include "app/gui/theme/icons.h"
#include "app/gui/theme/surface.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {
namespace {

constexpr int kTwoColumnsFrom = 760; // px of the page: below it the inequalities would wrap much
constexpr int kPadding = 12;

QString topicName(ClaimTopic topic) {
    switch (topic) {
    case ClaimTopic::Memory:
        return ClaimsPage::tr("Memory");
    case ClaimTopic::Speed:
        return ClaimsPage::tr("Speed");
    case ClaimTopic::Quality:
        break;
    }
    return ClaimsPage::tr("Quality");
}

QString plain(const std::string& text) {
    return QString::fromStdString(text);
}

TableData claimsTable(const std::vector<Claim>& claims) {
    TableData table;
    table.columns = {{ClaimsPage::tr("Claim"), ColumnKind::Words},
                     {ClaimsPage::tr("Verdict"), ColumnKind::Words},
                     {ClaimsPage::tr("Why"), ColumnKind::Words},
                     {ClaimsPage::tr("In numbers"), ColumnKind::Words},
                     {ClaimsPage::tr("Rests on"), ColumnKind::Words}};
    for (const Claim& claim : claims)
        table.rows.push_back({plain(claim.statement), plain(std::string(inWords(claim.verdict))),
                              plain(claim.because), plain(claim.numbers), plain(claim.evidence)});
    return table;
}

} // namespace

ClaimsPage::ClaimsPage(Session& session, QAction* run, QWidget* parent)
    : TabPage(QStringLiteral("claims"), tr("Claims"), session, parent), m_run(run),
      m_summary(new ElidedLabel(this)), m_copy(new QToolButton(this)),
      m_stack(new QStackedWidget(this)), m_scroll(new QScrollArea(m_stack)),
      m_columns(new QBoxLayout(QBoxLayout::LeftToRight)),
      m_table(new DataTable(QStringLiteral("claimsTable"), tr("Claims as a table"))) {
    m_stack->addWidget(body());
    auto* around = new Surface(m_stack);
    auto* inside = new QVBoxLayout(around);
    inside->setContentsMargins(kHalfStep, kHalfStep, kHalfStep, kHalfStep);
    inside->addWidget(m_table);
    m_stack->addWidget(around);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, kHalfStep, 0, 0);
    column->setSpacing(kHalfStep);
    column->addWidget(header());
    column->addWidget(m_stack, 1);
}

QWidget* ClaimsPage::header() {
    auto* bar = new QWidget(this);
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kStep);
    m_summary->setObjectName(QStringLiteral("claimsSummary"));
    m_summary->setForegroundRole(QPalette::PlaceholderText);
    m_copy->setObjectName(QStringLiteral("claimsCopyAll"));
    m_copy->setAutoRaise(true);
    m_copy->setFocusPolicy(Qt::StrongFocus);
    m_copy->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_copy->setIcon(themedIcon(QStringLiteral("copy")));
    m_copy->setText(tr("Copy all"));
    m_copy->setToolTip(tr("Copy all claims with their verdicts and numbers, as Markdown"));
    connect(m_copy, &QToolButton::clicked, this, &ClaimsPage::copyAll);
    row->addWidget(m_summary, 1);
    row->addWidget(m_copy);
    return bar;
}

QWidget* ClaimsPage::body() {
    auto* content = new QWidget(m_scroll);
    m_columns->setContentsMargins(0, 0, 0, 0);
    m_columns->setSpacing(kStep);
    content->setLayout(m_columns);
    const auto side = [this](std::initializer_list<ClaimTopic> topics) {
        auto* column = new QVBoxLayout;
        column->setSpacing(kStep);
        for (const ClaimTopic topic : topics)
            column->addWidget(m_groups[topic] = group(topic));
        column->addStretch(1);
        m_columns->addLayout(column, 1);
    };
    side({ClaimTopic::Memory});
    side({ClaimTopic::Speed, ClaimTopic::Quality});
    m_scroll->setObjectName(QStringLiteral("claimsScroll"));
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setWidgetResizable(true);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setWidget(content);
    return m_scroll;
}

Surface* ClaimsPage::group(ClaimTopic topic) {
    auto* surface = new Surface(this);
    surface->setAccessibleName(topicName(topic));
    auto* column = new QVBoxLayout(surface);
    column->setContentsMargins(0, kPadding, 0, 0);
    column->setSpacing(0);
    auto* heading = new QLabel(topicName(topic), surface);
    heading->setFont(textFont(TextSize::Title));
    heading->setContentsMargins(kPadding, 0, kPadding, 0);
    column->addWidget(heading);
    return surface;
}

void ClaimsPage::resizeEvent(QResizeEvent* event) {
    TabPage::resizeEvent(event);
    m_columns->setDirection(width() >= kTwoColumnsFrom ? QBoxLayout::LeftToRight
                                                       : QBoxLayout::TopToBottom);
}

void ClaimsPage::showTable(bool shown) {
    m_stack->setCurrentIndex(shown ? 1 : 0);
}

void ClaimsPage::refresh() {
    const std::vector<Claim> all = claimsOf(session());
    showClaims(all);
    m_table->setTable(claimsTable(all));
    const OverviewData& overview = session().overview();
    const QString verdicts = plain(summary(all));
    m_summary->setText(tr("%1 · %2 on %3").arg(verdicts, overview.modelName, overview.deviceName));
    m_summary->setShorterForms({verdicts});
}

void ClaimsPage::showClaims(const std::vector<Claim>& claims) {
    for (std::size_t i = 0; i < claims.size(); ++i) {
        if (i < m_cards.size()) {
            m_cards[i]->setClaim(claims[i]);
            continue;
        }
        Surface* place = m_groups.at(claims[i].topic);
        auto* card = new ClaimCard(claims[i], m_run, place);
        card->setFirst(i == 0 || claims[i - 1].topic != claims[i].topic);
        connect(card, &ClaimCard::testRequested, this, &ClaimsPage::test);
        place->layout()->addWidget(card);
        m_cards.push_back(card);
    }
}

void ClaimsPage::test(const ClaimTest& test) {
    session().prepare(ClaimTest(test)); // the card that asks is weighed anew meanwhile
    m_run->trigger();
}

void ClaimsPage::copyAll() const {
    QApplication::clipboard()->setText(plain(claimsList(claimsOf(session()))));
}

} // namespace decodescope
