// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/memory_plot.h"

#include <algorithm>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/plot_style.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr double kFill = 0.45; // of a part's colour, over the ground
constexpr double kRoomAbove = 1.08;
constexpr double kUnknownTotal = 16.0 * static_cast<double>(kGiB);
constexpr std::size_t kMostPoints = 200000; // a day at two readings a second
constexpr double kMatters = 0.0005;         // of the total: smaller parts are not read out

QString bytes(double value) {
    return QString::fromStdString(formatBytes(static_cast<std::uint64_t>(std::max(0.0, value))));
}

QString partName(int part) {
    switch (static_cast<MemoryPart>(part)) {
    case MemoryPart::Weights:
        return MemoryPlot::tr("weights");
    case MemoryPart::KvCache:
        return MemoryPlot::tr("KV cache");
    case MemoryPart::Workspace:
        return MemoryPlot::tr("workspace");
    case MemoryPart::Overhead:
        return MemoryPlot::tr("worker");
    case MemoryPart::Others:
        return MemoryPlot::tr("others");
    }
    return {};
}

double less(std::optional<std::uint64_t> from, double taken) {
    return from ? std::max(0.0, static_cast<double>(*from) - taken) : 0;
}

} // namespace

std::array<double, kMemoryParts> memoryParts(const MemoryPoint& point) {
    const auto weights = static_cast<double>(point.weightsBytes);
    const auto kv = static_cast<double>(point.kvBytes);
    const auto workspace = static_cast<double>(point.workspaceBytes);
    const double ledger = weights + kv + workspace;
    const double overhead = less(point.processBytes, ledger);
    double others = 0;
    if (point.totalBytes && point.availableBytes)
        others = less(*point.totalBytes - std::min(*point.totalBytes, *point.availableBytes),
                      ledger + overhead);
    return {weights, kv, workspace, overhead, others};
}

MemoryPlot::MemoryPlot(QWidget* parent)
    : LivePlot(QStringLiteral("memory"), tr("Memory in use"), parent) {
    for (QSharedPointer<Container>& edge : m_edges)
        edge = QSharedPointer<Container>::create();
    plot().yAxis->setTicker(
        QSharedPointer<BinaryTicker>::create(BinaryTicker::Scale::Linear, bytesLabel));
    setBounds(QRectF(QPointF(0, 0), QPointF(1e7, 1e15)));
    redraw();
}

MemoryPlot::~MemoryPlot() = default;

void MemoryPlot::clear() {
    m_points.clear();
    for (const QSharedPointer<Container>& edge : m_edges)
        edge->clear();
    redraw();
}

void MemoryPlot::append(const MemoryPoint& point) {
    m_points.push_back(point);
    double edge = 0;
    const std::array<double, kMemoryParts> parts = memoryParts(point);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        edge += parts[i];
        m_edges[i]->add(QCPGraphData(point.seconds, edge));
    }
}

void MemoryPlot::add(const std::vector<MemoryPoint>& points) {
    if (points.empty())
        return;
    const bool first = m_points.empty() || m_points.back().totalBytes != points.back().totalBytes;
    for (const MemoryPoint& point : points)
        append(point);
    if (m_points.size() > kMostPoints) {
        const auto half = static_cast<std::ptrdiff_t>(m_points.size() / 2);
        m_points.erase(m_points.begin(), m_points.begin() + half);
        for (const QSharedPointer<Container>& edge : m_edges)
            edge->removeBefore(m_points.front().seconds);
    }
    if (first)
        redraw();
    else
        repaintSoon();
}

double MemoryPlot::lastSeconds() const {
    return m_points.empty() ? 0 : m_points.back().seconds;
}

void MemoryPlot::draw() {
    const bool known = !m_points.empty() && m_points.back().totalBytes;
    setNotice(m_points.empty() ? tr("Waiting for the first reading.")
              : !known         ? tr("not available: this system does not tell its memory")
                               : QString());
    // The highest edge first: each part covers those below it.
    for (int part = kMemoryParts - 1; part >= 0; --part) {
        const QColor colour = theme().colour(static_cast<MemoryPart>(part));
        QCPGraph* graph = plot().addGraph();
        graph->setPen(QPen(colour, 1));
        graph->setBrush(mixed(colour, theme().ground, kFill));
        graph->setData(m_edges[static_cast<std::size_t>(part)]);
        graph->setName(partName(part));
    }
    for (int i = plot().graphCount() - 1; i >= 0; --i)
        plot().graph(i)->addToLegend();
    if (!known)
        return;
    const auto total = static_cast<double>(*m_points.back().totalBytes);
    addHorizontalLine(total, QPen(theme().capacity, 1.5, Qt::DashDotLine));
    QCPItemText* label = addLabel(tr("all: %1").arg(bytes(total)), 1, total,
                                  Qt::AlignTop | Qt::AlignRight, theme().capacity);
    label->position->setTypeX(QCPItemPosition::ptAxisRectRatio);
    label->position->setCoords(1, total);
}

void MemoryPlot::fitAxes() {
    fitTime();
    const bool known = !m_points.empty() && m_points.back().totalBytes;
    const double total = known ? static_cast<double>(*m_points.back().totalBytes) : kUnknownTotal;
    plot().yAxis->setRange(0, total * kRoomAbove);
}

const MemoryPoint& MemoryPlot::pointAt(double seconds) const {
    const auto point =
        std::lower_bound(m_points.begin(), m_points.end(), seconds,
                         [](const MemoryPoint& each, double at) { return each.seconds < at; });
    return point == m_points.end() ? m_points.back() : *point;
}

PlotReadings MemoryPlot::readingsAt(double x, double) const {
    if (m_points.empty())
        return {};
    const MemoryPoint& point = pointAt(x);
    PlotReadings readings;
    readings.place = tr("%1 s").arg(QString::number(point.seconds, 'f', 1));
    const std::array<double, kMemoryParts> parts = memoryParts(point);
    const double total = point.totalBytes ? static_cast<double>(*point.totalBytes) : 0;
    for (int part = kMemoryParts - 1; part >= 0; --part)
        if (const double held = parts[static_cast<std::size_t>(part)]; held > total * kMatters)
            readings.series.push_back({partName(part), held});
    if (point.availableBytes)
        readings.series.push_back({tr("available"), static_cast<double>(*point.availableBytes)});
    return readings;
}

PlotWidget::ValueText MemoryPlot::valueText() const {
    return bytes;
}

QString MemoryPlot::readAt(double x, double y) const {
    return readingsText(readingsAt(x, y), bytes);
}

QString MemoryPlot::description() const {
    if (m_points.empty())
        return tr("No reading yet.");
    const MemoryPoint& last = m_points.back();
    if (!last.totalBytes || !last.availableBytes)
        return tr("Memory in use is not available on this system.");
    return tr("%1 of %2 are in use, %3 of it by the KV cache")
        .arg(bytes(static_cast<double>(*last.totalBytes - *last.availableBytes)),
             bytes(static_cast<double>(*last.totalBytes)),
             bytes(static_cast<double>(last.kvBytes)));
}

} // namespace decodescope
