// SPDX-License-Identifier: GPL-3.0-or-later
#include <QComboBox>
#include <QDialogButtonBox>
#include <QImage>
#include <QLabel>
#include <QPushButton>
#include <QSettings>
#include <QSpinBox>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>

#include <nlohmann/json.hpp>

#include "app/gui/export/chart_export.h"
#include "app/gui/export/export_dialog.h"
#include "app/gui/export/export_job.h"
#include "app/gui/theme/theme.h"
#include "core/profile/recording.h"
#include "core/report/csv.h"
#include "core/spec/presets.h"

using namespace decodescope;

/// What --export writes, read back.
class TestExport : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();

    void everyChartIsWrittenInEveryFormat_data();
    void everyChartIsWrittenInEveryFormat();
    void pngHasItsSizeAndDots();
    void exportsAreLightUnlessAsked();
    void svgTextIsText();
    void otherPeoplesNumbersAreCited();
    void latencyIsOfTheNewestPoint();
    void pdfHasOnePageOfItsSize();
    void dataOfARecordingIsReadBack();
    void plansAreWrittenWhereNothingWasMeasured();
    void aReportHoldsEverythingInOneFile();
    void aReportOfNothingMeasuredHoldsThePlan();
    void theDialogOffersWhatWasChosenLast();
    void theDialogRefusesImpossiblePictures();
    void aComparisonIsDrawnAndWritten();
    void ownQualityNumbersAreDrawn();
    void mistakesAreSaid_data();
    void mistakesAreSaid();

private:
    [[nodiscard]] QString path(const QString& name) const { return m_folder.filePath(name); }
    [[nodiscard]] Status write(const ExportOptions& options) const {
        return runExport(options, {m_recording});
    }
    [[nodiscard]] QByteArray read(const QString& file) const {
        QFile opened(file);
        return opened.open(QIODevice::ReadOnly) ? opened.readAll() : QByteArray();
    }
    [[nodiscard]] QString svgText(const QString& chart) const; ///< empty where it is no XML
    QTemporaryDir m_folder;
    QString m_recording;
};

void TestExport::initTestCase() {
    QVERIFY(m_folder.isValid());
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, m_folder.path());
    const Result<ModelSpec> model = findModelPreset(kDefaultModelId);
    QVERIFY(model.ok());
    Recording recording;
    RunStarted start;
    start.runId = "a";
    start.device.id = "cpu";
    start.device.name = "Test CPU";
    start.device.available = true;
    start.device.memoryTotalBytes = 16ULL << 30;
    start.model = *model;
    start.variants = {"MHA", "GQA-8", "MQA"};
    recording.runs.push_back(start);
    for (const std::int64_t context : {1024, 8192}) {
        Sample sample;
        sample.runId = "a";
        sample.variant = "GQA-8";
        sample.attention = "gqa";
        sample.layers = sample.layersMeasured = sample.nHeads = 32;
        sample.nKvHeads = 8;
        sample.headDim = 128;
        sample.context = context;
        sample.tokensPerSecond = 100;
        sample.tpotP50Ms = 10;
        sample.repetitionsMs = {9, 10, 11};
        recording.samples.push_back(sample);
        Progress progress;
        progress.atMs = static_cast<double>(context);
        progress.phase = "measure";
        progress.variant = "GQA-8";
        progress.context = context;
        progress.repetitionsMs = {9, 10, 11};
        recording.progress.push_back(progress);
    }
    m_recording = path(QStringLiteral("run.jsonl"));
    QVERIFY(writeRecording(recording, m_recording.toStdString()).ok());
}

void TestExport::everyChartIsWrittenInEveryFormat_data() {
    QTest::addColumn<QString>("chart");
    QTest::addColumn<QString>("ending");
    QTest::addColumn<QByteArray>("magic");
    for (const char* chart :
         {"overview", "kv-memory", "max-context", "tokens-per-second", "memory", "memory-stack",
          "speed", "roofline", "trade-off", "latency", "latency-steps"})
        for (const auto& [ending, magic] :
             {std::pair{"png", "\x89PNG"}, {"svg", "<?xml"}, {"pdf", "%PDF"}})
            QTest::addRow("%s.%s", chart, ending) << chart << ending << QByteArray(magic);
}

void TestExport::everyChartIsWrittenInEveryFormat() {
    QFETCH(QString, chart);
    QFETCH(QString, ending);
    QFETCH(QByteArray, magic);
    ExportOptions options;
    options.chart = chart;
    options.file = path(chart + QLatin1Char('.') + ending);
    const Status done = write(options);
    QVERIFY2(done.ok(), done.ok() ? "" : done.error().sentence().c_str());
    const QByteArray bytes = read(options.file);
    QVERIFY(bytes.startsWith(magic));
    QVERIFY(bytes.size() > 2000);
}

void TestExport::pngHasItsSizeAndDots() {
    ExportOptions options;
    options.chart = QStringLiteral("max-context");
    options.file = path(QStringLiteral("sized.png"));
    options.size = {640, 400};
    options.dotsPerInch = 144;
    QVERIFY(write(options).ok());
    const QImage image(options.file);
    QCOMPARE(image.size(), QSize(960, 600));
    QVERIFY(std::abs(image.dotsPerMeterX() - qRound(144 / 0.0254)) <= 1);
}

void TestExport::exportsAreLightUnlessAsked() {
    ExportOptions options;
    options.chart = QStringLiteral("kv-memory");
    options.file = path(QStringLiteral("ground.png"));
    QVERIFY(write(options).ok());
    QCOMPARE(QImage(options.file).pixelColor(1, 1), lightTheme().ground);
    options.dark = true;
    QVERIFY(write(options).ok());
    QCOMPARE(QImage(options.file).pixelColor(1, 1), darkTheme().ground);
}

QString TestExport::svgText(const QString& chart) const {
    ExportOptions options;
    options.chart = chart;
    options.file = path(chart + QStringLiteral("-text.svg"));
    if (!write(options).ok())
        return {};
    QXmlStreamReader xml(read(options.file));
    QString text;
    while (!xml.atEnd())
        if (xml.readNext() == QXmlStreamReader::Characters)
            text += xml.text();
    return xml.hasError() ? QString() : text;
}

void TestExport::otherPeoplesNumbersAreCited() {
    const QString text = svgText(QStringLiteral("trade-off"));
    QVERIFY(text.contains(QStringLiteral("Source: Brandon et al. 2024")));
    QVERIFY(text.contains(QStringLiteral("arXiv:2405.12981")));
    QVERIFY(text.contains(QStringLiteral("H128-MHA")));
    QVERIFY(text.contains(QStringLiteral("lower is better")));
}

void TestExport::latencyIsOfTheNewestPoint() {
    const QString text = svgText(QStringLiteral("latency"));
    QVERIFY2(text.contains(QStringLiteral("GQA-8 at 8,192 tokens · n 3")), qPrintable(text));
    QVERIFY(text.contains(QStringLiteral("p50 10.0 ms")));
}

void TestExport::svgTextIsText() {
    const QString text = svgText(QStringLiteral("max-context"));
    QVERIFY(text.contains(QStringLiteral("Longest context that fits")));
    QVERIFY(text.contains(QStringLiteral("Test CPU")));
    QVERIFY(text.contains(QStringLiteral("MQA")));
}

void TestExport::pdfHasOnePageOfItsSize() {
    ExportOptions options;
    options.file = path(QStringLiteral("page.pdf"));
    options.size = {960, 480};
    QVERIFY(write(options).ok());
    const QString text = QString::fromLatin1(read(options.file));
    const auto box =
        QRegularExpression(QStringLiteral("/MediaBox \\[0 0 ([\\d.]+) ([\\d.]+)\\]")).match(text);
    QVERIFY(box.hasMatch());
    QVERIFY(std::abs(box.captured(1).toDouble() / box.captured(2).toDouble() - 2) < 0.01);
    QCOMPARE(text.count(QRegularExpression(QStringLiteral("/Type /Page\\s"))), 1);
}

void TestExport::dataOfARecordingIsReadBack() {
    ExportOptions options;
    options.file = path(QStringLiteral("samples.csv"));
    QVERIFY(write(options).ok());
    const auto rows = parseCsv(read(options.file).toStdString());
    QVERIFY(rows.ok());
    QCOMPARE(rows->size(), std::size_t{3}); // a header and two samples
    options.file = path(QStringLiteral("samples.json"));
    QVERIFY(write(options).ok());
    const auto records = nlohmann::json::parse(read(options.file).toStdString());
    QCOMPARE(records.size(), std::size_t{2});
    QCOMPARE(records.at(1).at("context_tokens").get<int>(), 8192);
    QCOMPARE(records.at(1).at("variant").get<std::string>(), std::string("GQA-8"));
}

void TestExport::plansAreWrittenWhereNothingWasMeasured() {
    ExportOptions options;
    options.file = path(QStringLiteral("plans.json"));
    QVERIFY(runExport(options, {}).ok());
    const auto records = nlohmann::json::parse(read(options.file).toStdString());
    QCOMPARE(records.size(), std::size_t{3});
    QVERIFY(records.at(0).contains("max_context_tokens"));
}

/// Names of all elements, in order; the reader stops at what is not well-formed.
static QStringList elements(const QByteArray& html) {
    QXmlStreamReader reader(html);
    QStringList names;
    while (!reader.atEnd())
        if (reader.readNext() == QXmlStreamReader::StartElement)
            names << reader.name().toString();
    return reader.hasError() ? QStringList{reader.errorString()} : names;
}

void TestExport::aReportHoldsEverythingInOneFile() {
    ExportOptions options;
    options.file = path(QStringLiteral("report.html"));
    QVERIFY(write(options).ok());
    const QByteArray html = read(options.file);
    const QStringList names = elements(html);
    QVERIFY2(names.contains(QStringLiteral("html")), qPrintable(names.join(' ')));
    QVERIFY(names.count(QStringLiteral("svg")) >= 3);
    QCOMPARE(names.count(QStringLiteral("svg")), names.count(QStringLiteral("figure")));
    for (const char* text : {"Test CPU", "8,192", "batch / p50 of one decode step: 1 / 10.0 ms",
                             "from 3 repetitions", "Longest context", "decodescope-cli"})
        QVERIFY2(html.contains(text), text);
    QVERIFY(!names.contains(QStringLiteral("script")) && !html.contains("src="));
    QVERIFY(!html.contains("<link"));
}

void TestExport::aReportOfNothingMeasuredHoldsThePlan() {
    ExportOptions options;
    options.file = path(QStringLiteral("plan.html"));
    QVERIFY(runExport(options, {}).ok());
    const QByteArray html = read(options.file);
    QVERIFY(elements(html).contains(QStringLiteral("svg")));
    QVERIFY(html.contains("Planned") && !html.contains("Measured</h2>"));
}

void TestExport::theDialogOffersWhatWasChosenLast() {
    QSettings().clear();
    {
        ExportDialog dialog(QStringLiteral("Chart"));
        QCOMPARE(dialog.suffix(), QStringLiteral("png"));
        QCOMPARE(dialog.style().size, ChartStyle().size);
        dialog.findChild<QSpinBox*>(QStringLiteral("exportWidth"))->setValue(777);
        auto* formats = dialog.findChild<QComboBox*>(QStringLiteral("exportFormat"));
        formats->setCurrentIndex(formats->findData(QStringLiteral("svg")));
        QVERIFY(!dialog.findChild<QSpinBox*>(QStringLiteral("exportDpi"))->isEnabled());
        dialog.accept();
    }
    const ExportDialog again(QStringLiteral("Chart"));
    QCOMPARE(again.suffix(), QStringLiteral("svg"));
    QCOMPARE(again.style().size.width(), 777);
    QSettings().clear();
}

void TestExport::theDialogRefusesImpossiblePictures() {
    QSettings().clear();
    ExportDialog dialog(QStringLiteral("Chart"));
    const auto* save = dialog.findChild<QDialogButtonBox*>()->button(QDialogButtonBox::Save);
    QVERIFY(save->isEnabled());
    dialog.findChild<QSpinBox*>(QStringLiteral("exportWidth"))->setValue(20000);
    dialog.findChild<QSpinBox*>(QStringLiteral("exportHeight"))->setValue(20000);
    QVERIFY(!save->isEnabled());
    QVERIFY(dialog.findChild<QLabel*>(QStringLiteral("exportNote"))->text().contains("smaller"));
}

void TestExport::aComparisonIsDrawnAndWritten() {
    Result<Recording> recording = readRecording(m_recording.toStdString());
    QVERIFY(recording.ok());
    for (Sample& sample : recording->samples)
        sample.repetitionsMs = {4.5, 5, 5.5};
    const QString faster = path(QStringLiteral("faster.jsonl"));
    QVERIFY(writeRecording(*recording, faster.toStdString()).ok());
    ExportOptions options;
    options.chart = QStringLiteral("compare");
    options.file = path(QStringLiteral("compare.svg"));
    QVERIFY(runExport(options, {}, {m_recording, faster}).ok());
    const QByteArray drawn = read(options.file);
    QVERIFY(drawn.contains("faster.jsonl against run.jsonl"));
    QVERIFY(drawn.contains("GQA-8"));
    options.file = path(QStringLiteral("compare.json"));
    QVERIFY(runExport(options, {}, {m_recording, faster}).ok());
    const auto records = nlohmann::json::parse(read(options.file).toStdString());
    QCOMPARE(records.size(), std::size_t{2});
    QVERIFY(records.at(0).contains("tpot_ratio"));
    options.file = path(QStringLiteral("nothing.svg"));
    QCOMPARE(exitCode(write(options).error().code), 2);
    QVERIFY(!runExport(options, {}, {m_recording, path(QStringLiteral("missing.jsonl"))}).ok());
}

void TestExport::ownQualityNumbersAreDrawn() {
    const QString table = path(QStringLiteral("ours.csv"));
    QFile file(table);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("study,citation,metric,better,model,kv_bytes_per_token,value\n"
               "Ours,Measured at home,recall,higher,Little,1024,0.5\n");
    file.close();
    ExportOptions options;
    options.chart = QStringLiteral("trade-off");
    options.file = path(QStringLiteral("ours.svg"));
    QVERIFY(runExport(options, {table}).ok());
    QVERIFY(read(options.file).contains("Source: Measured at home"));
    QVERIFY(svgText(QStringLiteral("trade-off")).contains(QStringLiteral("Brandon"))); // not kept
    for (const auto& [name, chart] :
         {std::pair{"ours.csv.svg", "overview"}, {"ours.json", "trade-off"}}) {
        options.chart = QString::fromLatin1(chart);
        options.file = path(QString::fromLatin1(name));
        const Status refused = runExport(options, {table});
        QVERIFY(!refused.ok());
        QCOMPARE(exitCode(refused.error().code), 2);
        QVERIFY(refused.error().sentence().find("--chart trade-off") != std::string::npos);
    }
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("study,citation,metric,better,model,kv_bytes_per_token,value\nOurs,Me,a,b,c,d,e\n");
    file.close();
    QCOMPARE(exitCode(runExport(options, {table}).error().code), 3);
}

void TestExport::mistakesAreSaid_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("chart");
    QTest::addColumn<QSize>("size");
    QTest::addColumn<int>("code");
    const QSize usual(800, 500);
    QTest::newRow("no such chart") << path("a.png") << "pie" << usual << 2;
    QTest::newRow("no such ending") << path("a.bmp") << "overview" << usual << 2;
    QTest::newRow("too large") << path("a.png") << "overview" << QSize(30000, 30000) << 2;
    QTest::newRow("no such folder") << "/nowhere/a.png"
                                    << "overview" << usual << 4;
    QTest::newRow("no such folder for data") << "/nowhere/a.csv"
                                             << "overview" << usual << 4;
}

void TestExport::mistakesAreSaid() {
    QFETCH(QString, file);
    QFETCH(QString, chart);
    QFETCH(QSize, size);
    QFETCH(int, code);
    ExportOptions options;
    options.file = file;
    options.chart = chart;
    options.size = size;
    const Status done = write(options);
    QVERIFY(!done.ok());
    QCOMPARE(exitCode(done.error().code), code);
    QVERIFY(!QFile::exists(file));
}

QTEST_MAIN(TestExport)
#include "test_export.moc"
