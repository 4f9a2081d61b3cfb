// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/latency_strip_plot.h"

#include <algorithm>
#include <cmath>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/latency_plot.h"
#include "app/gui/plots/plot_style.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kDotSize = 3.5;
constexpr double kRingSize = 10;
constexpr std::size_t kManyPoints = 3000; // drawn as dots: shapes would take a frame's time
constexpr double kRoom = 0.12;            // of the range, above and below
constexpr double kLeastRange = 0.02;      // of the median: steps of equal length are a line
constexpr double kSteady = 0.005;         // a drift that is none

QString number(std::size_t repetition) {
    return QString::fromStdString(formatCount(static_cast<std::int64_t>(repetition) + 1));
}

QString outlierCount(const LatencyData& data) {
    return QString::fromStdString(formatCount(static_cast<std::int64_t>(data.outliers.size())));
}

} // namespace

QString driftText(const LatencyData& data) {
    if (!data.drift)
        return LatencyStripPlot::tr("too few repetitions to see a drift");
    if (std::abs(*data.drift) < kSteady)
        return LatencyStripPlot::tr("no drift");
    return LatencyStripPlot::tr("drift %1%2 % from the first quarter to the last")
        .arg(*data.drift > 0 ? QStringLiteral("+") : QStringLiteral("−"),
             QString::number(std::abs(*data.drift) * 100, 'f', 1));
}

LatencyStripPlot::LatencyStripPlot(QWidget* parent)
    : PlotWidget(QStringLiteral("latency-steps"), tr("Repetitions in order"), parent) {
    plot().yAxis->setLabel(tr("ms"));
    plot().xAxis->setTicker(QSharedPointer<PlainTicker>::create());
    setXLabel(tr("Repetition"));
    setLogarithmic(false);
}

void LatencyStripPlot::setData(const LatencyData& latency) {
    const bool other = latency.repetitionsMs != m_data.repetitionsMs;
    m_data = latency;
    redraw();
    if (other)
        fit();
}

void LatencyStripPlot::setLogarithmic(bool on) {
    m_logarithmic = on;
    plot().yAxis->setScaleType(on ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    if (on)
        plot().yAxis->setTicker(QSharedPointer<DecadeTicker>::create());
    else
        plot().yAxis->setTicker(QSharedPointer<PlainTicker>::create());
    setBounds(QRectF(QPointF(0, on ? 1e-6 : 0), QPointF(1e9, 1e9)));
    redraw();
    fit();
}

void LatencyStripPlot::draw() {
    setSubtitle(m_data.empty()            ? QString()
                : m_data.outliers.empty() ? driftText(m_data)
                                          : tr("%1 · %2 far above the others (ringed)")
                                                .arg(driftText(m_data), outlierCount(m_data)));
    setNotice(m_data.empty() ? tr("Nothing has been measured yet.") : QString());
    if (m_data.empty())
        return;
    const QColor colour = theme().colour(m_data.slot);
    const auto add = [this](const std::vector<double>& values) {
        QCPGraph* graph = plot().addGraph();
        for (std::size_t i = 0; i < values.size(); ++i)
            graph->addData(static_cast<double>(i + 1), values[i]);
        return graph;
    };
    QCPGraph* steps = add(m_data.repetitionsMs);
    steps->setLineStyle(QCPGraph::lsNone);
    steps->setScatterStyle(m_data.repetitionsMs.size() < kManyPoints
                               ? scatterStyle(theme(), m_data.slot, MarkerFill::Solid, kDotSize)
                               : QCPScatterStyle(QCPScatterStyle::ssDot, colour, kDotSize));
    QCPGraph* running = add(m_data.runningMs);
    running->setPen(QPen(theme().text, 1.2));
    QCPGraph* outliers = plot().addGraph();
    outliers->setLineStyle(QCPGraph::lsNone);
    outliers->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssCircle, QPen(theme().error, 1.5),
                                              Qt::NoBrush, kRingSize));
    for (const LatencyOutlier& outlier : m_data.outliers)
        outliers->addData(static_cast<double>(outlier.repetition + 1), outlier.ms);
}

void LatencyStripPlot::fitAxes() {
    if (m_data.empty()) {
        plot().xAxis->setRange(0, 10);
        plot().yAxis->setRange(m_logarithmic ? 1 : 0, 100);
        return;
    }
    const auto n = static_cast<double>(m_data.repetitionsMs.size());
    plot().xAxis->setRange(1 - std::max(0.5, n * 0.01), n + std::max(0.5, n * 0.01));
    const auto [least, most] =
        std::minmax_element(m_data.repetitionsMs.begin(), m_data.repetitionsMs.end());
    const double range = std::max(*most - *least, kLeastRange * m_data.p50Ms);
    if (m_logarithmic && *least > 0)
        plot().yAxis->setRange(*least / (1 + kRoom), *most * (1 + kRoom));
    else
        plot().yAxis->setRange(std::max(0.0, *least - kRoom * range), *most + kRoom * range);
}

std::optional<std::size_t> LatencyStripPlot::repetitionAt(double x) const {
    const auto at = static_cast<std::ptrdiff_t>(std::llround(x)) - 1;
    if (at < 0 || at >= static_cast<std::ptrdiff_t>(m_data.repetitionsMs.size()))
        return std::nullopt;
    return static_cast<std::size_t>(at);
}

PlotReadings LatencyStripPlot::readingsAt(double x, double) const {
    PlotReadings readings;
    const std::optional<std::size_t> index = repetitionAt(x);
    if (!index)
        return readings;
    readings.place = tr("repetition %1").arg(number(*index));
    readings.series = {{m_data.label, m_data.repetitionsMs[*index]},
                       {tr("median around it"), m_data.runningMs[*index]}};
    return readings;
}

PlotWidget::ValueText LatencyStripPlot::valueText() const {
    return msText;
}

QString LatencyStripPlot::readAt(double x, double y) const {
    QString text = readingsText(readingsAt(x, y), msText);
    for (const LatencyOutlier& outlier : m_data.outliers)
        if (outlier.repetition == repetitionAt(x))
            text += QLatin1Char('\n') + outlier.cause;
    return text;
}

QString LatencyStripPlot::description() const {
    if (m_data.empty())
        return tr("Nothing has been measured yet.");
    return tr("%1 repetitions of %2 at %3: %4, %5 far above the others")
        .arg(QString::fromStdString(
                 formatCount(static_cast<std::int64_t>(m_data.repetitionsMs.size()))),
             m_data.label, m_data.place, driftText(m_data),
             m_data.outliers.empty() ? tr("none") : outlierCount(m_data));
}

} // namespace decodescope
