// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include <QElapsedTimer>
#include <QJsonArray>
#include <QJsonObject>
#include <QTest>

#include <nlohmann/json.hpp>

#include "core/profile/event.h"
#include "core/profile/profiler.h"
#include "core/profile/recording.h"
#include "program.h"

using namespace decodescope;

namespace {

const QStringList kSmall = {"--layers", "2", "--heads", "8", "--head-dim", "64"};

/// A run that takes two seconds, and many times that on a busy machine before it leaves a point
/// out.
QStringList quick(const QStringList& more) {
    return QStringList{"run"} + kSmall +
           QStringList{"-c",  "256,512", "--max-time", "15", "--target-error",
                       "20%", "-a",      "mha,mqa"} +
           more;
}
/// A run that does not end by itself within a test.
QStringList endless(const QStringList& more) {
    return QStringList{"run"} + kSmall +
           QStringList{"-c", "1K-64K+1K", "--max-time", "600", "--target-error", "0"} + more;
}
std::vector<Event> events(const QByteArray& text) {
    std::vector<Event> all;
    for (const QByteArray& line : text.split('\n'))
        if (const Result<Event> event = parseLine(line.toStdString()); event)
            all.push_back(*event);
    return all;
}
template <typename T>
int countOf(const std::vector<Event>& all) {
    return static_cast<int>(std::count_if(
        all.begin(), all.end(), [](const Event& e) { return std::holds_alternative<T>(e); }));
}
bool waitForSample(QProcess& process, QByteArray& seen) {
    QElapsedTimer timer;
    timer.start();
    while (timer.elapsed() < 30000 && !seen.contains("\"kind\":\"sample\"")) {
        process.waitForReadyRead(200);
        seen += process.readAllStandardOutput();
    }
    return seen.contains("\"kind\":\"sample\"");
}

} // namespace

class TestRun : public QObject {
    Q_OBJECT

private slots:
    void aPeerThatThisDeviceLacksIsNamed() {
        const Ended ended = runProgram(quick({"-d", "cpu", "--peer", "cudnn"}));
        QCOMPARE(ended.exitCode, 2);
        QVERIFY2(ended.err.contains("--peer cudnn") && ended.err.contains("cpu"), ended.err);
        QVERIFY(ended.out.isEmpty());
    }

    void writesAnArrayOfSamplesOneAPoint() {
        const Ended ended = runProgram(quick({"-o", "json"}));
        QVERIFY2(ended.exitCode == 0, ended.err);
        const QJsonArray samples = ended.json().array();
        QCOMPARE(samples.size(), 4);
        for (const QJsonValue sample : samples) {
            QCOMPARE(sample["scope"].toString(), QString("attention"));
            QVERIFY(sample["tokens_per_second"].toDouble() > 0);
            QVERIFY(sample["repetitions_ms"].toArray().size() >= 1);
        }
    }

    void verdictsOnTheClaimsStandBelowTheTable() {
        const Ended ended = runProgram(quick({"-o", "md"}));
        QVERIFY2(ended.exitCode == 0, ended.err);
        const QByteArray below = ended.out.mid(ended.out.indexOf("### Claims: "));
        QVERIFY2(below.startsWith("### Claims: ") && below.count("\n- **") >= 10, ended.out);
        QVERIFY2(!below.contains('`'), below); // what they rest on is asked for
        const Ended whole = runProgram(quick({"-o", "md", "--claims"}));
        QVERIFY2(whole.exitCode == 0 && whole.out.contains("512 B"), whole.out);
        QCOMPARE(runProgram(quick({"-o", "csv", "--claims"})).exitCode, 2);
    }

    void everyStreamedLineParsesFromStartToDone() {
        const Ended ended = runProgram(quick({"--stream"}));
        QVERIFY2(ended.exitCode == 0, ended.err);
        const std::vector<Event> all = events(ended.out);
        QCOMPARE(static_cast<qsizetype>(all.size()), ended.lines().size());
        QVERIFY(std::holds_alternative<RunStarted>(all.front()));
        QVERIFY(std::holds_alternative<RunDone>(all.back()));
        QCOMPARE(countOf<Sample>(all), 4);
        QVERIFY(countOf<MemoryEvent>(all) > 0);
        QVERIFY2(ended.err.isEmpty(), ended.err);
    }

    void progressIsPlainLinesWhereStandardErrorIsNoTerminal() {
        const Ended ended = runProgram(quick({}));
        QCOMPARE(ended.exitCode, 0);
        QVERIFY(ended.out.startsWith("| attention"));
        QVERIFY(ended.err.contains("tokens/s"));
        QVERIFY(!ended.err.contains('\r') && !ended.err.contains('\033'));
    }

    void interruptedRunKeepsWhatItMeasured() {
        Program program;
        QVERIFY(program.start(endless({"--stream"})));
        QByteArray seen;
        QVERIFY(waitForSample(program.process, seen));
        QElapsedTimer timer;
        timer.start();
        ::kill(static_cast<pid_t>(program.process.processId()), SIGINT);
        const Ended ended = program.wait(5000);
        QCOMPARE(ended.exitCode, 130);
        QVERIFY2(timer.elapsed() < 1000, qPrintable(QString::number(timer.elapsed())));
        const std::vector<Event> all = events(seen + ended.out);
        QVERIFY(std::holds_alternative<RunDone>(all.back()));
        QVERIFY(std::get<RunDone>(all.back()).partial);
    }

    void interruptedRunStillPrintsItsTable() {
        const QTemporaryDir folder;
        const QString record = folder.filePath("run.jsonl");
        Program program;
        QVERIFY(program.start(endless({"-o", "json", "--record", record})));
        QTRY_VERIFY_WITH_TIMEOUT(
            [&record] {
                QFile file(record);
                return file.open(QIODevice::ReadOnly) &&
                       file.readAll().contains("\"kind\":\"sample\"");
            }(),
            30000);
        program.process.terminate();
        const Ended ended = program.wait(5000);
        QCOMPARE(ended.exitCode, 130);
        QVERIFY(ended.json().array().size() >= 1);
    }

    void killedRunKeepsEveryRecordedLine() {
        const QTemporaryDir folder;
        const QString record = folder.filePath("run.jsonl");
        Program program;
        QVERIFY(program.start(endless({"--stream", "--record", record})));
        QByteArray seen;
        QVERIFY(waitForSample(program.process, seen));
        program.process.kill();
        program.wait(5000);
        const Result<Recording> recording = readRecording(record.toStdString());
        QVERIFY(recording.ok());
        QVERIFY(static_cast<int>(recording->samples.size()) >= countOf<Sample>(events(seen)));
        QVERIFY(!recording->complete);
    }

    void recordsAreAddedToAFile() {
        const QTemporaryDir folder;
        const QString record = folder.filePath("run.jsonl");
        QCOMPARE(runProgram(quick({"--record", record})).exitCode, 0);
        QCOMPARE(runProgram(quick({"--record", record})).exitCode, 0);
        const Result<Recording> recording = readRecording(record.toStdString());
        QVERIFY(recording.ok());
        QCOMPARE(recording->runs.size(), std::size_t{2});
        QCOMPARE(recording->samples.size(), std::size_t{8});
    }

    void aRecordThatAKillCutIsAddedTo() {
        const QTemporaryDir folder;
        const QString record = folder.filePath("run.jsonl");
        QCOMPARE(runProgram(quick({"--record", record})).exitCode, 0);
        QFile file(record);
        QVERIFY(file.open(QIODevice::Append));
        file.write("{\"kind\":\"progress\",\"at_ms\":1");
        file.close();
        QCOMPARE(runProgram(quick({"--record", record})).exitCode, 0);
        const Result<Recording> recording = readRecording(record.toStdString());
        QVERIFY2(recording.ok(), recording ? "" : recording.error().sentence().c_str());
        QCOMPARE(recording->samples.size(), std::size_t{8});
    }

    void aRecordThatCannotBeWrittenIsSaidBeforeMeasuring() {
        const Ended ended = runProgram(quick({"--record", "/no/such/folder/run.jsonl"}));
        QCOMPARE(ended.exitCode, 4);
        QVERIFY(ended.err.contains("/no/such/folder/run.jsonl"));
        QVERIFY2(!ended.err.contains("tokens/s"), ended.err);
    }

    void requestOnStandardInputEndsWithTheLineStop() {
        RunRequest request;
        request.model = modelByHand({2, 8, 8, 64});
        request.workload.contexts = {1024, 2048, 4096, 8192, 16384, 32768};
        request.workload.maxSeconds = 600;
        request.workload.targetError = 0;
        Program program;
        QVERIFY(program.start({"run", "--request", "-", "--stream"}));
        program.process.write(QByteArray::fromStdString(nlohmann::json(request).dump()) + '\n');
        QByteArray seen;
        QVERIFY(waitForSample(program.process, seen));
        program.process.write("stop\n");
        const Ended ended = program.wait(5000);
        QCOMPARE(ended.exitCode, 130);
        QVERIFY(std::holds_alternative<RunDone>(events(seen + ended.out).back()));
    }

    void requestOnStandardInputEndsByItselfWithTheInputOpen() {
        RunRequest request;
        request.model = modelByHand({2, 8, 8, 64});
        request.workload.contexts = {256};
        request.workload.maxSeconds = 0.5;
        Program program;
        QVERIFY(program.start({"run", "--request", "-", "--stream"}));
        program.process.write(QByteArray::fromStdString(nlohmann::json(request).dump()) + '\n');
        QCOMPARE(program.wait(20000).exitCode, 0);
    }

    void badRequestsAreRefused() {
        Program program;
        QVERIFY(program.start({"run", "--request", "-"}));
        program.process.write("{\"device\": 1}\n");
        QCOMPARE(program.wait(5000).exitCode, 2);
        QCOMPARE(runProgram({"run", "--request", "/no/such/request"}).exitCode, 3);
        QCOMPARE(runProgram({"run", "--request", "-"}).exitCode, 2);
    }

    void whatDoesNotFitIsRefusedBeforeAllocating() {
        const Ended ended = runProgram(quick({"--memory", "64KiB", "-o", "json"}));
        QCOMPARE(ended.exitCode, 6);
        QVERIFY2(ended.err.contains("longest context that fits"), ended.err);
    }

    void numbersThatMakeNoSenseAreRefused_data() {
        QTest::addColumn<QStringList>("option");
        for (const char* threads : {"-1", "5000", "100000"})
            QTest::newRow(threads) << QStringList{"--threads", threads};
        for (const char* seconds : {"0", "-3", "nan", "inf"})
            QTest::newRow(seconds) << QStringList{"--max-time", seconds};
    }
    void numbersThatMakeNoSenseAreRefused() {
        QFETCH(QStringList, option);
        const Ended ended = runProgram(quick(option));
        QCOMPARE(ended.exitCode, 2);
        QVERIFY2(ended.err.contains(option[0].toUtf8()), ended.err);
    }

    void whatTheKernelsDoNotReadIsRefusedByItsOption_data() {
        QTest::addColumn<QStringList>("option");
        for (const char* type : {"fp8"})
            QTest::newRow(type) << QStringList{"--kv-type", type};
        QTest::newRow("weights") << QStringList{"--weights-type", "q4_k", "--scope", "step",
                                                "--hidden",       "512",  "--ffn",   "512",
                                                "--vocab",        "512"};
    }
    void whatTheKernelsDoNotReadIsRefusedByItsOption() {
        QFETCH(QStringList, option);
        const Ended ended = runProgram(quick(option));
        QCOMPARE(ended.exitCode, 2);
        QVERIFY2(ended.err.contains(option[0].toUtf8() + ": the CPU kernels do not"), ended.err);
    }

    void quantisedCachesAreMeasured() {
        for (const char* type : {"int8", "q8_0", "q4_0"}) {
            const Ended ended = runProgram(quick({"--kv-type", type}));
            QVERIFY2(ended.exitCode == 0, ended.err);
        }
    }

    void catalogueDevicesCanOnlyBePlannedFor() {
        const Ended ended = runProgram(quick({"-d", "rtx-4090"}));
        QCOMPARE(ended.exitCode, 2);
        QVERIFY2(ended.err.contains("planned"), ended.err);
    }

    void ceilingsOfFewerThreadsAreNotTheMachines() {
        Program program;
        const QJsonDocument devices = program.run({"devices", "-o", "json"}).json();
        if (devices.array().at(0)["threads"].toInt() < 2)
            QSKIP("this machine has one thread");
        QCOMPARE(program.run(quick({"--threads", "1"})).exitCode, 0);
        const Ended plan = program.run({"plan", "-d", "cpu", "-o", "json"});
        QCOMPARE(plan.json().array().at(0)["roofs_measured"].toBool(), false);
    }

    void measuredCeilingsAreKeptForPlans() {
        Program program;
        QCOMPARE(program.run(quick({})).exitCode, 0);
        const Ended plan = program.run({"plan", "-d", "cpu", "-o", "json"});
        QCOMPARE(plan.json().array().at(0)["roofs_measured"].toBool(), true);
    }
};

QTEST_GUILESS_MAIN(TestRun)
#include "test_run.moc"
