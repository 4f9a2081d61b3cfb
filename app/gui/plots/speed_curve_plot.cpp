// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/speed_curve_plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/overview_data.h"
#include "app/gui/plots/plot_style.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kBandTint = 0.14;
constexpr double kPaleTint = 0.4;       // the fill of a first impression
constexpr double kPredictedWidth = 1.4; // thinner than what is measured
constexpr double kRoom = 1.3;           // above and below the data
constexpr double kFarContext = 1 << 20; // longer ones are predicted, but out of the first view
constexpr double kReach = 0.25;         // octaves: how near a point must be to be read
constexpr double kBarWidth = 7;         // px, of the end of an interval

QString count(std::int64_t value) {
    return QString::fromStdString(formatCount(value));
}

QString countLabel(double value) {
    return count(std::llround(value));
}

} // namespace

QString speedText(SpeedUnit unit, double value) {
    return unit == SpeedUnit::Tpot ? SpeedCurvePlot::tr("%1 ms").arg(rateLabel(value))
                                   : SpeedCurvePlot::tr("%1 tokens/s").arg(rateLabel(value));
}

QString remarks(const MeasuredSpeed& point) {
    QStringList parts;
    if (point.quickLook)
        parts << SpeedCurvePlot::tr("quick look");
    if (point.interrupted)
        parts << SpeedCurvePlot::tr("partial");
    if (point.cacheResident)
        parts << SpeedCurvePlot::tr("cache-resident");
    if (point.scaled())
        parts << SpeedCurvePlot::tr("%1 of %2 layers").arg(point.layersMeasured).arg(point.layers);
    return parts.join(QStringLiteral(", "));
}

std::pair<double, double> valueAndInterval(SpeedUnit unit, const MeasuredSpeed& point) {
    const double value = unit == SpeedUnit::Tpot ? point.ms : point.tokensPerSecond;
    return {value, value * point.ciMs.value_or(0) / point.ms};
}

SpeedCurvePlot::SpeedCurvePlot(QWidget* parent)
    : PlotWidget(QStringLiteral("speed"), tr("Decode speed"), parent) {
    for (QCPAxis* axis : {plot().xAxis, plot().yAxis})
        axis->setScaleType(QCPAxis::stLogarithmic);
    plot().yAxis->setTicker(QSharedPointer<DecadeTicker>::create());
    setBounds(QRectF(QPointF(0.5, 1e-6), QPointF(std::exp2(40), 1e12)));
    setData({});
}

void SpeedCurvePlot::setData(const SpeedCurveData& data) {
    const bool otherAxis = data.axis != m_data.axis || m_data.curves.empty();
    m_data = data;
    const bool contexts = data.axis == SpeedAxis::Context;
    plot().xAxis->setTicker(QSharedPointer<BinaryTicker>::create(
        BinaryTicker::Scale::Log, contexts ? tokensLabel : countLabel));
    setXLabel(contexts ? tr("Context (tokens)") : tr("Batch (sequences)"));
    redraw();
    if (otherAxis)
        fit();
}

void SpeedCurvePlot::setUnit(SpeedUnit unit) {
    if (unit == m_unit)
        return;
    m_unit = unit;
    redraw();
    fit();
}

bool SpeedCurvePlot::anyPredicted() const {
    return std::any_of(m_data.curves.begin(), m_data.curves.end(),
                       [](const SpeedCurve& each) { return !each.predicted.empty(); });
}

bool SpeedCurvePlot::anyMeasured() const {
    return std::any_of(m_data.curves.begin(), m_data.curves.end(),
                       [](const SpeedCurve& each) { return !each.measured.empty(); });
}

QString SpeedCurvePlot::subtitle() const {
    QStringList parts;
    parts << (m_data.axis == SpeedAxis::Context ? tr("batch %1").arg(count(m_data.held))
                                                : tr("%1 tokens").arg(count(m_data.held)));
    parts << m_data.scope << m_data.deviceName + m_data.deployment;
    if (anyPredicted())
        parts << tr("dashed: predicted");
    if (m_data.speedUnverified && anyPredicted())
        parts << tr("predicted from rates nobody has verified");
    const auto provisional = [](const SpeedCurve& curve) {
        return std::any_of(curve.measured.begin(), curve.measured.end(),
                           [](const MeasuredSpeed& each) { return each.provisional(); });
    };
    if (std::any_of(m_data.curves.begin(), m_data.curves.end(), provisional))
        parts << tr("pale marks: quick look or partial, no benchmark");
    return parts.join(QStringLiteral(" · "));
}

void SpeedCurvePlot::draw() {
    plot().yAxis->setLabel(m_unit == SpeedUnit::Tpot ? tr("Time per output token (ms)")
                                                     : tr("Tokens/s"));
    setSubtitle(subtitle());
    const bool nothing = !anyPredicted() && !anyMeasured();
    setNotice(!nothing ? QString()
              : m_data.planOnly
                  ? tr("The rates of this device are not known.")
                  : tr("Press Run (F5): what this machine reaches is not known yet."));
    for (const SpeedCurve& curve : m_data.curves)
        if (curve.visible)
            drawBand(curve);
    for (const SpeedCurve& curve : m_data.curves)
        if (curve.visible)
            drawPredicted(curve);
    for (const SpeedCurve& curve : m_data.curves)
        if (curve.visible)
            drawMeasured(curve);
}

void SpeedCurvePlot::drawBand(const SpeedCurve& curve) {
    QCPGraph* least = nullptr;
    QCPGraph* most = nullptr;
    for (const PredictedSpeed& point : curve.predicted) {
        if (!(point.leastMs > 0) || !(point.mostMs > point.leastMs))
            continue;
        if (!least) {
            least = plot().addGraph();
            most = plot().addGraph();
            for (QCPGraph* edge : {least, most})
                edge->setPen(Qt::NoPen);
            least->setBrush(mixed(theme().colour(curve.slot), theme().ground, kBandTint));
            least->setChannelFillGraph(most);
        }
        const double x = along(m_data.axis, point);
        least->addData(x, inUnit(m_unit, point.leastMs, point.batch));
        most->addData(x, inUnit(m_unit, point.mostMs, point.batch));
    }
}

void SpeedCurvePlot::drawPredicted(const SpeedCurve& curve) {
    if (curve.predicted.empty())
        return;
    QPen dashed(theme().colour(curve.slot), kPredictedWidth);
    dashed.setDashPattern({4, 3});
    QCPGraph* line = plot().addGraph();
    line->setPen(dashed);
    for (const PredictedSpeed& point : curve.predicted)
        line->addData(along(m_data.axis, point), inUnit(m_unit, point.ms, point.batch));
    if (curve.measured.empty()) {
        line->setName(tr("%1, predicted").arg(curve.label));
        line->addToLegend();
    }
    if (!curve.endsByMemory)
        return;
    QCPGraph* end = plot().addGraph();
    end->setLineStyle(QCPGraph::lsNone);
    end->setScatterStyle(scatterStyle(theme(), curve.slot, MarkerFill::Hollow));
    const PredictedSpeed& last = curve.predicted.back();
    end->addData(along(m_data.axis, last), inUnit(m_unit, last.ms, last.batch));
}

void SpeedCurvePlot::drawMeasured(const SpeedCurve& curve) {
    drawPoints(curve, true);
    drawPoints(curve, false);
}

void SpeedCurvePlot::drawPoints(const SpeedCurve& curve, bool provisional) {
    const QColor colour = theme().colour(curve.slot);
    QCPGraph* graph = plot().addGraph();
    QCPScatterStyle mark = scatterStyle(theme(), curve.slot, MarkerFill::Solid);
    if (provisional)
        mark.setBrush(mixed(colour, theme().ground, kPaleTint));
    graph->setScatterStyle(mark);
    graph->setPen(QPen(colour, kLineWidth));
    graph->setLineStyle(provisional ? QCPGraph::lsNone : QCPGraph::lsLine);
    auto* bars = new QCPErrorBars(plot().xAxis, plot().yAxis);
    bars->setDataPlottable(graph);
    bars->setPen(QPen(colour, 1.2));
    bars->setWhiskerWidth(kBarWidth);
    bars->setSymbolGap(0);
    for (const MeasuredSpeed& point : curve.measured) {
        if (point.provisional() != provisional)
            continue;
        const auto [value, interval] = valueAndInterval(m_unit, point);
        graph->addData(along(m_data.axis, point), value);
        // An interval that reaches zero has no place on a log axis: its bar goes up alone.
        bars->addData(interval < value ? interval : 0, interval);
    }
    if (graph->data()->isEmpty()) {
        plot().removePlottable(bars);
        plot().removePlottable(graph);
        return;
    }
    graph->setName(provisional ? tr("%1, first impression").arg(curve.label)
                               : tr("%1, measured").arg(curve.label));
    graph->addToLegend();
}

void SpeedCurvePlot::fitAxes() {
    double left = std::numeric_limits<double>::infinity();
    double right = 0;
    double lower = left;
    double upper = 0;
    double furthest = 0; // that was measured
    for (const SpeedCurve& curve : m_data.curves)
        if (!curve.measured.empty())
            furthest = std::max(furthest, along(m_data.axis, curve.measured.back()));
    const auto take = [&](double x, double low, double high) {
        left = std::min(left, x);
        right = std::max(right, x);
        lower = std::min(lower, low);
        upper = std::max(upper, high);
    };
    for (const SpeedCurve& curve : m_data.curves) {
        if (!curve.visible)
            continue;
        for (const PredictedSpeed& point : curve.predicted) {
            if (along(m_data.axis, point) > std::max(kFarContext, furthest))
                continue;
            const double value = inUnit(m_unit, point.ms, point.batch);
            take(along(m_data.axis, point), value, value);
        }
        for (const MeasuredSpeed& point : curve.measured) {
            const auto [value, interval] = valueAndInterval(m_unit, point);
            take(along(m_data.axis, point), interval < value ? value - interval : value,
                 value + interval);
        }
    }
    if (!(upper > 0)) {
        const bool contexts = m_data.axis == SpeedAxis::Context;
        take(contexts ? std::exp2(10) : 1, 1, 100);
        take(contexts ? std::exp2(20) : 256, 1, 100);
    }
    const double margin = std::pow(std::max(right / left, 2.0), 0.03); // marks are drawn whole
    plot().xAxis->setRange(left / margin, right * margin);
    plot().yAxis->setRange(lower / kRoom, upper * kRoom);
}

const MeasuredSpeed* SpeedCurvePlot::measuredNear(const SpeedCurve& curve, double x) const {
    const MeasuredSpeed* nearest = nullptr;
    double distance = kReach;
    for (const MeasuredSpeed& point : curve.measured)
        if (const double off = std::abs(std::log2(along(m_data.axis, point) / x));
            off <= distance) {
            distance = off;
            nearest = &point;
        }
    return nearest;
}

std::optional<double> SpeedCurvePlot::predictedAt(const SpeedCurve& curve, double x) const {
    const auto after = std::lower_bound(
        curve.predicted.begin(), curve.predicted.end(), x,
        [this](const PredictedSpeed& each, double at) { return along(m_data.axis, each) < at; });
    if (after == curve.predicted.end())
        return std::nullopt;
    const auto value = [this](const PredictedSpeed& point) {
        return inUnit(m_unit, point.ms, point.batch);
    };
    const double right = along(m_data.axis, *after);
    if (right == x)
        return value(*after);
    if (after == curve.predicted.begin())
        return std::nullopt;
    const double left = along(m_data.axis, *(after - 1));
    return std::lerp(value(*(after - 1)), value(*after), (x - left) / (right - left));
}

PlotReadings SpeedCurvePlot::readingsAt(double x, double) const {
    PlotReadings readings;
    if (!(x > 0))
        return readings;
    double place = x;
    for (const SpeedCurve& curve : m_data.curves)
        if (const MeasuredSpeed* point = curve.visible ? measuredNear(curve, x) : nullptr)
            place = along(m_data.axis, *point);
    for (const SpeedCurve& curve : m_data.curves) {
        if (!curve.visible)
            continue;
        if (const MeasuredSpeed* point = measuredNear(curve, place))
            readings.series.push_back({curve.label, valueAndInterval(m_unit, *point).first});
        if (const std::optional<double> predicted = predictedAt(curve, place))
            readings.series.push_back({tr("%1 predicted").arg(curve.label), *predicted});
    }
    if (readings.series.empty())
        return readings;
    readings.x = place;
    readings.place = (m_data.axis == SpeedAxis::Context ? tr("%1 tokens") : tr("batch %1"))
                         .arg(count(std::llround(place)));
    return readings;
}

PlotWidget::ValueText SpeedCurvePlot::valueText() const {
    if (m_unit == SpeedUnit::Tpot)
        return [](double value) { return speedText(SpeedUnit::Tpot, value); };
    return [](double value) { return speedText(SpeedUnit::TokensPerSecond, value); };
}

QString SpeedCurvePlot::readAt(double x, double y) const {
    const PlotReadings readings = readingsAt(x, y);
    QString text = readingsText(readings, valueText());
    for (const SpeedCurve& curve : m_data.curves) {
        const MeasuredSpeed* point = curve.visible ? measuredNear(curve, readings.x) : nullptr;
        if (!point)
            continue;
        QStringList about;
        if (point->ciMs)
            about << tr("±%1 %").arg(rateLabel(100 * *point->ciMs / point->ms));
        if (const QString special = remarks(*point); !special.isEmpty())
            about << special;
        if (!about.isEmpty())
            text += tr("\n%1 measured: %2").arg(curve.label, about.join(QStringLiteral(", ")));
    }
    return text;
}

QString SpeedCurvePlot::description() const {
    QStringList parts;
    const auto journey = [this](const QString& text, const auto& points, const auto& value) {
        const auto at = [this](const auto& point) {
            return count(std::llround(along(m_data.axis, point))) +
                   (m_data.axis == SpeedAxis::Context ? tr(" tokens") : tr(" sequences"));
        };
        return text.arg(speedText(m_unit, value(points.front())), at(points.front()),
                        speedText(m_unit, value(points.back())), at(points.back()));
    };
    for (const SpeedCurve& curve : m_data.curves) {
        if (curve.measured.size() > 1)
            parts << curve.label + QLatin1Char(' ') +
                         journey(tr("was measured from %1 at %2 to %3 at %4"), curve.measured,
                                 [this](const MeasuredSpeed& point) {
                                     return valueAndInterval(m_unit, point).first;
                                 });
        else if (curve.predicted.size() > 1)
            parts << curve.label + QLatin1Char(' ') +
                         journey(tr("is predicted from %1 at %2 to %3 at %4"), curve.predicted,
                                 [this](const PredictedSpeed& point) {
                                     return inUnit(m_unit, point.ms, point.batch);
                                 });
    }
    return parts.isEmpty() ? tr("No speed is known yet.") : parts.join(QStringLiteral("; "));
}

} // namespace decodescope
