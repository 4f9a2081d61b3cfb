// SPDX-License-Identifier: GPL-3.0-or-later
#include <QComboBox>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <qcustomplot.h>

#include "app/gui/models/quality_store.h"
#include "app/gui/models/trade_off_builder.h"
#include "app/gui/panels/data_table.h"
#include "app/gui/panels/trade_off_page.h"
#include "app/gui/plots/plot_footer.h"
#include "app/gui/plots/point_labels.h"
#include "app/gui/plots/trade_off_plot.h"
#include "app/gui/theme/application_palette.h"

using namespace decodescope;

namespace {

const QByteArray kOwn = "study,citation,metric,better,model,attention,kv_bytes_per_token,value\n"
                        "Ours,\"Me, 2026\",recall,higher,wide,mha,4096,0.9\n"
                        "Ours,\"Me, 2026\",recall,higher,narrow,mqa,128,0.5\n"
                        "Ours,\"Me, 2026\",recall,higher,bad,gqa,2048,0.4\n"
                        "Ours,\"Me, 2026\",loss,lower,wide,mha,4096,1.5\n";

QStringList namesOf(const TradeOffData& data, bool frontier) {
    QStringList names;
    for (const TradeOffPoint& point : data.points)
        if (point.frontier == frontier)
            names << point.model;
    return names;
}

} // namespace

/// Quality against memory: the numbers, whose they are, and the user's own.
class TestTradeOff : public QObject {
    Q_OBJECT
private slots:
    void init();

    void theFrontierIsThatOfTheStudy();
    void marksAreHollow();
    void theFrontierIsAStepLine();
    void theSourceStandsUnderTheChart();
    void theModelAtHandIsALine();
    void theCursorReadsTheCitation();
    void everyStudyCanBeShown();
    void theTableHasTheSameNumbers();
    void ownRowsComeStayAndGo();
    void aBadTableChangesNothing();
    void aDamagedFileIsSetAside();
    void aStudyIsSavedAsItIsImported();
    void labelsDoNotLieUponEachOther();

private:
    QString write(const QString& name, const QByteArray& bytes) const;
    [[nodiscard]] QString storeFile() const { return m_folder->filePath("data/quality.csv"); }
    template <typename T>
    T* child(const char* name) const {
        return m_page->findChild<T*>(QString::fromLatin1(name));
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<TradeOffPage> m_page;
};

void TestTradeOff::init() {
    applyTheme(ThemeChoice::Light);
    m_page.reset();
    m_folder = std::make_unique<QTemporaryDir>();
    m_session = std::make_unique<Session>();
    m_page = std::make_unique<TradeOffPage>(*m_session, nullptr, storeFile());
    m_page->resize(1000, 560);
    m_page->show();
    QApplication::processEvents();
}

QString TestTradeOff::write(const QString& name, const QByteArray& bytes) const {
    QFile file(m_folder->filePath(name));
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
        qFatal("cannot write");
    return file.fileName();
}

void TestTradeOff::theFrontierIsThatOfTheStudy() {
    const TradeOffData& data = m_page->plot().tradeOff();
    QCOMPARE(data.metric, QStringLiteral("perplexity"));
    QVERIFY(!data.higherIsBetter);
    QCOMPARE(data.points.size(), std::size_t{15});
    const QStringList frontier = namesOf(data, true);
    for (const char* name : {"H128-MHA", "H128-GQA4", "H256-MQA-CLA2", "H128-MQA-CLA2"})
        QVERIFY2(frontier.contains(QString::fromLatin1(name)), name);
    for (const char* name : {"H128-MQA", "H64-MQA", "H32-MQA"}) // as small, and worse
        QVERIFY2(!frontier.contains(QString::fromLatin1(name)), name);
}

void TestTradeOff::marksAreHollow() {
    const QCustomPlot& plot = m_page->plot().plot();
    int points = 0;
    for (int i = 0; i < plot.graphCount(); ++i) {
        const QCPGraph* graph = plot.graph(i);
        if (graph->lineStyle() != QCPGraph::lsNone)
            continue;
        QCOMPARE(graph->scatterStyle().brush().color(), lightTheme().ground);
        points += graph->data()->size();
    }
    QCOMPARE(points, 15);
}

void TestTradeOff::theFrontierIsAStepLine() {
    const QCustomPlot& plot = m_page->plot().plot();
    const QCPGraph* line = plot.graph(0);
    QCOMPARE(line->lineStyle(), QCPGraph::lsStepLeft);
    QCOMPARE(line->data()->size(),
             static_cast<int>(namesOf(m_page->plot().tradeOff(), true).size()) + 1);
    double before = std::numeric_limits<double>::infinity();
    for (const QCPGraphData& point : *line->data()) { // more bytes are never worse
        QVERIFY(point.value <= before);
        before = point.value;
    }
}

void TestTradeOff::theSourceStandsUnderTheChart() {
    TradeOffPlot& chart = m_page->plot();
    PlotFooter* footer = nullptr;
    for (int row = 0; row < chart.plot().plotLayout()->rowCount(); ++row)
        if (auto* found = qobject_cast<PlotFooter*>(chart.plot().plotLayout()->element(row, 0)))
            footer = found;
    QVERIFY(footer);
    if (!footer) // for readers that do not know QVERIFY
        return;
    QVERIFY(footer->text().startsWith(QStringLiteral("Source: Brandon et al. 2024")));
    QVERIFY(footer->text().contains(QStringLiteral("arXiv:2405.12981")));
    QVERIFY(footer->text().contains(QStringLiteral("one run each")));
    chart.plot().replot();
    QVERIFY(footer->outerRect().top() >= chart.plot().axisRect()->outerRect().bottom());
    QVERIFY(chart.description().contains(QStringLiteral("arXiv:2405.12981")));
}

void TestTradeOff::theModelAtHandIsALine() {
    // 32 layers × 8 KV heads × 2 × 128 × 2 bytes.
    QCOMPARE(m_page->plot().tradeOff().modelKvBytes, 131072.0);
    const QCustomPlot& plot = m_page->plot().plot();
    QStringList texts;
    double at = 0;
    for (int i = 0; i < plot.itemCount(); ++i) {
        if (const auto* text = qobject_cast<QCPItemText*>(plot.item(i)))
            texts << text->text();
        if (const auto* line = qobject_cast<QCPItemStraightLine*>(plot.item(i));
            line && line->visible())
            at = line->point1->coords().x();
    }
    QCOMPARE(at, 131072.0);
    QVERIFY(texts.contains(m_session->overview().modelName + QStringLiteral(": 128 KiB a token")));
    QVERIFY(plot.xAxis->range().contains(131072));
}

void TestTradeOff::theCursorReadsTheCitation() {
    QCustomPlot& plot = m_page->plot().plot();
    plot.replot();
    QSignalSpy readout(m_page.get(), &TabPage::readout);
    QTest::mouseMove(&plot, QPoint(qRound(plot.xAxis->coordToPixel(163840)),
                                   qRound(plot.yAxis->coordToPixel(13.15))));
    QVERIFY(!readout.isEmpty());
    const QString text = readout.last().first().toString();
    for (const char* part : {"H128-MHA", "160 KiB a token", "perplexity: 13.15", "2405.12981"})
        QVERIFY2(text.contains(QString::fromLatin1(part)), qPrintable(text));
}

void TestTradeOff::everyStudyCanBeShown() {
    auto* studies = child<QComboBox>("tradeOffStudy");
    auto* metrics = child<QComboBox>("tradeOffMetric");
    QCOMPARE(studies->count(), static_cast<int>(publishedQuality().size()));
    for (int i = 0; i < studies->count(); ++i) {
        studies->setCurrentIndex(i);
        const QualityStudy& study = publishedQuality()[static_cast<std::size_t>(i)];
        QCOMPARE(metrics->count(), static_cast<int>(study.metrics.size()));
        for (int j = 0; j < metrics->count(); ++j) {
            metrics->setCurrentIndex(j);
            const TradeOffData& data = m_page->plot().tradeOff();
            QCOMPARE(data.citation, QString::fromStdString(study.citation));
            QCOMPARE(data.points.size(), study.points.size());
            QVERIFY(!namesOf(data, true).isEmpty());
            const QCPRange range = m_page->plot().plot().yAxis->range();
            for (const TradeOffPoint& point : data.points)
                QVERIFY(range.contains(point.value));
        }
    }
    QVERIFY(!child<QPushButton>("tradeOffRemove")->isEnabled());
}

void TestTradeOff::theTableHasTheSameNumbers() {
    m_page->showTable(true);
    const DataTable* table = m_page->table();
    QVERIFY(table->isVisible());
    QCOMPARE(table->rowCount(), 15);
    QCOMPARE(table->item(0, 0)->text(), QStringLiteral("H128-MHA"));
    QCOMPARE(table->item(0, 2)->text(), QStringLiteral("160 KiB"));
    QCOMPARE(table->item(0, 3)->text(), QStringLiteral("13.15"));
    QCOMPARE(table->item(0, 4)->text(), QStringLiteral("yes"));
}

void TestTradeOff::ownRowsComeStayAndGo() {
    QVERIFY(m_page->import(write(QStringLiteral("own.csv"), kOwn)).ok());
    auto* studies = child<QComboBox>("tradeOffStudy");
    QCOMPARE(studies->currentText(), QStringLiteral("Ours (yours)"));
    QCOMPARE(m_page->plot().tradeOff().points.size(), std::size_t{3});
    QCOMPARE(namesOf(m_page->plot().tradeOff(), false), QStringList{QStringLiteral("bad")});
    child<QComboBox>("tradeOffMetric")->setCurrentIndex(1);
    QCOMPARE(m_page->plot().tradeOff().points.size(), std::size_t{1});
    // The same study again takes its place; the next session has it still.
    QVERIFY(m_page->import(write(QStringLiteral("own.csv"), kOwn)).ok());
    QCOMPARE(studies->count(), static_cast<int>(publishedQuality().size()) + 1);
    const QualityStore next(storeFile());
    QCOMPARE(next.studies().size(), publishedQuality().size() + 1);
    QVERIFY(next.studies().back() == m_page->store().studies().back());
    QTest::mouseClick(child<QPushButton>("tradeOffRemove"), Qt::LeftButton);
    QCOMPARE(studies->count(), static_cast<int>(publishedQuality().size()));
    QVERIFY(!m_page->plot().tradeOff().own);
    const QualityStore last(storeFile());
    QCOMPARE(last.studies().size(), publishedQuality().size());
    QVERIFY(last.problem().isEmpty());
}

void TestTradeOff::aBadTableChangesNothing() {
    QVERIFY(m_page->import(write(QStringLiteral("own.csv"), kOwn)).ok());
    QByteArray bad = kOwn;
    bad.replace("0.9", "0,9");
    const Status refused = m_page->import(write(QStringLiteral("bad.csv"), bad));
    QVERIFY(!refused.ok());
    QVERIFY(refused.error().sentence().find("line 2") != std::string::npos);
    QCOMPARE(child<QComboBox>("tradeOffStudy")->currentText(), QStringLiteral("Ours (yours)"));
    const QualityStore next(storeFile());
    QCOMPARE(next.studies().size(), publishedQuality().size() + 1);
}

void TestTradeOff::aDamagedFileIsSetAside() {
    QVERIFY(QDir(m_folder->path()).mkpath(QStringLiteral("data")));
    write(QStringLiteral("data/quality.csv"), "no table");
    QualityStore store(storeFile());
    QVERIFY(store.problem().contains(QStringLiteral("quality.csv.damaged-1")));
    QVERIFY(store.import(write(QStringLiteral("own.csv"), kOwn)).ok());
    QFile aside(storeFile() + QStringLiteral(".damaged-1"));
    QVERIFY(aside.open(QIODevice::ReadOnly));
    QCOMPARE(aside.readAll(), QByteArray("no table"));
}

void TestTradeOff::aStudyIsSavedAsItIsImported() {
    const QString path = m_folder->filePath(QStringLiteral("saved.csv"));
    QVERIFY(m_page->exportStudy(path).ok());
    QVERIFY(m_page->import(path).ok());
    const QualityStudy& own = m_page->store().studies().back();
    QVERIFY(own.own);
    QVERIFY(own.points == publishedQuality().front().points);
    QCOMPARE(own.citation, publishedQuality().front().citation);
    QVERIFY(!m_page->exportStudy(m_folder->filePath(QStringLiteral("no/such/folder.csv"))).ok());
}

void TestTradeOff::labelsDoNotLieUponEachOther() {
    QCustomPlot& plot = m_page->plot().plot();
    const auto placed = [&plot] {
        plot.replot();
        for (int i = 0; i < plot.itemCount(); ++i)
            if (const auto* texts = qobject_cast<PointLabels*>(plot.item(i)))
                return texts->boxes();
        return std::vector<QRectF>();
    };
    const std::vector<QRectF> boxes = placed();
    QVERIFY(boxes.size() >= 5);
    for (std::size_t i = 0; i < boxes.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            QVERIFY(!boxes[i].intersects(boxes[j]));
    m_page->resize(420, 240);
    QApplication::processEvents();
    QVERIFY(placed().size() <= boxes.size());
}

QTEST_MAIN(TestTradeOff)
#include "test_trade_off.moc"
