// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QFile>
#include <QLabel>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include <nlohmann/json.hpp>
#include <qcustomplot.h>

#include "app/gui/models/comparison_builder.h"
#include "app/gui/panels/compare_page.h"
#include "app/gui/panels/data_table.h"
#include "app/gui/panels/legend_row.h"
#include "app/gui/plots/compare_plot.h"
#include "core/profile/recording.h"

using namespace decodescope;

namespace {

/// Twenty repetitions about `ms`, within 1 %, of a run.
Sample sampleOf(const char* run, const char* variant, double ms, std::int64_t context = 8192) {
    Sample sample;
    sample.runId = run;
    sample.variant = variant;
    sample.attention = std::string(variant) == "MHA" ? "mha" : "mqa";
    sample.model = "toy";
    sample.layers = sample.layersMeasured = 4;
    sample.nHeads = 32;
    sample.nKvHeads = sample.attention == "mha" ? 32 : 1;
    sample.headDim = 128;
    sample.device = "Test CPU";
    sample.threads = 2;
    sample.context = context;
    sample.bytesRead = 1000;
    sample.tpotP50Ms = ms;
    sample.tokensPerSecond = 1000 / ms;
    for (int i = 0; i < 20; ++i)
        sample.repetitionsMs.push_back(ms * (1 + 0.001 * (i - 9.5)));
    return sample;
}

} // namespace

/// The Compare tab: what the Session holds beside a baseline, against the core's comparison.
class TestComparePage : public QObject {
    Q_OBJECT
private slots:
    void init();
    void anEmptyPageSaysHowToFillIt();
    void theBaselineAloneIsNoComparison();
    void marksAreTheCoresRatios();
    void marksStandAsInTheLegend();
    void aNewerRunStandsForTheOlder();
    void quickLooksGiveWay();
    void theChartDrawsEveryMark();
    void whatIsNotComparedIsListed();
    void nothingInCommonIsSaid();
    void anotherDeviceIsShownAndNotJudged();
    void theTableHasEveryPair();
    void hiddenVariantsAreNotDrawn();
    void plansAreComparedWithPlans();
    void recordingsAreReadAsBaselines();
    void theBaselineIsRemoved();
    void hugeAndTinyRatiosStayInView();

private:
    [[nodiscard]] Comparison comparison() const { return *compareWithBaseline(*m_session); }
    [[nodiscard]] CompareData data() const { return compareData(comparison(), *m_session); }
    [[nodiscard]] PlotWidget* chart() const { return m_page->charts().front(); }
    [[nodiscard]] QToolButton* emptyButton() const {
        return m_page->findChild<QToolButton*>(QStringLiteral("compareEmptyButton"));
    }
    [[nodiscard]] QString emptyText() const {
        return m_page->findChild<QLabel*>(QStringLiteral("compareEmpty"))->text();
    }
    void pin(const std::vector<Sample>& samples) {
        m_session->setBaseline(baselineOf(samples, QStringLiteral("run 1")));
    }

    QAction m_run, m_pin, m_open, m_remove;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<ComparePage> m_page;
};

void TestComparePage::init() {
    m_page.reset();
    m_session = std::make_unique<Session>();
    m_run.setText(QStringLiteral("Run"));
    m_pin.setText(QStringLiteral("Pin"));
    m_open.setText(QStringLiteral("Open"));
    m_page =
        std::make_unique<ComparePage>(*m_session, PageActions{&m_run, &m_pin, &m_open, &m_remove});
    m_page->resize(900, 500);
    m_page->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_page.get()));
}

void TestComparePage::anEmptyPageSaysHowToFillIt() {
    QVERIFY(!chart()->isVisible());
    QVERIFY(emptyText().contains(QStringLiteral("baseline")));
    QCOMPARE(emptyButton()->text(), m_open.text());
    QSignalSpy opened(&m_open, &QAction::triggered);
    emptyButton()->setFocus();
    QTest::keyClick(emptyButton(), Qt::Key_Space);
    QCOMPARE(opened.size(), 1);
    m_session->setSamples({sampleOf("a", "MHA", 10)});
    QCOMPARE(emptyButton()->text(), m_pin.text());
}

void TestComparePage::theBaselineAloneIsNoComparison() {
    m_session->setSamples({sampleOf("a", "MHA", 10)});
    pin({sampleOf("a", "MHA", 10)});
    QVERIFY(!chart()->isVisible());
    QVERIFY(emptyText().contains(QStringLiteral("run 1 is the baseline")));
    QCOMPARE(emptyButton()->text(), m_run.text());
}

void TestComparePage::marksAreTheCoresRatios() {
    pin({sampleOf("a", "MHA", 10), sampleOf("a", "MQA", 8)});
    m_session->setSamples({sampleOf("b", "MHA", 5), sampleOf("b", "MQA", 8.01)});
    QVERIFY(chart()->isVisible());
    const Comparison core = comparison();
    const CompareData shown = data();
    QCOMPARE(shown.marks.size(), std::size_t{2});
    for (std::size_t i = 0; i < 2; ++i) {
        QCOMPARE(shown.marks[i].ratio, 1 / core.pairs[i].ratio);
        QCOMPARE(shown.marks[i].low, 1 / core.pairs[i].ratioInterval.high);
        QCOMPARE(shown.marks[i].high, 1 / core.pairs[i].ratioInterval.low);
    }
    QCOMPARE(shown.marks[0].before, 100.0);
    QCOMPARE(shown.marks[0].now, 200.0);
    QCOMPARE(shown.marks[0].change, Change::Faster);
    QCOMPARE(shown.marks[1].change, Change::NoDifference);
    QCOMPARE(countsText(shown), QStringLiteral("1 faster, 1 with no difference shown"));
    QVERIFY(chart()->accessibleDescription().contains(countsText(shown)));
    QVERIFY(chart()->accessibleDescription().contains(
        QStringLiteral("MHA at 8,192 tokens 2.00× (1.99 to 2.01)")));
}

void TestComparePage::marksStandAsInTheLegend() {
    pin({sampleOf("a", "MQA", 8), sampleOf("a", "MHA", 10)});
    m_session->setSamples({sampleOf("b", "MQA", 4), sampleOf("b", "MHA", 5)});
    QCOMPARE(data().marks[0].label, QStringLiteral("MHA"));
    QCOMPARE(data().marks[1].label, QStringLiteral("MQA"));
    QVERIFY(m_page->legend()
                ->findChild<QLabel*>(QStringLiteral("legendKey"))
                ->text()
                .contains(QStringLiteral("hollow: baseline")));
}

void TestComparePage::aNewerRunStandsForTheOlder() {
    pin({sampleOf("a", "MHA", 10)});
    m_session->setSamples({sampleOf("a", "MHA", 10), sampleOf("b", "MHA", 20),
                           sampleOf("c", "MHA", 5), sampleOf("c", "MHA", 5.01)});
    QCOMPARE(comparison().pairs.size(), std::size_t{1});
    QCOMPARE(comparison().pairs[0].b->repetitionsMs.size(), std::size_t{40}); // those of run c
    QCOMPARE(data().marks[0].change, Change::Faster);
}

void TestComparePage::quickLooksGiveWay() {
    pin({sampleOf("a", "MHA", 10)});
    Sample quick = sampleOf("b", "MQA", 3);
    quick.quickLook = true;
    m_session->setSamples({quick});
    QCOMPARE(comparison().pairs.size(), std::size_t{2});
    m_session->setSamples({quick, sampleOf("c", "MHA", 9)});
    QCOMPARE(comparison().pairs.size(), std::size_t{1});
}

void TestComparePage::theChartDrawsEveryMark() {
    pin({sampleOf("a", "MHA", 10, 1024), sampleOf("a", "MHA", 10), sampleOf("a", "MQA", 8)});
    m_session->setSamples(
        {sampleOf("b", "MHA", 5, 1024), sampleOf("b", "MHA", 12), sampleOf("b", "MQA", 8)});
    QCustomPlot& plot = static_cast<ComparePlot*>(chart())->plot();
    std::vector<double> ends;
    for (int i = 0; i < plot.graphCount(); ++i) // the ways from the baseline to now
        if (plot.graph(i)->lineStyle() == QCPGraph::lsLine && plot.graph(i)->dataCount() == 2) {
            const auto other = plot.graph(i)->data()->constBegin();
            ends.push_back(other->value == 1 ? (other + 1)->value : other->value);
        }
    std::sort(ends.begin(), ends.end());
    QCOMPARE(ends.size(), std::size_t{3});
    QVERIFY(std::abs(ends[0] - 10.0 / 12) < 1e-12);
    QVERIFY(std::abs(ends[1] - 1) < 1e-12);
    QVERIFY(std::abs(ends[2] - 2) < 1e-12);
    QVERIFY(plot.yAxis->range().contains(2) && plot.yAxis->range().contains(10.0 / 12));
    QVERIFY(plot.xAxis->range().contains(1024) && plot.xAxis->range().contains(8192));
}

void TestComparePage::whatIsNotComparedIsListed() {
    pin({sampleOf("a", "MHA", 10), sampleOf("a", "MQA", 8)});
    m_session->setSamples({sampleOf("b", "MHA", 5), sampleOf("b", "MHA", 5, 1024)});
    const auto* notes = m_page->findChild<QLabel*>(QStringLiteral("compareNotes"));
    QVERIFY(notes->isVisible());
    QVERIFY2(notes->text().contains(QStringLiteral("MQA of toy, attention, 8,192 tokens, batch 1: "
                                                   "only in A")),
             qPrintable(notes->text()));
    QVERIFY(notes->text().contains(QStringLiteral("1,024 tokens, batch 1: only in B")));
    QCOMPARE(data().notCompared, 2);
    m_session->setSamples({sampleOf("b", "MHA", 5), sampleOf("b", "MQA", 5)});
    QVERIFY(!notes->isVisible());
}

void TestComparePage::nothingInCommonIsSaid() {
    pin({sampleOf("a", "MHA", 10)});
    m_session->setSamples({sampleOf("b", "MQA", 5)});
    QVERIFY(!chart()->isVisible());
    QVERIFY(emptyText().contains(QStringLiteral("run 1")));
    QVERIFY(m_page->findChild<QLabel*>(QStringLiteral("compareNotes"))
                ->text()
                .contains(QStringLiteral("only in A")));
}

void TestComparePage::anotherDeviceIsShownAndNotJudged() {
    pin({sampleOf("a", "MHA", 10)});
    Sample other = sampleOf("b", "MHA", 5);
    other.device = "Another CPU";
    m_session->setSamples({other});
    QCOMPARE(data().marks.size(), std::size_t{1});
    QCOMPARE(data().marks[0].change, Change::NotComparable);
    const auto* notes = m_page->findChild<QLabel*>(QStringLiteral("compareNotes"));
    QVERIFY(notes->text().contains(QStringLiteral("Another CPU")));
}

void TestComparePage::theTableHasEveryPair() {
    pin({sampleOf("a", "MHA", 10), sampleOf("a", "MQA", 8)});
    m_session->setSamples({sampleOf("b", "MHA", 5)});
    m_page->showTable(true);
    DataTable* table = m_page->table();
    QVERIFY(table->isVisible() && !chart()->isVisible());
    QCOMPARE(table->rowCount(), 2);
    const QStringList first = {QStringLiteral("MHA"),   QStringLiteral("attention"),
                               QStringLiteral("8,192"), QStringLiteral("1"),
                               QStringLiteral("100"),   QStringLiteral("200"),
                               QStringLiteral("+100"),  QStringLiteral("2.00×")};
    for (int column = 0; column < first.size(); ++column)
        QCOMPARE(table->item(0, column)->text(), first[column]);
    QCOMPARE(table->item(0, 9)->text(), QStringLiteral("faster"));
    QCOMPARE(table->item(1, 9)->text(), QStringLiteral("only in A"));
    table->copy();
    QVERIFY(QApplication::clipboard()->text().contains(QStringLiteral("2.00×")));
}

void TestComparePage::hiddenVariantsAreNotDrawn() {
    pin({sampleOf("a", "MHA", 10), sampleOf("a", "MQA", 8)});
    m_session->setSamples({sampleOf("b", "MHA", 5), sampleOf("b", "MQA", 4)});
    QCustomPlot& plot = static_cast<ComparePlot*>(chart())->plot();
    const int all = plot.graphCount();
    m_session->setShown(QStringLiteral("MQA"), false);
    QVERIFY(plot.graphCount() < all);
    QVERIFY(!data().marks[1].visible && data().marks[0].visible);
}

void TestComparePage::plansAreComparedWithPlans() {
    m_session->setDevice("rtx-4090");
    m_session->setText(Field::Contexts, QStringLiteral("4096,8192"));
    std::vector<Plan> plans;
    for (const std::int64_t context : {4096, 8192})
        for (const Plan& plan : m_session->plansAt(context, 1))
            plans.push_back(plan);
    Baseline baseline;
    baseline.name = QStringLiteral("4090.json");
    baseline.set = comparedSet(plans, "4090.json");
    m_session->setBaseline(baseline);
    QCOMPARE(data().marks.size(), std::size_t{6});
    QVERIFY(data().planned);
    for (const ComparedMark& mark : data().marks)
        QCOMPARE(mark.change, Change::NoDifference);
    m_session->setDevice("h100-sxm");
    QVERIFY(chart()->isVisible());
    for (const ComparedMark& mark : data().marks) {
        QCOMPARE(mark.change, Change::Faster);
        QVERIFY(mark.ratio > 2);
    }
}

void TestComparePage::recordingsAreReadAsBaselines() {
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("before.jsonl"));
    Recording recording;
    recording.samples = {sampleOf("a", "MHA", 10)};
    QVERIFY(writeRecording(recording, path.toStdString()).ok());
    const Result<Baseline> read = readBaseline(path);
    QVERIFY(read.ok());
    QCOMPARE(read->name, QStringLiteral("before.jsonl"));
    QCOMPARE(read->samples, recording.samples);
    QCOMPARE(read->set.points.size(), std::size_t{1});
    QVERIFY(!readBaseline(folder.filePath(QStringLiteral("missing.jsonl"))).ok());
}

void TestComparePage::theBaselineIsRemoved() {
    pin({sampleOf("a", "MHA", 10)});
    m_session->setSamples({sampleOf("b", "MHA", 5)});
    QVERIFY(chart()->isVisible());
    m_session->clearBaseline();
    QVERIFY(!chart()->isVisible());
    QVERIFY(!compareWithBaseline(*m_session));
}

void TestComparePage::hugeAndTinyRatiosStayInView() {
    pin({sampleOf("a", "MHA", 1), sampleOf("a", "MQA", 1000, 1 << 20)});
    m_session->setSamples({sampleOf("b", "MHA", 1000), sampleOf("b", "MQA", 1, 1 << 20)});
    QCustomPlot& plot = static_cast<ComparePlot*>(chart())->plot();
    QVERIFY(plot.yAxis->range().contains(1e-3) && plot.yAxis->range().contains(1e3));
    pin({sampleOf("a", "MHA", 10)});
    Sample single = sampleOf("b", "MHA", 9);
    single.repetitionsMs = {9};
    m_session->setSamples({single}); // says nothing of its interval
    QVERIFY(!data().marks[0].hasInterval());
    QVERIFY(plot.yAxis->range().upper < 2);
}

QTEST_MAIN(TestComparePage)
#include "test_compare_page.moc"
