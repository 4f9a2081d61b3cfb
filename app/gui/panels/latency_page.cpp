// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/latency_page.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QToolButton>

#include "app/gui/panels/form_section.h"
#include "app/gui/panels/outlier_panel.h"
#include "app/gui/panels/page_controls.h"
#include "app/gui/plots/latency_plot.h"
#include "app/gui/plots/latency_strip_plot.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr int kPanelFrom = 860; // px of the page: below it the charts need the room

QString ms(double value) {
    return QString::fromStdString(formatRounded(value));
}

QString count(int value) {
    return QString::fromStdString(formatCount(value));
}

} // namespace

LatencyPage::LatencyPage(Session& session, const RunStore& runs, QAction* run, QWidget* parent)
    : ChartPage(QStringLiteral("latency"), tr("Latency"), session, parent), m_runs(runs),
      m_points(formCombo(this, "latencyPoint", tr("Repetitions of"))),
      m_logarithmic(toggle(this, "latencyLog", tr("Logarithmic"))), m_histogram(new LatencyPlot),
      m_strip(new LatencyStripPlot), m_outliers(new OutlierPanel) {
    dropLegend(); // one point at a time
    buildControls();
    addChart(m_histogram, 0, 0);
    addChart(m_strip, 1, 0);
    addPanel(m_outliers, 0, 1, 2, 1);
    layOut();
    setEmpty(tr("Shows how the steps of a measured point are spread: a histogram with its "
                "percentiles, the steps in order, and what explains those that stand far out."),
             run);
}

void LatencyPage::buildControls() {
    m_points->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_points->setToolTip(tr("The measured point whose repetitions are shown, newest first"));
    connect(m_points, &QComboBox::activated, this, [this](int index) {
        m_chosen = index == 0 ? QString() : m_points->itemData(index).toString();
        refresh();
    });
    m_logarithmic->setToolTip(tr("Show milliseconds on a logarithmic axis"));
    connect(m_logarithmic, &QToolButton::toggled, this, [this](bool on) {
        m_histogram->setLogarithmic(on);
        m_strip->setLogarithmic(on);
        refresh();
    });
    connect(m_histogram, &LatencyPlot::logarithmicChanged, m_logarithmic, &QToolButton::setChecked);
    QHBoxLayout* row = controls();
    row->addWidget(m_points);
    row->addWidget(m_logarithmic);
    row->addStretch(1);
}

std::size_t LatencyPage::fillPoints() {
    m_choices = latencyChoices(m_runs.runs());
    std::vector<ComboItem> items;
    std::size_t chosen = 0;
    for (const LatencyChoice& each : m_choices) {
        if (each.key == m_chosen)
            chosen = items.size();
        items.push_back({each.text, each.key});
    }
    setItems(*m_points, items, items.empty() ? -1 : static_cast<int>(chosen));
    return chosen;
}

bool LatencyPage::takeData() {
    const std::size_t chosen = fillPoints();
    const LatencyData latency =
        chosen < m_choices.size()
            ? buildLatency(m_runs.runs(), m_choices[chosen], session().overview())
            : LatencyData{};
    m_histogram->setData(latency);
    m_strip->setData(latency);
    m_outliers->setData(latency);
    return !latency.empty();
}

TableData LatencyPage::tableData() const {
    const LatencyData& latency = m_histogram->data();
    TableData table;
    table.columns = {{tr("What"), ColumnKind::Words},
                     {tr("From, ms")},
                     {tr("To, ms")},
                     {tr("Repetitions")},
                     {tr("Remark"), ColumnKind::Words}};
    const auto all = static_cast<int>(latency.repetitionsMs.size());
    table.rows.push_back({tr("All"), ms(latency.linear.least), ms(latency.linear.most), count(all),
                          tr("%1 at %2; %3 more to warm up")
                              .arg(latency.label, latency.place, count(latency.warmups))});
    for (const auto& [name, value] : {std::pair{tr("p50"), latency.p50Ms},
                                      {tr("p90"), latency.p90Ms},
                                      {tr("p99"), latency.p99Ms}})
        table.rows.push_back({name, QString(), ms(value), QString(), QString()});
    const LatencyHistogram& bins =
        m_histogram->logarithmic() ? latency.logarithmic : latency.linear;
    if (bins.below > 0)
        table.rows.push_back({tr("Far below"), ms(bins.least), ms(bins.edges.front()),
                              count(bins.below), QString()});
    for (std::size_t i = 0; i < bins.counts.size(); ++i)
        table.rows.push_back({tr("Bin %1").arg(i + 1), ms(bins.edges[i]), ms(bins.edges[i + 1]),
                              count(bins.counts[i]), QString()});
    if (bins.above > 0)
        table.rows.push_back(
            {tr("Far above"), ms(bins.edges.back()), ms(bins.most), count(bins.above), QString()});
    for (const LatencyOutlier& each : latency.outliers)
        table.rows.push_back({tr("Repetition %1").arg(each.repetition + 1), QString(), ms(each.ms),
                              count(1), each.cause});
    return table;
}

void LatencyPage::resizeEvent(QResizeEvent* event) {
    ChartPage::resizeEvent(event);
    layOut();
}

void LatencyPage::layOut() {
    const bool wide = width() >= kPanelFrom;
    m_outliers->parentWidget()->setVisible(wide);
    setShares({5, 4}, {5, wide ? 2 : 0});
}

} // namespace decodescope
