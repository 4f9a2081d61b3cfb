// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QJsonArray>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

#include <nlohmann/json.hpp>

#include "program.h"

using namespace decodescope;

namespace {

/// One group of points, which is measured however busy the machine is.
const QStringList kRun = {"run", "--layers", "2",          "--heads", "8",  "--head-dim", "64",
                          "-a",  "mha,mqa",  "--max-time", "2",       "-c", "512"};

/// The Samples of a run, each time multiplied.
QByteArray slowedDown(const QByteArray& samples, double factor) {
    nlohmann::json all = nlohmann::json::parse(samples.toStdString());
    for (nlohmann::json& sample : all) {
        for (nlohmann::json& ms : sample["repetitions_ms"])
            ms = ms.get<double>() * factor;
        sample["tpot_p50_ms"] = sample["tpot_p50_ms"].get<double>() * factor;
    }
    return QByteArray::fromStdString(all.dump());
}

} // namespace

/// `compare`, and the gate of `run` and of `compare`, as CI uses them.
class TestCompare : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        const Ended ended = runProgram(kRun + QStringList{"-o", "json"});
        QVERIFY2(ended.exitCode == 0, ended.err);
        QCOMPARE(ended.json().array().size(), 2);
        m_samples = ended.out;
    }

    void aRecordingIsNoDifferentFromItself() {
        const QString a = file("a.json", m_samples);
        const Ended ended = runProgram({"compare", a, a, "--fail-if-slower", "5%", "-o", "json"});
        QVERIFY2(ended.exitCode == 0, ended.err);
        const QJsonArray rows = ended.json().array();
        QCOMPARE(rows.size(), 2);
        for (const QJsonValue row : rows) {
            QCOMPARE(row["verdict"].toString(), QString("no_difference"));
            QCOMPARE(row["tpot_ratio"].toDouble(), 1.0);
            QVERIFY(row["tpot_ratio_low"].toDouble() <= 1);
            QVERIFY(row["tpot_ratio_high"].toDouble() >= 1);
        }
    }

    void moreTimeFailsTheGateAndIsNamed() {
        const QString a = file("a.json", m_samples);
        const QString b = file("b.json", slowedDown(m_samples, 100));
        const Ended table = runProgram({"compare", a, b});
        QCOMPARE(table.exitCode, 0);
        QVERIFY2(table.out.contains("| slower"), table.out);
        const Ended ended = runProgram({"compare", a, b, "--fail-if-slower", "5%"});
        QCOMPARE(ended.exitCode, 7);
        QVERIFY2(ended.err.contains("MQA of") && ended.err.contains("512 tokens"), ended.err);
        QVERIFY(ended.out.contains("| slower")); // the table is there all the same
        QCOMPARE(runProgram({"compare", b, a, "--fail-if-slower", "5%"}).exitCode, 0);
    }

    void aRunIsHeldAgainstItsBaseline() {
        const QStringList gate = {"--fail-if-slower", "5%", "-o", "json", "--baseline"};
        const QString fast = file("fast.json", slowedDown(m_samples, 0.001));
        const Ended slower = runProgram(kRun + gate + QStringList{fast});
        QCOMPARE(slower.exitCode, 7);
        QVERIFY2(slower.err.contains("% slower (95 %"), slower.err);
        QCOMPARE(slower.json().array().size(), 2);
        const QString slow = file("slow.json", slowedDown(m_samples, 1000));
        const Ended ok = runProgram(kRun + gate + QStringList{slow});
        QVERIFY2(ok.exitCode == 0, ok.err);
    }

    void whatTheBaselineLacksIsNamedAndDoesNotFail() {
        nlohmann::json all = nlohmann::json::parse(slowedDown(m_samples, 1000).toStdString());
        all.erase(all.begin() + 1, all.end());
        const QString one = file("one.json", QByteArray::fromStdString(all.dump()));
        const Ended ended =
            runProgram(kRun + QStringList{"--baseline", one, "--fail-if-slower", "5%"});
        QVERIFY2(ended.exitCode == 0, ended.err);
        QCOMPARE(ended.err.count("not in the baseline"), qsizetype{1});
    }

    void aBaselineThatCannotBeUsedIsToldBeforeMeasuring() {
        const Ended missing = runProgram(kRun + QStringList{"--baseline", "/no/such/file"});
        QCOMPARE(missing.exitCode, 3);
        QVERIFY2(!missing.err.contains("tokens/s"), missing.err);
        const Ended none = runProgram(kRun + QStringList{"--fail-if-slower", "5%"});
        QCOMPARE(none.exitCode, 2);
        QVERIFY(none.err.contains("--baseline"));
        const QString a = file("a.json", m_samples);
        const Ended share =
            runProgram(kRun + QStringList{"--baseline", a, "--fail-if-slower", "often"});
        QCOMPARE(share.exitCode, 2);
        QVERIFY2(share.err.contains("--fail-if-slower"), share.err);
    }

    void plansAreComparedWithPlansAlone() {
        const QStringList plan = {"plan", "-m", "llama-3.1-8b", "-c", "8K", "-o", "json", "-d"};
        const QString a = file("a.json", runProgram(plan + QStringList{"rtx-4090"}).out);
        const QString b = file("b.json", runProgram(plan + QStringList{"h100-sxm"}).out);
        const Ended ended = runProgram({"compare", a, b, "-o", "json"});
        QVERIFY2(ended.exitCode == 0, ended.err);
        for (const QJsonValue row : ended.json().array()) {
            QCOMPARE(row["verdict"].toString(), QString("faster"));
            QVERIFY(row["max_context_tokens_b"].toInteger() >
                    row["max_context_tokens_a"].toInteger());
        }
        const Ended mixed = runProgram({"compare", a, file("c.json", m_samples)});
        QCOMPARE(mixed.exitCode, 2);
        QVERIFY2(mixed.err.contains("predicted"), mixed.err);
    }

    void aPartialRecordingIsMarked() {
        const QTemporaryDir folder;
        const QString whole = folder.filePath("run.jsonl");
        QCOMPARE(runProgram(kRun + QStringList{"--record", whole}).exitCode, 0);
        QFile recorded(whole);
        QVERIFY(recorded.open(QIODevice::ReadOnly));
        QByteArray text = recorded.readAll();
        const Ended complete = runProgram({"compare", whole, whole});
        QVERIFY2(!complete.out.contains("partial"), complete.out);
        text.chop(20); // the last line is cut, as a kill leaves it
        const QString cut = file("cut.jsonl", text);
        const Ended ended = runProgram({"compare", whole, cut});
        QVERIFY2(ended.exitCode == 0, ended.err);
        QVERIFY2(ended.out.contains("is partial"), ended.out);
    }

    void filesThatAreNeitherAreRefused() {
        const QString a = file("a.json", m_samples);
        for (const QByteArray& text : {QByteArray(), QByteArray("a,b\n"), QByteArray("{}"),
                                       m_samples.left(m_samples.size() / 2)}) {
            const Ended ended = runProgram({"compare", a, file("bad.json", text)});
            QCOMPARE(ended.exitCode, 3);
            QVERIFY2(ended.err.contains("bad.json"), ended.err);
        }
        QCOMPARE(runProgram({"compare", a}).exitCode, 2);
    }

private:
    QString file(const char* name, const QByteArray& text) {
        QFile out(m_folder.filePath(name));
        if (!out.open(QIODevice::WriteOnly) || out.write(text) != text.size())
            qFatal("no file to write to");
        return out.fileName();
    }

    QTemporaryDir m_folder;
    QByteArray m_samples;
};

QTEST_GUILESS_MAIN(TestCompare)
#include "test_compare.moc"
