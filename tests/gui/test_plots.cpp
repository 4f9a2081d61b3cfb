// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include <QBuffer>
#include <QFontDatabase>
#include <QRegularExpression>
#include <QSignalSpy>
#include <QSvgGenerator>
#include <QSvgRenderer>
#include <QTest>

#include <qcustomplot.h>

#include "app/gui/plots/binary_ticker.h"
#include "app/gui/plots/kv_memory_plot.h"
#include "app/gui/plots/max_context_plot.h"
#include "app/gui/plots/memory_plot.h"
#include "app/gui/plots/outside_mask.h"
#include "app/gui/plots/speed_plot.h"
#include "core/spec/units.h"
#include "example_plots.h"

using namespace decodescope;

namespace {

constexpr double kOneGiB = 1024.0 * 1024 * 1024;

} // namespace

/// What each chart of the Overview draws against the data behind it.
class TestPlots : public QObject {
    Q_OBJECT
private slots:
    void init();

    void aFontIsThere();
    void kvLinesFollowTheCacheLaw();
    void crossingsAreLabelledWithTheLongestContext();
    void labelsOfCrossingsStandApart();
    void aNarrowChartCutsItsSubtitle();
    void measuredAllocationsAreSolidPoints();
    void sizesOnTheAxisAreBinary();
    void barsAreLinearAndDotsLogarithmic();
    void whatDoesNotFitIsSaid();
    void gapsBetweenPointsStayGaps();
    void variantsThatTakeTurnsKeepTheirLines();
    void warmupIsShadedOnce();
    void theForecastOfEachPointIsDrawn();
    void memoryIsStackedToWhatIsInUse();
    void memoryThatIsNotToldIsNotZero();
    void hiddenVariantsLeaveAllCharts();
    void exportedVectorsEndAtTheAxes();
    void labelsDoNotStandOnOneAnother();
    void chartsFollowTheTheme();
    void pointsOfAnotherShapeAreSaidToBe();
    void descriptionsAreMadeFromData();

private:
    void showMeasured(const Sample& sample);
    std::unique_ptr<ExamplePlots> m_example;
    Session* m_session = nullptr;
    OverviewPlots* m_plots = nullptr;
};

void TestPlots::init() {
    m_example = std::make_unique<ExamplePlots>();
    m_session = &m_example->session;
    m_plots = m_example->plots;
}

void TestPlots::aFontIsThere() {
    QVERIFY2(!QFontDatabase::families().isEmpty(), "without a font every letter is a box");
    const QFontMetrics metrics(QApplication::font());
    QVERIFY(metrics.inFont(QLatin1Char('M')));
    QVERIFY(metrics.horizontalAdvance(QLatin1Char('M')) !=
            metrics.horizontalAdvance(QLatin1Char('i')));
}

void TestPlots::kvLinesFollowTheCacheLaw() {
    const QCustomPlot& plot = m_plots->kvMemory()->plot();
    const VariantSeries& mha = m_session->overview().variants.at(0);
    QCOMPARE(mha.label, QStringLiteral("MHA"));
    const auto data = plot.graph(0)->data();
    QCOMPARE(data->size(), static_cast<int>(mha.kvCurve.size()));
    const auto first = data->findBegin(1024, false);
    // 32 layers × 32 heads × 2 × 128 × 2 bytes × 1,024 tokens: the anchor case.
    QCOMPARE(first->key, 1024.0);
    QCOMPARE(first->value, 512.0 * 1024 * 1024);
}

void TestPlots::crossingsAreLabelledWithTheLongestContext() {
    const QStringList shown = texts(m_plots->kvMemory()->plot());
    for (const VariantSeries& series : m_session->overview().variants) {
        const QString label = QLocale(QLocale::English).toString(series.maxContext);
        QVERIFY2(shown.contains(label), qPrintable(label));
    }
    // 24 GiB less a tenth of reserve, 14.96 GiB of f16 weights and the workspace.
    QVERIFY(!shown.filter(QStringLiteral("free for KV: 6.6 GiB")).isEmpty());
    QVERIFY(!shown.filter(QStringLiteral("trained for 128K")).isEmpty());
}

void TestPlots::showMeasured(const Sample& sample) {
    m_session->setSamples({sample});
    m_plots->setOverview(m_session->overview());
}

void TestPlots::labelsOfCrossingsStandApart() {
    // Three crossings near the right end, as four ranks that repeat MQA's head make them.
    m_session->setText(Field::Memory, {});
    m_session->setDevice("h100-sxm");
    m_session->setEngine("vllm");
    m_session->setText(Field::TensorParallel, QStringLiteral("4"));
    m_session->setText(Field::PipelineParallel, QStringLiteral("2"));
    KvMemoryPlot chart;
    chart.setOverview(m_session->overview());
    chart.show();
    for (const QSize& size : {QSize(330, 130), QSize(420, 200), QSize(1200, 400)}) {
        chart.resize(size);
        QCoreApplication::processEvents();
        chart.plot().replot(QCustomPlot::rpImmediateRefresh);
        QStringList contexts;
        for (const VariantSeries& series : m_session->overview().variants)
            contexts << QString::fromStdString(formatCount(series.maxContext));
        std::vector<QRectF> places;
        for (int i = 0; i < chart.plot().itemCount(); ++i) {
            auto* text = qobject_cast<QCPItemText*>(chart.plot().item(i));
            if (!text || !contexts.contains(text->text()))
                continue;
            const QRectF place =
                QRectF(text->topLeft->pixelPosition(), text->bottomRight->pixelPosition())
                    .adjusted(2, 2, -2, -2); // the words without their padding
            for (const QRectF& other : places)
                QVERIFY2(!place.intersects(other), qPrintable(text->text()));
            places.push_back(place);
        }
        QVERIFY2(!places.empty() && (size.width() < 1000 || places.size() == 3),
                 qPrintable(QString::number(places.size())));
    }
}

void TestPlots::aNarrowChartCutsItsSubtitle() {
    m_session->setEngine("llama.cpp");
    m_session->setText(Field::TensorParallel, QStringLiteral("8"));
    KvMemoryPlot chart;
    chart.setOverview(m_session->overview());
    chart.show();
    const auto subtitle = [&chart] {
        return qobject_cast<QCPTextElement*>(chart.plot().plotLayout()->element(1, 0))->text();
    };
    chart.resize(1200, 400);
    QCoreApplication::processEvents();
    const QString whole = subtitle();
    QVERIFY(whole.endsWith(m_session->overview().shape));
    chart.resize(300, 400);
    QCoreApplication::processEvents();
    QVERIFY2(subtitle().endsWith(QStringLiteral("…")), qPrintable(subtitle()));
    QVERIFY(whole.startsWith(subtitle().chopped(1)));
    QVERIFY(QFontMetrics(chart.font()).horizontalAdvance(subtitle()) < 300);
    chart.resize(1200, 400);
    QCoreApplication::processEvents();
    QCOMPARE(subtitle(), whole);
}

void TestPlots::measuredAllocationsAreSolidPoints() {
    Sample sample;
    sample.variant = "MQA";
    sample.attention = "mqa";
    sample.layers = sample.layersMeasured = sample.nHeads = 32;
    sample.nKvHeads = 1;
    sample.headDim = 128;
    sample.context = 8192;
    sample.kvBytes = 128ULL << 20;
    showMeasured(sample);
    const QCustomPlot& plot = m_plots->kvMemory()->plot();
    int found = 0;
    for (int i = 0; i < plot.graphCount(); ++i) {
        const QCPGraph* graph = plot.graph(i);
        if (graph->lineStyle() != QCPGraph::lsNone || graph->data()->isEmpty())
            continue;
        const bool solid =
            graph->scatterStyle().brush().color() == lightTheme().colour(SeriesSlot::Mqa);
        const QCPGraphData point = *graph->data()->constBegin();
        found += solid && point.key == 8192 && point.value == 128.0 * 1024 * 1024 ? 1 : 0;
    }
    QCOMPARE(found, 1);
}

void TestPlots::sizesOnTheAxisAreBinary() {
    QCOMPARE(bytesLabel(16.0 * 1024 * 1024), QStringLiteral("16 MiB"));
    QCOMPARE(bytesLabel(8 * kOneGiB), QStringLiteral("8 GiB"));
    QCOMPARE(tokensLabel(65536), QStringLiteral("64K"));
    QCOMPARE(rateLabel(38.24), QStringLiteral("38.2"));
    QCOMPARE(rateLabel(0.0042), QStringLiteral("0.0042")); // slow is not nothing
    QCustomPlot& plot = m_plots->kvMemory()->plot();
    plot.replot();
    const QVector<QString> labels = plot.yAxis->tickVectorLabels();
    QVERIFY(labels.size() >= 3 && labels.size() <= 8);
    for (const QString& label : labels)
        QVERIFY2(
            QRegularExpression(QStringLiteral("^\\d+ (KiB|MiB|GiB|TiB)$")).match(label).hasMatch(),
            qPrintable(label));
}

void TestPlots::barsAreLinearAndDotsLogarithmic() {
    MaxContextPlot& chart = *m_plots->maxContext();
    const auto bars = chart.plot().findChildren<QCPBars*>();
    QCOMPARE(bars.size(), m_session->overview().variants.size());
    QCOMPARE(chart.plot().xAxis->scaleType(), QCPAxis::stLinear);
    QCOMPARE(chart.plot().xAxis->range().lower, 0.0);
    QCOMPARE(bars.at(0)->data()->constBegin()->value,
             static_cast<double>(m_session->overview().variants.at(0).maxContext));
    chart.setLogarithmic(true);
    QCOMPARE(chart.plot().xAxis->scaleType(), QCPAxis::stLogarithmic);
    QVERIFY(chart.plot().findChildren<QCPBars*>().isEmpty());
    QCOMPARE(chart.plot().graph(0)->data()->constBegin()->key,
             static_cast<double>(m_session->overview().variants.at(0).maxContext));
}

void TestPlots::whatDoesNotFitIsSaid() {
    m_session->setScope(Scope::Step);
    m_session->setText(Field::Memory, QStringLiteral("8 GiB")); // less than the weights
    m_plots->setOverview(m_session->overview());
    QVERIFY(texts(m_plots->maxContext()->plot()).contains(QStringLiteral("does not fit")));
}

void TestPlots::gapsBetweenPointsStayGaps() {
    m_plots->beginRun();
    m_plots->speed()->add({speedPoint(1, 0, 1024, true), speedPoint(1.1, 0, 1024, false),
                           speedPoint(5, 0, 2048, true), speedPoint(5.1, 0, 2048, false)});
    QCOMPARE(m_plots->speed()->pointCount(), std::size_t{4});
    const auto* measured = qobject_cast<QCPGraph*>(m_plots->speed()->plot().graph(2));
    QVERIFY(measured);
    int breaks = 0;
    for (const QCPGraphData& point : *measured->data())
        if (std::isnan(point.value)) {
            ++breaks;
            QVERIFY(point.key > 1.1 && point.key < 5);
        }
    QCOMPARE(breaks, 1);
}

void TestPlots::variantsThatTakeTurnsKeepTheirLines() {
    LiveFeed feed;
    feed.begin({"MHA", "GQA-8", "MQA"});
    std::vector<Event> events;
    for (int round = 0; round < 4; ++round)
        for (const char* variant : {"MHA", "GQA-8", "MQA"}) {
            Progress progress;
            progress.atMs = 1000.0 * (static_cast<double>(events.size()) + 1);
            progress.phase = "measure";
            progress.variant = variant;
            progress.context = 1024;
            progress.repetitionsMs = {100};
            events.emplace_back(progress);
        }
    m_plots->beginRun();
    m_plots->add(feed.take(events));
    QCOMPARE(m_plots->speed()->pointCount(), std::size_t{12});
    QCustomPlot& plot = m_plots->speed()->plot();
    for (int i = 0; i < plot.graphCount(); ++i)
        if (plot.graph(i)->scatterStyle().shape() != QCPScatterStyle::ssNone)
            for (const QCPGraphData& point : *plot.graph(i)->data())
                QVERIFY(!std::isnan(point.value));
}

void TestPlots::warmupIsShadedOnce() {
    m_plots->beginRun();
    m_plots->speed()->add({speedPoint(1.0, 0, 1024, true, true),
                           speedPoint(1.2, 0, 1024, false, true),
                           speedPoint(1.1, 1, 1024, true, true),
                           speedPoint(1.4, 1, 1024, false, true), speedPoint(2.0, 0, 1024, true)});
    const auto* shade = m_plots->speed()->plot().graph(0);
    QCOMPARE(shade->valueAxis(), m_plots->speed()->plot().yAxis2);
    double last = -1;
    for (const QCPGraphData& point : *shade->data()) {
        QVERIFY(point.key >= last);
        QVERIFY(point.key <= 1.4);
        last = point.key;
    }
    QCOMPARE(last, 1.4);
}

void TestPlots::theForecastOfEachPointIsDrawn() {
    DeviceInfo device;
    device.id = "cpu";
    device.available = true;
    device.memoryTotalBytes = 24ULL << 30;
    device.ceilings = Ceilings{};
    device.ceilings->bandwidthBytesPerSecond = 20e9;
    device.ceilings->flopPerSecond = 100e9;
    device.ceilings->measured = true;
    m_session->addDevice(device);
    m_plots->setOverview(m_session->overview());
    m_plots->beginRun();
    m_plots->speed()->add({speedPoint(1, 0, 8192, true), speedPoint(2, 0, 8192, false)});
    const double predicted = m_session->overview().variants.at(0).predictedTokensPerSecond;
    QVERIFY(predicted > 0);
    const auto* dashes = m_plots->speed()->plot().graph(1);
    QVERIFY(!dashes->data()->isEmpty());
    QVERIFY(std::abs(dashes->data()->constBegin()->value / predicted - 1) < 1e-6);
    QVERIFY(dashes->pen().style() == Qt::CustomDashLine);
}

void TestPlots::memoryIsStackedToWhatIsInUse() {
    MemoryPoint point;
    point.seconds = 1;
    point.weightsBytes = 4ULL << 30;
    point.kvBytes = 2ULL << 30;
    point.workspaceBytes = 1ULL << 30;
    point.processBytes = 8ULL << 30; // one more than the ledger knows
    point.totalBytes = 24ULL << 30;
    point.availableBytes = 13ULL << 30;
    const std::array<double, kMemoryParts> parts = memoryParts(point);
    QCOMPARE(parts[static_cast<std::size_t>(MemoryPart::Overhead)], kOneGiB);
    QCOMPARE(parts[static_cast<std::size_t>(MemoryPart::Others)], 3 * kOneGiB);
    m_plots->memory()->clear();
    m_plots->memory()->add({point});
    const QCustomPlot& plot = m_plots->memory()->plot();
    QCOMPARE(plot.graph(0)->data()->constBegin()->value, 11 * kOneGiB); // in use, the upper edge
    QVERIFY(plot.yAxis->range().lower == 0 && plot.yAxis->range().upper > 24 * kOneGiB);
    QVERIFY(texts(plot).contains(QStringLiteral("all: 24.0 GiB")));
}

void TestPlots::memoryThatIsNotToldIsNotZero() {
    m_plots->memory()->clear();
    MemoryPoint point;
    point.seconds = 1;
    m_plots->memory()->add({point});
    QVERIFY(!texts(m_plots->memory()->plot()).filter(QStringLiteral("not available")).isEmpty());
    QVERIFY(m_plots->memory()->description().contains(QStringLiteral("not available")));
}

void TestPlots::hiddenVariantsLeaveAllCharts() {
    const int before = m_plots->kvMemory()->plot().legend->itemCount();
    QSignalSpy toggle(m_plots->kvMemory(), &PlotWidget::seriesToggleRequested);
    QTest::keyClick(m_plots->kvMemory(), Qt::Key_1);
    QCOMPARE(toggle.count(), 1);
    QCOMPARE(toggle.at(0).at(0).toInt(), 0);
    m_plots->beginRun();
    m_plots->speed()->add({speedPoint(1, 0, 1024, true), speedPoint(1, 1, 1024, true)});
    QCOMPARE(m_plots->speed()->plot().legend->itemCount(), 2);
    OverviewData overview = m_session->overview();
    overview.variants.at(0).visible = false;
    m_plots->setOverview(overview);
    QCOMPARE(m_plots->kvMemory()->plot().legend->itemCount(), before - 1);
    QCOMPARE(m_plots->maxContext()->plot().findChildren<QCPBars*>().size(), before - 1);
    QCOMPARE(m_plots->speed()->plot().legend->itemCount(), 1);
}

void TestPlots::exportedVectorsEndAtTheAxes() {
    KvMemoryPlot& chart = *m_plots->kvMemory();
    chart.plot().replot();
    for (int i = 0; i < 2; ++i)
        QTest::keyClick(&chart, Qt::Key_Plus); // the lines leave the axes on all sides
    QBuffer svg;
    svg.open(QIODevice::WriteOnly);
    QSvgGenerator generator;
    generator.setOutputDevice(&svg);
    generator.setSize({600, 400});
    generator.setViewBox(QRect(0, 0, 600, 400));
    QCPPainter painter;
    QVERIFY(painter.begin(&generator));
    painter.setModes(QCPPainter::pmVectorized);
    chart.paint(painter, {0, 0, 600, 400}, lightTheme());
    painter.end();
    QSvgRenderer renderer(svg.data());
    QImage image(600, 400, QImage::Format_RGB32);
    image.fill(Qt::white);
    QPainter onto(&image);
    renderer.render(&onto);
    onto.end();
    const QColor line = lightTheme().colour(SeriesSlot::Mha);
    constexpr int kLegendFrom = 370; // where the line's colour is right
    int inside = 0;
    for (int x = 0; x < image.width(); ++x)
        for (int y = 0; y < kLegendFrom; ++y)
            if (image.pixelColor(x, y) == line) {
                ++inside;
                QVERIFY2(x > 30 && x < 590 && y > 40 && y < 345,
                         qPrintable(QStringLiteral("%1 %2").arg(x).arg(y)));
            }
    QVERIFY(inside > 100);
}

void TestPlots::labelsDoNotStandOnOneAnother() {
    m_session->setText(Field::ExtraKvHeads, QStringLiteral("16, 4, 2"));
    KvMemoryPlot& chart = *m_plots->kvMemory();
    m_plots->setOverview(m_session->overview());
    const auto labels = [&chart] {
        chart.plot().replot();
        std::vector<QRectF> places;
        for (int i = 0; i < chart.plot().itemCount(); ++i)
            if (auto* text = qobject_cast<QCPItemText*>(chart.plot().item(i));
                text && text->visible() && text->layer()->name() == OutsideMask::layerAbove())
                places.emplace_back(text->topLeft->pixelPosition(),
                                    text->bottomRight->pixelPosition());
        return places;
    };
    chart.resize(1200, 800);
    const std::size_t roomy = labels().size();
    QVERIFY(roomy >= 6); // a crossing for each variant, and the capacity
    chart.resize(300, 160);
    const std::vector<QRectF> places = labels();
    QVERIFY(!places.empty() && places.size() < roomy);
    for (std::size_t i = 0; i < places.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
            QVERIFY(!places[i].intersects(places[k]));
    chart.resize(1200, 800);
    QCOMPARE(labels().size(), roomy);
}

void TestPlots::chartsFollowTheTheme() {
    const QCustomPlot& plot = m_plots->kvMemory()->plot();
    QCOMPARE(plot.graph(0)->pen().color(), lightTheme().colour(SeriesSlot::Mha));
    applyTheme(ThemeChoice::Dark);
    QTRY_COMPARE(plot.graph(0)->pen().color(), darkTheme().colour(SeriesSlot::Mha));
    QCOMPARE(plot.xAxis->tickLabelColor(), darkTheme().mutedText);
    const QImage seen = m_plots->kvMemory()->grab().toImage();
    QCOMPARE(seen.pixelColor(2, 2), darkTheme().ground);
}

void TestPlots::pointsOfAnotherShapeAreSaidToBe() {
    const auto subtitle = [this] {
        return m_plots->speed()->plot().findChildren<QCPTextElement*>().at(1)->text();
    };
    m_plots->beginRun();
    m_plots->speed()->add({speedPoint(1, 1, 1024, true)});
    QVERIFY(!subtitle().contains(QStringLiteral("last run")));
    m_session->setText(Field::KvHeads, QStringLiteral("4"));
    m_plots->setOverview(m_session->overview());
    QVERIFY2(subtitle().contains(QStringLiteral("last run: MHA, GQA-8, MQA")),
             qPrintable(subtitle()));
    m_session->setText(Field::KvHeads, QStringLiteral("8"));
    m_plots->setOverview(m_session->overview());
    QVERIFY(!subtitle().contains(QStringLiteral("last run")));
}

void TestPlots::descriptionsAreMadeFromData() {
    const QString text = m_plots->maxContext()->accessibleDescription();
    QVERIFY2(text.contains(QStringLiteral("MQA fits 463,950 tokens, 44.1× MHA")), qPrintable(text));
    for (const PlotWidget* chart : m_plots->all()) {
        QVERIFY(!chart->accessibleName().isEmpty());
        QVERIFY(!chart->accessibleDescription().isEmpty());
    }
}

QTEST_MAIN(TestPlots)
#include "test_plots.moc"
