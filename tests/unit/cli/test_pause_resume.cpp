// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <set>

#include <QElapsedTimer>
#include <QFile>
#include <QTest>

#include <nlohmann/json.hpp>

#include "core/profile/profiler.h"
#include "core/profile/recording.h"
#include "program.h"

using namespace decodescope;

namespace {

const QStringList kSmall = {"run", "--layers",   "2",   "--heads",   "4", "--head-dim",
                            "64",  "--kv-heads", "4,1", "--threads", "1"};
constexpr int kPauseMs = 800;

/// Reads the output until it holds `text`.
bool readUntil(Program& program, QByteArray& seen, const char* text) {
    QElapsedTimer timer;
    timer.start();
    while (timer.elapsed() < 30000 && !seen.contains(text)) {
        program.process.waitForReadyRead(50);
        seen += program.process.readAllStandardOutput();
    }
    return seen.contains(text);
}

/// The state letter of a process, from /proc.
char stateOf(qint64 process) {
    QFile file(QStringLiteral("/proc/%1/stat").arg(process));
    if (!file.open(QIODevice::ReadOnly))
        return '?';
    const QByteArray text = file.readAll();
    return text.at(text.lastIndexOf(')') + 2);
}

void nothingOfThePauseIsMeasured(const QByteArray& stream) {
    int samples = 0;
    for (const QByteArray& line : stream.split('\n')) {
        if (line.isEmpty())
            continue;
        const Result<Event> event = parseLine(line.toStdString());
        QVERIFY2(event.ok(), line);
        const auto* sample = std::get_if<Sample>(&*event);
        if (!sample)
            continue;
        ++samples;
        for (const double ms : sample->repetitionsMs)
            QVERIFY2(ms < kPauseMs / 2.0, line);
    }
    QCOMPARE(samples, 4);
}

} // namespace

/// Runs that wait, and recordings that are gone on with, on this machine.
class TestCliPauseResume : public QObject {
    Q_OBJECT

private slots:
    void aRequestIsPausedByLines() {
        RunRequest request;
        request.model = modelByHand({2, 4, 4, 64, 0, 0, 0, 0});
        request.variants = {asIs(request.model), *variantWithKvHeads(request.model, 1)};
        request.workload.contexts = {256, 1024};
        request.workload.maxSeconds = 12; // a few, but for a busy machine
        request.workload.threads = 1;
        Program program;
        QVERIFY(program.start({"run", "--request", "-", "--stream"}));
        program.process.write(QByteArray::fromStdString(nlohmann::json(request).dump()) + '\n');
        QByteArray seen;
        QVERIFY(readUntil(program, seen, "\"phase\":\"measure\""));
        program.process.write("pause\n");
        QVERIFY(readUntil(program, seen, "\"phase\":\"paused\""));
        QTest::qWait(kPauseMs);
        // It is still there, and says how much memory it holds.
        QVERIFY(program.process.state() == QProcess::Running);
        const qsizetype before = seen.count("\"kind\":\"memory\"");
        seen += program.process.readAllStandardOutput();
        QVERIFY(seen.count("\"kind\":\"memory\"") > before);
        program.process.write("something else\nresume\r\n");
        const Ended ended = program.wait(30000);
        QVERIFY2(ended.exitCode == 0, ended.err);
        seen += ended.out;
        QCOMPARE(seen.count("\"phase\":\"paused\""), qsizetype{1});
        nothingOfThePauseIsMeasured(seen);
    }

    void aPausedRunIsStopped() {
        RunRequest request;
        request.model = modelByHand({2, 4, 4, 64, 0, 0, 0, 0});
        request.workload.contexts = {256};
        Program program;
        QVERIFY(program.start({"run", "--request", "-", "--stream"}));
        program.process.write(QByteArray::fromStdString(nlohmann::json(request).dump()) +
                              "\npause\n");
        QByteArray seen;
        QVERIFY(readUntil(program, seen, "\"phase\":\"paused\""));
        program.process.write("stop\n");
        QCOMPARE(program.wait(10000).exitCode, 130);
    }

    void aTerminalsStopIsAPause() {
        if (!QFile::exists("/proc/self/stat"))
            QSKIP("this system does not tell the state of a process");
        Program program;
        QVERIFY(
            program.start(kSmall + QStringList{"-c", "256,1024", "--max-time", "4", "--stream"}));
        QByteArray seen;
        QVERIFY(readUntil(program, seen, "\"phase\":\"measure\""));
        const auto process = static_cast<pid_t>(program.process.processId());
        ::kill(process, SIGTSTP);
        QTRY_COMPARE_WITH_TIMEOUT(stateOf(process), 'T', 20000);
        QTest::qWait(kPauseMs);
        ::kill(process, SIGCONT);
        const Ended ended = program.wait(30000);
        QVERIFY2(ended.exitCode == 0, ended.err);
        seen += ended.out;
        QVERIFY(seen.contains("\"phase\":\"paused\""));
        nothingOfThePauseIsMeasured(seen);
    }

    void whatIsMissingIsAddedToTheFile() {
        QTemporaryDir folder;
        const QString file = folder.filePath("run.jsonl");
        const Ended first = runProgram(
            kSmall + QStringList{"-c", "64-1024*2", "--max-time", "0.05", "--record", file});
        QVERIFY2(first.exitCode == 0, first.err);
        const Result<Recording> before = readRecording(file.toStdString());
        QVERIFY(before.ok() && !before->complete);
        const std::size_t had = before->samples.size();
        QVERIFY(had > 0 && had < 10);
        const Ended second =
            runProgram({"run", "--resume", file, "--max-time", "20", "-o", "jsonl"});
        QVERIFY2(second.exitCode == 0, second.err);
        QCOMPARE(second.lines().size(), qsizetype{10}); // with those that were there before
        const Result<Recording> after = readRecording(file.toStdString());
        QVERIFY(after.ok() && after->complete);
        QCOMPARE(after->runs.size(), std::size_t{2});
        QCOMPARE(after->samples.size(), std::size_t{10});
        std::set<std::pair<std::string, std::int64_t>> points;
        for (const Sample& sample : after->samples)
            points.emplace(sample.variant, sample.context);
        QCOMPARE(points.size(), std::size_t{10});
        const Ended third = runProgram({"run", "--resume", file});
        QCOMPARE(third.exitCode, 2);
        QVERIFY2(third.err.contains("no point of this recording is missing"), third.err);
    }

    void whatDoesNotGoWithItIsRefused() {
        QTemporaryDir folder;
        const QString file = folder.filePath("run.json");
        const Ended array = runProgram(kSmall + QStringList{"-c", "64", "--max-time", "0.5", "-o",
                                                            "json", "--output-file", file});
        QVERIFY2(array.exitCode == 0, array.err);
        const Ended refused = runProgram({"run", "--resume", file});
        QCOMPARE(refused.exitCode, 2);
        QVERIFY2(refused.err.contains("array"), refused.err);
        const Ended beside = runProgram({"run", "--resume", file, "--layers", "2"});
        QCOMPARE(beside.exitCode, 2);
        QVERIFY2(beside.err.contains("--layers"), beside.err);
        const Ended missing = runProgram({"run", "--resume", folder.filePath("none.jsonl")});
        QCOMPARE(missing.exitCode, 3);
    }
};

QTEST_GUILESS_MAIN(TestCliPauseResume)
#include "test_pause_resume.moc"
