// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/kv_memory_plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/plot_style.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kFirstContext = 1024;
constexpr double kRoomAbove = 1.6;   // the capacity line and its text keep off the upper edge
constexpr double kRoomBefore = 0.85; // marks on the first context are drawn whole
constexpr double kRightShare = 0.8;  // of the axis: beyond it a label goes to the left of its line

constexpr int kLabelPadding = 12; // px around the words and the mark

QString count(double tokens) {
    return QString::fromStdString(formatCount(std::llround(tokens)));
}

QString bytes(double value) {
    return QString::fromStdString(formatBytes(static_cast<std::uint64_t>(value)));
}

} // namespace

KvMemoryPlot::KvMemoryPlot(QWidget* parent)
    : PlotWidget(QStringLiteral("kv-memory"), tr("KV cache against context"), parent) {
    using Scale = BinaryTicker::Scale;
    for (QCPAxis* axis : {plot().xAxis, plot().yAxis})
        axis->setScaleType(QCPAxis::stLogarithmic);
    plot().xAxis->setTicker(QSharedPointer<BinaryTicker>::create(Scale::Log, tokensLabel));
    plot().yAxis->setTicker(QSharedPointer<BinaryTicker>::create(Scale::Log, bytesLabel));
    setXLabel(tr("Context (tokens)"));
    setBounds(QRectF(QPointF(1, 1), QPointF(std::exp2(40), std::exp2(60))));
}

void KvMemoryPlot::setOverview(const OverviewData& overview) {
    m_overview = overview;
    redraw();
}

void KvMemoryPlot::draw() {
    const QString& deployment = m_overview.deployment; // first: a narrow chart cuts what is last
    setSubtitle(deployment.isEmpty() ? m_overview.shape
                                     : deployment.mid(3) + tr(" · ") + m_overview.shape);
    m_labelled.clear();
    setNotice(m_overview.variants.empty() ? tr("Choose a model to see its KV cache.") : QString());
    drawCapacity();
    drawTrainedLimit();
    for (const VariantSeries& series : m_overview.variants)
        if (series.visible)
            drawVariant(series);
}

void KvMemoryPlot::drawVariant(const VariantSeries& series) {
    QCPGraph* line = plot().addGraph();
    line->setPen(seriesPen(theme(), series.slot, kLineWidth));
    line->setName(tr("%1, %2 a token").arg(series.label, bytes(series.kvBytesPerToken)));
    line->addToLegend();
    for (const QPointF& point : series.kvCurve)
        line->addData(point.x(), point.y());
    QCPGraph* measured = plot().addGraph();
    measured->setLineStyle(QCPGraph::lsNone);
    measured->setScatterStyle(scatterStyle(theme(), series.slot, MarkerFill::Solid));
    for (const QPointF& point : series.kvMeasured)
        measured->addData(point.x(), point.y());
    if (!m_overview.freeForKvBytes || !series.maxContextBounded || series.maxContext < 1)
        return;
    const auto context = static_cast<double>(series.maxContext);
    QCPGraph* crossing = plot().addGraph();
    crossing->setLineStyle(QCPGraph::lsNone);
    crossing->setScatterStyle(scatterStyle(theme(), series.slot, MarkerFill::Hollow));
    const double at = curveAt(series.kvCurve, context);
    crossing->addData(context, at);
    labelCrossing(series, context, at);
}

void KvMemoryPlot::labelCrossing(const VariantSeries& series, double context, double at) {
    const QString text = count(context);
    const double wide = fontMetrics().horizontalAdvance(text) + kLabelPadding;
    const double whole = axesWidth();
    const double place = shareOfAxis(context) * whole;
    // Beside its line: below it on the right or, where the plot ends, above it on the left; or else
    // on the other side of that line's height.
    for (const auto& [vertical, horizontal] : {std::pair{Qt::AlignTop, Qt::AlignLeft},
                                               {Qt::AlignBottom, Qt::AlignRight},
                                               {Qt::AlignTop, Qt::AlignRight}}) {
        const QRectF taken(horizontal == Qt::AlignLeft ? place : place - wide,
                           vertical == Qt::AlignTop ? 0 : -1, wide, 1);
        const bool inside = taken.left() >= 0 && taken.right() <= whole;
        const bool free =
            std::none_of(m_labelled.begin(), m_labelled.end(),
                         [&taken](const QRectF& other) { return other.intersects(taken); });
        if (!inside || !free)
            continue;
        m_labelled.push_back(taken);
        addLabel(text, context, at, vertical | horizontal, theme().colour(series.slot));
        return;
    }
}

void KvMemoryPlot::resizeEvent(QResizeEvent* event) {
    PlotWidget::resizeEvent(event);
    redraw(); // more labels may have room, or fewer
}

double KvMemoryPlot::shareOfAxis(double context) const {
    const double last = m_overview.variants.front().kvCurve.back().x();
    return std::log(context / kFirstContext) / std::log(last / kFirstContext);
}

void KvMemoryPlot::drawCapacity() {
    if (!m_overview.freeForKvBytes || *m_overview.freeForKvBytes == 0)
        return;
    const auto free = static_cast<double>(*m_overview.freeForKvBytes);
    addHorizontalLine(free, QPen(theme().capacity, 1.5, Qt::DashDotLine));
    const QString figure = markedText(bytes(free), m_overview.memoryUnverified);
    QCPItemText* label = addLabel(tr("free for KV: %1").arg(figure), 0, free,
                                  Qt::AlignBottom | Qt::AlignLeft, theme().capacity);
    label->position->setTypeX(QCPItemPosition::ptAxisRectRatio);
    label->position->setCoords(0, free);
}

void KvMemoryPlot::drawTrainedLimit() {
    if (!m_overview.trainedLimit || m_overview.variants.empty())
        return;
    const auto limit = static_cast<double>(*m_overview.trainedLimit);
    addVerticalLine(limit, QPen(theme().mutedText, 1, Qt::DotLine));
    QCPItemText* label = addLabel(
        tr("trained for %1").arg(tokensLabel(limit)), limit, 1,
        Qt::AlignBottom | (shareOfAxis(limit) > kRightShare ? Qt::AlignRight : Qt::AlignLeft),
        theme().mutedText);
    label->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
    label->position->setCoords(limit, 1);
    label->setClipToAxisRect(true);
}

void KvMemoryPlot::fitAxes() {
    double lower = std::numeric_limits<double>::infinity();
    double upper = 0;
    double last = kFirstContext * 1024;
    for (const VariantSeries& series : m_overview.variants) {
        if (series.kvCurve.empty())
            continue;
        last = series.kvCurve.back().x();
        if (series.kvCurve.front().y() > 0)
            lower = std::min(lower, series.kvCurve.front().y());
        upper = std::max(upper, series.kvCurve.back().y());
    }
    if (m_overview.freeForKvBytes)
        upper = std::max(upper, static_cast<double>(*m_overview.freeForKvBytes) * kRoomAbove);
    if (!(lower < upper)) {
        lower = static_cast<double>(kMiB);
        upper = static_cast<double>(kTiB);
    }
    plot().xAxis->setRange(kFirstContext * kRoomBefore, last);
    plot().yAxis->setRange(lower * kRoomBefore, upper);
}

PlotReadings KvMemoryPlot::readingsAt(double x, double) const {
    PlotReadings readings;
    if (x < 1)
        return readings;
    readings.place = tr("%1 tokens").arg(count(x));
    readings.x = x;
    for (const VariantSeries& series : m_overview.variants)
        if (series.visible && !series.kvCurve.empty())
            readings.series.push_back({series.label, curveAt(series.kvCurve, x)});
    return readings;
}

PlotWidget::ValueText KvMemoryPlot::valueText() const {
    return bytes;
}

QString KvMemoryPlot::readAt(double x, double y) const {
    return readingsText(readingsAt(x, y), bytes);
}

QString KvMemoryPlot::description() const {
    QStringList parts;
    for (const VariantSeries& series : m_overview.variants) {
        QString part = tr("%1 takes %2 of KV cache a token")
                           .arg(series.label, bytes(static_cast<double>(series.kvBytesPerToken)));
        if (series.maxContextBounded && series.maxContext > 0)
            part += tr(" and fits %1 tokens").arg(count(static_cast<double>(series.maxContext)));
        parts << part;
    }
    return parts.join(QStringLiteral("; "));
}

} // namespace decodescope
