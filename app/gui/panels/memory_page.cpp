// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/memory_page.h"

#include <algorithm>
#include <bit>
#include <set>

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>

#include "app/gui/models/memory_stack_builder.h"
#include "app/gui/panels/form_section.h"
#include "app/gui/panels/page_controls.h"
#include "app/gui/plots/memory_stack_plot.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

QString bytes(double value) {
    return QString::fromStdString(formatBytes(saturatingRound(value)));
}

QString bytesOrDash(const std::optional<double>& value) {
    return value ? bytes(*value) : MemoryPage::tr("–");
}

/// The powers of two, where memory ends, and what has been measured.
std::set<std::int64_t> tableContexts(const MemoryStackData& data) {
    std::set<std::int64_t> contexts;
    for (const ComputedStack& each : data.computed)
        if (std::has_single_bit(static_cast<std::uint64_t>(each.context)) ||
            each.context == data.longest)
            contexts.insert(each.context);
    for (const MeasuredStack& each : data.measured)
        contexts.insert(each.context);
    return contexts;
}

QString beyond(const MeasuredStack& stack) {
    if (!stack.beyondLedger)
        return MemoryPage::tr("not recorded");
    return *stack.beyondLedger < 0 ? MemoryPage::tr("−%1").arg(bytes(-*stack.beyondLedger))
                                   : bytes(*stack.beyondLedger);
}

QString remark(const MeasuredStack& stack) {
    QStringList parts;
    if (stack.beyondLedger)
        parts << MemoryPage::tr("overhead: the process beyond the ledger");
    if (stack.quickLook)
        parts << MemoryPage::tr("quick look");
    if (stack.scaled())
        parts << MemoryPage::tr("%1 of %2 layers, scaled")
                     .arg(stack.layersMeasured)
                     .arg(stack.layers);
    return parts.join(QStringLiteral(", "));
}

QStringList computedRow(const MemoryStackData& data, std::int64_t context) {
    const ComputedStack stack = stackAt(data, static_cast<double>(context));
    return {QString::fromStdString(formatCount(context)),
            MemoryPage::tr("computed"),
            bytes(stack.bytesOf(MemoryPart::Weights)),
            bytes(stack.bytesOf(MemoryPart::KvCache)),
            bytes(stack.bytesOf(MemoryPart::Workspace)),
            bytes(stack.bytesOf(MemoryPart::Overhead)),
            bytes(stack.total()),
            context == data.longest && data.longestBounded ? MemoryPage::tr("longest that fits")
                                                           : QString()};
}

QStringList allocatedRow(const MeasuredStack& stack) {
    const double total =
        stack.weights.value_or(0) + stack.kv.value_or(0) + stack.workspace.value_or(0);
    return {QString::fromStdString(formatCount(stack.context)),
            MemoryPage::tr("allocated"),
            bytesOrDash(stack.weights),
            bytesOrDash(stack.kv),
            bytesOrDash(stack.workspace),
            beyond(stack),
            bytes(total + std::max(0.0, stack.beyondLedger.value_or(0))),
            remark(stack)};
}

} // namespace

MemoryPage::MemoryPage(Session& session, const RunStore& runs, QWidget* parent)
    : ChartPage(QStringLiteral("memory"), tr("Memory"), session, parent), m_runs(runs),
      m_variants(formCombo(this, "memoryVariant", tr("Memory of"))),
      m_whole(toggle(this, "memoryWhole", tr("Up to the capacity"))), m_chart(new MemoryStackPlot) {
    dropLegend(); // one variant at a time; the chart has a legend of its parts
    buildControls();
    addChart(m_chart, 0, 0);
    setEmpty(tr("Stacks what a model needs of memory at each context. Choose one under Model."),
             nullptr);
}

void MemoryPage::buildControls() {
    m_variants->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_variants->setToolTip(tr("The variant whose memory is shown"));
    connect(m_variants, &QComboBox::activated, this, [this](int index) {
        m_variant = m_variants->itemData(index).toString();
        refresh();
        m_chart->fit();
    });
    m_whole->setChecked(true);
    m_whole->setToolTip(tr("Show all up to what may be filled, or only what was measured"));
    connect(m_whole, &QToolButton::toggled, m_chart, &MemoryStackPlot::setWholeCapacity);
    connect(m_chart, &MemoryStackPlot::wholeCapacityChanged, m_whole, &QToolButton::setChecked);
    QHBoxLayout* row = controls();
    row->addWidget(m_variants);
    row->addWidget(m_whole);
    row->addStretch(1);
    row->addWidget(controlNote(this, "memoryKey", tr("dashed: computed · solid: allocated")));
}

bool MemoryPage::takeData() {
    const std::size_t variant = fillVariants(*m_variants, session().overview(), m_variant);
    m_chart->setData(
        buildMemoryStack(session().overviewInput(), session().overview(), variant, m_runs.runs()));
    return !m_chart->data().empty();
}

TableData MemoryPage::tableData() const {
    const MemoryStackData& shown = m_chart->data();
    TableData table;
    table.columns = {{tr("Context")},   {tr("What"), ColumnKind::Words},
                     {tr("Weights")},   {tr("KV cache")},
                     {tr("Workspace")}, {tr("Overhead")},
                     {tr("In all")},    {tr("Remark"), ColumnKind::Words}};
    for (const std::int64_t context : tableContexts(shown)) {
        table.rows.push_back(computedRow(shown, context));
        for (const MeasuredStack& stack : shown.measured)
            if (stack.context == context)
                table.rows.push_back(allocatedRow(stack));
    }
    return table;
}

} // namespace decodescope
