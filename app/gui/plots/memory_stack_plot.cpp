// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/plots/memory_stack_plot.h"

#include <algorithm>
#include <cmath>

#include <QMenu>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/overview_data.h"
#include "app/gui/plots/plot_style.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr MemoryPart kParts[kStackParts] = {MemoryPart::Weights, MemoryPart::KvCache,
                                            MemoryPart::Workspace, MemoryPart::Overhead};
constexpr double kTint = 0.22;      // of a computed part's colour, over the ground
constexpr double kRoomAbove = 1.18; // for the words over the capacity line
constexpr double kRoomAroundData = 1.25;
constexpr double kColumnWidth = 16;  // px
constexpr double kReach = 0.25;      // octaves: how near a column must be to be read
constexpr double kRightShare = 0.72; // of the axis: beyond it a label goes to the left
constexpr double kUnknownBytes = static_cast<double>(kGiB);

QString bytes(double value) {
    return QString::fromStdString(formatBytes(saturatingRound(value)));
}

QString count(std::int64_t tokens) {
    return QString::fromStdString(formatCount(tokens));
}

} // namespace

QString stackPartName(MemoryPart part) {
    switch (part) {
    case MemoryPart::Weights:
        return MemoryStackPlot::tr("weights");
    case MemoryPart::KvCache:
        return MemoryStackPlot::tr("KV cache");
    case MemoryPart::Workspace:
        return MemoryStackPlot::tr("workspace");
    case MemoryPart::Overhead:
    case MemoryPart::Others:
        return MemoryStackPlot::tr("overhead");
    }
    return {};
}

QString beyondLedgerText(const MeasuredStack& stack) {
    if (!stack.beyondLedger)
        return MemoryStackPlot::tr("process beyond the ledger: not recorded");
    if (*stack.beyondLedger < 0)
        return MemoryStackPlot::tr("process holds %1 less than the ledger")
            .arg(bytes(-*stack.beyondLedger));
    return MemoryStackPlot::tr("process holds %1 beyond the ledger")
        .arg(bytes(*stack.beyondLedger));
}

MemoryStackPlot::MemoryStackPlot(QWidget* parent)
    : PlotWidget(QStringLiteral("memory-stack"), tr("Memory against context"), parent) {
    using Scale = BinaryTicker::Scale;
    plot().xAxis->setScaleType(QCPAxis::stLogarithmic);
    plot().xAxis->setTicker(QSharedPointer<BinaryTicker>::create(Scale::Log, tokensLabel));
    plot().yAxis->setTicker(QSharedPointer<BinaryTicker>::create(Scale::Linear, bytesLabel));
    setXLabel(tr("Context (tokens)"));
    setBounds(QRectF(QPointF(1, 0), QPointF(std::exp2(40), std::exp2(60))));
    redraw();
}

void MemoryStackPlot::setData(const MemoryStackData& data) {
    m_data = data;
    redraw();
}

void MemoryStackPlot::setWholeCapacity(bool on) {
    if (on == m_wholeCapacity)
        return;
    m_wholeCapacity = on;
    redraw();
    fit();
    emit wholeCapacityChanged(on);
}

bool MemoryStackPlot::fits() const {
    return m_data.memoryBytes && m_data.longestBounded && m_data.longest > 0;
}

void MemoryStackPlot::draw() {
    setSubtitle(m_data.basis);
    setNotice(m_data.empty() ? tr("Choose a model to see what it needs.") : QString());
    if (m_data.empty())
        return;
    drawComputed();
    for (const MeasuredStack& stack : m_data.measured)
        drawMeasured(stack);
    drawCapacity();
    drawLongest();
    if (m_data.trainedLimit)
        addVerticalLine(static_cast<double>(*m_data.trainedLimit),
                        QPen(theme().mutedText, 1, Qt::DotLine));
}

void MemoryStackPlot::drawComputed() {
    // The highest edge first: each part covers those below it.
    for (int i = kStackParts - 1; i >= 0; --i) {
        const MemoryPart part = kParts[i];
        const QColor colour = theme().colour(part);
        QPen dashed(colour, 1.5);
        dashed.setDashPattern({4, 3});
        QCPGraph* area = plot().addGraph();
        area->setPen(dashed);
        area->setBrush(mixed(colour, theme().ground, kTint));
        area->setName(stackPartName(part));
        for (const ComputedStack& each : m_data.computed)
            area->addData(static_cast<double>(each.context), each.upTo(part));
    }
    for (int i = plot().graphCount() - 1; i >= 0; --i)
        plot().graph(i)->addToLegend();
}

void MemoryStackPlot::drawMeasured(const MeasuredStack& stack) {
    const ComputedStack computed = stackAt(m_data, static_cast<double>(stack.context));
    double top = 0;
    const auto column = [&](MemoryPart part, const std::optional<double>& held, double base) {
        if (!held || *held <= 0)
            return;
        drawColumn(stack, part, base, *held);
        top = base + *held;
    };
    column(MemoryPart::Weights, stack.weights, 0);
    column(MemoryPart::KvCache, stack.kv, computed.upTo(MemoryPart::Weights));
    column(MemoryPart::Workspace, stack.workspace, computed.upTo(MemoryPart::KvCache));
    column(MemoryPart::Overhead, stack.beyondLedger, top);
}

void MemoryStackPlot::drawColumn(const MeasuredStack& stack, MemoryPart part, double base,
                                 double held) {
    auto* column = new QCPBars(plot().xAxis, plot().yAxis);
    column->setWidthType(QCPBars::wtAbsolute);
    column->setWidth(kColumnWidth);
    column->setPen(Qt::NoPen);
    column->setBrush(theme().colour(part));
    column->setBaseValue(base);
    column->addData(static_cast<double>(stack.context), held);
}

void MemoryStackPlot::drawCapacity() {
    if (!m_data.memoryBytes)
        return;
    addHorizontalLine(m_data.capacityBytes, QPen(theme().capacity, 1.5, Qt::DashDotLine));
    const QString whole = markedText(bytes(*m_data.memoryBytes), m_data.memoryUnverified);
    QCPItemText* label =
        addLabel(tr("may be filled: %1 of %2").arg(bytes(m_data.capacityBytes), whole), 0,
                 m_data.capacityBytes, Qt::AlignBottom | Qt::AlignLeft, theme().capacity);
    label->position->setTypeX(QCPItemPosition::ptAxisRectRatio);
    label->position->setCoords(0, m_data.capacityBytes);
    label->setClipToAxisRect(true);
}

void MemoryStackPlot::drawLongest() {
    if (!fits())
        return;
    const auto longest = static_cast<double>(m_data.longest);
    const double at = stackAt(m_data, longest).total();
    QCPGraph* drop = plot().addGraph();
    drop->setPen(QPen(theme().mutedText, 1, Qt::DotLine));
    drop->addData(longest, 0);
    drop->addData(longest, at);
    QCPGraph* crossing = plot().addGraph();
    crossing->setLineStyle(QCPGraph::lsNone);
    crossing->setScatterStyle(scatterStyle(theme(), m_data.slot, MarkerFill::Hollow));
    crossing->addData(longest, at);
    const double first = static_cast<double>(m_data.computed.front().context);
    const bool nearEnd = std::log(longest / first) > kRightShare * std::log(lastContext() / first);
    QCPItemText* label =
        addLabel(tr("%1 tokens fit").arg(count(m_data.longest)), longest, at,
                 Qt::AlignBottom | (nearEnd ? Qt::AlignRight : Qt::AlignLeft), theme().text);
    label->setClipToAxisRect(true);
}

double MemoryStackPlot::lastContext() const {
    if (m_wholeCapacity || m_data.empty())
        return m_data.empty() ? 1 : static_cast<double>(m_data.computed.back().context);
    const std::int64_t last =
        m_data.measured.empty() ? m_data.chosenContext : m_data.measured.back().context;
    return static_cast<double>(last) * std::sqrt(2);
}

void MemoryStackPlot::fitAxes() {
    if (m_data.empty()) {
        plot().xAxis->setRange(std::exp2(10), std::exp2(20));
        plot().yAxis->setRange(0, kUnknownBytes);
        return;
    }
    const double first = static_cast<double>(m_data.computed.front().context);
    const double last = std::max(lastContext(), 2 * first);
    plot().xAxis->setRange(first / std::sqrt(2), last);
    double highest = stackAt(m_data, last).total();
    if (m_data.memoryBytes && m_wholeCapacity) // what stands far above it is out of reach
        highest = std::max(m_data.capacityBytes, m_data.computed.front().total());
    else
        for (const MeasuredStack& stack : m_data.measured)
            highest =
                std::max(highest, stackAt(m_data, static_cast<double>(stack.context)).total() +
                                      std::max(0.0, stack.beyondLedger.value_or(0)));
    plot().yAxis->setRange(0, std::max(1.0, highest) *
                                  (m_wholeCapacity ? kRoomAbove : kRoomAroundData));
}

const MeasuredStack* MemoryStackPlot::measuredNear(double x) const {
    const MeasuredStack* nearest = nullptr;
    double distance = kReach;
    for (const MeasuredStack& stack : m_data.measured)
        if (const double off = std::abs(std::log2(x / static_cast<double>(stack.context)));
            off <= distance) {
            distance = off;
            nearest = &stack;
        }
    return nearest;
}

PlotReadings MemoryStackPlot::readingsAt(double x, double) const {
    PlotReadings readings;
    if (m_data.empty() || !(x >= 1))
        return readings;
    const ComputedStack computed = stackAt(m_data, x);
    readings.place = tr("%1 tokens").arg(count(computed.context));
    readings.x = x;
    for (const MemoryPart part : kParts)
        if (computed.bytesOf(part) > 0)
            readings.series.push_back({stackPartName(part), computed.bytesOf(part)});
    readings.series.push_back({tr("in all"), computed.total()});
    return readings;
}

PlotWidget::ValueText MemoryStackPlot::valueText() const {
    return bytesLabel;
}

QString MemoryStackPlot::readAt(double x, double y) const {
    QString text = readingsText(readingsAt(x, y), bytesLabel);
    const MeasuredStack* stack = text.isEmpty() ? nullptr : measuredNear(x);
    if (!stack)
        return text;
    text += tr("\nallocated at %1 tokens:").arg(count(stack->context));
    const auto add = [&text](MemoryPart part, const std::optional<double>& held) {
        if (held)
            text += tr("\n%1: %2").arg(stackPartName(part), bytesLabel(*held));
    };
    add(MemoryPart::Weights, stack->weights);
    add(MemoryPart::KvCache, stack->kv);
    add(MemoryPart::Workspace, stack->workspace);
    if (stack->scaled())
        text += tr("\n(%1 of %2 layers, scaled)").arg(stack->layersMeasured).arg(stack->layers);
    return text + QLatin1Char('\n') + beyondLedgerText(*stack);
}

void MemoryStackPlot::addMenuActions(QMenu& menu) {
    QAction* whole = menu.addAction(tr("Up to the capacity"));
    whole->setCheckable(true);
    whole->setChecked(m_wholeCapacity);
    connect(whole, &QAction::toggled, this, &MemoryStackPlot::setWholeCapacity);
}

QString MemoryStackPlot::description() const {
    if (m_data.empty())
        return tr("No model is chosen.");
    const ComputedStack at = stackAt(m_data, static_cast<double>(m_data.chosenContext));
    QString text = tr("%1 needs %2 at %3 tokens, %4 of it KV cache")
                       .arg(m_data.variant, bytes(at.total()), count(at.context),
                            bytes(at.bytesOf(MemoryPart::KvCache)));
    if (!m_data.memoryBytes)
        text += tr("; how much there is, is not known yet");
    else if (!m_data.longestBounded)
        text += tr("; memory sets no limit to its context");
    else if (m_data.longest < 1)
        text += tr("; not even one token fits into %1").arg(bytes(m_data.capacityBytes));
    else
        text +=
            tr("; %1 tokens fit into %2").arg(count(m_data.longest), bytes(m_data.capacityBytes));
    double worst = -1;
    for (const MeasuredStack& stack : m_data.measured) {
        const double computed =
            stackAt(m_data, static_cast<double>(stack.context)).bytesOf(MemoryPart::KvCache);
        if (!stack.kv || !(computed > 0))
            continue;
        worst = std::max(worst, std::abs(*stack.kv / computed - 1));
    }
    if (worst >= 0)
        text += tr("; where it was measured the allocated KV cache is within %1 % of that")
                    .arg(QString::number(std::ceil(worst * 1000) / 10));
    return text;
}

} // namespace decodescope
