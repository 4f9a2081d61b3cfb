// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/roofline_page.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSlider>

#include "app/gui/models/roofline_builder.h"
#include "app/gui/panels/form_section.h"
#include "app/gui/panels/part_button.h"
#include "app/gui/panels/roofline_list.h"
#include "app/gui/plots/roofline_plot.h"
#include "app/gui/plots/si_text.h"
#include "app/gui/theme/type_scale.h"
#include "core/spec/presets.h"

namespace decodescope {
namespace {

constexpr int kSliderWidth = 96;
constexpr int kWidestCombo = 200;

QString wordFor(const RooflinePoint& point) {
    return point.measured ? RooflinePage::tr("measured") : RooflinePage::tr("predicted");
}

QStringList tableRow(const RooflineData& data, const RooflinePoint& point, const QString& origin) {
    QString bound = point.bound;
    if (point.cacheResident)
        bound += RooflinePage::tr(", cache-resident");
    return {pointTitle(data, point),
            origin,
            intensityText(point.intensity),
            siText(point.flopPerSecond, QStringLiteral("FLOP/s")),
            point.ofRoof > 0 ? QStringLiteral("%1 %").arg(qRound(100 * point.ofRoof)) : QString(),
            bound,
            point.evidence};
}

} // namespace

RooflinePage::RooflinePage(Session& session, QAction* run, QWidget* parent)
    : ChartPage(QStringLiteral("roofline"), tr("Roofline"), session, parent),
      m_plot(new RooflinePlot(this)), m_list(new RooflineList(this)) {
    addChart(m_plot, 0, 0);
    addPanel(m_list, 0, 1);
    setShares({1}, {5, 2});
    addParts();
    controls()->addStretch(1);
    addTokens();
    addDatasheets();
    setEmpty(tr("The roofs of this machine, and where attention, linear layers and the whole step "
                "lie under them. A run measures them first."),
             run);
}

void RooflinePage::addParts() {
    const std::pair<StepPart, QString> parts[] = {{StepPart::Attention, tr("Attention")},
                                                  {StepPart::Linear, tr("Linear layers")},
                                                  {StepPart::Whole, tr("Whole step")}};
    for (const auto& [part, text] : parts) {
        auto* button = new PartButton(text, RooflinePlot::markSize(part), this);
        button->setObjectName(QStringLiteral("rooflinePart-%1").arg(static_cast<int>(part)));
        connect(button, &QAbstractButton::toggled, m_plot,
                [this, which = part](bool shown) { m_plot->setPartShown(which, shown); });
        controls()->addWidget(button);
    }
}

void RooflinePage::addTokens() {
    auto* label = new QLabel(tr("Tokens per step"), this);
    label->setToolTip(tr("New tokens that one step checks for every sequence: more than one where "
                         "a draft is verified (speculative decoding)"));
    auto* number = new QLabel(QStringLiteral("1"), this);
    number->setObjectName(QStringLiteral("rooflineTokensText"));
    number->setMinimumWidth(number->fontMetrics().horizontalAdvance(QStringLiteral("16")));
    m_tokens = new QSlider(Qt::Horizontal, this);
    m_tokens->setObjectName(QStringLiteral("rooflineTokens"));
    m_tokens->setAccessibleName(tr("Tokens per step"));
    m_tokens->setAccessibleDescription(label->toolTip());
    m_tokens->setToolTip(label->toolTip());
    m_tokens->setRange(1, kMostNewTokens);
    m_tokens->setPageStep(4);
    m_tokens->setFixedWidth(kSliderWidth);
    connect(m_tokens, &QSlider::valueChanged, this, [this, number](int tokens) {
        number->setText(QString::number(tokens));
        m_plot->setNewTokens(tokens);
        showPoints();
    });
    controls()->addWidget(label);
    controls()->addWidget(m_tokens);
    controls()->addWidget(number);
}

void RooflinePage::addDatasheets() {
    m_datasheets = formCombo(this, "rooflineDatasheet", tr("Roofs of a datasheet"));
    m_datasheets->setToolTip(tr("Whose datasheet stands beside the measured roofs, dashed"));
    m_datasheets->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_datasheets->setMaximumWidth(kWidestCombo);
    m_datasheets->addItem(tr("No datasheet"), QString());
    for (const DeviceSpec& spec : devicePresets())
        m_datasheets->addItem(QString::fromStdString(spec.name), QString::fromStdString(spec.id));
    connect(m_datasheets, &QComboBox::activated, this, [this] {
        m_datasheetChosen = true;
        refresh();
    });
    controls()->addWidget(m_datasheets);
}

/// A device of the catalogue has its own; a local one that which bears its name, or is chosen.
const DeviceSpec* RooflinePage::datasheet() {
    const bool local = session().deviceIsLocal();
    m_datasheets->setEnabled(local);
    const std::string device = session().configuration().deviceId;
    if (!local || !m_datasheetChosen) {
        const DeviceSpec* named = likelyDatasheet(session().planDevice().name);
        choose(m_datasheets, QString::fromStdString(!local  ? device
                                                    : named ? named->id
                                                            : std::string()));
    }
    const std::string chosen = m_datasheets->currentData().toString().toStdString();
    for (const DeviceSpec& spec : devicePresets())
        if (spec.id == chosen)
            return &spec;
    return nullptr;
}

bool RooflinePage::takeData() {
    const std::vector<Plan> plans = session().plans();
    const DeviceInfo* local = session().localDevice();
    RooflineInput input{plans, session().overview(), session().configuration().workload};
    if (local && local->ceilings && local->ceilings->measured)
        input.ceilings = local->ceilings;
    input.gpu = local && local->backend != "cpu";
    input.datasheet = datasheet();
    std::vector<Sample> beside;
    if (!session().planOnly()) {
        input.samples = session().samples();
        if (const std::optional<Baseline>& baseline = session().baseline()) {
            beside = samplesBeside(*baseline, session().samples());
            input.samples = beside;
            input.baseline = baseline->samples;
        }
    }
    m_plot->setRoofline(buildRoofline(input));
    showPoints();
    return !m_plot->roofline().roofs.empty();
}

void RooflinePage::showPoints() {
    m_list->setPoints(m_plot->roofline(), bestKnown(m_plot->roofline(), m_plot->newTokens()));
}

TableData RooflinePage::tableData() const {
    const RooflineData& roofline = m_plot->roofline();
    TableData table;
    table.columns = {{tr("What"), ColumnKind::Words},
                     {tr("How known"), ColumnKind::Words},
                     {tr("FLOP/B")},
                     {tr("Rate")},
                     {tr("Of its roof")},
                     {tr("Bound"), ColumnKind::Words},
                     {tr("By which numbers"), ColumnKind::Words}};
    for (const Roof& roof : roofline.roofs)
        table.rows.push_back({tr("roof: %1").arg(roof.label),
                              roof.measured ? tr("measured") : tr("datasheet"), QString(),
                              roofRate(roof)});
    for (const RooflinePoint& point : m_plot->shownPoints())
        table.rows.push_back(tableRow(roofline, point, wordFor(point)));
    for (const RooflinePoint& point : roofline.baseline)
        table.rows.push_back(tableRow(roofline, point, tr("baseline")));
    return table;
}

} // namespace decodescope
