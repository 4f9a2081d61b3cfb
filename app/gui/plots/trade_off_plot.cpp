// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/trade_off_plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/plot_style.h"
#include "app/gui/plots/point_labels.h"

namespace decodescope {
namespace {

constexpr double kMostBytes = 1e15; // a token
constexpr double kMostQuality = 1e12;
constexpr double kRoomBeside = 2;    // of the axis of bytes, a factor
constexpr double kRoomAround = 0.15; // of the range of quality
constexpr double kReach = 16;        // px: how near a mark must be to be read
constexpr double kMark = 10;
constexpr double kDominatedMark = 7;
constexpr double kThinLine = 1.5;
constexpr double kLabelShare = 0.35; // of the chart's height, for the metric beside the axis
constexpr int kLetters = 60;         // of a citation in the cursor's box

QString qualityText(double value) {
    return QString::number(value, 'g', 6);
}

/// Broken at commas into lines for the cursor's box.
QString inLines(const QString& citation) {
    QString text;
    qsizetype length = 0;
    for (const QString& part : citation.split(QStringLiteral(", "))) {
        const bool breaks = length > 0 && length + part.size() > kLetters;
        if (length > 0)
            text += breaks ? QStringLiteral(",\n") : QStringLiteral(", ");
        text += part;
        length = (breaks ? 0 : length) + part.size();
    }
    return text;
}

QString slotName(SeriesSlot slot) {
    switch (slot) {
    case SeriesSlot::Mha:
        return QStringLiteral("MHA");
    case SeriesSlot::Gqa:
        return QStringLiteral("GQA");
    case SeriesSlot::Mqa:
        return QStringLiteral("MQA");
    case SeriesSlot::Extra:
        break;
    }
    return TradeOffPlot::tr("another design");
}

} // namespace

TradeOffPlot::TradeOffPlot(QWidget* parent)
    : PlotWidget(QStringLiteral("trade-off"), tr("Quality against memory"), parent) {
    plot().xAxis->setScaleType(QCPAxis::stLogarithmic);
    plot().xAxis->setTicker(
        QSharedPointer<BinaryTicker>::create(BinaryTicker::Scale::Log, bytesLabel));
    setXLabel(tr("KV cache (bytes per token)"));
    setBounds(QRectF(QPointF(1, -kMostQuality), QPointF(kMostBytes, kMostQuality)));
}

void TradeOffPlot::setTradeOff(const TradeOffData& tradeOff) {
    m_data = tradeOff;
    setFooter(m_data.citation.isEmpty() ? QString() : tr("Source: %1").arg(m_data.citation),
              m_data.note);
    redraw();
}

std::vector<const TradeOffPoint*> TradeOffPlot::frontierPoints() const {
    std::vector<const TradeOffPoint*> points;
    for (const TradeOffPoint& point : m_data.points)
        if (point.frontier)
            points.push_back(&point);
    std::stable_sort(points.begin(), points.end(),
                     [](const auto* a, const auto* b) { return a->kvBytes < b->kvBytes; });
    return points;
}

void TradeOffPlot::draw() {
    const QString better = m_data.higherIsBetter ? tr("higher is better") : tr("lower is better");
    setSubtitle(m_data.metric.isEmpty()
                    ? QString()
                    : tr("%1, %2 · %3").arg(m_data.metric, better, m_data.study));
    // Beside a low axis it would run into the title.
    const int room = qRound(height() * kLabelShare);
    plot().yAxis->setLabel(QFontMetrics(smallFont()).horizontalAdvance(m_data.metric) < room
                               ? m_data.metric
                               : QString());
    drawFrontier();
    drawModel();
    drawPoints();
}

void TradeOffPlot::drawFrontier() {
    const std::vector<const TradeOffPoint*> points = frontierPoints();
    if (points.empty())
        return;
    QCPGraph* line = plot().addGraph();
    line->setName(tr("frontier"));
    line->setLineStyle(QCPGraph::lsStepLeft);
    line->setPen(QPen(theme().mutedText, kThinLine));
    line->addToLegend();
    for (const TradeOffPoint* point : points)
        line->addData(point->kvBytes, point->value);
    line->addData(kMostBytes, points.back()->value);
}

std::vector<std::pair<QPointF, QPointF>> TradeOffPlot::lines() const {
    std::vector<std::pair<QPointF, QPointF>> all;
    const std::vector<const TradeOffPoint*> points = frontierPoints();
    for (std::size_t i = 0; i < points.size(); ++i) {
        const double until = i + 1 < points.size() ? points[i + 1]->kvBytes : kMostBytes;
        const QPointF corner(until, points[i]->value);
        all.emplace_back(QPointF(points[i]->kvBytes, points[i]->value), corner);
        if (i + 1 < points.size())
            all.emplace_back(corner, QPointF(until, points[i + 1]->value));
    }
    if (m_data.modelKvBytes > 0)
        all.emplace_back(QPointF(m_data.modelKvBytes, -kMostQuality),
                         QPointF(m_data.modelKvBytes, kMostQuality));
    return all;
}

void TradeOffPlot::drawModel() {
    if (!(m_data.modelKvBytes > 0))
        return;
    QPen pen(theme().accent, kThinLine);
    pen.setDashPattern({4, 3});
    addVerticalLine(m_data.modelKvBytes, pen);
    QCPItemText* label =
        addLabel(tr("%1: %2 a token").arg(m_data.modelName, bytesLabel(m_data.modelKvBytes)),
                 m_data.modelKvBytes, 0, Qt::AlignTop | Qt::AlignRight, theme().accent);
    label->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
    label->position->setCoords(m_data.modelKvBytes, 0);
    label->setClipToAxisRect(true);
}

void TradeOffPlot::drawPoints() {
    std::vector<PointLabel> labels;
    std::vector<QPointF> marks;
    for (const bool frontier : {false, true})
        for (int i = 0; i < kSeriesSlots; ++i) {
            const auto slot = static_cast<SeriesSlot>(i);
            QCPScatterStyle style =
                scatterStyle(theme(), slot, MarkerFill::Hollow, frontier ? kMark : kDominatedMark);
            if (!frontier)
                style.setPen(QPen(theme().axis, kThinLine));
            QCPGraph* graph = plot().addGraph();
            graph->setName(slotName(slot));
            graph->setLineStyle(QCPGraph::lsNone);
            graph->setScatterStyle(style);
            for (const TradeOffPoint& point : m_data.points)
                if (point.slot == slot && point.frontier == frontier)
                    graph->addData(point.kvBytes, point.value);
            const bool any = std::any_of(m_data.points.begin(), m_data.points.end(),
                                         [&](const auto& point) { return point.slot == slot; });
            if (frontier && any)
                graph->addToLegend();
        }
    for (const bool frontier : {true, false})
        for (const TradeOffPoint& point : m_data.points)
            if (point.frontier == frontier) {
                const QPointF at(point.kvBytes, point.value);
                marks.push_back(at);
                labels.push_back({at, point.model, frontier ? theme().text : theme().mutedText});
            }
    auto* texts = new PointLabels(plot());
    addItem(texts);
    texts->setFont(smallFont());
    texts->setLabels(std::move(labels));
    texts->setMarks(std::move(marks), kMark);
    texts->setLines(lines());
}

void TradeOffPlot::fitAxes() {
    double least = std::numeric_limits<double>::infinity();
    double most = 0;
    double worst = least;
    double best = -least;
    for (const TradeOffPoint& point : m_data.points) {
        least = std::min(least, point.kvBytes);
        most = std::max(most, point.kvBytes);
        worst = std::min(worst, point.value);
        best = std::max(best, point.value);
    }
    if (m_data.modelKvBytes > 0) {
        least = std::min(least, m_data.modelKvBytes);
        most = std::max(most, m_data.modelKvBytes);
    }
    if (m_data.points.empty()) {
        worst = 0;
        best = 1;
    }
    if (!(most > 0)) {
        least = 1024;
        most = 1024 * 1024;
    }
    const double room =
        best > worst ? (best - worst) * kRoomAround : std::max(1.0, std::abs(best) * kRoomAround);
    plot().xAxis->setRange(least / kRoomBeside, most * kRoomBeside);
    plot().yAxis->setRange(worst - room, best + room);
}

const TradeOffPoint* TradeOffPlot::nearest(double x, double y) const {
    const TradeOffPoint* found = nullptr;
    double reach = kReach;
    for (const TradeOffPoint& point : m_data.points) {
        const double distance =
            std::hypot(plot().xAxis->coordToPixel(point.kvBytes) - plot().xAxis->coordToPixel(x),
                       plot().yAxis->coordToPixel(point.value) - plot().yAxis->coordToPixel(y));
        if (distance < reach) {
            reach = distance;
            found = &point;
        }
    }
    return found;
}

PlotReadings TradeOffPlot::readingsAt(double x, double y) const {
    const TradeOffPoint* point = nearest(x, y);
    if (!point)
        return {};
    return {tr("%1 a token").arg(bytesLabel(point->kvBytes)),
            point->kvBytes,
            {{point->model, point->value}}};
}

PlotWidget::ValueText TradeOffPlot::valueText() const {
    return qualityText;
}

QString TradeOffPlot::readAt(double x, double y) const {
    const TradeOffPoint* point = nearest(x, y);
    if (!point)
        return {};
    return tr("%1, %2 a token\n%3: %4%5\n%6")
        .arg(point->model, bytesLabel(point->kvBytes), m_data.metric, qualityText(point->value),
             point->frontier ? tr(", on the frontier") : QString(), inLines(m_data.citation));
}

QString TradeOffPlot::description() const {
    QStringList parts;
    for (const TradeOffPoint* point : frontierPoints())
        parts << tr("%1 with %2 a token and %3")
                     .arg(point->model, bytesLabel(point->kvBytes), qualityText(point->value));
    if (parts.isEmpty())
        return {};
    QString text = tr("In %1 the frontier of %2 is %3")
                       .arg(m_data.study, m_data.metric, parts.join(QStringLiteral(", ")));
    if (m_data.modelKvBytes > 0)
        text += tr("; %1 keeps %2 a token").arg(m_data.modelName, bytesLabel(m_data.modelKvBytes));
    return text + tr(". Source: %1").arg(m_data.citation);
}

} // namespace decodescope
