// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "core/import/quality_csv.h"
#include "core/report/quality_report.h"
#include "files.h"

using namespace decodescope;

namespace {

const std::string kHeader =
    "study,citation,metric,better,model,attention,kv_bytes_per_token,value\n";
const std::string kGood = kHeader + "Ours,\"Me, 2026\",perplexity,lower,A,mha,4096,12.5\n"
                                    "Ours,\"Me, 2026\",perplexity,lower,B,mqa,128,13\n"
                                    "Ours,\"Me, 2026\",recall,higher,B,,128,-1e-3\n"
                                    "Other,You,MMLU,higher,C,gqa,512,50\n";

std::string errorOf(const std::string& text) {
    const auto studies = parseQualityCsv(text, "rows.csv");
    return studies.ok() ? std::string() : studies.error().sentence();
}

} // namespace

class TestQualityCsv : public QObject {
    Q_OBJECT

private slots:
    void linesOfAStudyComeTogether() {
        const auto studies = parseQualityCsv(kGood, "rows.csv");
        QVERIFY2(studies.ok(), errorOf(kGood).c_str());
        QCOMPARE(studies->size(), std::size_t{2});
        const QualityStudy& ours = studies->front();
        QVERIFY(ours.own);
        QCOMPARE(ours.citation, std::string("Me, 2026"));
        QCOMPARE(ours.metrics.size(), std::size_t{2});
        QVERIFY(!ours.metrics[0].higherIsBetter && ours.metrics[1].higherIsBetter);
        QCOMPARE(ours.points.size(), std::size_t{2});
        QCOMPARE(ours.points[1].attention, std::string("mqa"));
        QCOMPARE(ours.points[0].values[0], std::optional(12.5));
        QVERIFY(!ours.points[0].values[1]);
        QCOMPARE(ours.points[1].values[1], std::optional(-1e-3));
    }

    void columnsComeInAnyOrder() {
        const auto studies =
            parseQualityCsv("value, better ,kv_bytes_per_token,model,metric,note,citation,study\r\n"
                            "1,higher,2,M,x,once,C,S\r\n",
                            "rows.csv");
        QVERIFY(studies.ok());
        QCOMPARE(studies->front().note, std::string("once"));
        QCOMPARE(studies->front().points.front().kvBytesPerToken, std::uint64_t{2});
    }

    void whatIsWrittenIsReadBack() {
        const auto studies = parseQualityCsv(kGood, "rows.csv");
        const auto again = parseQualityCsv(qualityCsv(*studies), "again.csv");
        QVERIFY(again.ok());
        QVERIFY(*again == *studies);
    }

    void thePublishedOnesAreWrittenToo() {
        const auto again = parseQualityCsv(qualityCsv(publishedQuality()), "all.csv");
        QVERIFY(again.ok());
        QCOMPARE(again->size(), publishedQuality().size());
        for (std::size_t i = 0; i < again->size(); ++i)
            QVERIFY(again->at(i).points == publishedQuality()[i].points);
    }

    void badTablesAreRefused_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QStringList>("said");
        const QString header = QString::fromStdString(kHeader);
        const auto row = [&](const char* name, const QString& line, const QStringList& said) {
            QTest::newRow(name) << header + line << said;
        };
        QTest::newRow("empty") << QString() << QStringList{"empty", "kv_bytes_per_token"};
        QTest::newRow("header only") << header << QStringList{"no line"};
        QTest::newRow("unknown column") << "study,colour\nx,y\n"
                                        << QStringList{"line 1", "column 2", "\"colour\""};
        QTest::newRow("column twice") << "study,study\nx,y\n" << QStringList{"twice"};
        QTest::newRow("missing column")
            << "study,citation,metric,better,model,value\na,b,c,higher,d,1"
            << QStringList{"kv_bytes_per_token", "missing"};
        QTest::newRow("semicolons")
            << QString(header).replace(',', ';') << QStringList{"separated by commas"};
        row("too few", "Ours,Me,ppl,lower,A,mha,4096\n", {"line 2", "8 columns", "found 7"});
        row("decimal comma", "Ours,Me,ppl,lower,A,mha,4096,12,5\n", {"found 9", "quotes"});
        row("quoted comma", "Ours,Me,ppl,lower,A,mha,4096,\"12,5\"\n",
            {"line 2, column 8 (value)", "decimal point", "\"12,5\""});
        row("not finite", "Ours,Me,ppl,lower,A,mha,4096,inf\n", {"column 8"});
        row("no citation", "Ours,,ppl,lower,A,mha,4096,1\n", {"line 2, column 2 (citation)"});
        row("direction", "Ours,Me,ppl,down,A,mha,4096,1\n",
            {"column 4 (better)", "higher or lower"});
        row("no bytes", "Ours,Me,ppl,lower,A,mha,0,1\n", {"column 7", "above 0"});
        row("part bytes", "Ours,Me,ppl,lower,A,mha,10.5,1\n", {"column 7", "whole number"});
        row("negative bytes", "Ours,Me,ppl,lower,A,mha,-1,1\n", {"column 7"});
        row("huge bytes", "Ours,Me,ppl,lower,A,mha,99999999999999999999,1\n", {"column 7"});
        const QString first = "Ours,Me,ppl,lower,A,mha,4096,1\n";
        row("other citation", first + "Ours,You,ppl,lower,B,mha,1,1\n", {"line 3", "\"Me\""});
        row("other direction", first + "Ours,Me,ppl,higher,B,mha,1,1\n", {"line 3", "lower"});
        row("other size", first + "Ours,Me,x,lower,A,mha,1,1\n", {"line 3", "4096"});
        row("other attention", first + "Ours,Me,x,lower,A,mqa,4096,1\n", {"line 3", "\"mha\""});
        row("twice", first + first, {"line 3", "one already"});
        row("open quote", "\"Ours,Me\n", {"line 2", "never closes"});
    }

    void badTablesAreRefused() {
        QFETCH(QString, text);
        QFETCH(QStringList, said);
        const QString error = QString::fromStdString(errorOf(text.toStdString()));
        QVERIFY2(error.startsWith("rows.csv: "), qPrintable(error));
        for (const QString& part : said)
            QVERIFY2(error.contains(part), qPrintable(error + " / " + part));
    }

    void otherBytesAreRefused() {
        QVERIFY(errorOf(kHeader + "\xFF").find("UTF-8") != std::string::npos);
    }

    void filesAreRead() {
        Files files;
        QVERIFY(!readQualityCsv(files.folder() / "none.csv").ok());
        QVERIFY(!readQualityCsv(files.folder()).ok());
        QVERIFY(readQualityCsv(files.write("rows.csv", QByteArray::fromStdString(kGood))).ok());
        const auto large = readQualityCsv(files.writeSparse("large.csv", "study", 9 << 20));
        QVERIFY(!large.ok() && large.error().what.find("8 MiB") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestQualityCsv)
#include "test_quality_csv.moc"
