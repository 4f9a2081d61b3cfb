// SPDX-License-Identifier: GPL-3.0-or-later
#include <QRegularExpression>
#include <QSignalSpy>
#include <QTest>
#include <QWheelEvent>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/kv_memory_plot.h"
#include "app/gui/plots/memory_plot.h"
#include "app/gui/plots/plot_reading.h"
#include "app/gui/plots/speed_plot.h"
#include "example_plots.h"

using namespace decodescope;

namespace {

void clickAt(PlotWidget& chart, double x) {
    const QCustomPlot& plot = chart.plot();
    const QPoint at(qRound(plot.xAxis->coordToPixel(x)), plot.axisRect()->rect().center().y());
    QTest::mouseClick(&chart.plot(), Qt::LeftButton, {}, at);
}

void turnWheel(QCustomPlot& plot, const QPointF& at, Qt::KeyboardModifiers modifiers) {
    const QPoint notch = modifiers & Qt::AltModifier ? QPoint(120, 0) : QPoint(0, 120);
    QWheelEvent event(at, plot.mapToGlobal(at), {}, notch, Qt::NoButton, modifiers,
                      Qt::NoScrollPhase, false);
    QApplication::sendEvent(&plot, &event);
}

} // namespace

/// What a hand does to a chart: zoom, pan, follow, and read it with cursors.
class TestPlotHands : public QObject {
    Q_OBJECT
private slots:
    void init();

    void wheelZoomsAtThePointer();
    void wheelWithShiftOrAltTakesOneAxis();
    void keysZoomPanFitAndGoBack();
    void liveChartsFollowUntilMoved();
    void theCursorReadsTheValues();
    void twoClicksPinCursorsAndCompareThem();
    void theKeyboardPinsCursors();
    void aDragPinsNothing();
    void differencesAreOfWhatBothPlacesHave();
    void exportsShowNoCursors();

private:
    std::unique_ptr<ExamplePlots> m_example;
    OverviewPlots* m_plots = nullptr;
};

void TestPlotHands::init() {
    m_example = std::make_unique<ExamplePlots>();
    m_plots = m_example->plots;
}

void TestPlotHands::wheelZoomsAtThePointer() {
    QCustomPlot& plot = m_plots->kvMemory()->plot();
    plot.replot();
    const QPointF at = plot.axisRect()->rect().center() + QPointF(60, 30);
    const double x = plot.xAxis->pixelToCoord(at.x());
    const QCPRange before = plot.xAxis->range();
    turnWheel(plot, at, Qt::NoModifier);
    QVERIFY(plot.xAxis->range().upper / plot.xAxis->range().lower < before.upper / before.lower);
    QVERIFY(std::abs(plot.xAxis->pixelToCoord(at.x()) / x - 1) < 1e-6);
    QVERIFY(!m_plots->kvMemory()->fitted());
}

void TestPlotHands::wheelWithShiftOrAltTakesOneAxis() {
    QCustomPlot& plot = m_plots->kvMemory()->plot();
    plot.replot();
    const QPointF at = plot.axisRect()->rect().center();
    const QCPRange y = plot.yAxis->range();
    turnWheel(plot, at, Qt::ShiftModifier);
    QCOMPARE(plot.yAxis->range(), y);
    const QCPRange x = plot.xAxis->range();
    turnWheel(plot, at, Qt::AltModifier);
    QCOMPARE(plot.xAxis->range(), x);
    QVERIFY(plot.yAxis->range() != y);
}

void TestPlotHands::keysZoomPanFitAndGoBack() {
    KvMemoryPlot& chart = *m_plots->kvMemory();
    QCustomPlot& plot = chart.plot();
    const QCPRange fitted = plot.xAxis->range();
    QTest::keyClick(&chart, Qt::Key_Plus);
    const QCPRange zoomed = plot.xAxis->range();
    QVERIFY(zoomed != fitted);
    QTest::keyClick(&chart, Qt::Key_Right);
    QVERIFY(plot.xAxis->range().lower > zoomed.lower);
    QTest::keyClick(&chart, Qt::Key_Backspace);
    QVERIFY(std::abs(plot.xAxis->range().lower / zoomed.lower - 1) < 1e-9);
    QTest::keyClick(&chart, Qt::Key_Home);
    QCOMPARE(plot.xAxis->range(), fitted);
    QVERIFY(chart.fitted());
}

void TestPlotHands::liveChartsFollowUntilMoved() {
    SpeedPlot& chart = *m_plots->speed();
    m_plots->beginRun();
    QSignalSpy following(&chart, &LivePlot::followingChanged);
    chart.add({speedPoint(100, 0, 1024, true)});
    QCOMPARE(chart.plot().xAxis->range().upper, 100.0);
    QCOMPARE(chart.plot().xAxis->range().lower, 100 - LivePlot::kWindowSeconds);
    turnWheel(chart.plot(), chart.plot().axisRect()->rect().center(), Qt::NoModifier);
    QVERIFY(!chart.following());
    QCOMPARE(following.count(), 1);
    const QCPRange held = chart.plot().xAxis->range();
    chart.add({speedPoint(200, 0, 1024, false)});
    QCOMPARE(chart.plot().xAxis->range(), held);
    QTest::keyClick(&chart, Qt::Key_End);
    QVERIFY(chart.following());
    QCOMPARE(chart.plot().xAxis->range().upper, 200.0);
    QTest::keyClick(&chart, Qt::Key_Home);
    QCOMPARE(chart.plot().xAxis->range().lower, 0.0);
}

void TestPlotHands::theCursorReadsTheValues() {
    QCustomPlot& plot = m_plots->kvMemory()->plot();
    plot.replot();
    QSignalSpy readout(m_plots->kvMemory(), &PlotWidget::readout);
    const QPointF at(plot.xAxis->coordToPixel(8192), plot.axisRect()->rect().center().y());
    QMouseEvent move(QEvent::MouseMove, at, plot.mapToGlobal(at), Qt::NoButton, Qt::NoButton,
                     Qt::NoModifier);
    QApplication::sendEvent(&plot, &move);
    QVERIFY(!readout.isEmpty());
    const QString text = readout.last().at(0).toString();
    QVERIFY2(text.contains(QStringLiteral("MHA")) && text.contains(QStringLiteral("MQA")),
             qPrintable(text));
    QEvent leave(QEvent::Leave);
    QApplication::sendEvent(&plot, &leave);
    QVERIFY(readout.last().at(0).toString().isEmpty());
}

void TestPlotHands::twoClicksPinCursorsAndCompareThem() {
    KvMemoryPlot& chart = *m_plots->kvMemory();
    chart.plot().replot();
    QSignalSpy readout(&chart, &PlotWidget::readout);
    clickAt(chart, 8192);
    QCOMPARE(texts(chart.plot()).filter(QRegularExpression(QStringLiteral("^[AB]$"))).join(' '),
             "A");
    clickAt(chart, 32768);
    const QString text = readout.last().at(0).toString();
    // About four times the context is as many times the cache: from 4 to 16 GiB with MHA.
    for (const char* part : {"A 8,", "B 32,", "MHA: 4.", "GiB → 16", "+12"})
        QVERIFY2(text.contains(QString::fromUtf8(part)), qPrintable(text));
    QCOMPARE(texts(chart.plot()).filter(QRegularExpression(QStringLiteral("^[AB]$"))).join(' '),
             "A B");
    QEvent leave(QEvent::Leave);
    QApplication::sendEvent(&chart.plot(), &leave); // what was compared stays to be read
    QVERIFY(!texts(chart.plot()).filter(QStringLiteral("MHA: 4.")).isEmpty());
    clickAt(chart, 65536);
    QVERIFY(texts(chart.plot()).filter(QRegularExpression(QStringLiteral("^[AB]$"))).isEmpty());
}

void TestPlotHands::theKeyboardPinsCursors() {
    KvMemoryPlot& chart = *m_plots->kvMemory();
    chart.plot().replot();
    const QCPRange before = chart.plot().xAxis->range();
    QSignalSpy readout(&chart, &PlotWidget::readout);
    QTest::keyClick(&chart, Qt::Key_A);
    QTest::keyClick(&chart, Qt::Key_Right, Qt::ShiftModifier);
    QTest::keyClick(&chart, Qt::Key_Right, Qt::ShiftModifier);
    QTest::keyClick(&chart, Qt::Key_B);
    QCOMPARE(chart.plot().xAxis->range(), before);
    const QString text = readout.last().at(0).toString();
    QVERIFY2(text.startsWith(QStringLiteral("A ")) && text.contains(QStringLiteral("MQA:")),
             qPrintable(text));
    QTest::keyClick(&chart, Qt::Key_Delete);
    QVERIFY(readout.last().at(0).toString().isEmpty());
}

void TestPlotHands::aDragPinsNothing() {
    KvMemoryPlot& chart = *m_plots->kvMemory();
    chart.plot().replot();
    const QPoint at = chart.plot().axisRect()->rect().center();
    QTest::mousePress(&chart.plot(), Qt::LeftButton, {}, at);
    QMouseEvent move(QEvent::MouseMove, at + QPoint(30, 0),
                     chart.plot().mapToGlobal(at + QPoint(30, 0)), Qt::NoButton, Qt::LeftButton,
                     Qt::NoModifier);
    QApplication::sendEvent(&chart.plot(), &move);
    QTest::mouseRelease(&chart.plot(), Qt::LeftButton, {}, at + QPoint(30, 0));
    QVERIFY(texts(chart.plot()).filter(QRegularExpression(QStringLiteral("^[AB]$"))).isEmpty());
}

void TestPlotHands::differencesAreOfWhatBothPlacesHave() {
    const PlotReadings a{QStringLiteral("1 s"), 0, {{QStringLiteral("x"), 10}, {"gone", 1}}};
    const PlotReadings b{QStringLiteral("2 s"), 0, {{QStringLiteral("x"), 4}, {"new", 2}}};
    QCOMPARE(differenceText(a, b, rateLabel),
             QStringLiteral("A 1 s → B 2 s\nx: 10.0 → 4.00, −6.00, ×0.4"));
    QCOMPARE(differenceText(a, b, rateLabel, Detail::Brief),
             QStringLiteral("A 1 s → B 2 s\nx: −6.00, ×0.4"));
    const PlotReadings one{QStringLiteral("MHA"), 0, {{QStringLiteral("MHA"), 10}}};
    const PlotReadings other{QStringLiteral("MQA"), 0, {{QStringLiteral("MQA"), 0}}};
    QCOMPARE(differenceText(one, other, rateLabel), // nothing is a share of nothing
             QStringLiteral("A MHA → B MQA\nMHA → MQA: 10.0 → 0.00, −10.0"));
}

void TestPlotHands::exportsShowNoCursors() {
    KvMemoryPlot& chart = *m_plots->kvMemory();
    const auto picture = [&chart] {
        QImage image(600, 400, QImage::Format_RGB32);
        QCPPainter painter(&image);
        chart.paint(painter, {0, 0, 600, 400}, lightTheme());
        return image;
    };
    chart.plot().replot();
    const QImage before = picture();
    clickAt(chart, 8192);
    clickAt(chart, 32768);
    QCOMPARE(picture(), before);
    QVERIFY(!texts(chart.plot()).filter(QStringLiteral("MHA: 4.")).isEmpty());
}

QTEST_MAIN(TestPlotHands)
#include "test_plot_hands.moc"
