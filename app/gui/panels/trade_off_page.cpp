// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/gui/panels/trade_off_page.h"

#include <algorithm>

#include <QComboBox>
#include <QHBoxLayout>
#include <QPushButton>
#include <QSignalBlocker>

#include "app/gui/models/trade_off_builder.h"
#include "app/gui/panels/form_section.h"
#include "app/gui/plots/trade_off_plot.h"

namespace decodescope {
namespace {

constexpr int kStudyLetters = 20;
constexpr int kMetricLetters = 12;

} // namespace

TradeOffPage::TradeOffPage(Session& session, QWidget* parent, const QString& file)
    : ChartPage(QStringLiteral("tradeOff"), tr("Trade-off"), session, parent), m_store(file),
      m_plot(new TradeOffPlot(this)) {
    dropLegend();
    addChart(m_plot, 0, 0);
    addChoices();
    controls()->addStretch(1);
    addButtons();
    connect(&m_store, &QualityStore::changed, this, &TradeOffPage::fillStudies);
    fillStudies();
}

void TradeOffPage::addChoices() {
    m_studies = formCombo(this, "tradeOffStudy", tr("Study"));
    m_studies->setMinimumContentsLength(kStudyLetters);
    m_studies->setToolTip(tr("Numbers of one study are compared with each other, never with "
                             "those of another"));
    m_metrics = formCombo(this, "tradeOffMetric", tr("Quality"));
    m_metrics->setMinimumContentsLength(kMetricLetters);
    m_metrics->setToolTip(tr("What the study measured"));
    connect(m_studies, &QComboBox::currentIndexChanged, this, [this] {
        fillMetrics();
        refresh();
        m_plot->fit();
    });
    connect(m_metrics, &QComboBox::currentIndexChanged, this, [this] {
        refresh();
        m_plot->fit();
    });
    controls()->addWidget(m_studies);
    controls()->addWidget(m_metrics);
}

void TradeOffPage::addButtons() {
    const auto button = [this](const char* name, const QString& text, const QString& tip) {
        auto* made = new QPushButton(text, this);
        made->setObjectName(QString::fromLatin1(name));
        made->setToolTip(tip);
        controls()->addWidget(made);
        return made;
    };
    QStringList columns;
    for (const std::string_view column : kQualityColumns)
        columns << QString::fromUtf8(column.data(), static_cast<qsizetype>(column.size()));
    QPushButton* take =
        button("tradeOffImport", tr("Import…"),
               tr("Add your own numbers: a CSV table with the columns %1. A study of the same name "
                  "that you imported before gives way.")
                   .arg(columns.join(QStringLiteral(", "))));
    QPushButton* give = button("tradeOffExport", tr("Save table…"),
                               tr("Write this study as a CSV table that can be imported again"));
    m_remove = button("tradeOffRemove", tr("Remove"), {});
    connect(take, &QPushButton::clicked, this, &TradeOffPage::importRequested);
    connect(give, &QPushButton::clicked, this, &TradeOffPage::exportStudyRequested);
    connect(m_remove, &QPushButton::clicked, this, &TradeOffPage::removeStudy);
}

void TradeOffPage::fillStudies() {
    const int shown = std::max(0, m_studies->currentIndex());
    {
        const QSignalBlocker quiet(m_studies);
        m_studies->clear();
        for (const QualityStudy& each : m_store.studies()) {
            const QString title = QString::fromStdString(each.title);
            m_studies->addItem(each.own ? tr("%1 (yours)").arg(title) : title);
        }
    }
    showStudy(std::min(shown, m_studies->count() - 1));
}

void TradeOffPage::showStudy(int index) {
    {
        const QSignalBlocker quiet(m_studies);
        m_studies->setCurrentIndex(index);
    }
    fillMetrics();
    refresh();
    m_plot->fit();
}

void TradeOffPage::fillMetrics() {
    const QSignalBlocker quiet(m_metrics);
    m_metrics->clear();
    for (const QualityMetric& each : study().metrics)
        m_metrics->addItem(QString::fromStdString(each.name));
    m_metrics->setEnabled(m_metrics->count() > 1);
}

const QualityStudy& TradeOffPage::study() const {
    return m_store.studies()[static_cast<std::size_t>(std::max(0, m_studies->currentIndex()))];
}

std::size_t TradeOffPage::metric() const {
    return static_cast<std::size_t>(std::max(0, m_metrics->currentIndex()));
}

bool TradeOffPage::takeData() {
    TradeOffData shown = buildTradeOff(study(), metric());
    const std::vector<VariantSeries>& variants = session().overview().variants;
    const auto own = std::find_if(variants.begin(), variants.end(),
                                  [](const VariantSeries& each) { return !each.whatIf; });
    if (own != variants.end()) {
        shown.modelName = session().overview().modelName;
        shown.modelKvBytes = static_cast<double>(own->kvBytesPerToken);
    }
    m_plot->setTradeOff(shown);
    m_remove->setEnabled(study().own);
    m_remove->setToolTip(study().own ? tr("Forget this study; save it first to keep it")
                                     : tr("Published studies stay; only yours can be removed"));
    return true;
}

TableData TradeOffPage::tableData() const {
    return tradeOffTable(study(), metric());
}

Status TradeOffPage::import(const QString& path) {
    const Result<QString> title = m_store.import(path);
    if (!title)
        return title.error();
    showStudy(m_store.ownStudy(*title));
    return Done{};
}

void TradeOffPage::showForNow(std::vector<QualityStudy> studies) {
    if (!studies.empty())
        showStudy(m_store.ownStudy(m_store.show(std::move(studies))));
}

Status TradeOffPage::exportStudy(const QString& path) const {
    return QualityStore::write({&study(), 1}, path);
}

void TradeOffPage::removeStudy() {
    if (!study().own)
        return;
    if (const Status removed = m_store.remove(QString::fromStdString(study().title)); !removed)
        emit refused(QString::fromStdString(removed.error().sentence()));
}

} // namespace decodescope
