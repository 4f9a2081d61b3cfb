// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/max_context_plot.h"

#include <algorithm>
#include <cmath>

#include <QMenu>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/plot_style.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kBarWidth = 0.55;
constexpr double kTint = 0.18;        // of a computed bar, over the ground
constexpr double kRoomForValue = 1.3; // right of the longest bar
constexpr double kMostRoom = 5;       // the bars stay visible in a narrow chart
constexpr double kAroundValue = 12;   // px beside a value
constexpr double kLeastTokens = 1024; // where an axis with no data ends
constexpr double kLogRoom = 8;

QString count(std::int64_t tokens) {
    return QString::fromStdString(formatCount(tokens));
}

QString roomText(const OverviewData& overview, const VariantSeries& series) {
    if (!overview.freeForKvBytes)
        return MaxContextPlot::tr("memory not known yet");
    QString text = count(series.maxContext);
    if (!series.maxContextBounded)
        text = MaxContextPlot::tr("memory sets no limit");
    else if (series.maxContext < 1)
        text = MaxContextPlot::tr("does not fit");
    return markedText(text, overview.memoryUnverified);
}

/// By how much the axis is longer than its longest bar, so that a value of `text` px fits behind
/// it.
double roomFor(double text, double axis) {
    return axis > text ? std::clamp(axis / (axis - text), kRoomForValue, kMostRoom) : kMostRoom;
}

} // namespace

MaxContextPlot::MaxContextPlot(QWidget* parent)
    : PlotWidget(QStringLiteral("max-context"), tr("Longest context that fits"), parent) {
    plot().yAxis->setRangeReversed(true);
    plot().yAxis->setTickLength(0);
    plot().yAxis->grid()->setVisible(false);
    setXLabel(tr("Tokens"));
    setLogarithmic(false);
}

void MaxContextPlot::setOverview(const OverviewData& overview) {
    m_overview = overview;
    redraw();
}

void MaxContextPlot::setLogarithmic(bool on) {
    using Scale = BinaryTicker::Scale;
    m_logarithmic = on;
    plot().xAxis->setScaleType(on ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    plot().xAxis->setTicker(
        QSharedPointer<BinaryTicker>::create(on ? Scale::Log : Scale::Linear, tokensLabel));
    setBounds(QRectF(QPointF(on ? 1 : 0, -2), QPointF(std::exp2(41), 200)));
    redraw();
    fit();
}

std::vector<const VariantSeries*> MaxContextPlot::shown() const {
    std::vector<const VariantSeries*> all;
    for (const VariantSeries& series : m_overview.variants)
        if (series.visible)
            all.push_back(&series);
    return all;
}

void MaxContextPlot::draw() {
    const bool known = m_overview.freeForKvBytes.has_value();
    const QString whose = m_overview.deviceName + m_overview.deployment;
    setSubtitle(known && m_overview.deployment.isEmpty() ? tr("%1, computed").arg(whose) : whose);
    auto names = QSharedPointer<QCPAxisTickerText>::create();
    double place = 0;
    for (const VariantSeries* series : shown()) {
        names->addTick(place, series->label);
        if (m_logarithmic)
            drawDot(*series, place);
        else
            drawBar(*series, place);
        place += 1;
    }
    plot().yAxis->setTicker(names);
}

void MaxContextPlot::drawBar(const VariantSeries& series, double place) {
    const bool known = m_overview.freeForKvBytes.has_value();
    const QColor colour = theme().colour(series.slot);
    const auto add = [&](std::int64_t tokens, const QBrush& brush) {
        auto* bar = new QCPBars(plot().yAxis, plot().xAxis);
        bar->setWidth(kBarWidth);
        bar->setPen(QPen(colour, 1.5));
        bar->setBrush(brush);
        bar->addData(place, static_cast<double>(tokens));
    };
    const double length =
        known && series.maxContextBounded ? static_cast<double>(series.maxContext) : 0;
    if (length > 0)
        add(series.maxContext, mixed(colour, theme().ground, kTint));
    if (series.maxContextMeasured)
        add(*series.maxContextMeasured, colour);
    addLabel(roomText(m_overview, series), length, place, Qt::AlignLeft | Qt::AlignVCenter,
             theme().text);
}

void MaxContextPlot::drawDot(const VariantSeries& series, double place) {
    const bool known = m_overview.freeForKvBytes.has_value();
    const bool drawn = known && series.maxContextBounded && series.maxContext > 0;
    const double at = drawn ? static_cast<double>(series.maxContext) : 1;
    if (drawn) {
        auto* dot = new QCPGraph(plot().xAxis, plot().yAxis);
        dot->setLineStyle(QCPGraph::lsNone);
        dot->setScatterStyle(scatterStyle(theme(), series.slot, MarkerFill::Hollow));
        dot->addData(at, place);
    }
    addLabel(QStringLiteral("  ") + roomText(m_overview, series), at, place,
             Qt::AlignLeft | Qt::AlignVCenter, theme().text);
}

void MaxContextPlot::fitAxes() {
    double longest = 0;
    QString value;
    double shortest = std::numeric_limits<double>::infinity();
    const std::vector<const VariantSeries*> all = shown();
    for (const VariantSeries* series : all) {
        if (!series->maxContextBounded || series->maxContext < 1)
            continue;
        if (static_cast<double>(series->maxContext) > longest)
            value = roomText(m_overview, *series);
        longest = std::max(longest, static_cast<double>(series->maxContext));
        shortest = std::min(shortest, static_cast<double>(series->maxContext));
    }
    if (longest == 0)
        longest = shortest = kLeastTokens;
    if (m_logarithmic)
        plot().xAxis->setRange(std::max(1.0, shortest / 2), longest * kLogRoom);
    else
        plot().xAxis->setRange(0, longest *
                                      roomFor(fontMetrics().horizontalAdvance(value) + kAroundValue,
                                              plot().axisRect()->width()));
    plot().yAxis->setRange(-0.6, std::max<double>(1, static_cast<double>(all.size())) - 0.4);
}

const VariantSeries* MaxContextPlot::rowAt(double y) const {
    const std::vector<const VariantSeries*> all = shown();
    const auto row = std::lround(y);
    return row < 0 || row >= static_cast<long>(all.size()) ? nullptr
                                                           : all[static_cast<std::size_t>(row)];
}

PlotReadings MaxContextPlot::readingsAt(double, double y) const {
    const VariantSeries* series = rowAt(y);
    if (!series || !m_overview.freeForKvBytes || !series->maxContextBounded ||
        series->maxContext < 1)
        return {};
    return {series->label, 0, {{series->label, static_cast<double>(series->maxContext)}}};
}

PlotWidget::ValueText MaxContextPlot::valueText() const {
    return [](double tokens) { return tr("%1 tokens").arg(count(std::llround(tokens))); };
}

QString MaxContextPlot::readAt(double, double y) const {
    const VariantSeries* series = rowAt(y);
    if (!series)
        return {};
    QString text = tr("%1: %2").arg(series->label, roomText(m_overview, *series));
    if (m_overview.trainedLimit && series->maxContextBounded &&
        series->maxContext > *m_overview.trainedLimit)
        text += tr("\nthe model itself was trained for %1").arg(count(*m_overview.trainedLimit));
    return text;
}

void MaxContextPlot::addMenuActions(QMenu& menu) {
    QAction* log = menu.addAction(tr("Logarithmic (dots)"));
    log->setCheckable(true);
    log->setChecked(m_logarithmic);
    connect(log, &QAction::toggled, this, &MaxContextPlot::setLogarithmic);
}

QString MaxContextPlot::description() const {
    QStringList parts;
    const VariantSeries* first = nullptr;
    for (const VariantSeries& series : m_overview.variants) {
        if (!m_overview.freeForKvBytes || !series.maxContextBounded || series.maxContext < 1) {
            parts << tr("%1: %2").arg(series.label, roomText(m_overview, series));
            continue;
        }
        QString part = tr("%1 fits %2 tokens").arg(series.label, count(series.maxContext));
        if (first)
            part += tr(", %1× %2")
                        .arg(rateLabel(static_cast<double>(series.maxContext) /
                                       static_cast<double>(first->maxContext)),
                             first->label);
        else
            first = &series;
        parts << part;
    }
    return parts.join(QStringLiteral("; "));
}

} // namespace decodescope
