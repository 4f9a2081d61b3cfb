// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <nlohmann/json.hpp>

#include "core/plan/plan.h"
#include "core/profile/comparison_file.h"
#include "example_events.h"

using namespace decodescope;
using namespace decodescope::test;

namespace {

std::string lines(const std::vector<Event>& events) {
    std::string text;
    for (const Event& event : events)
        text += toLine(event) + '\n';
    return text;
}

Plan plannedExample() {
    return makePlan(asIs(modelByHand({4, 8, 2, 64, 0, 0, 0, 0})),
                    {"box", std::uint64_t{1} << 30, {1e11, 1e12, false}}, Workload{}, 4096, 2);
}

nlohmann::json examplePlan() {
    return plannedExample();
}

} // namespace

/// What can be compared is read, whatever wrote it; all else is refused with a reason.
class TestComparisonFile : public QObject {
    Q_OBJECT

private slots:
    void aWholeRecordingIsRead() {
        const ComparedSet set = good(lines({exampleRun(), exampleSample(), RunDone{1, 1, false}}));
        QVERIFY(!set.planned && !set.partial);
        QCOMPARE(set.points.size(), std::size_t{1});
        const ComparedPoint& point = set.points.front();
        QCOMPARE(point.configuration.context, std::int64_t{8192});
        QCOMPARE(point.configuration.weightsType, std::optional(DataType::Q4_K));
        QCOMPARE(point.repetitionsMs, exampleSample().repetitionsMs);
        QCOMPARE(point.tpotMs, 1.25);
        QCOMPARE(point.tokensPerSecond(), 3200.0);
    }

    void aRecordingWithoutItsEndIsPartial() {
        QVERIFY(good(lines({exampleRun(), exampleSample()})).partial);
        QVERIFY(good(lines({exampleRun(), exampleSample(), RunDone{1, 1, true}})).partial);
        const std::string cut = lines({exampleRun(), exampleSample(), exampleSample()});
        QVERIFY(good(cut.substr(0, cut.size() - 40)).partial);
    }

    void anArrayOfSamplesIsReadAndNotCalledPartial() {
        const ComparedSet set = good(nlohmann::json::array({toJson(exampleSample())}).dump(2));
        QCOMPARE(set.points.size(), std::size_t{1});
        QVERIFY(!set.partial);
    }

    void plansAreReadFromAnArrayAndFromLines() {
        const nlohmann::json plan = examplePlan();
        for (const std::string& text : {nlohmann::json::array({plan, plan}).dump(2),
                                        plan.dump() + "\n" + plan.dump() + "\n"}) {
            const ComparedSet set = good(text);
            QVERIFY(set.planned);
            QCOMPARE(set.points.size(), std::size_t{2});
            const ComparedPoint& point = set.points.front();
            QCOMPARE(point.configuration.nKvHeads, std::int64_t{2});
            QCOMPARE(point.configuration.batch, std::int64_t{2});
            QCOMPARE(point.configuration.device, std::string("box"));
            QCOMPARE(point.tpotMs, plan["predicted_tpot_ms"].get<double>());
            QCOMPARE(point.maxContext,
                     std::optional(plan["max_context_tokens"].get<std::int64_t>()));
        }
    }

    void plansAtHandAreWhatTheirFileHolds() {
        for (const Scope scope : {Scope::Attention, Scope::Step}) {
            Plan plan = plannedExample();
            plan.scope = scope;
            plan.deployment = {*parseEngine("vllm"), 2, 2, false};
            const std::vector<Plan> plans = {plan};
            const ComparedSet set = comparedSet(plans, "now");
            const ComparedSet file = good(nlohmann::json(plan).dump() + '\n');
            QVERIFY(set.planned);
            QCOMPARE(set.points.size(), file.points.size());
            const ComparedPoint& a = set.points.front();
            const ComparedPoint& b = file.points.front();
            QVERIFY(a.configuration.sameWork(b.configuration));
            QVERIFY(a.configuration.samePlace(b.configuration));
            QCOMPARE(label(a.configuration), label(b.configuration));
            QCOMPARE(a.tpotMs, b.tpotMs);
            QCOMPARE(a.maxContext, b.maxContext);
        }
    }

    void whatCannotBeComparedIsRefused_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("reason");
        const std::string array = nlohmann::json::array({toJson(exampleSample())}).dump();
        const std::string plan = examplePlan().dump();
        QTest::newRow("empty") << QByteArray() << QByteArray("it is empty");
        QTest::newRow("blank") << QByteArray(" \n\n") << QByteArray("it is empty");
        QTest::newRow("no JSON") << QByteArray("attention,context\n") << QByteArray("not JSON");
        QTest::newRow("cut array") << QByteArray::fromStdString(array.substr(0, array.size() - 30))
                                   << QByteArray("the JSON array is not whole");
        QTest::newRow("another record")
            << QByteArray("{\"name\":\"x\"}\n") << QByteArray("neither a recording nor a plan");
        QTest::newRow("no point") << QByteArray::fromStdString(
                                         lines({exampleRun(), RunDone{1, 0, false}}))
                                  << QByteArray("no measured point");
        QTest::newRow("an empty array") << QByteArray("[]") << QByteArray("no measured point");
        QTest::newRow("a plan without its context")
            << QByteArray::fromStdString(plan).replace("\"context_tokens\"", "\"other\"")
            << QByteArray("context_tokens");
        QTest::newRow("a cut plan") << QByteArray::fromStdString(plan + "\n" + plan.substr(0, 100))
                                    << QByteArray("not whole JSON");
    }
    void whatCannotBeComparedIsRefused() {
        QFETCH(QByteArray, text);
        QFETCH(QByteArray, reason);
        const Result<ComparedSet> set = read(text.toStdString());
        QVERIFY(!set);
        QCOMPARE(set.error().code, ErrorCode::FileUnreadable);
        const std::string sentence = set.error().sentence();
        QVERIFY2(sentence.find(reason.toStdString()) != std::string::npos, sentence.c_str());
        QVERIFY2(sentence.find("file.json") != std::string::npos, sentence.c_str());
    }

    void aNewerVersionThatCannotBeReadIsNamed() {
        nlohmann::json sample = toJson(exampleSample());
        sample["tool_version"] = "12.34.0";
        QVERIFY(read(sample.dump() + '\n').ok()); // newer alone is no fault
        sample["repetitions_ms"] = "in another form";
        const Result<ComparedSet> set = read(sample.dump() + '\n');
        QVERIFY(!set);
        QVERIFY2(set.error().sentence().find("12.34.0") != std::string::npos,
                 set.error().sentence().c_str());
        sample["tool_version"] = "0.0.1";
        QVERIFY(read(sample.dump() + '\n').error().sentence().find("newer") == std::string::npos);
    }

    void aFileThatIsNotThereIsRefused() {
        QCOMPARE(readComparedSet("/no/such/recording").error().code, ErrorCode::FileUnreadable);
    }

private:
    Result<ComparedSet> read(const std::string& text) {
        const QString path = m_folder.filePath("file.json");
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly) ||
            file.write(text.data(), static_cast<qint64>(text.size())) < 0)
            qFatal("no file to write to");
        file.close();
        return readComparedSet(path.toStdString());
    }
    ComparedSet good(const std::string& text) {
        const Result<ComparedSet> set = read(text);
        if (!set)
            qFatal("%s", set.error().sentence().c_str());
        return *set;
    }

    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(TestComparisonFile)
#include "test_comparison_file.moc"
