// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <limits>

#include <QAbstractButton>
#include <QAction>
#include <QComboBox>
#include <QLabel>
#include <QTest>
#include <QToolButton>

#include <qcustomplot.h>

#include "app/gui/models/session.h"
#include "app/gui/models/speed_curve_builder.h"
#include "app/gui/panels/data_table.h"
#include "app/gui/panels/speed_page.h"
#include "app/gui/plots/speed_curve_plot.h"
#include "app/gui/theme/application_palette.h"

using namespace decodescope;

namespace {

constexpr std::size_t kMha = 0, kGqa = 1;

Sample gqaSample(std::int64_t context, std::int64_t batch, double ms) {
    Sample sample;
    sample.variant = "GQA-8";
    sample.attention = "gqa";
    sample.layers = sample.layersMeasured = sample.nHeads = 32;
    sample.nKvHeads = 8;
    sample.headDim = 128;
    sample.context = context;
    sample.batch = batch;
    sample.tpotP50Ms = ms;
    sample.tpotCi95Ms = ms / 10;
    sample.tokensPerSecond = static_cast<double>(batch) * 1000 / ms;
    sample.repetitionsMs = {ms, ms, ms};
    return sample;
}

/// A device with rates, so that there are predictions.
void addDevice(Session& session) {
    DeviceInfo device;
    device.id = "cpu";
    device.name = "Test CPU";
    device.available = true;
    device.memoryTotalBytes = std::uint64_t{24} << 30;
    Ceilings ceilings;
    ceilings.bandwidthBytesPerSecond = 50e9;
    ceilings.flopPerSecond = 1e12;
    device.ceilings = ceilings;
    session.addDevice(device);
}

QString subtitleOf(const SpeedCurvePlot& plot) {
    return plot.plot().findChildren<QCPTextElement*>().at(1)->text();
}

QCPGraph* graphNamed(const QCustomPlot& plot, const QString& name) {
    for (int i = 0; i < plot.graphCount(); ++i)
        if (plot.graph(i)->name() == name)
            return plot.graph(i);
    return nullptr;
}

} // namespace

/// The Speed tab: predictions against forecasts, points against the Samples behind them.
class TestSpeedCurves : public QObject {
    Q_OBJECT
private slots:
    void init();

    void predictionsAreThePlans();
    void predictionsEndWhereMemoryDoes();
    void predictionsReachToWhatWasMeasured();
    void pointsAreThoseOfTheSamples();
    void whatIsHeldCanBeChosen();
    void theUnitTurnsTheCurveAround();
    void oneRepetitionHasNoInterval();
    void firstImpressionsArePaleAndNotJoined();
    void hiddenVariantsAreNotDrawn();
    void withoutRatesThePageSaysWhatItWillShow();
    void thePageSwitchesUnitAndAxis();
    void theTableHasTheSameNumbers();

private:
    [[nodiscard]] SpeedCurveData build(SpeedAxis axis, std::int64_t held) const {
        return buildSpeedCurves(m_session->overviewInput(), m_session->overview(), axis, held);
    }
    std::unique_ptr<Session> m_session;
};

void TestSpeedCurves::init() {
    applyTheme(ThemeChoice::Light);
    m_session = std::make_unique<Session>();
    addDevice(*m_session);
}

void TestSpeedCurves::predictionsAreThePlans() {
    const OverviewInput input = m_session->overviewInput();
    const SpeedCurveData contexts = build(SpeedAxis::Context, 1);
    const auto at = [](const SpeedCurve& curve, SpeedAxis axis, double place) {
        for (const PredictedSpeed& each : curve.predicted)
            if (along(axis, each) == place)
                return each;
        return PredictedSpeed{};
    };
    const Plan plan = makePlan(input.variants[kGqa], input.device, input.workload, 4096, 1);
    QVERIFY(plan.forecast.seconds > 0);
    QCOMPARE(at(contexts.curves[kGqa], SpeedAxis::Context, 4096).ms, plan.forecast.seconds * 1000);
    const Plan four = makePlan(input.variants[kGqa], input.device, input.workload, 8192, 4);
    const SpeedCurveData batches = build(SpeedAxis::Batch, 8192);
    QCOMPARE(at(batches.curves[kGqa], SpeedAxis::Batch, 4).ms, four.forecast.seconds * 1000);
    QCOMPARE(inUnit(SpeedUnit::TokensPerSecond, four.forecast.seconds * 1000, 4),
             four.forecast.tokensPerSecond);
}

void TestSpeedCurves::predictionsEndWhereMemoryDoes() {
    const SpeedCurveData data = build(SpeedAxis::Context, 1);
    for (std::size_t i = 0; i < data.curves.size(); ++i) {
        QVERIFY(data.curves[i].endsByMemory);
        QCOMPARE(data.curves[i].predicted.back().context,
                 m_session->overview().variants.at(i).maxContext);
    }
    const SpeedCurve mha = build(SpeedAxis::Batch, 8192).curves[kMha];
    QVERIFY(mha.endsByMemory);
    const OverviewInput input = m_session->overviewInput();
    Workload step = input.workload;
    step.scope = Scope::Step;
    const std::int64_t last = mha.predicted.back().batch;
    QVERIFY(makePlan(input.variants[kMha], input.device, step, 8192, last).fits);
    QVERIFY(!makePlan(input.variants[kMha], input.device, step, 8192, last + 1).fits);
}

void TestSpeedCurves::predictionsReachToWhatWasMeasured() {
    m_session->setText(Field::Memory, QStringLiteral("2 GiB")); // not even the weights fit
    QVERIFY(build(SpeedAxis::Context, 1).curves[kGqa].predicted.empty());
    m_session->setSamples({gqaSample(2048, 1, 8)});
    const SpeedCurve curve = build(SpeedAxis::Context, 1).curves[kGqa];
    QCOMPARE(curve.predicted.back().context, std::int64_t{2048});
    QVERIFY(!curve.endsByMemory);
}

void TestSpeedCurves::pointsAreThoseOfTheSamples() {
    Sample again = gqaSample(1024, 1, 5);
    Sample otherType = gqaSample(4096, 1, 9);
    otherType.kvTypes = {DataType::Q8_0, DataType::Q8_0};
    m_session->setSamples(
        {gqaSample(2048, 1, 8), gqaSample(1024, 1, 4), again, gqaSample(1024, 4, 12), otherType});
    const SpeedCurveData data = build(SpeedAxis::Context, 1);
    const std::vector<MeasuredSpeed>& points = data.curves[kGqa].measured;
    QCOMPARE(points.size(), std::size_t{2});
    QCOMPARE(points[0].ms, 5.0); // the later one stands for the point it repeats
    QCOMPARE(points[1].ms, 8.0);
    QCOMPARE(*points[1].ciMs, 0.8);
    QVERIFY(data.curves[kMha].measured.empty());
    const SpeedCurveData batches = build(SpeedAxis::Batch, 1024);
    QCOMPARE(batches.curves[kGqa].measured.size(), std::size_t{2});
    QCOMPARE(batches.curves[kGqa].measured[1].batch, std::int64_t{4});
    QVERIFY(std::abs(batches.curves[kGqa].measured[1].tokensPerSecond - 4000.0 / 12) < 1e-9);
}

void TestSpeedCurves::whatIsHeldCanBeChosen() {
    m_session->setText(Field::Contexts, QStringLiteral("1K,2K"));
    m_session->setSamples({gqaSample(5000, 3, 8)});
    const OverviewInput input = m_session->overviewInput();
    QCOMPARE(heldChoices(input, SpeedAxis::Context), (std::vector<std::int64_t>{1, 3}));
    QCOMPARE(heldChoices(input, SpeedAxis::Batch), (std::vector<std::int64_t>{1024, 2048, 5000}));
    QCOMPARE(usuallyHeld(input, SpeedAxis::Context), std::int64_t{1});
    QCOMPARE(usuallyHeld(input, SpeedAxis::Batch), std::int64_t{2048});
}

void TestSpeedCurves::theUnitTurnsTheCurveAround() {
    m_session->setSamples({gqaSample(1024, 1, 4), gqaSample(2048, 1, 8)});
    SpeedCurvePlot plot;
    plot.setData(build(SpeedAxis::Context, 1));
    QCPGraph* points = graphNamed(plot.plot(), QStringLiteral("GQA-8, measured"));
    QVERIFY(points);
    QCOMPARE(points->data()->at(0)->value, 250.0);
    QVERIFY(points->pen().style() == Qt::SolidLine);
    const auto bars = plot.plot().findChildren<QCPErrorBars*>();
    QCOMPARE(bars.size(), 1);
    QVERIFY(std::abs(bars[0]->data()->at(0).errorPlus - 25) < 1e-9); // a tenth
    QVERIFY(plot.description().contains(
        QStringLiteral("GQA-8 was measured from 250 tokens/s at 1,024 tokens to 125 tokens/s")));
    plot.setUnit(SpeedUnit::Tpot);
    points = graphNamed(plot.plot(), QStringLiteral("GQA-8, measured"));
    QCOMPARE(points->data()->at(1)->value, 8.0);
    QVERIFY(plot.plot().yAxis->range().contains(8));
    QCOMPARE(plot.plot().yAxis->scaleType(), QCPAxis::stLogarithmic);
}

void TestSpeedCurves::oneRepetitionHasNoInterval() {
    Sample once = gqaSample(1024, 1, 4);
    once.repetitionsMs = {4};
    once.tpotCi95Ms = std::numeric_limits<double>::infinity();
    m_session->setSamples({once});
    const MeasuredSpeed point = build(SpeedAxis::Context, 1).curves[kGqa].measured.at(0);
    QVERIFY(!point.ciMs);
    SpeedCurvePlot plot;
    plot.setData(build(SpeedAxis::Context, 1));
    QVERIFY(std::isfinite(plot.plot().yAxis->range().upper));
    QCOMPARE(plot.plot().findChildren<QCPErrorBars*>().at(0)->data()->at(0).errorPlus, 0.0);
}

void TestSpeedCurves::firstImpressionsArePaleAndNotJoined() {
    Sample quick = gqaSample(1024, 1, 4);
    quick.quickLook = true;
    Sample cut = gqaSample(4096, 1, 9);
    cut.stopping.reason = "interrupted";
    m_session->setSamples({quick, gqaSample(2048, 1, 8), cut});
    SpeedCurvePlot plot;
    plot.setData(build(SpeedAxis::Context, 1));
    const QCPGraph* pale = graphNamed(plot.plot(), QStringLiteral("GQA-8, first impression"));
    QVERIFY(pale);
    QCOMPARE(pale->data()->size(), 2);
    QCOMPARE(pale->lineStyle(), QCPGraph::lsNone);
    QVERIFY(pale->scatterStyle().brush().color() != lightTheme().colour(SeriesSlot::Gqa));
    QCOMPARE(graphNamed(plot.plot(), QStringLiteral("GQA-8, measured"))->data()->size(), 1);
    QVERIFY(subtitleOf(plot).contains(QStringLiteral("pale marks: quick look or partial")));
    QCOMPARE(remarks(plot.data().curves[kGqa].measured[2]), QStringLiteral("partial"));
}

void TestSpeedCurves::hiddenVariantsAreNotDrawn() {
    SpeedCurvePlot plot;
    plot.setData(build(SpeedAxis::Context, 1));
    QVERIFY(graphNamed(plot.plot(), QStringLiteral("MHA, predicted")));
    m_session->setShown(QStringLiteral("MHA"), false);
    plot.setData(build(SpeedAxis::Context, 1));
    QVERIFY(!graphNamed(plot.plot(), QStringLiteral("MHA, predicted")));
    QVERIFY(graphNamed(plot.plot(), QStringLiteral("MQA, predicted")));
}

void TestSpeedCurves::withoutRatesThePageSaysWhatItWillShow() {
    Session fresh;
    QAction run(QStringLiteral("Run"));
    int pressed = 0;
    connect(&run, &QAction::triggered, this, [&pressed] { ++pressed; });
    SpeedPage page(fresh, &run);
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    QVERIFY(page.findChild<QLabel*>(QStringLiteral("speedEmpty"))->isVisible());
    QTest::mouseClick(page.findChild<QToolButton*>(QStringLiteral("speedEmptyButton")),
                      Qt::LeftButton);
    QCOMPARE(pressed, 1);
    addDevice(fresh);
    QVERIFY(!page.findChild<QLabel*>(QStringLiteral("speedEmpty"))->isVisible());
}

void TestSpeedCurves::thePageSwitchesUnitAndAxis() {
    SpeedPage page(*m_session, nullptr);
    page.resize(800, 500);
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    const auto* chart = page.findChild<SpeedCurvePlot*>(QStringLiteral("plot-speed"));
    const auto press = [&page](const char* name) {
        QTest::mouseClick(page.findChild<QAbstractButton*>(QString::fromLatin1(name)),
                          Qt::LeftButton);
    };
    press("speedUnit-1");
    QCOMPARE(chart->unit(), SpeedUnit::Tpot);
    press("speedAxis-1");
    QCOMPARE(chart->data().axis, SpeedAxis::Batch);
    QCOMPARE(chart->data().held, std::int64_t{8192});
    auto* held = page.findChild<QComboBox*>(QStringLiteral("speedHeld"));
    held->setFocus();
    QTest::keyClick(held, Qt::Key_Up);
    QCOMPARE(chart->data().held, std::int64_t{4096});
    press("speedAxis-0");
    QCOMPARE(chart->data().held, std::int64_t{1});
    press("speedAxis-1"); // what was chosen for this axis is kept
    QCOMPARE(chart->data().held, std::int64_t{4096});
    QVERIFY(chart->plot().xAxis->range().contains(1));
    QVERIFY(chart->plot().xAxis->range().upper < 1000);
}

void TestSpeedCurves::theTableHasTheSameNumbers() {
    m_session->setSamples({gqaSample(1024, 1, 4)});
    SpeedPage page(*m_session, nullptr);
    page.showTable(true);
    page.refresh();
    const DataTable* table = page.table();
    int found = 0;
    for (int row = 0; row < table->rowCount(); ++row) {
        if (table->item(row, 0)->text() != QLatin1String("GQA-8") ||
            table->item(row, 1)->text() != QLatin1String("1,024"))
            continue;
        ++found;
        QCOMPARE(table->item(row, 4)->text(), QStringLiteral("250 ± 25.0"));
        QCOMPARE(table->item(row, 5)->text(), QStringLiteral("3"));
        QVERIFY(table->item(row, 3)->text() != QStringLiteral("–"));
    }
    QCOMPARE(found, 1);
}

QTEST_MAIN(TestSpeedCurves)
#include "test_speed_curves.moc"
