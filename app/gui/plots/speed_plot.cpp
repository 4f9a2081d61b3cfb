// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/speed_plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <QMenu>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/plot_style.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kDotSize = 3.5;
constexpr std::size_t kManyPoints = 3000; // drawn as dots: shapes would take a frame's time
constexpr double kRoom = 1.25;            // above and below the data
constexpr double kReach = 0.02;           // of the axis: how near a point must be to be read
constexpr double kWarmupTint = 0.6;       // of the grid's colour
constexpr double kPredictedWidth = 1.2;   // thinner than what is measured

} // namespace

SpeedPlot::Series::Series()
    : measured(QSharedPointer<Container>::create()),
      predicted(QSharedPointer<Container>::create()) {}

SpeedPlot::SpeedPlot(QWidget* parent)
    : LivePlot(QStringLiteral("tokens-per-second"), tr("Decode speed"), parent),
      m_warmup(QSharedPointer<Container>::create()) {
    plot().yAxis->setLabel(tr("Tokens/s"));
    plot().yAxis2->setRange(0, 1);
    setLogarithmic(true);
}

SpeedPlot::~SpeedPlot() = default;

void SpeedPlot::setLogarithmic(bool on) {
    m_logarithmic = on;
    plot().yAxis->setScaleType(on ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    if (on)
        plot().yAxis->setTicker(QSharedPointer<DecadeTicker>::create());
    else
        plot().yAxis->setTicker(QSharedPointer<QCPAxisTicker>::create());
    setBounds(QRectF(QPointF(0, on ? 1e-6 : 0), QPointF(1e7, 1e9)));
    redraw();
    fit();
}

void SpeedPlot::setOverview(const OverviewData& overview) {
    m_overview = overview;
    fillPredicted();
    redraw();
}

void SpeedPlot::clear() {
    m_series.clear();
    m_warmup->clear();
    m_points = 0;
    m_last = 0;
    redraw();
}

SpeedPlot::Series& SpeedPlot::seriesOf(int variant) {
    const auto index = static_cast<std::size_t>(variant);
    while (m_series.size() <= index)
        m_series.emplace_back();
    return m_series[index];
}

void SpeedPlot::add(const std::vector<SpeedPoint>& points) {
    if (points.empty())
        return;
    const std::size_t seriesBefore = m_series.size();
    const std::size_t pointsBefore = m_points;
    m_points += points.size();
    for (const SpeedPoint& point : points) {
        Series& series = seriesOf(point.variant);
        const double took = point.tokensPerSecond > 0
                                ? static_cast<double>(m_overview.batch) / point.tokensPerSecond
                                : 0;
        if (point.startsSegment || series.segments.empty()) {
            if (!series.measured->isEmpty())
                series.measured->add(QCPGraphData(point.seconds - took, kNaN));
            series.segments.push_back(
                {point.seconds - took, point.seconds, point.context, point.warmup});
        }
        series.segments.back().to = point.seconds;
        series.measured->add(QCPGraphData(point.seconds, point.tokensPerSecond));
        m_last = std::max(m_last, point.seconds);
    }
    fillPredicted();
    fillWarmup();
    if (seriesBefore != m_series.size() || (pointsBefore < kManyPoints && m_points >= kManyPoints))
        redraw();
    else
        repaintSoon();
}

void SpeedPlot::fillWarmup() {
    std::vector<std::pair<double, double>> spans;
    for (const Series& series : m_series)
        for (const Segment& segment : series.segments)
            if (segment.warmup)
                spans.emplace_back(segment.from, segment.to);
    std::sort(spans.begin(), spans.end());
    m_warmup->clear();
    double covered = 0;
    for (const auto& [from, to] : spans) {
        if (to <= covered)
            continue;
        m_warmup->add(QCPGraphData(std::max(from, covered), 1));
        m_warmup->add(QCPGraphData(to, 1));
        m_warmup->add(QCPGraphData(to, kNaN));
        covered = to;
    }
}

void SpeedPlot::fillPredicted() {
    for (std::size_t i = 0; i < m_series.size(); ++i) {
        Series& series = m_series[i];
        series.predicted->clear();
        if (i >= m_overview.variants.size())
            continue;
        for (const Segment& segment : series.segments) {
            const double rate = curveAt(m_overview.variants[i].predictedCurve,
                                        static_cast<double>(segment.context));
            if (!(rate > 0))
                continue;
            series.predicted->add(QCPGraphData(segment.from, rate));
            series.predicted->add(QCPGraphData(segment.to, rate));
            series.predicted->add(QCPGraphData(segment.to, kNaN));
        }
    }
}

bool SpeedPlot::shown(std::size_t variant) const {
    return variant < m_overview.variants.size() && m_overview.variants[variant].visible;
}

void SpeedPlot::draw() {
    QString subtitle = m_overview.scope;
    if (!m_overview.measuredOf.isEmpty())
        subtitle += tr(" · last run: %1").arg(m_overview.measuredOf);
    if (!empty())
        subtitle += tr(" · shaded: warm-up");
    setSubtitle(subtitle);
    const QString nothing =
        m_overview.planOnly ? tr("Planned for, not measured.\nThe cards above have the forecast.")
                            : tr("Press Run (F5) to measure tokens per second.");
    setNotice(empty() ? nothing : QString());
    QCPGraph* warmup = plot().addGraph(plot().xAxis, plot().yAxis2);
    warmup->setPen(Qt::NoPen);
    warmup->setBrush(mixed(theme().grid, theme().ground, kWarmupTint));
    warmup->setData(m_warmup);
    for (std::size_t i = 0; i < m_series.size(); ++i) {
        if (!shown(i))
            continue;
        const VariantSeries& variant = m_overview.variants[i];
        QCPGraph* predicted = plot().addGraph();
        QPen dashed(theme().colour(variant.slot), kPredictedWidth);
        dashed.setDashPattern({4, 3});
        predicted->setPen(dashed);
        predicted->setData(m_series[i].predicted);
        QCPGraph* measured = plot().addGraph();
        measured->setPen(QPen(theme().colour(variant.slot), 1));
        measured->setScatterStyle(m_points < kManyPoints ? scatterStyle(theme(), variant.slot,
                                                                        MarkerFill::Solid, kDotSize)
                                                         : QCPScatterStyle(QCPScatterStyle::ssDot));
        measured->setData(m_series[i].measured);
        measured->setName(variant.label);
        measured->addToLegend();
    }
}

void SpeedPlot::fitAxes() {
    fitTime();
    double lower = std::numeric_limits<double>::infinity();
    double upper = 0;
    for (std::size_t i = 0; i < m_series.size(); ++i) {
        if (!shown(i))
            continue;
        for (const QSharedPointer<Container>& points :
             {m_series[i].measured, m_series[i].predicted}) {
            bool found = false;
            const QCPRange range =
                points->valueRange(found, QCP::sdPositive, plot().xAxis->range());
            if (!found)
                continue;
            lower = std::min(lower, range.lower);
            upper = std::max(upper, range.upper);
        }
    }
    if (!(upper > 0)) {
        lower = 1;
        upper = 100;
    }
    if (m_logarithmic)
        plot().yAxis->setRange(lower / kRoom, upper * kRoom);
    else
        plot().yAxis->setRange(0, upper * kRoom);
}

SpeedPlot::Place SpeedPlot::segmentAt(double seconds) const {
    Place nearest;
    double distance = plot().xAxis->range().size() * kReach;
    for (std::size_t i = 0; i < m_series.size(); ++i) {
        if (!shown(i))
            continue;
        for (const Segment& segment : m_series[i].segments) {
            const double off = std::max({segment.from - seconds, seconds - segment.to, 0.0});
            if (off < distance || (off == 0 && !nearest.segment)) {
                distance = off;
                nearest = {i, &segment};
            }
        }
    }
    return nearest;
}

const QCPGraphData* SpeedPlot::repetitionAt(const Place& place, double seconds) const {
    if (!place.segment)
        return nullptr;
    const Container& points = *m_series[place.variant].measured;
    auto point = points.findBegin(seconds, false);
    while (point != points.constEnd() && std::isnan(point->value))
        ++point;
    return point == points.constEnd() ? nullptr : &*point;
}

PlotReadings SpeedPlot::readingsAt(double x, double) const {
    const Place place = segmentAt(x);
    const QCPGraphData* point = repetitionAt(place, x);
    if (!point || !place.segment)
        return {};
    const QString label = tr("%1 at %2")
                              .arg(m_overview.variants[place.variant].label,
                                   QString::fromStdString(formatCount(place.segment->context)));
    return {tr("%1 s").arg(QString::number(point->key, 'f', 2)), 0, {{label, point->value}}};
}

PlotWidget::ValueText SpeedPlot::valueText() const {
    return [](double rate) { return tr("%1 tokens/s").arg(rateLabel(rate)); };
}

QString SpeedPlot::readAt(double x, double) const {
    const Place place = segmentAt(x);
    const QCPGraphData* point = repetitionAt(place, x);
    if (!point || !place.segment)
        return {};
    const VariantSeries& variant = m_overview.variants[place.variant];
    const std::int64_t context = place.segment->context;
    QString text = tr("%1 s, %2 at %3 tokens\n%4 tokens/s%5")
                       .arg(QString::number(point->key, 'f', 2), variant.label,
                            QString::fromStdString(formatCount(context)), rateLabel(point->value),
                            place.segment->warmup ? tr(" (warm-up)") : QString());
    const double predicted = curveAt(variant.predictedCurve, static_cast<double>(context));
    if (predicted > 0)
        text += tr("\npredicted %1 tokens/s").arg(rateLabel(predicted));
    return text;
}

void SpeedPlot::addMenuActions(QMenu& menu) {
    QAction* log = menu.addAction(tr("Logarithmic"));
    log->setCheckable(true);
    log->setChecked(m_logarithmic);
    connect(log, &QAction::toggled, this, &SpeedPlot::setLogarithmic);
}

QString SpeedPlot::description() const {
    if (empty())
        return tr("Nothing has been measured yet.");
    QStringList parts;
    for (const VariantSeries& variant : m_overview.variants)
        if (variant.measuredTokensPerSecond)
            parts << tr("%1 decodes %2 tokens per second at %3 tokens of context")
                         .arg(variant.label, rateLabel(*variant.measuredTokensPerSecond),
                              QString::fromStdString(formatCount(m_overview.chosenContext)));
    return parts.empty() ? tr("A run is being measured.") : parts.join(QStringLiteral("; "));
}

} // namespace decodescope
