// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/compare_plot.h"

#include <algorithm>
#include <cmath>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/plot_style.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kSpread = 0.5;  // of an octave: what the marks of one context share
constexpr double kThinWidth = 1; // where no difference is shown
constexpr double kWhiskerWidth = 1.5;
constexpr double kLeastReach = 1.06;    // the axis reaches from 1 / this to this at least
constexpr double kLabelRoom = 26;       // px beyond the outermost mark, where its number stands
constexpr double kMostRoom = 0.35;      // of the axis, on either side
constexpr double kAroundContexts = 0.6; // octaves beside the first and the last
constexpr std::size_t kMostLabels = 9;  // beyond it they would lie over each other

/// "0.9×", "2×".
class RatioTicker : public DecadeTicker {
protected:
    QString getTickLabel(double tick, const QLocale& locale, QChar format, int precision) override {
        return DecadeTicker::getTickLabel(tick, locale, format, precision) + QStringLiteral("×");
    }
};

bool isClear(const ComparedMark& mark) {
    return mark.change == Change::Faster || mark.change == Change::Slower;
}

bool anyUnclear(const CompareData& data) {
    return std::any_of(data.marks.begin(), data.marks.end(),
                       [](const ComparedMark& mark) { return !isClear(mark); });
}

QString tokens(std::int64_t context) {
    return QString::fromStdString(formatCount(context));
}

} // namespace

ComparePlot::ComparePlot(QWidget* parent)
    : PlotWidget(QStringLiteral("compare"), tr("Tokens/s against the baseline"), parent) {
    for (QCPAxis* axis : {plot().xAxis, plot().yAxis})
        axis->setScaleType(QCPAxis::stLogarithmic);
    plot().yAxis->setTicker(QSharedPointer<RatioTicker>::create());
    setXLabel(tr("Context (tokens)"));
    setBounds(QRectF(QPointF(0.5, 1e-6), QPointF(std::exp2(41), 1e6)));
}

void ComparePlot::setComparison(const CompareData& comparison) {
    m_data = comparison;
    m_series.clear();
    m_contexts.clear();
    for (const ComparedMark& mark : comparison.marks) {
        if (std::find(m_series.begin(), m_series.end(), mark.series) == m_series.end())
            m_series.push_back(mark.series);
        m_contexts.push_back(mark.context);
    }
    std::sort(m_contexts.begin(), m_contexts.end());
    m_contexts.erase(std::unique(m_contexts.begin(), m_contexts.end()), m_contexts.end());
    redraw();
}

double ComparePlot::placeOf(const ComparedMark& mark) const {
    const auto found = std::find(m_series.begin(), m_series.end(), mark.series);
    const auto index = static_cast<double>(found - m_series.begin());
    const auto count = static_cast<double>(m_series.size());
    // Side by side, and the middle one on its context.
    const double octaves = count < 2 ? 0 : kSpread * (index / (count - 1) - 0.5);
    return static_cast<double>(mark.context) * std::exp2(octaves);
}

void ComparePlot::draw() {
    setSubtitle(m_data.marks.empty()
                    ? QString()
                    : tr("%1 against %2: %3").arg(m_data.now, m_data.baseline, countsText(m_data)) +
                          (anyUnclear(m_data) ? tr(" · thin: no difference shown") : QString()));
    setNotice(m_data.marks.empty() ? tr("Nothing here is comparable yet.") : QString());
    if (m_data.marks.empty())
        return;
    auto contexts = QSharedPointer<QCPAxisTickerText>::create(); // those that were measured
    for (const std::int64_t context : m_contexts)
        contexts->addTick(static_cast<double>(context), tokensLabel(static_cast<double>(context)));
    plot().xAxis->setTicker(contexts);
    drawBaseline();
    for (const ComparedMark& mark : m_data.marks)
        if (mark.visible)
            drawMark(mark, placeOf(mark));
    for (const QString& series : m_series) { // once each, however many marks
        const auto first =
            std::find_if(m_data.marks.begin(), m_data.marks.end(), [&](const ComparedMark& mark) {
                return mark.series == series && mark.visible;
            });
        if (first == m_data.marks.end())
            continue;
        QCPGraph* entry = plot().addGraph();
        entry->setName(series);
        entry->setLineStyle(QCPGraph::lsNone);
        entry->setScatterStyle(scatterStyle(
            theme(), first->slot, m_data.planned ? MarkerFill::Hollow : MarkerFill::Solid));
        entry->addToLegend();
    }
}

void ComparePlot::drawBaseline() {
    addHorizontalLine(1, QPen(theme().axis, 1.5));
    const std::pair<QString, bool> sides[] = {{tr("faster"), true}, {tr("slower"), false}};
    for (const auto& [text, above] : sides) {
        QCPItemText* label =
            addLabel(text, 0, 1, Qt::AlignLeft | (above ? Qt::AlignBottom : Qt::AlignTop),
                     theme().mutedText);
        label->position->setTypeX(QCPItemPosition::ptAxisRectRatio);
        label->position->setCoords(0, 1);
    }
}

void ComparePlot::drawMark(const ComparedMark& mark, double x) {
    const bool clear = isClear(mark);
    const QColor colour = theme().colour(mark.slot);
    const auto graph = [&](const QPen& pen) {
        QCPGraph* made = plot().addGraph();
        made->setPen(pen);
        return made;
    };
    QCPGraph* way = graph(QPen(colour, clear ? kLineWidth : kThinWidth,
                               m_data.planned ? Qt::DashLine : Qt::SolidLine));
    way->setAdaptiveSampling(false);
    way->addData(x, 1);
    way->addData(x, mark.ratio);
    const auto place = [&](double y, MarkerFill fill) {
        QCPGraph* made = graph(Qt::NoPen);
        made->setLineStyle(QCPGraph::lsNone);
        QCPScatterStyle style = scatterStyle(theme(), mark.slot, fill);
        style.setPen(QPen(colour, style.pen().widthF()));
        if (fill == MarkerFill::Solid)
            style.setBrush(colour);
        made->setScatterStyle(style);
        made->addData(x, y);
        return made;
    };
    place(1, MarkerFill::Hollow);
    QCPGraph* now = place(mark.ratio, m_data.planned ? MarkerFill::Hollow : MarkerFill::Solid);
    if (mark.hasInterval() && mark.low < mark.high) {
        auto* whiskers = new QCPErrorBars(plot().xAxis, plot().yAxis);
        whiskers->setDataPlottable(now);
        whiskers->setPen(QPen(colour, kWhiskerWidth));
        whiskers->addData(mark.ratio - mark.low, mark.high - mark.ratio);
    }
    if (m_data.marks.size() > kMostLabels)
        return;
    const bool above = mark.ratio >= 1;
    const double edge = !mark.hasInterval() ? mark.ratio : above ? mark.high : mark.low;
    QCPItemText* label = addLabel(ratioText(mark.ratio), x, edge,
                                  Qt::AlignHCenter | (above ? Qt::AlignBottom : Qt::AlignTop),
                                  clear ? theme().text : theme().mutedText);
    label->setPadding(QMargins(2, kMarkerSize / 2 + 2, 2, kMarkerSize / 2 + 2));
    label->setBrush(Qt::NoBrush);
}

void ComparePlot::fitAxes() {
    if (m_contexts.empty()) {
        plot().xAxis->setRange(1024, 32768);
        plot().yAxis->setRange(0.5, 2);
        return;
    }
    const double beside = std::exp2(kAroundContexts);
    plot().xAxis->setRange(static_cast<double>(m_contexts.front()) / beside,
                           static_cast<double>(m_contexts.back()) * beside);
    double lower = 1 / kLeastReach;
    double upper = kLeastReach;
    for (const ComparedMark& mark : m_data.marks)
        for (const double value : {mark.ratio, mark.hasInterval() ? mark.low : mark.ratio,
                                   mark.hasInterval() ? mark.high : mark.ratio}) {
            lower = std::min(lower, value);
            upper = std::max(upper, value);
        }
    const double share = std::min(kMostRoom, kLabelRoom / std::max(1, plot().axisRect()->height()));
    const double room = std::pow(upper / lower, share / (1 - 2 * share));
    plot().yAxis->setRange(lower / room, upper * room);
}

QString ComparePlot::readAt(double x, double) const {
    const ComparedMark* nearest = nullptr;
    const auto distance = [&](const ComparedMark& mark) {
        return std::abs(std::log(placeOf(mark) / x));
    };
    if (x > 0)
        for (const ComparedMark& mark : m_data.marks)
            if (mark.visible && (!nearest || distance(mark) < distance(*nearest)))
                nearest = &mark;
    if (!nearest)
        return {};
    return tr("%1 at %2 tokens\n%3 → %4 tokens/s\n%5, %6")
        .arg(nearest->series, tokens(nearest->context), rateLabel(nearest->before),
             rateLabel(nearest->now), ratioText(*nearest), changeText(nearest->change));
}

QString ComparePlot::description() const {
    if (m_data.marks.empty())
        return tr("Nothing is compared with %1").arg(m_data.baseline);
    const auto [least, most] = std::minmax_element(
        m_data.marks.begin(), m_data.marks.end(),
        [](const ComparedMark& a, const ComparedMark& b) { return a.ratio < b.ratio; });
    const auto said = [](const ComparedMark& mark) {
        return tr("%1 at %2 tokens %3").arg(mark.series, tokens(mark.context), ratioText(mark));
    };
    QString text = tr("%1 against %2: %3; tokens/s of %4")
                       .arg(m_data.now, m_data.baseline, countsText(m_data), said(*most));
    if (least != most)
        text += tr(", of %1").arg(said(*least));
    return text;
}

} // namespace decodescope
