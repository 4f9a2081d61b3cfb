// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/speed_page.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include <QAbstractButton>
#include <QButtonGroup>
#include <QComboBox>
#include <QHBoxLayout>

#include "app/gui/models/speed_curve_builder.h"
#include "app/gui/panels/form_section.h"
#include "app/gui/panels/page_controls.h"
#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/speed_curve_plot.h"
#include "app/gui/theme/type_scale.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

QString count(std::int64_t value) {
    return QString::fromStdString(formatCount(value));
}

std::int64_t placeOf(SpeedAxis axis, const auto& point) {
    return std::llround(along(axis, point));
}

/// The powers of two, the last that fits, and what has been measured.
std::set<std::int64_t> tablePlaces(SpeedAxis axis, const SpeedCurve& curve) {
    std::set<std::int64_t> places;
    for (const PredictedSpeed& each : curve.predicted)
        if (const std::int64_t place = placeOf(axis, each);
            std::has_single_bit(static_cast<std::uint64_t>(place)))
            places.insert(place);
    if (curve.endsByMemory)
        places.insert(placeOf(axis, curve.predicted.back()));
    for (const MeasuredSpeed& each : curve.measured)
        places.insert(placeOf(axis, each));
    return places;
}

template <class Point>
const Point* at(SpeedAxis axis, const std::vector<Point>& points, std::int64_t place) {
    const auto found = std::find_if(points.begin(), points.end(), [&](const Point& each) {
        return placeOf(axis, each) == place;
    });
    return found == points.end() ? nullptr : &*found;
}

QString predictedCell(SpeedUnit unit, const PredictedSpeed* point) {
    if (!point)
        return SpeedPage::tr("–");
    const auto said = [&](double ms) { return rateLabel(inUnit(unit, ms, point->batch)); };
    if (!(point->leastMs > 0))
        return said(point->ms);
    const bool time = unit == SpeedUnit::Tpot;
    return SpeedPage::tr("%1 (%2–%3)")
        .arg(said(point->ms), said(time ? point->leastMs : point->mostMs),
             said(time ? point->mostMs : point->leastMs));
}

QString measuredCell(SpeedUnit unit, const MeasuredSpeed* point) {
    if (!point)
        return SpeedPage::tr("–");
    const auto [value, interval] = valueAndInterval(unit, *point);
    return point->ciMs ? SpeedPage::tr("%1 ± %2").arg(rateLabel(value), rateLabel(interval))
                       : rateLabel(value);
}

} // namespace

SpeedPage::SpeedPage(Session& session, QAction* run, QWidget* parent)
    : ChartPage(QStringLiteral("speed"), tr("Speed"), session, parent),
      m_held(formCombo(this, "speedHeld", tr("At"))), m_chart(new SpeedCurvePlot) {
    buildControls();
    addChart(m_chart, 0, 0);
    setEmpty(tr("Shows how fast each variant decodes as context and batch grow: predicted as soon "
                "as this machine's rates are known, and measured."),
             run);
}

void SpeedPage::buildControls() {
    const QButtonGroup* unit =
        choice(this, "speedUnit", {tr("Tokens/s"), tr("TPOT")}, [this](int index) {
            m_chart->setUnit(index == 0 ? SpeedUnit::TokensPerSecond : SpeedUnit::Tpot);
            refresh();
        });
    unit->button(1)->setToolTip(tr("Time per output token"));
    const QButtonGroup* axis =
        choice(this, "speedAxis", {tr("Context"), tr("Batch")},
               [this](int index) { setAxis(index == 0 ? SpeedAxis::Context : SpeedAxis::Batch); });
    m_held->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_held->setToolTip(tr("What is the same for all points"));
    connect(m_held, &QComboBox::activated, this, [this](int index) {
        m_chosen[static_cast<std::size_t>(m_axis)] = m_held->itemData(index).toLongLong();
        refresh();
        m_chart->fit();
    });
    QHBoxLayout* row = controls();
    for (const QButtonGroup* group : {unit, axis}) {
        auto* together = new QHBoxLayout;
        together->setSpacing(kHalfStep);
        for (QAbstractButton* button : group->buttons())
            together->addWidget(button);
        row->addLayout(together);
        row->addSpacing(kStep);
    }
    row->addWidget(m_held);
    row->addStretch(1);
}

void SpeedPage::setAxis(SpeedAxis axis) {
    m_axis = axis;
    refresh();
}

std::int64_t SpeedPage::fillHeld() {
    const OverviewInput input = session().overviewInput();
    const std::vector<std::int64_t> all = heldChoices(input, m_axis);
    const std::int64_t usual = usuallyHeld(input, m_axis);
    const std::int64_t wanted = m_chosen[static_cast<std::size_t>(m_axis)].value_or(usual);
    const std::int64_t held =
        std::find(all.begin(), all.end(), wanted) == all.end() ? usual : wanted;
    std::vector<ComboItem> items;
    items.reserve(all.size());
    for (const std::int64_t each : all)
        items.push_back(
            {(m_axis == SpeedAxis::Context ? tr("batch %1") : tr("%1 tokens")).arg(count(each)),
             static_cast<qlonglong>(each)});
    setItems(*m_held, items,
             static_cast<int>(std::find(all.begin(), all.end(), held) - all.begin()));
    return held;
}

bool SpeedPage::takeData() {
    m_chart->setData(
        buildSpeedCurves(session().overviewInput(), session().overview(), m_axis, fillHeld()));
    return std::any_of(m_chart->data().curves.begin(), m_chart->data().curves.end(),
                       [](const SpeedCurve& curve) {
                           return !curve.predicted.empty() || !curve.measured.empty();
                       });
}

TableData SpeedPage::tableData() const {
    const SpeedCurveData& shown = m_chart->data();
    const SpeedUnit unit = m_chart->unit();
    const QString what = unit == SpeedUnit::Tpot ? tr("TPOT in ms") : tr("Tokens/s");
    TableData table;
    table.columns = {{tr("Attention"), ColumnKind::Words},
                     {tr("Context")},
                     {tr("Batch")},
                     {tr("%1,\npredicted (range)").arg(what)},
                     {tr("%1,\nmeasured ± 95 % CI").arg(what)},
                     {tr("Repetitions")},
                     {tr("Remark"), ColumnKind::Words}};
    const bool contexts = shown.axis == SpeedAxis::Context;
    for (const SpeedCurve& curve : shown.curves)
        for (const std::int64_t place : tablePlaces(shown.axis, curve)) {
            const PredictedSpeed* predicted = at(shown.axis, curve.predicted, place);
            const MeasuredSpeed* measured = at(shown.axis, curve.measured, place);
            QStringList notes;
            if (curve.endsByMemory && predicted == &curve.predicted.back())
                notes << tr("the most that fits");
            if (measured && !remarks(*measured).isEmpty())
                notes << remarks(*measured);
            table.rows.push_back(
                {curve.whatIf ? tr("%1 (what-if)").arg(curve.label) : curve.label,
                 count(contexts ? place : shown.held), count(contexts ? shown.held : place),
                 predictedCell(unit, predicted), measuredCell(unit, measured),
                 measured ? count(static_cast<std::int64_t>(measured->repetitions)) : tr("–"),
                 notes.join(QStringLiteral(", "))});
        }
    return table;
}

} // namespace decodescope
