// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/answer_card.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>

#include "app/gui/panels/elided_label.h"
#include "app/gui/panels/overview_text.h"
#include "app/gui/theme/marks.h"
#include "app/gui/theme/surface.h"
#include "app/gui/theme/type_scale.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr int kMinimumWidth = 208;
constexpr int kPadding = 12;
constexpr int kMarkSize = 10;
constexpr int kChipPadding = 6;
constexpr double kChipAlpha = 0.09; // of the text's colour

/// A value and its unit on one baseline; the unit gives way first.
QHBoxLayout* figureRow(QLabel* value, QLabel* unit) {
    auto* row = new QHBoxLayout;
    row->setSpacing(6);
    row->addWidget(value, 0, Qt::AlignBottom);
    row->addWidget(unit, 1, Qt::AlignBottom);
    return row;
}

/// Moves the unit up so that it stands on the value's baseline.
void align(const QLabel* value, QLabel* unit) {
    const int lift = value->fontMetrics().descent() - unit->fontMetrics().descent();
    unit->setContentsMargins(0, 0, 0, std::max(0, lift));
}

} // namespace

/// The mark of the variant: hollow while its speed is predicted, filled once it is measured.
class AnswerCard::Mark : public QWidget {
public:
    explicit Mark(QWidget* parent) : QWidget(parent) { setFixedSize(kMarkSize + 2, kMarkSize + 2); }
    SeriesSlot slot = SeriesSlot::Extra;
    bool filled = false;

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        drawMark(painter, QRectF(rect()).center(), kMarkSize, marker(slot),
                 themeOf(palette()).colour(slot), filled);
    }
};

/// A word on a pale pill.
class AnswerCard::Chip : public QLabel {
public:
    explicit Chip(const QString& text, QWidget* parent) : QLabel(text, parent) {
        setTextFormat(Qt::PlainText);
        setForegroundRole(QPalette::PlaceholderText);
        setContentsMargins(kChipPadding, 0, kChipPadding, 0);
        setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    }

protected:
    void paintEvent(QPaintEvent* event) override {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        QColor fill = palette().color(QPalette::WindowText);
        fill.setAlphaF(static_cast<float>(kChipAlpha));
        painter.setPen(Qt::NoPen);
        painter.setBrush(fill);
        painter.drawRoundedRect(rect(), height() / 2.0, height() / 2.0);
        painter.end();
        QLabel::paintEvent(event);
    }
};

AnswerCard::AnswerCard(QWidget* parent)
    : QWidget(parent), m_mark(new Mark(this)), m_label(new ElidedLabel(this)),
      m_whatIf(new Chip(tr("what-if"), this)), m_unverified(new ElidedLabel(this)),
      m_context(new ElidedLabel(this)), m_contextUnit(new ElidedLabel(this)),
      m_speed(new ElidedLabel(this)), m_speedUnit(new ElidedLabel(this)),
      m_cost(new ElidedLabel(this)) {
    setMinimumWidth(kMinimumWidth);
    m_label->setObjectName(QStringLiteral("answerLabel"));
    m_whatIf->setObjectName(QStringLiteral("answerWhatIf"));
    m_whatIf->setToolTip(tr("Not what the model is, but what it would be"));
    m_context->setObjectName(QStringLiteral("answerContext"));
    m_contextUnit->setObjectName(QStringLiteral("answerContextUnit"));
    m_speed->setObjectName(QStringLiteral("answerSpeed"));
    m_speedUnit->setObjectName(QStringLiteral("answerSpeedUnit"));
    m_cost->setObjectName(QStringLiteral("answerCost"));
    m_unverified->setObjectName(QStringLiteral("answerUnverified"));
    m_unverified->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    for (QLabel* muted : {m_unverified, m_contextUnit, m_speedUnit, m_cost})
        muted->setForegroundRole(QPalette::PlaceholderText);

    auto* head = new QHBoxLayout;
    head->setSpacing(kStep);
    head->addWidget(m_mark);
    head->addWidget(m_label);
    head->addWidget(m_whatIf);
    head->addWidget(m_unverified, 1);
    head->addStretch();
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kPadding, kStep, kPadding, kStep);
    column->setSpacing(2);
    column->addLayout(head);
    column->addLayout(figureRow(m_context, m_contextUnit));
    column->addLayout(figureRow(m_speed, m_speedUnit));
    column->addWidget(m_cost);
    setFonts();
}

void AnswerCard::setFonts() {
    m_label->setFont(textFont(TextSize::Heading));
    m_whatIf->setFont(textFont(TextSize::Note));
    m_unverified->setFont(textFont(TextSize::Note));
    m_context->setFont(textFont(m_contextIsNumber ? TextSize::Figure : TextSize::Title));
    m_speed->setFont(textFont(TextSize::Title));
    m_cost->setFont(textFont(TextSize::Note));
    // A sentence in the place of the number takes the number's height: cards stay aligned.
    m_context->setFixedHeight(QFontMetrics(textFont(TextSize::Figure)).height());
    align(m_context, m_contextUnit);
    align(m_speed, m_speedUnit);
}

void AnswerCard::setAnswer(const OverviewData& overview, const VariantSeries& series) {
    m_mark->slot = series.slot;
    m_mark->filled = series.measuredTokensPerSecond.has_value();
    m_mark->update();
    m_label->setText(series.label);
    m_whatIf->setVisible(series.whatIf);
    setContext(overview, series);
    setSpeed(overview, series);
    setUnverified(overview, series);
    const QString bound = boundWords(series.bound);
    const QString rest = bound.isEmpty() ? QString() : tr(" · %1").arg(bound);
    m_cost->setText(tr("%1 per token").arg(perTokenText(series)) + rest);
    m_cost->setShorterForms({tr("%1/token").arg(perTokenText(series)) + rest});
    setFonts();
    const QString who = series.whatIf ? tr("%1, what-if").arg(series.label) : series.label;
    setAccessibleName(tr("%1: %2 %3").arg(who, m_context->text(), m_contextUnit->text()).trimmed());
    setAccessibleDescription(
        tr("%1 %2; %3 %4")
            .arg(m_speed->text(), m_speedUnit->text(), m_cost->text(), m_unverified->text())
            .trimmed());
}

void AnswerCard::setContext(const OverviewData& overview, const VariantSeries& series) {
    m_contextIsNumber = roomOf(overview, series) == Room::Tokens;
    m_context->setText(roomText(overview, series));
    if (!m_contextIsNumber)
        m_contextUnit->setText({});
    else if (series.maxContextMeasured)
        m_contextUnit->setText(tr("tokens fit, measured"));
    else
        m_contextUnit->setText(tr("tokens fit"));
    m_contextUnit->setShorterForms(m_contextIsNumber ? QStringList{tr("tokens"), QString()}
                                                     : QStringList());
}

void AnswerCard::setSpeed(const OverviewData& overview, const VariantSeries& series) {
    const QString at = QString::fromStdString(formatTokensShort(overview.chosenContext));
    // Two different quantities: what a number is of stands beside it, however narrow the card.
    const QString what = overview.attentionOnly ? tr("attention only") : tr("whole step");
    QString how = tr("not known yet");
    QString spread;
    if (series.measuredTokensPerSecond) {
        m_speed->setText(rateText(*series.measuredTokensPerSecond));
        if (series.measuredCi)
            spread = tr("± %1 ").arg(rateText(*series.measuredCi));
        how = tr("measured");
    } else if (series.predictedTokensPerSecond > 0) {
        m_speed->setText(tr("≈ %1").arg(rateText(series.predictedTokensPerSecond)));
        how = tr("predicted");
        if (const QString range = rangeText(series); !range.isEmpty())
            spread = range + QLatin1Char(' ');
    } else {
        m_speed->setText(tr("–"));
    }
    m_speedUnit->setText(spread + tr("tokens/s at %1, %2, %3").arg(at, what, how));
    // The range belongs to a prediction and gives way last; an interval goes first.
    const QString kept = series.measuredTokensPerSecond ? QString() : spread;
    QStringList shorter;
    for (const QString& words :
         {tr("tokens/s at %1, %2, %3").arg(at, what, how), tr("tokens/s, %1, %2").arg(what, how),
          tr("%1, %2").arg(what, how), tr("tokens/s, %1").arg(how), tr("tokens/s"), how})
        shorter << kept + words;
    m_speedUnit->setShorterForms(shorter);
}

void AnswerCard::setUnverified(const OverviewData& overview, const VariantSeries& series) {
    const bool speed = overview.speedUnverified && !series.measuredTokensPerSecond &&
                       series.predictedTokensPerSecond > 0;
    QString which;
    if (speed != overview.memoryUnverified)
        which = speed ? tr("speed") : tr("room");
    const bool any = speed || overview.memoryUnverified;
    m_unverified->setText(markedText(which, any).trimmed());
    m_unverified->setShorterForms({markedText({}, any).trimmed()});
    m_unverified->setToolTip(tr("Rests on a figure of the catalogue that nobody has checked"));
    m_unverified->setVisible(any);
}

void AnswerCard::paintEvent(QPaintEvent*) {
    const Theme& theme = themeOf(palette());
    QPainter painter(this);
    paintSurface(painter, rect(), theme.card, theme);
}

void AnswerCard::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::ApplicationFontChange)
        setFonts();
}

} // namespace decodescope
