// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAbstractButton>
#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>

#include <qcustomplot.h>

#include "app/gui/panels/answer_strip.h"
#include "app/gui/panels/data_table.h"
#include "app/gui/panels/legend_row.h"
#include "app/gui/panels/overview_page.h"
#include "app/gui/panels/overview_plots.h"
#include "app/gui/panels/overview_text.h"
#include "app/gui/plots/kv_memory_plot.h"
#include "app/gui/plots/memory_plot.h"
#include "app/gui/plots/speed_plot.h"

using namespace decodescope;

namespace {

VariantSeries series(const QString& label, SeriesSlot slot, bool whatIf, std::int64_t longest,
                     std::uint64_t perToken) {
    VariantSeries made;
    made.label = label;
    made.slot = slot;
    made.whatIf = whatIf;
    made.maxContext = longest;
    made.kvBytesPerToken = perToken;
    made.predictedTokensPerSecond = 20.06;
    made.bound = QStringLiteral("memory");
    return made;
}

OverviewData threeVariants() {
    OverviewData data;
    data.freeForKvBytes = 8'000'000'000;
    data.variants = {series(QStringLiteral("MHA"), SeriesSlot::Mha, true, 16'179, 524'288),
                     series(QStringLiteral("GQA-8"), SeriesSlot::Gqa, false, 64'716, 131'072),
                     series(QStringLiteral("MQA"), SeriesSlot::Mqa, true, 517'734, 16'384)};
    return data;
}

QString textOf(const QWidget& strip, int card, const char* label) {
    const auto* found = strip.findChild<QWidget*>(QStringLiteral("answerCard-%1").arg(card));
    return found ? found->findChild<QLabel*>(QString::fromLatin1(label))->text() : QString();
}

} // namespace

/// The answer strip, the legend and the page of plots.
class TestOverviewPanels : public QObject {
    Q_OBJECT
private slots:
    void aCardSaysWhatIsPredicted();
    void aCardSaysWhatIsMeasured();
    void aCardSaysWhyThereIsNoNumber();
    void cardsAreDescribedInWords();
    void cardsShareTheWidthOrScroll();
    void aClickHidesAndShowsAVariant();
    void theKeyboardHidesAndShowsAVariant();
    void whatIsHiddenStaysHidden();
    void theLegendGivesWayInANarrowWindow();
    void allPagesFollowTheLegend();
    void plotsShareThePage();
    void theTableSaysWhatThePlotsSay();
    void chartsOverTimeMoveTogether();
    void aRecordingIsNotMixedWithNow();
    void aRecordingBringsTheRoofsOfItsDevice();
};

void TestOverviewPanels::aCardSaysWhatIsPredicted() {
    AnswerStrip strip;
    strip.setOverview(threeVariants());
    QCOMPARE(textOf(strip, 1, "answerLabel"), QStringLiteral("GQA-8"));
    QCOMPARE(textOf(strip, 1, "answerContext"), QStringLiteral("64,716"));
    QCOMPARE(textOf(strip, 1, "answerSpeed"), QStringLiteral("≈ 20.1"));
    QVERIFY(textOf(strip, 1, "answerSpeedUnit")
                .contains(QStringLiteral("8K, attention only, predicted")));
    QCOMPARE(textOf(strip, 1, "answerCost"), QStringLiteral("128 KiB per token · memory-bound"));
    const auto chipShown = [&strip](int card) {
        const auto* owner = strip.findChild<QWidget*>(QStringLiteral("answerCard-%1").arg(card));
        return owner->findChild<QLabel*>(QStringLiteral("answerWhatIf"))->isVisibleTo(owner);
    };
    QVERIFY(chipShown(0));
    QVERIFY(!chipShown(1)); // the model as it is
}

void TestOverviewPanels::aCardSaysWhatIsMeasured() {
    OverviewData data = threeVariants();
    data.variants[2].measuredTokensPerSecond = 312.4;
    data.variants[2].measuredCi = 2.26;
    data.variants[2].maxContextMeasured = 500'000;
    AnswerStrip strip;
    strip.setOverview(data);
    QCOMPARE(textOf(strip, 2, "answerSpeed"), QStringLiteral("312"));
    QCOMPARE(textOf(strip, 2, "answerSpeedUnit"),
             QStringLiteral("± 2.26 tokens/s at 8K, attention only, measured"));
    QCOMPARE(textOf(strip, 2, "answerContext"), QStringLiteral("500,000"));
    QVERIFY(textOf(strip, 2, "answerContextUnit").contains(QStringLiteral("measured")));
}

void TestOverviewPanels::aCardSaysWhyThereIsNoNumber() {
    OverviewData data = threeVariants();
    data.variants[0].maxContext = 0;
    data.variants[1].maxContextBounded = false;
    data.variants[1].predictedTokensPerSecond = 0;
    AnswerStrip strip;
    strip.setOverview(data);
    QCOMPARE(textOf(strip, 0, "answerContext"), QStringLiteral("does not fit"));
    QCOMPARE(textOf(strip, 1, "answerContext"), QStringLiteral("memory sets no limit"));
    QVERIFY(!textOf(strip, 1, "answerSpeed").contains(QLatin1Char('0')));
    QVERIFY(textOf(strip, 1, "answerContextUnit").isEmpty());
    data.freeForKvBytes.reset();
    strip.setOverview(data);
    QCOMPARE(textOf(strip, 0, "answerContext"), QStringLiteral("detecting…"));
}

void TestOverviewPanels::cardsAreDescribedInWords() {
    AnswerStrip strip;
    strip.setOverview(threeVariants());
    QCOMPARE(strip.accessibleDescription(), QStringLiteral("MQA fits 517,734 tokens, 32× MHA"));
    const auto* card = strip.findChild<QWidget*>(QStringLiteral("answerCard-0"));
    QCOMPARE(card->accessibleName(), QStringLiteral("MHA, what-if: 16,179 tokens fit"));
    QVERIFY(card->accessibleDescription().contains(QStringLiteral("predicted")));
    QVERIFY(card->accessibleDescription().contains(QStringLiteral("512 KiB")));
}

void TestOverviewPanels::cardsShareTheWidthOrScroll() {
    AnswerStrip strip;
    strip.resize(744, 120);
    strip.setOverview(threeVariants());
    strip.show();
    QVERIFY(QTest::qWaitForWindowExposed(&strip));
    const auto width = [&strip](int card) {
        return strip.findChild<QWidget*>(QStringLiteral("answerCard-%1").arg(card))->width();
    };
    QVERIFY(std::abs(width(0) - width(2)) <= 1);
    QCOMPARE(strip.horizontalScrollBar()->maximum(), 0);
    OverviewData six = threeVariants();
    const OverviewData more = threeVariants();
    six.variants.insert(six.variants.end(), more.variants.begin(), more.variants.end());
    strip.setOverview(six);
    QTRY_VERIFY(strip.horizontalScrollBar()->maximum() > 0);
    strip.setOverview(threeVariants());
    QTRY_COMPARE(strip.horizontalScrollBar()->maximum(), 0);
    QVERIFY(!strip.findChild<QWidget*>(QStringLiteral("answerCard-3")));
}

void TestOverviewPanels::aClickHidesAndShowsAVariant() {
    LegendRow row;
    row.setOverview(threeVariants());
    QSignalSpy toggled(&row, &LegendRow::toggled);
    auto* button = row.findChild<QAbstractButton*>(QStringLiteral("legendButton-2"));
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(toggled.takeFirst(), QVariantList({QStringLiteral("MQA"), false}));
    QVERIFY(!button->isChecked());
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(toggled.takeFirst(), QVariantList({QStringLiteral("MQA"), true}));
}

void TestOverviewPanels::theKeyboardHidesAndShowsAVariant() {
    LegendRow row;
    row.setOverview(threeVariants());
    row.show();
    QVERIFY(QTest::qWaitForWindowExposed(&row));
    QSignalSpy toggled(&row, &LegendRow::toggled);
    auto* first = row.findChild<QAbstractButton*>(QStringLiteral("legendButton-0"));
    auto* second = row.findChild<QAbstractButton*>(QStringLiteral("legendButton-1"));
    first->setFocus();
    QTest::keyClick(first, Qt::Key_Tab);
    QVERIFY(second->hasFocus());
    QTest::keyClick(second, Qt::Key_Space);
    QCOMPARE(toggled.takeFirst(), QVariantList({QStringLiteral("GQA-8"), false}));
    QCOMPARE(second->accessibleName(), QStringLiteral("GQA-8"));
    QVERIFY(second->accessibleDescription().contains(QStringLiteral("128 KiB per token")));
}

void TestOverviewPanels::whatIsHiddenStaysHidden() {
    Session session;
    session.setShown(QStringLiteral("GQA-8"), false);
    const auto shown = [&session](const QString& label) {
        for (const VariantSeries& variant : session.overview().variants)
            if (variant.label == label)
                return variant.visible;
        return true;
    };
    QVERIFY(!shown(QStringLiteral("GQA-8")) && shown(QStringLiteral("MQA")));
    session.setText(Field::Layers, QStringLiteral("12"));
    QVERIFY(!shown(QStringLiteral("GQA-8")) && shown(QStringLiteral("MQA")));
    session.setShown(QStringLiteral("GQA-8"), true);
    QVERIFY(shown(QStringLiteral("GQA-8")));
}

void TestOverviewPanels::theLegendGivesWayInANarrowWindow() {
    LegendRow row;
    row.setOverview(threeVariants());
    row.resize(1200, row.sizeHint().height());
    row.show();
    QVERIFY(QTest::qWaitForWindowExposed(&row));
    const auto* key = row.findChild<QLabel*>(QStringLiteral("legendKey"));
    QVERIFY(key->isVisible());
    row.resize(row.minimumSizeHint().width() + 10, row.height());
    QVERIFY(!key->isVisible());
    for (const auto* button : row.findChildren<QAbstractButton*>())
        QVERIFY(row.rect().contains(button->geometry()));
}

void TestOverviewPanels::allPagesFollowTheLegend() {
    Session session;
    OverviewPage page(session);
    OverviewPage other(session);
    const auto legendsOf = [](const OverviewPage& each) {
        return each.plots().kvMemory()->plot().legend->itemCount();
    };
    const int before = legendsOf(other);
    page.resize(800, 600);
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    QTest::mouseClick(page.findChild<QAbstractButton*>(QStringLiteral("legendButton-0")),
                      Qt::LeftButton);
    QCOMPARE(legendsOf(page), before - 1);
    QCOMPARE(legendsOf(other), before - 1);
    emit page.plots().speed()->seriesToggleRequested(0); // the key 1
    QCOMPARE(legendsOf(page), before);
}

void TestOverviewPanels::plotsShareThePage() {
    Session session;
    OverviewPage page(session);
    const std::vector<PlotWidget*> plots = page.charts();
    QCOMPARE(plots.size(), std::size_t{4});
    page.resize(728, 300);
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    QVERIFY(std::abs(plots[0]->height() - plots[2]->height()) <= 1);
    QVERIFY(std::abs(plots[0]->height() - plots[1]->height()) <= 1);
    QVERIFY(plots[0]->height() >= 100);
    const double share = static_cast<double>(plots[0]->width()) / plots[1]->width();
    QVERIFY(share > 1.4 && share < 1.6);
}

void TestOverviewPanels::theTableSaysWhatThePlotsSay() {
    Session session;
    session.setText(Field::Memory, QStringLiteral("24 GiB"));
    OverviewPage page(session);
    page.showTable(true);
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    QVERIFY(!page.plots().kvMemory()->isVisible());
    QVERIFY(page.table()->isVisible());
    QCOMPARE(page.table()->rowCount(), static_cast<int>(session.overview().variants.size()));
    QVERIFY(page.table()->item(0, 2)->text().contains(
        countText(session.overview().variants[0].maxContext)));
    page.table()->copy();
    QCOMPARE(QApplication::clipboard()->text().count(QLatin1Char('\n')),
             page.table()->rowCount() + 1);
}

void TestOverviewPanels::chartsOverTimeMoveTogether() {
    Session session;
    const OverviewPage page(session);
    SpeedPlot& speed = *page.plots().speed();
    MemoryPlot& memory = *page.plots().memory();
    const QCPRange y = memory.plot().yAxis->range();
    const QCPRange kv = page.plots().kvMemory()->plot().xAxis->range();
    QTest::keyClick(&speed, Qt::Key_Plus);
    QCOMPARE(memory.plot().xAxis->range(), speed.plot().xAxis->range());
    QCOMPARE(memory.plot().yAxis->range(), y);
    QCOMPARE(page.plots().kvMemory()->plot().xAxis->range(), kv); // tokens, not seconds
    QVERIFY(!memory.following());
    QTest::keyClick(&memory, Qt::Key_Right);
    QCOMPARE(speed.plot().xAxis->range(), memory.plot().xAxis->range());
    QTest::keyClick(&memory, Qt::Key_Home);
    QVERIFY(speed.fitted() && memory.fitted());
}

void TestOverviewPanels::aRecordingIsNotMixedWithNow() {
    Session session;
    const OverviewPage page(session);
    LivePoints points;
    points.memory.resize(1);
    page.plots().showRecording(points);
    page.plots().add(points); // of the machine as it is now
    QCOMPARE(page.plots().memory()->pointCount(), std::size_t{1});
    page.plots().beginRun();
    page.plots().add(points);
    page.plots().add(points);
    QCOMPARE(page.plots().memory()->pointCount(), std::size_t{2});
}

void TestOverviewPanels::aRecordingBringsTheRoofsOfItsDevice() {
    Session session;
    Recording recording;
    RunStarted run;
    run.device.name = "Test CPU";
    run.model = session.configuration().model;
    recording.runs = {run};
    Ceilings roofs;
    roofs.bandwidthBytesPerSecond = 4e10;
    roofs.flopPerSecond = 1e11;
    roofs.measured = true;
    recording.calibrations = {{0, "Test CPU", roofs}};
    session.setRun(recording);
    DeviceInfo other;
    other.id = "cpu";
    other.name = "Another CPU";
    other.available = true;
    session.addDevice(other);
    QVERIFY(!(session.planDevice().roofs.bandwidthBytesPerSecond > 0));
    DeviceInfo same = other;
    same.name = "Test CPU";
    session.addDevice(same);
    QCOMPARE(session.planDevice().roofs.bandwidthBytesPerSecond, 4e10);
}

QTEST_MAIN(TestOverviewPanels)
#include "test_overview_panels.moc"
