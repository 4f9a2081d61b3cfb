// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAction>
#include <QComboBox>
#include <QLabel>
#include <QSignalSpy>
#include <QSlider>
#include <QTest>
#include <QToolButton>

#include <qcustomplot.h>

#include "app/gui/models/roofline_builder.h"
#include "app/gui/panels/data_table.h"
#include "app/gui/panels/legend_row.h"
#include "app/gui/panels/roofline_list.h"
#include "app/gui/panels/roofline_page.h"
#include "app/gui/plots/line_label.h"
#include "app/gui/plots/point_labels.h"
#include "app/gui/plots/roofline_plot.h"
#include "app/gui/plots/si_text.h"
#include "app/gui/theme/application_palette.h"
#include "example_samples.h"

using namespace decodescope;

namespace {

const RooflinePoint* find(const std::vector<RooflinePoint>& points, int variant, StepPart part) {
    for (const RooflinePoint& point : points)
        if (point.variant == variant && point.part == part)
            return &point;
    return nullptr;
}

const Roof* roofNamed(const RooflineData& data, const QString& label) {
    for (const Roof& roof : data.roofs)
        if (roof.label == label)
            return &roof;
    return nullptr;
}

QStringList labelsOf(const QCustomPlot& plot) {
    QStringList texts;
    for (int i = 0; i < plot.itemCount(); ++i)
        if (const auto* label = qobject_cast<LineLabel*>(plot.item(i)))
            texts << label->text();
    return texts;
}

} // namespace

/// The roofline's numbers against what is behind them, and its tab.
class TestRoofline : public QObject {
    Q_OBJECT
private slots:
    void init();

    void ratesHaveThreeFigures();
    void roofsAreThoseOfTheCalibration();
    void cachesThatSayNothingAreNotDrawn();
    void datasheetRoofsAreDashedAndNamed();
    void theLikelyDatasheetIsFoundByName();
    void predictedPointsStandOnTheirRoof();
    void measuredPointsAreTheSamples();
    void linearLayersAreTheStepLessItsAttention();
    void theNearestContextStandsIn();
    void namesOfRoofsCoverNothing_data();
    void namesOfRoofsCoverNothing();
    void otherTypesAndShapesAreNoPoints();
    void pointsAboveTheRoofAreFlagged();
    void aRecordingOfAnotherMachineBringsItsRoofs();
    void theBaselineIsHollowWithAnArrow();
    void sliderMovesThePredictedPoints();
    void partsAndVariantsAreHidden();
    void theListSaysWhatBoundsEachPoint();
    void theCursorReadsTheNearestPoint();
    void theTableHasTheSameNumbers();
    void withoutRoofsThereIsAButton();
    void aCatalogueDeviceHasItsDatasheet();

private:
    RooflineData built(const std::vector<Sample>& samples,
                       const std::vector<Sample>& baseline = {}) const;
    template <typename T>
    T* child(const char* name) const {
        return m_page->findChild<T*>(QString::fromLatin1(name));
    }

    std::unique_ptr<Session> m_session;
    std::unique_ptr<QAction> m_run;
    std::unique_ptr<RooflinePage> m_page;
};

void TestRoofline::init() {
    applyTheme(ThemeChoice::Light);
    m_page.reset();
    m_session = std::make_unique<Session>();
    m_session->addDevice(someCpu(true));
    m_session->setDevice("cpu");
    m_run = std::make_unique<QAction>(QStringLiteral("Run"));
    m_page = std::make_unique<RooflinePage>(*m_session, m_run.get());
    m_page->resize(1100, 560);
    m_page->show();
    QApplication::processEvents();
}

RooflineData TestRoofline::built(const std::vector<Sample>& samples,
                                 const std::vector<Sample>& baseline) const {
    const std::vector<Plan> plans = m_session->plans();
    RooflineInput input{plans, m_session->overview(), m_session->configuration().workload};
    input.ceilings = m_session->localDevice()->ceilings;
    input.samples = samples;
    input.baseline = baseline;
    return buildRoofline(input);
}

void TestRoofline::ratesHaveThreeFigures() {
    QCOMPARE(siText(2.814e10, QStringLiteral("FLOP/s")), QStringLiteral("28.1 GFLOP/s"));
    QCOMPARE(siText(999.6e9, QStringLiteral("B/s")), QStringLiteral("1 TB/s"));
    QCOMPARE(siText(12, QStringLiteral("B/s")), QStringLiteral("12 B/s"));
    QCOMPARE(siText(0, QStringLiteral("B/s")), QStringLiteral("0 B/s"));
    QCOMPARE(intensityText(0.5), QStringLiteral("0.5"));
    QCOMPARE(intensityText(1240), QStringLiteral("1,240"));
}

void TestRoofline::roofsAreThoseOfTheCalibration() {
    const RooflineData data = built({});
    const Roof* memory = roofNamed(data, QStringLiteral("memory"));
    QVERIFY(memory && memory->bandwidth && memory->measured);
    QCOMPARE(memory->perSecond, kBandwidth);
    QVERIFY(memory->main);
    QCOMPARE(roofNamed(data, QStringLiteral("f32 multiply-add"))->perSecond, kPeak);
    QVERIFY(roofNamed(data, QStringLiteral("f32 multiply-add"))->main);
    QVERIFY(!roofNamed(data, QStringLiteral("arithmetic peak"))); // it is one of those
    QCOMPARE(roofNamed(data, QStringLiteral("bf16 products"))->perSecond, 8e11);
    QVERIFY(!roofNamed(data, QStringLiteral("int8 dot products")));
    QCOMPARE(data.main.ridge(), 10.0);
    const QStringList labels = labelsOf(m_page->plot().plot());
    QVERIFY(labels.contains(QStringLiteral("memory 40 GB/s")));
    QVERIFY(labels.contains(QStringLiteral("f32 multiply-add 400 GFLOP/s")));
}

void TestRoofline::cachesThatSayNothingAreNotDrawn() {
    const RooflineData data = built({});
    const Roof* first = roofNamed(data, QStringLiteral("4 × L1 cache"));
    QVERIFY(first && !first->main);
    QCOMPARE(first->perSecond, 4e11);
    // One cache for all four threads, read by one of them, is slower than memory read by all.
    for (const Roof& roof : data.roofs)
        QVERIFY(!roof.label.contains(QStringLiteral("L3")));
}

void TestRoofline::datasheetRoofsAreDashedAndNamed() {
    auto* box = child<QComboBox>("rooflineDatasheet");
    QCOMPARE(box->currentIndex(), 0); // "A machine" is in no catalogue
    box->setCurrentIndex(box->findData(QStringLiteral("rtx-4090")));
    emit box->activated(box->currentIndex());
    const QStringList labels = labelsOf(m_page->plot().plot());
    QVERIFY(labels.join(QLatin1Char('|')).contains(QStringLiteral("datasheet memory 1.01 TB/s")));
    int dashed = 0;
    QCustomPlot& plot = m_page->plot().plot();
    for (int i = 0; i < plot.graphCount(); ++i)
        if (plot.graph(i)->name().startsWith(QStringLiteral("datasheet"))) {
            QVERIFY(plot.graph(i)->pen().style() == Qt::CustomDashLine);
            ++dashed;
        }
    QCOMPARE(dashed, 3);
}

void TestRoofline::theLikelyDatasheetIsFoundByName() {
    const DeviceSpec* found = likelyDatasheet("NVIDIA GeForce RTX 4090");
    QVERIFY(found && found->id == "rtx-4090");
    found = likelyDatasheet("NVIDIA GeForce RTX 4070 Ti SUPER");
    QVERIFY(found && found->id == "rtx-4070-ti-super");
    found = likelyDatasheet("NVIDIA A100-SXM4-40GB");
    QVERIFY(found && found->id == "a100-40gb-sxm");
    QVERIFY(!likelyDatasheet("AMD EPYC 9354"));
    QVERIFY(!likelyDatasheet(""));
}

void TestRoofline::predictedPointsStandOnTheirRoof() {
    const RooflineData data = built({});
    QCOMPARE(data.predicted.size(), std::size_t{9}); // three variants, three parts
    for (const auto& path : data.predicted) {
        QCOMPARE(path.size(), std::size_t{kMostNewTokens});
        QVERIFY(!path.front().measured && path.front().newTokens == 1);
        if (path.front().part != StepPart::Whole)
            QVERIFY(std::abs(path.front().ofRoof - 1) < 1e-9);
    }
    const std::vector<RooflinePoint> known = bestKnown(data, 1);
    QCOMPARE(known.size(), std::size_t{9});
    QCOMPARE(known[0].intensity, 1.0); // MHA, f16: one FLOP a byte
    QCOMPARE(known[3].intensity, 4.0);
    QCOMPARE(known[6].intensity, 32.0);
    QCOMPARE(known[0].bound, QStringLiteral("memory-bound"));
    QCOMPARE(known[6].bound, QStringLiteral("compute-bound"));
    QVERIFY(known[6].evidence.contains(QStringLiteral("above the ridge at 10")));
}

void TestRoofline::measuredPointsAreTheSamples() {
    const Sample sample = measured("GQA-8", 8, Scope::Attention, 0.05);
    const RooflineData data = built({sample});
    QCOMPARE(data.measured.size(), std::size_t{1});
    const RooflinePoint& point = data.measured.front();
    QVERIFY(point.measured && point.part == StepPart::Attention && point.variant == 1);
    QCOMPARE(point.intensity, 4.0);
    QCOMPARE(point.flopPerSecond, static_cast<double>(sample.flop) / 0.05);
    QCOMPARE(point.ofRoof, point.flopPerSecond / (4 * kBandwidth));
    QCOMPARE(point.bound, QStringLiteral("memory-bound"));
    for (const char* part : {"80 % of the bandwidth", "20 % of the peak", "half the bytes: 0.5 ×",
                             "twice the work: 1 ×"})
        QVERIFY2(point.evidence.contains(QString::fromUtf8(part)), qPrintable(point.evidence));
    // In the chart: solid, of the variant's colour.
    m_session->setSamples({sample});
    int solid = 0;
    QCustomPlot& plot = m_page->plot().plot();
    for (int i = 0; i < plot.graphCount(); ++i) {
        const QCPGraph* graph = plot.graph(i);
        if (graph->lineStyle() == QCPGraph::lsNone &&
            graph->scatterStyle().brush().color() == lightTheme().colour(SeriesSlot::Gqa)) {
            QCOMPARE(graph->data()->constBegin()->key, point.intensity);
            QCOMPARE(graph->data()->constBegin()->value, point.flopPerSecond);
            ++solid;
        }
    }
    QCOMPARE(solid, 1);
}

void TestRoofline::linearLayersAreTheStepLessItsAttention() {
    const Sample attention = measured("GQA-8", 8, Scope::Attention, 0.05);
    const Sample step = measured("GQA-8", 8, Scope::Step, 0.55);
    const RooflineData data = built({attention, step});
    QCOMPARE(data.measured.size(), std::size_t{3});
    const RooflinePoint* linear = find(data.measured, 1, StepPart::Linear);
    QVERIFY(linear);
    QCOMPARE(linear->intensity, 1.0);
    QVERIFY(std::abs(linear->flopPerSecond - 15e9 / 0.5) < 1);
    QVERIFY(linear->evidence.contains(QStringLiteral("step less attention")));
    // At another context there is nothing to take away from the step.
    const RooflineData other =
        built({measured("GQA-8", 8, Scope::Attention, 0.05, kContext / 2), step});
    QVERIFY(!find(other.measured, 1, StepPart::Linear));
    QVERIFY(find(other.measured, 1, StepPart::Attention));
}

void TestRoofline::theNearestContextStandsIn() {
    const RooflineData data = built({measured("MQA", 1, Scope::Attention, 0.1, 1024),
                                     measured("MQA", 1, Scope::Attention, 0.2, 4096),
                                     measured("MQA", 1, Scope::Attention, 0.3, 4096)});
    const RooflinePoint* point = find(data.measured, 2, StepPart::Attention);
    QVERIFY(point);
    QCOMPARE(point->context, std::int64_t{4096});
    const Sample newest = measured("MQA", 1, Scope::Attention, 0.3, 4096);
    QCOMPARE(point->flopPerSecond, static_cast<double>(newest.flop) / 0.3);
    QVERIFY(pointOrigin(*point).contains(QStringLiteral("4,096")));
}

void TestRoofline::otherTypesAndShapesAreNoPoints() {
    Sample types = measured("GQA-8", 8, Scope::Attention, 0.05);
    types.kvTypes = {DataType::F32, DataType::F32};
    Sample shape = measured("GQA-8", 8, Scope::Attention, 0.05);
    shape.layers = 16;
    Sample weights = measured("GQA-8", 8, Scope::Step, 0.05);
    weights.weightsType = DataType::F32;
    Sample nothing = measured("GQA-8", 8, Scope::Attention, 0);
    QVERIFY(built({types, shape, weights, nothing}).measured.empty());
}

void TestRoofline::pointsAboveTheRoofAreFlagged() {
    // 1 GiB of cache in 10 ms: 107 GB/s, where memory delivers 40.
    const Sample fast = measured("GQA-8", 8, Scope::Attention, 0.01);
    QVERIFY(built({fast}).measured.front().cacheResident);
    QVERIFY(!built({measured("GQA-8", 8, Scope::Attention, 0.05)}).measured.front().cacheResident);
    m_session->setSamples({fast});
    QCustomPlot& plot = m_page->plot().plot();
    plot.replot();
    QStringList placed;
    for (int i = 0; i < plot.itemCount(); ++i)
        if (const auto* texts = qobject_cast<PointLabels*>(plot.item(i)))
            placed = texts->placed();
    QCOMPARE(placed, QStringList{QStringLiteral("cache-resident")});
}

void TestRoofline::aRecordingOfAnotherMachineBringsItsRoofs() {
    Sample sample = measured("GQA-8", 8, Scope::Attention, 0.05);
    sample.device = "Another machine";
    sample.ceilingBytesPerSecond = 2e10;
    sample.ceilingFlopPerSecond = 1e11;
    const RooflineData data = built({sample});
    QCOMPARE(data.deviceName, QStringLiteral("Another machine"));
    QCOMPARE(data.main.ridge(), 5.0);
    QCOMPARE(data.roofs.size(), std::size_t{2});
    for (const auto& path : data.predicted)
        QVERIFY(path.front().flopPerSecond <= 1e11 * (1 + 1e-9));
}

void TestRoofline::theBaselineIsHollowWithAnArrow() {
    Sample after = measured("GQA-8", 8, Scope::Attention, 0.05);
    after.runId = "after";
    m_session->setSamples({after});
    QCustomPlot& plot = m_page->plot().plot();
    QVERIFY(plot.findChildren<QCPItemLine*>().isEmpty());
    const Sample before = measured("GQA-8", 8, Scope::Attention, 0.1);
    m_session->setBaseline(
        baselineOf({before, measured("MHA", 32, Scope::Attention, 0.3)}, QStringLiteral("before")));
    QCOMPARE(m_page->plot().roofline().baseline.size(), std::size_t{2});
    QList<QCPItemLine*> arrows;
    for (int i = 0; i < plot.itemCount(); ++i)
        if (auto* line = qobject_cast<QCPItemLine*>(plot.item(i)))
            arrows << line;
    QCOMPARE(arrows.size(), 1); // MHA has not been measured again
    QCOMPARE(arrows[0]->start->coords().y(), static_cast<double>(before.flop) / 0.1);
    QCOMPARE(arrows[0]->end->coords().y(), static_cast<double>(before.flop) / 0.05);
}

void TestRoofline::sliderMovesThePredictedPoints() {
    auto* slider = child<QSlider>("rooflineTokens");
    QCOMPARE(slider->minimum(), 1);
    QCOMPARE(slider->maximum(), kMostNewTokens);
    slider->setFocus();
    QTest::keyClick(slider, Qt::Key_Right);
    QTest::keyClick(slider, Qt::Key_Right);
    QTest::keyClick(slider, Qt::Key_Right);
    QCOMPARE(child<QLabel>("rooflineTokensText")->text(), QStringLiteral("4"));
    for (const RooflinePoint& point : m_page->plot().shownPoints())
        if (point.variant == 1 && point.part != StepPart::Whole)
            QCOMPARE(point.intensity, point.part == StepPart::Attention ? 16.0 : 4.0);
    // The way there: a curve of four points for each of the nine.
    QCustomPlot& plot = m_page->plot().plot();
    int trails = 0;
    for (int i = 0; i < plot.plottableCount(); ++i)
        if (const auto* trail = qobject_cast<QCPCurve*>(plot.plottable(i))) {
            QCOMPARE(trail->data()->size(), 4);
            ++trails;
        }
    QCOMPARE(trails, 9);
}

void TestRoofline::partsAndVariantsAreHidden() {
    QCOMPARE(m_page->plot().shownPoints().size(), std::size_t{9});
    QTest::mouseClick(child<QWidget>("rooflinePart-1"), Qt::LeftButton);
    for (const RooflinePoint& point : m_page->plot().shownPoints())
        QVERIFY(point.part != StepPart::Linear);
    QCOMPARE(m_page->plot().shownPoints().size(), std::size_t{6});
    m_session->setShown(QStringLiteral("MQA"), false);
    QCOMPARE(m_page->plot().shownPoints().size(), std::size_t{4});
}

void TestRoofline::theListSaysWhatBoundsEachPoint() {
    m_session->setSamples({measured("GQA-8", 8, Scope::Attention, 0.05)});
    const auto titles =
        child<RooflineList>("rooflineList")->findChildren<QLabel*>(QStringLiteral("rooflineTitle"));
    const auto bounds =
        child<RooflineList>("rooflineList")->findChildren<QLabel*>(QStringLiteral("rooflineBound"));
    const auto numbers = child<RooflineList>("rooflineList")
                             ->findChildren<QLabel*>(QStringLiteral("rooflineNumbers"));
    QCOMPARE(titles.size(), 9);
    QCOMPARE(titles[3]->text(), QStringLiteral("GQA-8 · attention"));
    QCOMPARE(bounds[3]->text(), QStringLiteral("memory-bound"));
    QCOMPARE(bounds[6]->text(), QStringLiteral("compute-bound"));
    QVERIFY(numbers[3]->text().contains(QStringLiteral("80 % of the bandwidth, 20 % of the peak")));
    QVERIFY(numbers[3]->text().contains(QStringLiteral("measured at 8,192 tokens")));
    QVERIFY(numbers[0]->text().contains(QStringLiteral("predicted at 8,192 tokens")));
}

void TestRoofline::theCursorReadsTheNearestPoint() {
    const Sample sample = measured("GQA-8", 8, Scope::Attention, 0.2);
    m_session->setSamples({sample});
    QCustomPlot& plot = m_page->plot().plot();
    plot.replot();
    QSignalSpy readout(m_page.get(), &TabPage::readout);
    const QPoint at(qRound(plot.xAxis->coordToPixel(4)),
                    qRound(plot.yAxis->coordToPixel(static_cast<double>(sample.flop) / 0.2)));
    QTest::mouseMove(&plot, at);
    QVERIFY(!readout.isEmpty());
    const QString text = readout.last().first().toString();
    QVERIFY2(text.contains(QStringLiteral("GQA-8 · attention, measured")), qPrintable(text));
    QVERIFY2(text.contains(QStringLiteral("4 FLOP/B")), qPrintable(text));
    QVERIFY2(text.contains(QStringLiteral("80 % of the bandwidth")), qPrintable(text));
}

void TestRoofline::theTableHasTheSameNumbers() {
    m_session->setSamples({measured("GQA-8", 8, Scope::Attention, 0.05)});
    m_page->showTable(true);
    const DataTable* table = m_page->table();
    QVERIFY(table->isVisible());
    const auto roofs = static_cast<int>(m_page->plot().roofline().roofs.size());
    QCOMPARE(table->rowCount(), roofs + 10);
    QCOMPARE(table->item(0, 0)->text(), QStringLiteral("roof: memory"));
    QCOMPARE(table->item(0, 3)->text(), QStringLiteral("40 GB/s"));
    QStringList kinds;
    for (int row = roofs; row < table->rowCount(); ++row)
        if (table->item(row, 0)->text() == QStringLiteral("GQA-8 · attention"))
            kinds << table->item(row, 1)->text();
    kinds.sort();
    QCOMPARE(kinds, (QStringList{QStringLiteral("measured"), QStringLiteral("predicted")}));
}

void TestRoofline::withoutRoofsThereIsAButton() {
    Session session;
    session.addDevice(someCpu(false));
    session.setDevice("cpu");
    RooflinePage page(session, m_run.get());
    page.resize(700, 300);
    page.show();
    auto* button = page.findChild<QToolButton*>(QStringLiteral("rooflineEmptyButton"));
    QVERIFY(button->isVisible());
    QVERIFY(page.findChild<QLabel*>(QStringLiteral("rooflineEmpty"))->text().contains("roofs"));
    QSignalSpy pressed(m_run.get(), &QAction::triggered);
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(pressed.size(), 1);
    session.addDevice(someCpu(true));
    QVERIFY(!button->isVisible());
    QVERIFY(page.plot().isVisible());
}

void TestRoofline::aCatalogueDeviceHasItsDatasheet() {
    m_session->setDevice("h100-sxm");
    const RooflineData& data = m_page->plot().roofline();
    QCOMPARE(data.roofs.size(), std::size_t{3});
    for (const Roof& roof : data.roofs)
        QVERIFY(!roof.measured);
    QVERIFY(!child<QComboBox>("rooflineDatasheet")->isEnabled());
    QVERIFY(std::abs(data.main.ridge() - 989e12 / 3350e9) < 1e-6);
    QVERIFY(m_page->plot().accessibleDescription().contains(QStringLiteral("295 FLOP per byte")));
    m_session->setDevice("jetson-orin-nx-16gb"); // of which only the bandwidth is known
    QCOMPARE(m_page->plot().roofline().roofs.size(), std::size_t{1});
    QVERIFY(m_page->plot().shownPoints().empty());
}

void TestRoofline::namesOfRoofsCoverNothing_data() {
    QTest::addColumn<QSize>("size");
    QTest::addColumn<bool>("all"); // there is room for every name
    QTest::newRow("large") << QSize(1100, 620) << true;
    QTest::newRow("low") << QSize(1100, 300) << true;
    QTest::newRow("small") << QSize(520, 300) << false;
    QTest::newRow("least") << QSize(320, 200) << false;
}

void TestRoofline::namesOfRoofsCoverNothing() {
    QFETCH(QSize, size);
    QFETCH(bool, all);
    // Points along the slope, where its name would stand.
    const RooflineData data =
        built({measured("MHA", 32, Scope::Attention, 0.15), measured("MHA", 32, Scope::Step, 0.7),
               measured("GQA-8", 8, Scope::Attention, 0.05), measured("GQA-8", 8, Scope::Step, 0.6),
               measured("MQA", 1, Scope::Attention, 0.04)});
    RooflinePlot plot;
    plot.resize(size);
    plot.setRoofline(data);
    plot.show();
    plot.plot().replot();
    std::vector<const LineLabel*> names;
    for (int i = 0; i < plot.plot().itemCount(); ++i)
        if (const auto* label = qobject_cast<LineLabel*>(plot.plot().item(i)))
            names.push_back(label);
    QCOMPARE(names.size(), data.roofs.size());
    int shown = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const QPolygonF& place = names[i]->placed();
        shown += place.isEmpty() ? 0 : 1;
        for (const RooflinePoint& point : plot.shownPoints()) {
            const QPointF middle(plot.plot().xAxis->coordToPixel(point.intensity),
                                 plot.plot().yAxis->coordToPixel(point.flopPerSecond));
            QVERIFY2(!place.containsPoint(middle, Qt::OddEvenFill), qPrintable(names[i]->text()));
        }
        for (std::size_t j = 0; j < i; ++j)
            QVERIFY2(!names[j]->placed().intersects(place), qPrintable(names[i]->text()));
    }
    QVERIFY(!all || shown == static_cast<int>(names.size()));
    QVERIFY(shown > 0);
}

QTEST_MAIN(TestRoofline)
#include "test_roofline.moc"
