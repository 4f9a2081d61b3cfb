// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <QTest>

#include <nlohmann/json.hpp>

#include "core/spec/csv_text.h"
#include "core/spec/quality.h"
#include "resources/qualityJson.h"

using namespace decodescope;

namespace {

const QualityStudy* studyWith(const std::string& citation) {
    for (const QualityStudy& study : publishedQuality())
        if (study.citation.find(citation) != std::string::npos)
            return &study;
    return nullptr;
}

} // namespace

class TestQuality : public QObject {
    Q_OBJECT

private slots:
    void everyStudyIsWhole() {
        QVERIFY(publishedQuality().size() >= 5);
        for (const QualityStudy& study : publishedQuality()) {
            QVERIFY2(study.citation.find("arXiv:") != std::string::npos, study.title.c_str());
            QVERIFY(!study.title.empty() && !study.note.empty() && !study.own);
            QVERIFY(!study.metrics.empty() && study.points.size() >= 2);
            for (const QualityPoint& point : study.points) {
                QVERIFY2(point.kvBytesPerToken > 0 && !point.model.empty(), study.title.c_str());
                QCOMPARE(point.values.size(), study.metrics.size());
            }
        }
    }

    /// What nobody has read in the paper, or in notes that quote it, is not shown.
    void everyStudyWasRead() {
        const auto file = nlohmann::json::parse(resources::qualityJson);
        for (const auto& study : file.at("studies"))
            QVERIFY2(study.at("status") == "V1" || study.at("status") == "V2",
                     study.at("id").get<std::string>().c_str());
    }

    /// 20 layers × 16 heads × 2 × 128 elements × 2 bytes, as the paper's own table has it.
    void sizesAreThoseOfTheShapes() {
        const QualityStudy* cla = studyWith("2405.12981");
        QVERIFY(cla);
        QCOMPARE(cla->points.front().model, std::string("H128-MHA"));
        QCOMPARE(cla->points.front().kvBytesPerToken, std::uint64_t{20 * 16 * 2 * 128 * 2});
        QCOMPARE(cla->points.front().values.front(), std::optional(13.15));
        QVERIFY(!cla->metrics.front().higherIsBetter);
        const QualityStudy* t5 = studyWith("2305.13245");
        QVERIFY(t5);
        QCOMPARE(t5->points.front().kvBytesPerToken, std::uint64_t{24 * 64 * 2 * 64 * 2});
        const QualityStudy* mlkv = studyWith("2406.09297");
        QVERIFY(mlkv);
        QCOMPARE(mlkv->points.front().kvBytesPerToken, std::uint64_t{12 * 12 * 2 * 64 * 2});
    }

    void csvRecordsKnowTheirLine() {
        const auto records = readCsv("\xEF\xBB\xBF"
                                     "a,b\r\n\n\"two\nlines\",\"q\"\"q\"\n,\nlast",
                                     "t");
        QVERIFY(records.ok());
        QCOMPARE(records->size(), std::size_t{4});
        const std::vector<std::string> header = {"a", "b"};
        QVERIFY(records->at(0).fields == header);
        QCOMPARE(records->at(1).line, std::size_t{3});
        const std::vector<std::string> quoted = {"two\nlines", "q\"q"};
        QVERIFY(records->at(1).fields == quoted);
        QCOMPARE(records->at(2).line, std::size_t{5});
        QCOMPARE(records->at(2).fields.size(), std::size_t{2});
        QCOMPARE(records->at(3).fields.front(), std::string("last"));
    }

    void aQuoteThatNeverClosesIsToldWithItsLine() {
        const auto records = readCsv("a,b\n1,\"two\nthree\n", "rows.csv");
        QVERIFY(!records.ok());
        QCOMPARE(records.error().where, std::string("rows.csv"));
        QVERIFY(records.error().what.find("line 2") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestQuality)
#include "test_quality.moc"
