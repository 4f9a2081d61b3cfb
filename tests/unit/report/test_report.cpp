// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QTest>
#include <QXmlStreamReader>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "core/report/comparison_report.h"
#include "core/report/csv.h"
#include "core/report/html_report.h"
#include "core/report/markdown.h"
#include "core/report/probe_report.h"
#include "core/report/records.h"
#include "core/report/report.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

using namespace decodescope;
using nlohmann::json;

/// What is written can be read back, in every format, with the same keys and numbers.
class TestReport : public QObject {
    Q_OBJECT

private slots:
    void csvReadsBackAsItWasWritten();
    void csvQuotesWhatNeedsIt();
    void csvWithAnOpenQuoteIsRefused();
    void jsonAndJsonLinesCarryTheSameRecords();
    void everyKeyOfARecordHasAColumn();
    void aComparisonTellsItsVerdicts();
    void aProbeTellsWhatEndedIt();
    void markdownIsAlignedAndHuman();
    void formatsAreKnownByName();
    void whatIsWrittenIsTheAgreedText_data();
    void whatIsWrittenIsTheAgreedText();
    void aNumberThatIsNoneStaysEmpty();
    void aNameThatIsNotUtf8IsWrittenAllTheSame();
    void aBarInANameDoesNotBreakTheTable();
    void aNameDoesNotCommandTheTerminal();
    void aListOfTextsIsJoinedPlainly();
    void aReportTellsWhatWentWrong();
    void aReportIsNotCommandedByNames();
    void smallNumbersKeepTheirDigits();
};

static Sample sample() {
    Sample s;
    s.runId = "run-1";
    s.variant = "GQA-8";
    s.attention = "gqa";
    s.model = "Llama \"8B\", f16";
    s.layers = 32;
    s.layersMeasured = 4;
    s.context = 65536;
    s.repetitionsMs = {10.5, 11.25};
    s.tpotP50Ms = 10.875;
    s.tpotCi95Ms = 0.375;
    s.tokensPerSecond = 91.954;
    s.modelKvBytes = 8 * kGiB;
    s.floorFraction = 0.83;
    s.bound = "memory";
    return s;
}

static std::vector<Plan> plans() {
    std::vector<Plan> all;
    for (const Variant& variant : defaultVariants(*findModelPreset("llama-3.1-8b")))
        all.push_back(makePlan(variant, {"box", 24 * kGiB, {}}, Workload{}, 8192, 1));
    return all;
}

/// B takes twice the time, and has a point that A lacks.
static Comparison comparison() {
    const Sample before = sample();
    Sample after = before;
    for (double& ms : after.repetitionsMs)
        ms *= 2;
    after.tpotP50Ms *= 2;
    Sample more = before;
    more.context *= 2;
    ComparedSet a = comparedSet(std::vector{before}, "before.jsonl");
    a.points.front().repetitionsMs.assign(9, before.tpotP50Ms);
    a.partial = true;
    ComparedSet b = comparedSet(std::vector{after, more}, "after.jsonl");
    b.points.front().repetitionsMs.assign(9, after.tpotP50Ms);
    return compare(a, b);
}

static ProbeResult probeResult() {
    ProbeResult result;
    result.variant = "GQA-8";
    result.pageTokens = 256;
    result.maxContextPredicted = 1024;
    result.maxContextMeasured = 768;
    result.memoryTotalBytes = 32 * kMiB;
    result.budgetBytes = 30198988; // nine tenths
    result.proofTpotMs = 12.5;
    return result;
}

void TestReport::csvReadsBackAsItWasWritten() {
    const std::vector<Sample> samples = {sample(), sample()};
    const auto lines = parseCsv(report(samples, ReportFormat::Csv));
    QVERIFY(lines.ok());
    QCOMPARE(lines->size(), std::size_t{3});
    const std::vector<std::string>& header = lines->front();
    const auto at = [&](const char* key) {
        const auto column = std::find(header.begin(), header.end(), key);
        return (*lines)[1].at(static_cast<std::size_t>(column - header.begin()));
    };
    QCOMPARE(at("model"), std::string("Llama \"8B\", f16"));
    QCOMPARE(at("context_tokens"), std::string("65536"));
    QCOMPARE(std::stod(at("tpot_p50_ms")), 10.875);
    QCOMPARE(at("repetitions_ms"), std::string("10.5;11.25"));
    QCOMPARE(at("memory_used_bytes"), std::string()); // unknown stays empty, never zero
}

void TestReport::csvQuotesWhatNeedsIt() {
    const std::string_view keys[] = {"a", "b"};
    const json records[] = {{{"a", "x,y"}, {"b", "line\nbreak"}}, {{"a", nullptr}, {"b", 1.5}}};
    const std::string text = toCsv(keys, records);
    QCOMPARE(text, std::string("a,b\r\n\"x,y\",\"line\nbreak\"\r\n,1.5\r\n"));
    const auto back = parseCsv(text);
    QVERIFY(back.ok());
    QCOMPARE((*back)[1][1], std::string("line\nbreak"));
}

void TestReport::csvWithAnOpenQuoteIsRefused() {
    const auto lines = parseCsv("a,b\n\"never ends");
    QVERIFY(!lines.ok());
    QCOMPARE(lines.error().code, ErrorCode::FileUnreadable);
}

void TestReport::jsonAndJsonLinesCarryTheSameRecords() {
    const std::vector<Plan> all = plans();
    const json array = json::parse(report(all, ReportFormat::Json));
    QCOMPARE(array.size(), all.size());
    const std::string lines = report(all, ReportFormat::JsonLines);
    QCOMPARE(std::count(lines.begin(), lines.end(), '\n'), static_cast<long>(all.size()));
    QVERIFY(json::parse(lines.substr(0, lines.find('\n'))) == array[0]);
}

void TestReport::everyKeyOfARecordHasAColumn() {
    const auto missing = [](const json& record, std::span<const std::string_view> keys) {
        std::string names;
        for (const auto& [key, value] : record.items())
            if (key != "kind" && std::find(keys.begin(), keys.end(), key) == keys.end())
                names += key + " ";
        return names;
    };
    QCOMPARE(missing(sample(), sampleKeys()), std::string());
    QCOMPARE(missing(plans().front(), planKeys()), std::string());
    QCOMPARE(missing(probeResult(), probeKeys()), std::string());
    for (const json& record : records(comparison()))
        QCOMPARE(missing(record, comparisonKeys()), std::string());
}

void TestReport::aComparisonTellsItsVerdicts() {
    const std::vector<json> all = records(comparison());
    QCOMPARE(all.size(), std::size_t{2});
    QCOMPARE(all[0].at("verdict").get<std::string>(), std::string("slower"));
    QCOMPARE(all[0].at("tpot_ratio").get<double>(), 2.0);
    QCOMPARE(all[0].at("tokens_per_second_ratio").get<double>(), 0.5);
    QVERIFY(all[0].at("tpot_ratio_low").get<double>() > 1);
    QCOMPARE(all[1].at("verdict").get<std::string>(), std::string("only_in_b"));
    QVERIFY(all[1].at("tpot_ms_a").is_null() && all[1].at("repetitions_a").is_null());
    QCOMPARE(all[1].at("repetitions_b").get<int>(), 2);
    const QString text = QString::fromStdString(comparisonTable(comparison()));
    for (const char* part : {"| slower", "only in B", "2.000", "A: before.jsonl", "is partial"})
        QVERIFY2(text.contains(part), qPrintable(text));
}

void TestReport::aProbeTellsWhatEndedIt() {
    ProbeResult result = probeResult();
    const auto text = [&result] { return QString::fromStdString(probeText(result)); };
    for (const char* part : {"1,024", "768", "256 fewer, one page", "28.8 MiB", "12.5 ms"})
        QVERIFY2(text().contains(part), qPrintable(text()));
    result.stoppedBy = ProbeStop::Interrupted;
    result.proofTpotMs.reset();
    QVERIFY(text().contains("more may fit") && text().contains("No step was run"));
    result.maxContextPredicted.reset();
    QVERIFY(text().contains("no limit"));
}

void TestReport::markdownIsAlignedAndHuman() {
    const std::vector<Sample> samples = {sample()};
    const std::string text = report(samples, ReportFormat::Markdown);
    QVERIFY(QString::fromStdString(text).contains("65,536"));
    QVERIFY(QString::fromStdString(text).contains("scaled from 4 of 32 layers"));
    QVERIFY(QString::fromStdString(text).contains("83 %"));
    const QStringList lines = QString::fromStdString(text).split('\n', Qt::SkipEmptyParts);
    QCOMPARE(lines.size(), 3);
    QCOMPARE(lines[0].size(), lines[2].size());
}

void TestReport::formatsAreKnownByName() {
    QVERIFY(parseReportFormat("md") == ReportFormat::Markdown);
    QVERIFY(parseReportFormat("jsonl") == ReportFormat::JsonLines);
    QVERIFY(!parseReportFormat("xlsx"));
}

static QString goldenFile(const QString& name) {
    QFile file(QStringLiteral(TEST_DATA_DIR "/report/") + name);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

/// The article's own shape on a device with round figures: every number can be checked by hand.
static std::vector<Plan> anchorPlans() {
    const ModelSpec mha = modelByHand({.layers = 32, .nHeads = 32, .nKvHeads = 32, .headDim = 128});
    Workload workload;
    workload.reserveFraction = 0.25;
    std::vector<Plan> all;
    for (const Variant& variant : defaultVariants(mha))
        all.push_back(makePlan(variant, {"box", 2 * kGiB, {1e12, 1e14, false}}, workload, 1024, 1));
    all.push_back(makePlan(all.front().variant, {"box", 2 * kGiB, {}}, workload, 4096, 1));
    return all;
}

static Sample goldenSample() {
    Sample s = sample();
    s.toolVersion = "1.2.3";
    s.startedAt = "2025-01-02T03:04:05Z";
    s.device = "box, 16 cores";
    return s;
}

void TestReport::whatIsWrittenIsTheAgreedText_data() {
    QTest::addColumn<QString>("file");
    for (const char* file :
         {"plans.md", "plans.csv", "plans.jsonl", "samples.md", "samples.csv", "samples.jsonl"})
        QTest::newRow(file) << QString::fromLatin1(file);
}

void TestReport::whatIsWrittenIsTheAgreedText() {
    QFETCH(QString, file);
    const auto format = parseReportFormat(file.section(QLatin1Char('.'), 1).toStdString()).value();
    const std::vector<Sample> samples = {goldenSample()};
    const std::string text = file.startsWith(QLatin1String("plans")) ? report(anchorPlans(), format)
                                                                     : report(samples, format);
    QCOMPARE(QString::fromStdString(text), goldenFile(file));
}

void TestReport::aNumberThatIsNoneStaysEmpty() {
    const std::string_view keys[] = {"a", "b"};
    const json records[] = {{{"a", std::nan("")}, {"b", HUGE_VAL}}};
    QCOMPARE(toCsv(keys, records), std::string("a,b\r\n,\r\n"));
}

void TestReport::aNameThatIsNotUtf8IsWrittenAllTheSame() {
    Sample s = sample();
    s.device = "GPU \xff\xfe";
    const std::vector<Sample> samples = {s};
    for (const ReportFormat format :
         {ReportFormat::Markdown, ReportFormat::Csv, ReportFormat::Json, ReportFormat::JsonLines})
        QVERIFY(!report(samples, format).empty());
    QVERIFY(json::accept(report(samples, ReportFormat::Json)));
}

void TestReport::aBarInANameDoesNotBreakTheTable() {
    const std::string text = toMarkdown({{"a"}, {"b"}}, {{"x|y\nz", "1"}});
    QCOMPARE(text, std::string("| a      | b   |\n|--------|-----|\n| x\\|y z | 1   |\n"));
}

void TestReport::aNameDoesNotCommandTheTerminal() {
    const std::string table = toMarkdown({{"name"}}, {{"evil\x1b[31m"}});
    QVERIFY2(table.find('\x1b') == std::string::npos, table.c_str());
}

void TestReport::aListOfTextsIsJoinedPlainly() {
    const std::vector<std::string_view> keys = {"sources"};
    const std::vector<json> records = {{{"sources", {"a log, shortened", "a table"}}}};
    QCOMPARE(toCsv(keys, records), std::string("sources\r\n\"a log, shortened;a table\"\r\n"));
}

void TestReport::aReportTellsWhatWentWrong() {
    HtmlReport told;
    told.recording.samples = {sample()};
    Skipped skipped;
    skipped.variant = "MHA";
    skipped.context = 1 << 20;
    skipped.error = {ErrorCode::OutOfMemory, "needs 512 GiB, 20 GiB free", "", ""};
    told.recording.skipped = {skipped};
    QVERIFY(QByteArray::fromStdString(toHtml(told)).contains("it is partial"));
    told.recording.complete = true;
    const QByteArray html = QByteArray::fromStdString(toHtml(told));
    QVERIFY(!html.contains("partial"));
    QVERIFY(html.contains("1,048,576") && html.contains("needs 512 GiB, 20 GiB free"));
    QVERIFY(html.contains("scaled from 4 of 32 layers"));
    told.recording.failed = RunFailed{1, {ErrorCode::RunFailed, "the device is lost", "", ""}};
    QVERIFY(QByteArray::fromStdString(toHtml(told)).contains("The run failed: the device is lost"));
}

void TestReport::aReportIsNotCommandedByNames() {
    HtmlReport told;
    RunStarted run;
    run.model.name = "<script>alert(\"1\")</script> & Co";
    told.recording.runs = {run};
    told.charts = {{"A \"chart\"", "one < two", "<?xml version='1.0'?><svg></svg>"}};
    const QByteArray html = QByteArray::fromStdString(toHtml(told));
    QVERIFY(!html.contains("<script>") && html.contains("&lt;script&gt;alert(&quot;1&quot;)"));
    QVERIFY(html.contains("&amp; Co") && html.contains("one &lt; two"));
    QVERIFY(!html.contains("<?xml"));
    QXmlStreamReader reader(html);
    while (!reader.atEnd())
        reader.readNext();
    QVERIFY2(!reader.hasError(), qPrintable(reader.errorString()));
}

void TestReport::smallNumbersKeepTheirDigits() {
    Sample s = sample();
    s.tpotP50Ms = 0.000512;
    const std::vector<Sample> samples = {s};
    QVERIFY(QString::fromStdString(report(samples, ReportFormat::Markdown)).contains("0.000512"));
}

QTEST_APPLESS_MAIN(TestReport)
#include "test_report.moc"
