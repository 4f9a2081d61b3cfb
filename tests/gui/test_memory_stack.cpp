// SPDX-License-Identifier: GPL-3.0-or-later
#include <QComboBox>
#include <QTest>
#include <QToolButton>

#include <qcustomplot.h>

#include "app/gui/models/memory_stack_builder.h"
#include "app/gui/models/session.h"
#include "app/gui/panels/data_table.h"
#include "app/gui/panels/memory_page.h"
#include "app/gui/plots/memory_stack_plot.h"
#include "app/gui/theme/application_palette.h"
#include "core/spec/units.h"

using namespace decodescope;

namespace {

constexpr double kOneGiB = static_cast<double>(kGiB);
constexpr std::size_t kMha = 0, kGqa = 1;

QStringList texts(const QCustomPlot& plot) {
    QStringList all;
    for (int i = 0; i < plot.itemCount(); ++i)
        if (const auto* text = qobject_cast<QCPItemText*>(plot.item(i)); text && text->visible())
            all << text->text();
    return all;
}

/// The default model's GQA variant: 32 layers, 32 heads, 8 KV heads.
Sample gqaSample(std::int64_t context) {
    Sample sample;
    sample.runId = "a";
    sample.variant = "GQA-8";
    sample.attention = "gqa";
    sample.layers = sample.layersMeasured = sample.nHeads = 32;
    sample.nKvHeads = 8;
    sample.headDim = 128;
    sample.context = context;
    sample.kvBytes = static_cast<std::uint64_t>(context) * 128 * kKiB;
    sample.workspaceBytes = 3 * kMiB;
    sample.tpotP50Ms = 10;
    sample.repetitionsMs = {10};
    sample.atMs = 1000;
    return sample;
}

RunStarted startOf(const std::string& id) {
    RunStarted start;
    start.runId = id;
    return start;
}

MemoryEvent reading(double atMs, std::uint64_t ledger, std::uint64_t process) {
    MemoryEvent event;
    event.atMs = atMs;
    event.ledger.kvBytes = ledger;
    event.reading.processBytes = process;
    return event;
}

} // namespace

/// The Memory tab: what is planned against the plan, what is allocated against the Samples.
class TestMemoryStack : public QObject {
    Q_OBJECT
private slots:
    void init();

    void theStackIsThePlans();
    void whereTheStackMeetsTheCapacityIsTheLongestContext();
    void allocationsAreThoseOfTheSamples();
    void aPartOfTheLayersIsScaledAndSaid();
    void theProcessBeyondTheLedgerIsReadAtTheSample();
    void runsOfAJoinedRecordingAreToldApart();
    void nothingMeasuredIsOfADeviceThatIsOnlyPlanned();
    void columnsStandWhereTheirPartsBegin();
    void theAxesReachToTheCapacityOrToTheData();
    void whatDoesNotFitIsSaid();
    void thePageShowsTheChosenVariant();
    void theTableHasTheSameNumbers();

private:
    [[nodiscard]] MemoryStackData build(std::size_t variant) const {
        return buildMemoryStack(m_session->overviewInput(), m_session->overview(), variant,
                                m_runs.runs());
    }
    void open(Recording recording) {
        m_runs.open(std::move(recording), {});
        m_session->setSamples(m_runs.samples());
    }
    std::unique_ptr<Session> m_session;
    RunStore m_runs;
};

void TestMemoryStack::init() {
    applyTheme(ThemeChoice::Light);
    m_runs.clear();
    m_session = std::make_unique<Session>();
    m_session->setText(Field::Memory, QStringLiteral("24 GiB"));
}

void TestMemoryStack::theStackIsThePlans() {
    const MemoryStackData data = build(kGqa);
    QCOMPARE(data.variant, QStringLiteral("GQA-8"));
    const std::vector<Plan> plans = m_session->plans(); // at the chosen context
    const ComputedStack at = stackAt(data, 8192);
    QCOMPARE(at.context, std::int64_t{8192});
    const Footprint& planned = plans.at(kGqa).fullestRank;
    QCOMPARE(at.bytesOf(MemoryPart::Weights), static_cast<double>(planned.weightsBytes));
    QCOMPARE(at.bytesOf(MemoryPart::KvCache), static_cast<double>(planned.kvBytes));
    QCOMPARE(at.bytesOf(MemoryPart::KvCache), kOneGiB); // 8,192 × 128 KiB
    QCOMPARE(at.total(), static_cast<double>(planned.totalBytes()));
    QVERIFY(build(99).empty());
}

void TestMemoryStack::whereTheStackMeetsTheCapacityIsTheLongestContext() {
    const MemoryStackData data = build(kMha);
    QCOMPARE(data.longest, m_session->overview().variants.at(kMha).maxContext);
    QVERIFY(stackAt(data, static_cast<double>(data.longest)).total() <= data.capacityBytes);
    const double one = static_cast<double>(512 * kKiB); // a token of MHA
    QVERIFY(stackAt(data, static_cast<double>(data.longest)).total() + 2 * one >
            data.capacityBytes);
    QVERIFY(data.computed.back().context > data.longest);
}

void TestMemoryStack::allocationsAreThoseOfTheSamples() {
    Recording recording;
    recording.samples = {gqaSample(2048), gqaSample(1024), gqaSample(1024)};
    recording.samples.back().kvBytes += kMiB; // the later one stands
    recording.samples.push_back(gqaSample(4096));
    recording.samples.back().nKvHeads = 4; // another shape
    open(recording);
    const MemoryStackData data = build(kGqa);
    QCOMPARE(data.measured.size(), std::size_t{2});
    QCOMPARE(data.measured[0].context, std::int64_t{1024});
    QCOMPARE(*data.measured[0].kv, static_cast<double>(129 * kMiB));
    QCOMPARE(*data.measured[1].kv, static_cast<double>(256 * kMiB));
    QVERIFY(!data.measured[0].weights); // the attention alone has none
    QVERIFY(!data.measured[0].beyondLedger);
    QVERIFY(build(kMha).measured.empty());
}

void TestMemoryStack::aPartOfTheLayersIsScaledAndSaid() {
    Recording recording;
    recording.samples = {gqaSample(1024)};
    recording.samples[0].layersMeasured = 8;
    recording.samples[0].kvBytes /= 4;
    open(recording);
    const MemoryStackData data = build(kGqa);
    QCOMPARE(*data.measured.at(0).kv, static_cast<double>(128 * kMiB));
    QVERIFY(data.measured.at(0).scaled());
}

void TestMemoryStack::theProcessBeyondTheLedgerIsReadAtTheSample() {
    Recording recording;
    recording.runs = {startOf("a")};
    recording.samples = {gqaSample(1024)};
    recording.memory = {reading(100, 0, 5 * kMiB), reading(900, 100 * kMiB, 140 * kMiB),
                        reading(1100, 100 * kMiB, 190 * kMiB)};
    open(recording);
    QCOMPARE(*build(kGqa).measured.at(0).beyondLedger, static_cast<double>(40 * kMiB));
    recording.memory[1].reading.processBytes = 90 * kMiB; // pages that are not resident
    open(recording);
    const MeasuredStack stack = build(kGqa).measured.at(0);
    QCOMPARE(*stack.beyondLedger, -static_cast<double>(10 * kMiB));
    QCOMPARE(beyondLedgerText(stack),
             QStringLiteral("process holds 10.0 MiB less than the ledger"));
    recording.memory[1].reading.processBytes.reset();
    open(recording);
    QVERIFY(!build(kGqa).measured.at(0).beyondLedger);
}

void TestMemoryStack::runsOfAJoinedRecordingAreToldApart() {
    Recording recording;
    recording.runs = {startOf("a"), startOf("b")};
    recording.samples = {gqaSample(1024)};
    recording.samples[0].runId = "b";
    recording.memory = {reading(900, 100 * kMiB, 140 * kMiB), reading(950, 100 * kMiB, 150 * kMiB),
                        reading(800, 100 * kMiB, 107 * kMiB)};
    QCOMPARE(*bytesBeyondLedger(recording, recording.samples[0]), static_cast<double>(7 * kMiB));
    recording.memory.pop_back(); // one part for two runs: whose is it?
    QVERIFY(!bytesBeyondLedger(recording, recording.samples[0]));
}

void TestMemoryStack::nothingMeasuredIsOfADeviceThatIsOnlyPlanned() {
    Recording recording;
    recording.samples = {gqaSample(1024)};
    open(recording);
    m_session->setText(Field::TensorParallel, QStringLiteral("2"));
    const MemoryStackData data = build(kGqa);
    QVERIFY(data.planOnly);
    QVERIFY(data.measured.empty());
}

void TestMemoryStack::columnsStandWhereTheirPartsBegin() {
    Recording recording;
    recording.samples = {gqaSample(8192)};
    open(recording);
    MemoryStackPlot plot;
    plot.setData(build(kGqa));
    const auto columns = plot.plot().findChildren<QCPBars*>();
    QCOMPARE(columns.size(), 2); // KV cache and workspace
    const ComputedStack computed = stackAt(plot.data(), 8192);
    QCOMPARE(columns[0]->baseValue(), computed.bytesOf(MemoryPart::Weights));
    QCOMPARE(columns[0]->data()->constBegin()->value, kOneGiB);
    QCOMPARE(columns[0]->data()->constBegin()->key, 8192.0);
    QCOMPARE(columns[0]->brush().color(), lightTheme().colour(MemoryPart::KvCache));
    QVERIFY(plot.plot().graph(0)->pen().style() == Qt::CustomDashLine); // computed
    QVERIFY2(plot.accessibleDescription().contains(
                 QStringLiteral("the allocated KV cache is within 0 %")),
             qPrintable(plot.accessibleDescription()));
}

void TestMemoryStack::theAxesReachToTheCapacityOrToTheData() {
    Recording recording;
    recording.samples = {gqaSample(1024)};
    open(recording);
    MemoryStackPlot plot;
    plot.setData(build(kGqa));
    const double capacity = plot.data().capacityBytes;
    QVERIFY(plot.plot().yAxis->range().upper > capacity);
    QVERIFY(plot.plot().xAxis->range().contains(static_cast<double>(plot.data().longest)));
    plot.setWholeCapacity(false);
    QVERIFY(plot.plot().yAxis->range().upper < capacity);
    QVERIFY(plot.plot().yAxis->range().upper > stackAt(plot.data(), 1024).total());
    QVERIFY(plot.plot().xAxis->range().contains(1024));
    QVERIFY(!plot.plot().xAxis->range().contains(static_cast<double>(plot.data().longest)));
}

void TestMemoryStack::whatDoesNotFitIsSaid() {
    MemoryStackPlot plot;
    plot.setData(build(kMha));
    QVERIFY(!texts(plot.plot()).filter(QStringLiteral("tokens fit")).isEmpty());
    QVERIFY(texts(plot.plot()).contains(QStringLiteral("may be filled: 21.6 GiB of 24.0 GiB")));
    m_session->setText(Field::Memory, QStringLiteral("2 GiB"));
    plot.setData(build(kMha));
    QVERIFY(texts(plot.plot()).filter(QStringLiteral("tokens fit")).isEmpty());
    QVERIFY(plot.description().contains(QStringLiteral("not even one token fits into 1.8 GiB")));
    // What is out of reach does not push the capacity out of sight.
    QVERIFY(plot.plot().yAxis->range().upper > plot.data().computed.front().total());
}

void TestMemoryStack::thePageShowsTheChosenVariant() {
    MemoryPage page(*m_session, m_runs);
    page.resize(800, 500);
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    auto* box = page.findChild<QComboBox*>(QStringLiteral("memoryVariant"));
    const auto* chart = page.findChild<MemoryStackPlot*>(QStringLiteral("plot-memory-stack"));
    QCOMPARE(box->currentData().toString(), QStringLiteral("GQA-8")); // the model as it is
    QCOMPARE(chart->data().variant, QStringLiteral("GQA-8"));
    box->setFocus();
    QTest::keyClick(box, Qt::Key_Up);
    QCOMPARE(chart->data().variant, QStringLiteral("MHA"));
    m_session->setText(Field::KvHeads, QStringLiteral("4")); // the choice stays
    QCOMPARE(chart->data().variant, QStringLiteral("MHA"));
    QTest::keyClick(box, Qt::Key_End);
    QCOMPARE(chart->data().variant, QStringLiteral("MQA"));
    QTest::mouseClick(page.findChild<QToolButton*>(QStringLiteral("memoryWhole")), Qt::LeftButton);
    QVERIFY(chart->plot().yAxis->range().upper < chart->data().capacityBytes);
    QCOMPARE(page.charts().size(), std::size_t{1});
}

void TestMemoryStack::theTableHasTheSameNumbers() {
    Recording recording;
    recording.samples = {gqaSample(1024)};
    open(recording);
    MemoryPage page(*m_session, m_runs);
    page.showTable(true);
    page.refresh();
    const DataTable* table = page.table();
    const auto rowOf = [table](const QString& context) {
        for (int row = 0; row < table->rowCount(); ++row)
            if (table->item(row, 0)->text() == context)
                return row;
        return -1;
    };
    const int first = rowOf(QStringLiteral("1,024"));
    QVERIFY(first >= 0);
    QCOMPARE(table->item(first, 1)->text(), QStringLiteral("computed"));
    QCOMPARE(table->item(first, 3)->text(), QStringLiteral("128 MiB"));
    QCOMPARE(table->item(first + 1, 1)->text(), QStringLiteral("allocated"));
    QCOMPARE(table->item(first + 1, 2)->text(), QStringLiteral("–"));
    QCOMPARE(table->item(first + 1, 3)->text(), QStringLiteral("128 MiB"));
    QCOMPARE(table->item(first + 1, 5)->text(), QStringLiteral("not recorded"));
    QCOMPARE(table->item(first + 1, 6)->text(), QStringLiteral("131 MiB")); // 3 of workspace
    const int longest = rowOf(
        QString::fromStdString(formatCount(m_session->overview().variants.at(kGqa).maxContext)));
    QVERIFY(longest > first);
    QCOMPARE(table->item(longest, 7)->text(), QStringLiteral("longest that fits"));
}

QTEST_MAIN(TestMemoryStack)
#include "test_memory_stack.moc"
