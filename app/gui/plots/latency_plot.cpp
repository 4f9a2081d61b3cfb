// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/latency_plot.h"

#include <algorithm>
#include <cmath>

#include <QMenu>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/plot_style.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kFill = 0.55; // of the variant's colour, over the ground
constexpr double kBeyondFill = 0.25;
constexpr double kGap = 0.03;    // of the bins' range: between them and what lies beyond
constexpr double kColumn = 0.05; // of the bins' range: how wide that is drawn
constexpr double kMargin = 0.04; // of the range, on both sides
constexpr double kRows = 4;      // of text, above the highest bin
constexpr double kMostRoom = 3;  // the bins stay visible in a low or narrow chart
constexpr double kOneBin = 6;    // so many widths of a single bin are shown
constexpr int kAroundText = 12;  // px

QString count(int value) {
    return QString::fromStdString(formatCount(value));
}

/// By how much an axis is longer than its data, so that `text` px fit behind them.
double roomFor(double text, double axis) {
    return axis > text ? std::min(axis / (axis - text), kMostRoom) : kMostRoom;
}

} // namespace

QString msText(double ms) {
    return LatencyPlot::tr("%1 ms").arg(QString::fromStdString(formatRounded(ms)));
}

LatencyPlot::LatencyPlot(QWidget* parent)
    : PlotWidget(QStringLiteral("latency"), tr("Spread of the repetitions"), parent) {
    plot().yAxis->setLabel(tr("Repetitions"));
    plot().yAxis->setTicker(QSharedPointer<PlainTicker>::create());
    setXLabel(tr("Decode step (ms)"));
    setLogarithmic(false);
}

void LatencyPlot::setData(const LatencyData& data) {
    const bool other = data.repetitionsMs != m_data.repetitionsMs;
    m_data = data;
    redraw();
    if (other)
        fit();
}

void LatencyPlot::setLogarithmic(bool on) {
    const bool changed = on != m_logarithmic;
    m_logarithmic = on;
    plot().xAxis->setScaleType(on ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    if (on)
        plot().xAxis->setTicker(QSharedPointer<DecadeTicker>::create());
    else
        plot().xAxis->setTicker(QSharedPointer<PlainTicker>::create());
    setBounds(QRectF(QPointF(on ? 1e-6 : 0, 0), QPointF(1e9, 1e9)));
    redraw();
    fit();
    if (changed)
        emit logarithmicChanged(on);
}

const LatencyHistogram& LatencyPlot::histogram() const {
    return m_logarithmic ? m_data.logarithmic : m_data.linear;
}

QString LatencyPlot::subtitle() const {
    if (m_data.empty())
        return {};
    QStringList parts{tr("%1 at %2").arg(m_data.label, m_data.place)};
    parts << tr("n %1").arg(count(static_cast<int>(m_data.repetitionsMs.size())))
          << tr("bins %1").arg(count(static_cast<int>(histogram().counts.size())))
          << tr("warm-up excluded: %1").arg(count(m_data.warmups));
    if (!m_data.remarks.isEmpty())
        parts << m_data.remarks;
    return parts.join(QStringLiteral(" · "));
}

void LatencyPlot::draw() {
    setSubtitle(subtitle());
    setNotice(histogram().empty() ? tr("Press Run (F5): every repetition is kept and shown here.")
                                  : QString());
    if (histogram().empty())
        return;
    drawBins();
    for (const bool above : {false, true})
        drawBeyond(above);
    drawPercentiles();
}

void LatencyPlot::drawBins() {
    const LatencyHistogram& bins = histogram();
    const QColor colour = theme().colour(m_data.slot);
    QCPGraph* steps = plot().addGraph();
    steps->setLineStyle(QCPGraph::lsStepLeft);
    steps->setPen(QPen(colour, 1.5));
    steps->setBrush(mixed(colour, theme().ground, kFill));
    steps->addData(bins.edges.front(), 0);
    for (std::size_t i = 0; i < bins.counts.size(); ++i)
        steps->addData(bins.edges[i], bins.counts[i]);
    steps->addData(bins.edges.back(), 0);
    steps->setName(m_data.label);
}

std::pair<double, double> LatencyPlot::beyond(bool above) const {
    const std::vector<double>& edges = histogram().edges;
    const double range = edges.back() - edges.front();
    if (above)
        return {edges.back() + kGap * range, edges.back() + (kGap + kColumn) * range};
    return {edges.front() - (kGap + kColumn) * range, edges.front() - kGap * range};
}

void LatencyPlot::drawBeyond(bool above) {
    const int held = above ? histogram().above : histogram().below;
    if (held == 0)
        return;
    const QColor colour = theme().colour(m_data.slot);
    const auto [from, to] = beyond(above);
    QCPGraph* column = plot().addGraph();
    QPen dotted(colour, 1.5, Qt::DotLine);
    column->setPen(dotted);
    column->setBrush(mixed(colour, theme().ground, kBeyondFill));
    column->addData(from, 0);
    column->addData(from, held);
    column->addData(to, held);
    column->addData(to, 0);
    addLabel(above ? tr("%1 more,\nup to %2").arg(count(held), msText(histogram().most))
                   : tr("%1 more,\nfrom %2").arg(count(held), msText(histogram().least)),
             (from + to) / 2, held, Qt::AlignBottom | Qt::AlignHCenter, theme().mutedText);
}

double LatencyPlot::placeOf(double ms) const {
    for (const bool above : {false, true})
        if (const int held = above ? histogram().above : histogram().below;
            held > 0 && (above ? ms > histogram().edges.back() : ms < histogram().edges.front())) {
            const auto [from, to] = beyond(above);
            return (from + to) / 2;
        }
    return ms;
}

void LatencyPlot::drawPercentiles() {
    QCPItemText* label = drawPercentile(tr("p50"), m_data.p50Ms, nullptr);
    label = drawPercentile(tr("p90"), m_data.p90Ms, label);
    drawPercentile(tr("p99"), m_data.p99Ms, label);
}

/// Labels go down like stairs, each to the right of its line, and a line ends at its label: the
/// lines on the right are the shorter ones, so that none crosses a label, however near they are.
QCPItemText* LatencyPlot::drawPercentile(const QString& name, double ms, QCPItemText* below) {
    const double x = placeOf(ms);
    QCPItemText* label = addLabel(tr("%1 %2").arg(name, msText(ms)), x, 0,
                                  Qt::AlignTop | Qt::AlignLeft, theme().text);
    if (below) {
        label->position->setTypeY(QCPItemPosition::ptAbsolute);
        label->position->setParentAnchorY(below->bottom);
    } else {
        label->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
    }
    label->position->setCoords(x, 0);
    auto* line = new QCPItemLine(&plot());
    addItem(line);
    line->setPen(QPen(theme().text, 1.2, name == tr("p50") ? Qt::SolidLine : Qt::DashLine));
    line->start->setTypeY(QCPItemPosition::ptAxisRectRatio);
    line->start->setCoords(x, 1);
    line->end->setTypeY(QCPItemPosition::ptAbsolute);
    line->end->setParentAnchorY(label->top);
    line->end->setCoords(x, 0);
    return label;
}

void LatencyPlot::fitAxes() {
    const LatencyHistogram& bins = histogram();
    if (bins.empty()) {
        plot().xAxis->setRange(m_logarithmic ? 1 : 0, 100);
        plot().yAxis->setRange(0, 10);
        return;
    }
    double from = bins.below > 0 ? beyond(false).first : bins.edges.front();
    double to = bins.above > 0 ? beyond(true).second : bins.edges.back();
    const QRect area = plot().axisRect()->rect();
    const QFontMetrics metrics(plot().xAxis->tickLabelFont());
    // The last label stands to the right of its line: it needs room where the line is near the end.
    const double text =
        metrics.horizontalAdvance(tr("p99 %1").arg(msText(m_data.p99Ms))) + kAroundText;
    if (m_logarithmic) {
        const double margin = std::pow(to / from, kMargin) * (bins.counts.size() == 1 ? 1.02 : 1);
        from /= margin;
        to = std::max(to * margin,
                      from * std::pow(placeOf(m_data.p99Ms) / from, roomFor(text, area.width())));
    } else {
        const double range = to - from;
        const double margin = bins.counts.size() == 1 && bins.above + bins.below == 0
                                  ? range * kOneBin / 2
                                  : range * kMargin;
        from = std::max(0.0, from - margin);
        to = std::max(to + margin,
                      from + (placeOf(m_data.p99Ms) - from) * roomFor(text, area.width()));
    }
    plot().xAxis->setRange(from, to);
    const int highest = std::max({bins.highest(), bins.above, bins.below, 1});
    plot().yAxis->setRange(0, highest * roomFor(kRows * metrics.height(), area.height()));
}

QString LatencyPlot::readAt(double x, double) const {
    const LatencyHistogram& bins = histogram();
    if (bins.empty())
        return {};
    const int bin = bins.binOf(x);
    if (bin >= 0) {
        const auto index = static_cast<std::size_t>(bin);
        const auto all = static_cast<double>(m_data.repetitionsMs.size());
        return tr("%1 to %2\n%3 of %4 repetitions (%5 %)")
            .arg(msText(bins.edges[index]), msText(bins.edges[index + 1]),
                 count(bins.counts[index]), count(static_cast<int>(all)),
                 QString::number(100 * bins.counts[index] / all, 'f', 1));
    }
    if (bins.above > 0 && x > bins.edges.back())
        return tr("%1 repetitions from %2 to %3, far from the others")
            .arg(count(bins.above), msText(bins.edges.back()), msText(bins.most));
    if (bins.below > 0 && x < bins.edges.front())
        return tr("%1 repetitions from %2 to %3, far from the others")
            .arg(count(bins.below), msText(bins.least), msText(bins.edges.front()));
    return {};
}

void LatencyPlot::addMenuActions(QMenu& menu) {
    QAction* log = menu.addAction(tr("Logarithmic"));
    log->setCheckable(true);
    log->setChecked(m_logarithmic);
    connect(log, &QAction::toggled, this, &LatencyPlot::setLogarithmic);
}

QString LatencyPlot::description() const {
    if (m_data.empty())
        return tr("Nothing has been measured yet.");
    const auto n = static_cast<int>(m_data.repetitionsMs.size());
    QString text = n == 1 ? tr("The one step of %1 at %2 took %3")
                                .arg(m_data.label, m_data.place, msText(m_data.p50Ms))
                          : tr("Half of the %1 steps of %2 at %3 took at most %4, nine in ten at "
                               "most %5, ninety-nine in a hundred at most %6")
                                .arg(count(n), m_data.label, m_data.place, msText(m_data.p50Ms),
                                     msText(m_data.p90Ms), msText(m_data.p99Ms));
    if (!m_data.outliers.empty())
        text += tr("; the slowest took %1").arg(msText(m_data.outliers.front().ms));
    return text;
}

} // namespace decodescope
