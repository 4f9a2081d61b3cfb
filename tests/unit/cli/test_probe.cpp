// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include <QElapsedTimer>
#include <QJsonArray>
#include <QJsonObject>
#include <QTest>

#include "core/profile/event.h"
#include "program.h"

using namespace decodescope;

namespace {

QStringList probe(const QStringList& more) {
    return QStringList{"probe", "--layers",   "4",  "--heads",   "8", "--kv-heads",
                       "2",     "--head-dim", "64", "--threads", "2"} +
           more;
}

qint64 integer(const QJsonObject& json, const char* key) {
    return json[QLatin1String(key)].toInteger(-1);
}

} // namespace

/// The probe on this machine, in little memory: what it says is what it holds.
class TestCliProbe : public QObject {
    Q_OBJECT

private slots:
    void measuresWithinOnePageOfThePrediction_data() {
        QTest::addColumn<QStringList>("options");
        QTest::newRow("attention") << QStringList{};
        QTest::newRow("batch") << QStringList{"--batch", "3"};
        QTest::newRow("small pages") << QStringList{"--page-tokens", "32"};
        QTest::newRow("q4_0") << QStringList{"--kv-type", "q4_0"};
        QTest::newRow("f32") << QStringList{"--kv-type", "f32", "--reserve", "0"};
        QTest::newRow("step") << QStringList{"--scope", "step", "--hidden", "512",
                                             "--ffn",   "1024", "--vocab",  "2000"};
    }
    void measuresWithinOnePageOfThePrediction() {
        QFETCH(QStringList, options);
        const Ended ended = runProgram(probe({"--memory", "64MiB", "-o", "json"}) + options);
        QVERIFY2(ended.exitCode == 0, ended.err);
        const QJsonObject result = ended.json().object();
        const qint64 measured = integer(result, "max_context_tokens_measured");
        const qint64 predicted = integer(result, "max_context_tokens_predicted");
        QVERIFY(measured > 0 && predicted > 0);
        QVERIFY2(qAbs(measured - predicted) <= integer(result, "page_tokens"), ended.out);
        QCOMPARE(result["within_one_page"].toBool(), true);
        QCOMPARE(result["stopped_by"].toString(), QString("budget"));
        QVERIFY(result["proof_tpot_ms"].toDouble() > 0);
        const qint64 allocated = integer(result, "bytes_allocated");
        QVERIFY(allocated <= 64 << 20);
        QVERIFY2(allocated > 50 << 20, ended.out);
        QCOMPARE(integer(result, "kv_bytes") + integer(result, "weights_bytes") +
                     integer(result, "workspace_bytes"),
                 allocated);
    }

    void theWeightsOfAStepTakeTheirRoom() {
        const QStringList step = {"--scope", "step",    "--hidden", "512", "--ffn",
                                  "1024",    "--vocab", "8000",     "-o",  "json"};
        const Ended ended = runProgram(probe({"--memory", "64MiB"}) + step);
        QVERIFY2(ended.exitCode == 0, ended.err);
        const qint64 weights = integer(ended.json().object(), "weights_bytes");
        QVERIFY(weights > 2 * 8000 * 512);
        // More weights than memory: refused before they are allocated.
        const Ended none = runProgram(probe({"--memory", "4MiB"}) + step);
        QCOMPARE(none.exitCode, 6);
        QVERIFY2(none.err.contains("may be used"), none.err);
    }

    void tellsPeopleInWords() {
        const Ended ended = runProgram(probe({"--memory", "32MiB"}));
        QVERIFY2(ended.exitCode == 0, ended.err);
        for (const char* word : {"predicted", "measured", "KV cache", "28.8 MiB", "Proved by"})
            QVERIFY2(ended.out.contains(word), ended.out);
    }

    void streamsItsProgress() {
        const Ended ended = runProgram(probe({"--memory", "32MiB", "--stream"}));
        QVERIFY2(ended.exitCode == 0, ended.err);
        bool progress = false;
        bool result = false;
        for (const QByteArray& line : ended.lines()) {
            const Result<Event> event = parseLine(line.toStdString());
            QVERIFY2(event.ok(), line);
            progress = progress || std::holds_alternative<Progress>(*event);
            result = result || std::holds_alternative<ProbeResult>(*event);
        }
        QVERIFY(progress && result);
        QVERIFY(std::holds_alternative<RunDone>(*parseLine(ended.lines().back().toStdString())));
    }

    void writesCsv() {
        const Ended ended = runProgram(probe({"--memory", "16MiB", "-o", "csv"}));
        QCOMPARE(ended.exitCode, 0);
        QCOMPARE(ended.lines().size(), qsizetype{2});
        QVERIFY(ended.lines().front().contains("max_context_tokens_measured"));
    }

    void anInterruptTellsWhatWasReached() {
        Program program;
        // Far more than can be filled before the signal, and far less than would be in the way.
        QVERIFY(program.start(probe({"--memory", "3GiB", "--page-tokens", "512", "--stream"})));
        QByteArray seen;
        QElapsedTimer timer;
        timer.start();
        while (timer.elapsed() < 30000 && !seen.contains("\"phase\":\"grow\"")) {
            program.process.waitForReadyRead(50);
            seen += program.process.readAllStandardOutput();
        }
        timer.restart();
        ::kill(static_cast<pid_t>(program.process.processId()), SIGINT);
        const Ended ended = program.wait(20000);
        const qint64 late = timer.elapsed();
        QCOMPARE(ended.exitCode, 130);
        seen += ended.out;
        const qsizetype at = seen.indexOf("\"kind\":\"probe\"");
        QVERIFY2(at >= 0, seen.right(400));
        const qsizetype begin = seen.lastIndexOf('\n', at) + 1;
        const QJsonObject result =
            QJsonDocument::fromJson(seen.mid(begin, seen.indexOf('\n', at) - begin)).object();
        QCOMPARE(result["stopped_by"].toString(), QString("interrupted"));
        QVERIFY(integer(result, "max_context_tokens_measured") > 0);
        QVERIFY(result["proof_tpot_ms"].isNull());
        QVERIFY2(late < 3000, qPrintable(QString::number(late)));
    }

    void aLimitOfTheSystemIsAResult() {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
        QSKIP("a sanitizer needs address space of its own");
#endif
        Program program;
        program.process.setProgram("/bin/sh");
        QVERIFY(program.start(QStringList{"-c", "ulimit -v 1200000; exec \"$0\" \"$@\"",
                                          PROGRAMS_DIR "/decodescope-cli"} +
                              probe({"--memory", "2GiB", "-o", "json"})));
        const Ended ended = program.wait();
        QVERIFY2(ended.exitCode == 0, ended.err);
        const QJsonObject result = ended.json().object();
        QCOMPARE(result["stopped_by"].toString(), QString("allocation_refused"));
        QVERIFY2(integer(result, "bytes_allocated") > 300 << 20, ended.out);
        QVERIFY(integer(result, "bytes_allocated") < 1200000 << 10);
        QVERIFY(result["proof_tpot_ms"].toDouble() > 0);
    }

    void whatMakesNoSenseIsRefused_data() {
        QTest::addColumn<QStringList>("options");
        QTest::newRow("--page-tokens") << QStringList{"--page-tokens", "0"};
        QTest::newRow("--page-tokens ") << QStringList{"--page-tokens", "40"};
        QTest::newRow("--batch") << QStringList{"--batch", "1,2"};
        QTest::newRow("--attention") << QStringList{"--attention", "mha,mqa"};
        QTest::newRow("--memory") << QStringList{"--memory", "much"};
        QTest::newRow("--kv-type") << QStringList{"--kv-type", "fp8"};
    }
    void whatMakesNoSenseIsRefused() {
        QFETCH(QStringList, options);
        QStringList arguments = {"probe", "--layers", "4", "--heads", "8", "--head-dim", "64"};
        if (options.front() != "--memory")
            arguments += {"--memory", "16MiB"};
        const Ended ended = runProgram(arguments + options);
        QCOMPARE(ended.exitCode, 2);
        QVERIFY2(ended.err.contains(options.front().toUtf8()), ended.err);
    }
};

QTEST_GUILESS_MAIN(TestCliProbe)
#include "test_probe.moc"
