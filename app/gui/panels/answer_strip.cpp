// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/answer_strip.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QScrollBar>

#include "app/gui/panels/answer_card.h"
#include "app/gui/panels/overview_text.h"
#include "app/gui/theme/type_scale.h"

namespace decodescope {

AnswerStrip::AnswerStrip(QWidget* parent) : QScrollArea(parent) {
    setObjectName(QStringLiteral("answerStrip"));
    setAccessibleName(tr("Answer"));
    setFrameShape(NoFrame);
    setWidgetResizable(true);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    auto* content = new QWidget(this);
    m_row = new QHBoxLayout(content);
    m_row->setContentsMargins(0, 0, 0, 0);
    m_row->setSpacing(kStep);
    setWidget(content);
    horizontalScrollBar()->installEventFilter(this);
}

void AnswerStrip::setOverview(const OverviewData& overview) {
    while (m_cards.size() > overview.variants.size()) {
        delete m_cards.back();
        m_cards.pop_back();
    }
    while (m_cards.size() < overview.variants.size()) {
        auto* card = new AnswerCard(widget());
        card->setObjectName(QStringLiteral("answerCard-%1").arg(m_cards.size()));
        m_row->addWidget(card, 1);
        m_cards.push_back(card);
    }
    for (std::size_t i = 0; i < m_cards.size(); ++i)
        m_cards[i]->setAnswer(overview, overview.variants[i]);
    setAccessibleDescription(overviewSentence(overview));
    updateGeometry();
}

int AnswerStrip::heightNeeded() const {
    const bool scrolls = widget()->minimumSizeHint().width() > width();
    return widget()->sizeHint().height() +
           (scrolls ? horizontalScrollBar()->sizeHint().height() : 0);
}

QSize AnswerStrip::sizeHint() const {
    return {widget()->sizeHint().width(), heightNeeded()};
}

QSize AnswerStrip::minimumSizeHint() const {
    return {0, heightNeeded()};
}

void AnswerStrip::resizeEvent(QResizeEvent* event) {
    QScrollArea::resizeEvent(event);
    updateGeometry();
}

bool AnswerStrip::eventFilter(QObject* watched, QEvent* event) {
    // The bar takes its height from the strip's, not from the cards'.
    if (watched == horizontalScrollBar() &&
        (event->type() == QEvent::Show || event->type() == QEvent::Hide)) {
        m_row->setContentsMargins(0, 0, 0, event->type() == QEvent::Show ? kHalfStep : 0);
        updateGeometry();
    }
    return QScrollArea::eventFilter(watched, event);
}

} // namespace decodescope
