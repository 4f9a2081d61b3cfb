// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <limits>
#include <numeric>

#include <QAction>
#include <QComboBox>
#include <QLabel>
#include <QTest>
#include <QToolButton>

#include <qcustomplot.h>

#include "app/gui/models/interference.h"
#include "app/gui/models/latency_builder.h"
#include "app/gui/models/latency_histogram.h"
#include "app/gui/panels/data_table.h"
#include "app/gui/panels/latency_page.h"
#include "app/gui/plots/latency_plot.h"
#include "app/gui/plots/latency_strip_plot.h"
#include "app/gui/theme/application_palette.h"

using namespace decodescope;

namespace {

/// 10.0, 10.1, … in an order that has no slope.
std::vector<double> spread(int n) {
    std::vector<double> values;
    values.reserve(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i)
        values.push_back(10 + 0.1 * ((i * 7) % n));
    return values;
}

int counted(const LatencyHistogram& bins) {
    return std::accumulate(bins.counts.begin(), bins.counts.end(), 0) + bins.below + bins.above;
}

Sample sampleOf(const std::string& variant, std::vector<double> repetitions, double p50) {
    Sample sample;
    sample.runId = "r";
    sample.variant = variant;
    sample.context = 1024;
    sample.repetitionsMs = std::move(repetitions);
    sample.tpotP50Ms = p50;
    sample.stopping.rule.warmupRepetitions = 3;
    return sample;
}

Progress line(const std::string& variant, double atMs, std::vector<double> repetitions) {
    Progress made;
    made.phase = "measure";
    made.variant = variant;
    made.context = 1024;
    made.atMs = atMs;
    made.repetitionsMs = std::move(repetitions);
    return made;
}

/// MHA and MQA take turns; in the third turn MHA takes 40 ms instead of 10, and MQA `beside` ms
/// instead of 1.
Run disturbedRun(double beside) {
    Run run;
    Recording& recording = run.recording;
    std::vector<double> mha;
    std::vector<double> mqa;
    for (int turn = 0; turn < 6; ++turn) {
        const double slow = turn == 2 ? 40 : 10;
        const double fast = turn == 2 ? beside : 1;
        recording.progress.push_back(line("MHA", 100 + turn * 50, {slow, 10.01}));
        recording.progress.push_back(line("MQA", 110 + turn * 50, {fast, 1.01}));
        mha.insert(mha.end(), {slow, 10.01});
        mqa.insert(mqa.end(), {fast, 1.01});
    }
    recording.samples = {sampleOf("MHA", mha, 10), sampleOf("MQA", mqa, 1)};
    return run;
}

QStringList texts(const QCustomPlot& plot) {
    QStringList all;
    for (int i = 0; i < plot.itemCount(); ++i)
        if (const auto* text = qobject_cast<QCPItemText*>(plot.item(i)); text && text->visible())
            all << text->text();
    return all;
}

} // namespace

/// From repetitions to bins, percentiles, outliers and what explains them.
class TestLatency : public QObject {
    Q_OBJECT
private slots:
    void binsFollowFreedmanAndDiaconis();
    void everyRepetitionIsCountedOnce_data();
    void everyRepetitionIsCountedOnce();
    void aFarOutlierDoesNotPressTheOthersTogether();
    void aLogAxisShowsTheFarOutlierInPlace();
    void equalRepetitionsAreOneBin();
    void choicesAreNewestFirst();
    void outliersAreExplainedByWhatRanBeside();
    void whatWasNotRecordedIsSaid();
    void clocksAreSaidWhereTheyAreRecorded();
    void aSteadyPointHasNoOutliers();
    void driftIsTheLastQuarterOverTheFirst();
    void theHistogramIsThatOfTheSample();
    void percentileLabelsDoNotOverlap();
    void theStripShowsEveryRepetitionInOrder();
    void nothingMeasuredIsSaid();
    void anEmptyPageOffersARun();
    void thePageShowsTheNewestUntilAnotherIsChosen();
    void thePanelGivesWayInANarrowPage();
    void theTableHasTheSameNumbers();
};

void TestLatency::binsFollowFreedmanAndDiaconis() {
    const std::vector<double> values = spread(64); // 10 … 16.3, interquartile range 3.15
    const LatencyHistogram bins = latencyHistogram(values, false);
    // 2 × 3.15 / ∛64 = 1.575; 6.3 / 1.575 = 4.
    QCOMPARE(bins.counts.size(), std::size_t{4});
    QCOMPARE(bins.edges.front(), 10.0);
    QVERIFY(std::abs(bins.edges.back() - 16.3) < 1e-9);
    QCOMPARE(bins.counts, (std::vector<int>{16, 16, 16, 16}));
}

void TestLatency::everyRepetitionIsCountedOnce_data() {
    QTest::addColumn<QList<double>>("values");
    const auto list = [](const std::vector<double>& values) {
        return QList<double>(values.begin(), values.end());
    };
    QTest::newRow("one") << QList<double>{3.5};
    QTest::newRow("two") << QList<double>{3.5, 3.6};
    QTest::newRow("all equal") << QList<double>{7, 7, 7, 7, 7, 7};
    QTest::newRow("spread") << list(spread(101));
    QTest::newRow("far above") << QList<double>{1, 1.01, 1.02, 1, 1.01, 1.03, 900};
    QTest::newRow("far below") << QList<double>{0.001, 50, 50.1, 50.2, 50, 50.1, 50.2};
    QTest::newRow("two humps") << QList<double>{1, 1, 1, 1, 9, 9, 9, 9};
    QTest::newRow("tiny") << QList<double>{1e-5, 1.1e-5, 1.2e-5, 3e-5};
}

void TestLatency::everyRepetitionIsCountedOnce() {
    QFETCH(QList<double>, values);
    for (const bool logarithmic : {false, true}) {
        const LatencyHistogram bins =
            latencyHistogram(std::vector<double>(values.begin(), values.end()), logarithmic);
        QCOMPARE(counted(bins), static_cast<int>(values.size()));
        QCOMPARE(bins.edges.size(), bins.counts.size() + 1);
        QVERIFY(std::is_sorted(bins.edges.begin(), bins.edges.end()));
        QVERIFY(bins.edges.back() > bins.edges.front());
        QVERIFY(static_cast<int>(bins.counts.size()) <= kMostBins);
        if (logarithmic)
            QVERIFY(bins.below == 0 && bins.above == 0);
    }
    const LatencyHistogram none = latencyHistogram(std::vector<double>{0, -1, std::nan("")}, false);
    QVERIFY(none.empty());
}

void TestLatency::aFarOutlierDoesNotPressTheOthersTogether() {
    std::vector<double> values = spread(64);
    values.push_back(5000);
    const LatencyHistogram bins = latencyHistogram(values, false);
    QCOMPARE(bins.above, 1);
    QCOMPARE(bins.most, 5000.0);
    QVERIFY(bins.counts.size() >= 4);
    QVERIFY(bins.edges.back() < 50);
}

void TestLatency::aLogAxisShowsTheFarOutlierInPlace() {
    std::vector<double> values = spread(64);
    values.push_back(5000);
    const LatencyHistogram bins = latencyHistogram(values, true);
    QCOMPARE(bins.binOf(5000), static_cast<int>(bins.counts.size()) - 1);
    QCOMPARE(bins.counts.back(), 1);
    // Equal widths on the axis: each edge is the same multiple of the one before.
    QVERIFY(std::abs(bins.edges[2] / bins.edges[1] - bins.edges[1] / bins.edges[0]) < 1e-9);
}

void TestLatency::equalRepetitionsAreOneBin() {
    const LatencyHistogram bins = latencyHistogram(std::vector<double>(9, 4.0), false);
    QCOMPARE(bins.counts, std::vector<int>{9});
    QVERIFY(bins.edges.front() < 4 && bins.edges.back() > 4);
    QVERIFY(bins.edges.back() - bins.edges.front() < 0.1);
}

void TestLatency::choicesAreNewestFirst() {
    std::vector<Run> runs{disturbedRun(1), disturbedRun(1)};
    runs[1].recording.samples[1].repetitionsMs.clear(); // nothing to look at
    runs[1].recording.samples[0].batch = 4;
    const std::vector<LatencyChoice> choices = latencyChoices(runs);
    QCOMPARE(choices.size(), std::size_t{3});
    QCOMPARE(choices[0].text, QStringLiteral("MHA · 1,024 tokens, batch 4 · run 2"));
    QCOMPARE(choices[1].text, QStringLiteral("MQA · 1,024 tokens · run 1"));
    QCOMPARE(choices[2].text, QStringLiteral("MHA · 1,024 tokens · run 1"));
    QVERIFY(choices[0].key != choices[2].key);
}

void TestLatency::outliersAreExplainedByWhatRanBeside() {
    const auto only = [](double beside) {
        const std::vector<Run> runs{disturbedRun(beside)};
        const LatencyData data = buildLatency(runs, latencyChoices(runs).back(), {});
        return data.outliers.size() == 1 ? data.outliers.front() : LatencyOutlier{};
    };
    const LatencyOutlier disturbed = only(3);
    QCOMPARE(disturbed.ms, 40.0);
    QCOMPARE(disturbed.repetition, std::size_t{4});
    QVERIFY2(disturbed.cause.startsWith(
                 QStringLiteral("interference: MQA too took 3.00× its median within the same 50")),
             qPrintable(disturbed.cause));
    const LatencyOutlier alone = only(1.02);
    QVERIFY2(alone.cause.startsWith(QStringLiteral("this step alone: MQA")),
             qPrintable(alone.cause));
}

void TestLatency::whatWasNotRecordedIsSaid() {
    std::vector<Run> runs{disturbedRun(3)};
    runs[0].recording.progress.clear();
    const LatencyData data = buildLatency(runs, latencyChoices(runs).back(), {});
    QCOMPARE(data.outliers.size(), std::size_t{1});
    QCOMPARE(data.outliers.front().cause, QStringLiteral("not recorded"));
    runs = {disturbedRun(3)};
    std::erase_if(runs[0].recording.progress,
                  [](const Progress& each) { return each.variant == "MQA"; });
    QCOMPARE(buildLatency(runs, latencyChoices(runs).back(), {}).outliers.front().cause,
             QStringLiteral("nothing else was measured beside it"));
}

void TestLatency::clocksAreSaidWhereTheyAreRecorded() {
    std::vector<Run> runs{disturbedRun(3)};
    QVERIFY(buildLatency(runs, latencyChoices(runs).back(), {}).conditions.isEmpty());
    PointConditions conditions;
    conditions.smClockMhz = ReadingRange{1410, 1410, 1980};
    runs[0].recording.samples[0].conditions = conditions;
    const QString text = buildLatency(runs, latencyChoices(runs).back(), {}).conditions;
    QVERIFY2(text.contains(QStringLiteral("SM clock changed from 1,410 to 1,980 MHz")),
             qPrintable(text));
}

void TestLatency::aSteadyPointHasNoOutliers() {
    std::vector<Run> runs(1);
    // A hair above the others is no outlier, though the quartiles are equal.
    runs[0].recording.samples = {sampleOf("MHA", {10, 10, 10, 10, 10, 10, 10.01}, 10)};
    QVERIFY(buildLatency(runs, latencyChoices(runs).front(), {}).outliers.empty());
    runs[0].recording.samples = {sampleOf("MHA", {10, 10, 99}, 10)}; // who is the odd one?
    QVERIFY(buildLatency(runs, latencyChoices(runs).front(), {}).outliers.empty());
}

void TestLatency::driftIsTheLastQuarterOverTheFirst() {
    std::vector<Run> runs(1);
    runs[0].recording.samples = {sampleOf("MHA", {10, 10, 10, 10.5, 10.5, 10.5, 11, 11}, 10)};
    const LatencyData rising = buildLatency(runs, latencyChoices(runs).front(), {});
    QVERIFY(rising.drift && std::abs(*rising.drift - 0.1) < 1e-9);
    QCOMPARE(driftText(rising), QStringLiteral("drift +10.0 % from the first quarter to the last"));
    runs[0].recording.samples = {sampleOf("MHA", {10, 20}, 15)};
    QVERIFY(!buildLatency(runs, latencyChoices(runs).front(), {}).drift);
}

void TestLatency::theHistogramIsThatOfTheSample() {
    const std::vector<Run> runs{disturbedRun(3)};
    LatencyPlot plot;
    const LatencyData data = buildLatency(runs, latencyChoices(runs).back(), {});
    plot.setData(data);
    const auto steps = plot.plot().graph(0)->data();
    double drawn = 0;
    for (const QCPGraphData& each : *steps)
        drawn += each.value;
    QCOMPARE(drawn + data.linear.above, 12.0);
    const QString subtitle = plot.plot().findChildren<QCPTextElement*>().at(1)->text();
    QVERIFY2(subtitle.contains(QStringLiteral("n 12 · bins")) &&
                 subtitle.contains(QStringLiteral("warm-up excluded: 3")),
             qPrintable(subtitle));
    QVERIFY(texts(plot.plot()).contains(QStringLiteral("p50 10.0 ms")));
    QVERIFY(!texts(plot.plot()).filter(QStringLiteral("up to 40.0 ms")).isEmpty());
    QVERIFY(plot.accessibleDescription().contains(QStringLiteral("Half of the 12 steps of MHA")));
    plot.setLogarithmic(true);
    QVERIFY(texts(plot.plot()).filter(QStringLiteral("up to")).isEmpty());
    QVERIFY(plot.plot().xAxis->range().contains(40));
}

void TestLatency::percentileLabelsDoNotOverlap() {
    const auto rectOf = [](const QCPItemText* label) {
        return QRectF(label->topLeft->pixelPosition(), label->bottomRight->pixelPosition());
    };
    std::vector<Run> runs(1);
    for (const std::vector<double>& values :
         {std::vector<double>{5}, std::vector<double>(20, 5.0), spread(60),
          std::vector<double>{1, 1, 1, 1, 1, 1, 1, 1, 400, 500}}) {
        runs[0].recording.samples = {sampleOf("MHA", values, 5)};
        LatencyPlot plot;
        plot.resize(480, 300);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        plot.setData(buildLatency(runs, latencyChoices(runs).front(), {}));
        plot.plot().replot();
        std::vector<QRectF> labels;
        for (int i = 0; i < plot.plot().itemCount(); ++i)
            if (const auto* text = qobject_cast<QCPItemText*>(plot.plot().item(i));
                text && text->text().startsWith(QLatin1Char('p')))
                labels.push_back(rectOf(text));
        QCOMPARE(labels.size(), std::size_t{3});
        for (std::size_t i = 0; i < labels.size(); ++i) {
            QVERIFY(plot.plot().rect().contains(labels[i].toAlignedRect()));
            for (std::size_t j = 0; j < i; ++j)
                QVERIFY(!labels[i].adjusted(1, 1, -1, -1).intersects(labels[j]));
        }
    }
}

void TestLatency::theStripShowsEveryRepetitionInOrder() {
    const std::vector<Run> runs{disturbedRun(3)};
    LatencyStripPlot strip;
    strip.setData(buildLatency(runs, latencyChoices(runs).back(), {}));
    const auto drawn = strip.plot().graph(0)->data();
    QCOMPARE(drawn->size(), 12);
    QCOMPARE(drawn->at(4)->key, 5.0);
    QCOMPARE(drawn->at(4)->value, 40.0);
    QCOMPARE(strip.plot().graph(2)->data()->size(), 1);
    QVERIFY(strip.plot().yAxis->range().contains(40));
    QVERIFY(strip.description().contains(QStringLiteral("12 repetitions of MHA")));
}

void TestLatency::nothingMeasuredIsSaid() {
    LatencyPlot plot;
    plot.setData({});
    QVERIFY(!texts(plot.plot()).filter(QStringLiteral("Press Run (F5)")).isEmpty());
    QCOMPARE(plot.description(), QStringLiteral("Nothing has been measured yet."));
    const std::vector<Run> none;
    QVERIFY(latencyChoices(none).empty());
    QVERIFY(buildLatency(none, {}, {}).empty());
}

void TestLatency::anEmptyPageOffersARun() {
    Session session;
    const RunStore runs;
    QAction run(QStringLiteral("Run"));
    int pressed = 0;
    connect(&run, &QAction::triggered, this, [&pressed] { ++pressed; });
    LatencyPage page(session, runs, &run);
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    QVERIFY(page.findChild<QLabel*>(QStringLiteral("latencyEmpty"))->isVisible());
    QVERIFY(!page.findChild<QComboBox*>(QStringLiteral("latencyPoint"))->isVisible());
    QTest::mouseClick(page.findChild<QToolButton*>(QStringLiteral("latencyEmptyButton")),
                      Qt::LeftButton);
    QCOMPARE(pressed, 1);
}

void TestLatency::thePageShowsTheNewestUntilAnotherIsChosen() {
    Session session;
    RunStore runs;
    runs.open(disturbedRun(1).recording, {});
    LatencyPage page(session, runs, nullptr);
    page.resize(1000, 500);
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    const auto* chart = page.findChild<LatencyPlot*>(QStringLiteral("plot-latency"));
    auto* box = page.findChild<QComboBox*>(QStringLiteral("latencyPoint"));
    QCOMPARE(chart->data().label, QStringLiteral("MQA"));
    const auto arrive = [&](const std::string& variant) {
        runs.add({sampleOf(variant, {1, 2, 3}, 2)});
        session.setSamples(runs.samples());
    };
    arrive("GQA-8");
    QCOMPARE(chart->data().label, QStringLiteral("GQA-8")); // the newest
    box->setFocus();
    QTest::keyClick(box, Qt::Key_Down);
    QCOMPARE(chart->data().label, QStringLiteral("MQA"));
    arrive("MHA");
    QCOMPARE(chart->data().label, QStringLiteral("MQA")); // as chosen
    QCOMPARE(box->currentText(), QStringLiteral("MQA · 1,024 tokens"));
    QTest::mouseClick(page.findChild<QToolButton*>(QStringLiteral("latencyLog")), Qt::LeftButton);
    QVERIFY(chart->logarithmic());
    QCOMPARE(page.findChild<LatencyStripPlot*>(QStringLiteral("plot-latency-steps"))
                 ->plot()
                 .yAxis->scaleType(),
             QCPAxis::stLogarithmic);
}

void TestLatency::thePanelGivesWayInANarrowPage() {
    Session session;
    RunStore runs;
    Recording recording = disturbedRun(3).recording;
    std::swap(recording.samples[0], recording.samples[1]); // MHA last: the newest
    runs.open(recording, {});
    LatencyPage page(session, runs, nullptr);
    page.resize(1100, 500);
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    const auto* outliers = page.findChild<QTableWidget*>(QStringLiteral("outlierTable"));
    const auto* chart = page.findChild<LatencyPlot*>(QStringLiteral("plot-latency"));
    QVERIFY(outliers->isVisible());
    QCOMPARE(outliers->item(0, 0)->text(), QStringLiteral("5"));
    const auto* note = page.findChild<QLabel*>(QStringLiteral("outlierNote"));
    QVERIFY(note->text().contains(QStringLiteral("Clocks of the device: not recorded.")));
    QVERIFY(outliers->item(0, 2)->text().startsWith(QStringLiteral("interference: MQA")));
    QVERIFY(chart->width() > page.width() / 2);
    page.resize(720, 300);
    QTRY_VERIFY(!outliers->isVisible());
    QTRY_VERIFY(chart->width() > page.width() - 40);
}

void TestLatency::theTableHasTheSameNumbers() {
    Session session;
    RunStore runs;
    runs.open(disturbedRun(3).recording, {});
    LatencyPage page(session, runs, nullptr);
    page.showTable(true);
    page.refresh();
    const DataTable* table = page.table();
    QCOMPARE(table->item(0, 3)->text(), QStringLiteral("12"));
    QCOMPARE(table->item(0, 4)->text(), QStringLiteral("MQA at 1,024 tokens; 3 more to warm up"));
    int held = 0;
    for (int row = 4; row < table->rowCount(); ++row)
        if (!table->item(row, 0)->text().startsWith(QStringLiteral("Repetition")))
            held += table->item(row, 3)->text().toInt();
    QCOMPARE(held, 12);
    QCOMPARE(table->item(table->rowCount() - 1, 0)->text(), QStringLiteral("Repetition 5"));
}

QTEST_MAIN(TestLatency)
#include "test_latency.moc"
