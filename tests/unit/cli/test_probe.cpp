// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include <unistd.h>

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QJsonArray>
#include <QJsonObject>
#include <QTest>

#include "core/profile/event.h"
#include "program.h"

using namespace decodescope;

namespace {

/// A control group with a memory limit, where this process may make one.
class LimitedGroup {
public:
    explicit LimitedGroup(std::uint64_t bytes) {
        for (const bool versionTwo : {true, false}) {
            QDir root(versionTwo ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory");
            const QString name = QStringLiteral("decodescope-test-%1").arg(getpid());
            if (!root.mkdir(name))
                continue;
            m_folder = root.filePath(name);
            m_kills = m_folder + (versionTwo ? "/memory.events" : "/memory.oom_control");
            if (write(versionTwo ? "memory.max" : "memory.limit_in_bytes",
                      QByteArray::number(qulonglong(bytes))) &&
                kills() >= 0)
                return;
            leave();
        }
    }
    ~LimitedGroup() { leave(); }
    LimitedGroup(const LimitedGroup&) = delete;
    LimitedGroup& operator=(const LimitedGroup&) = delete;

    [[nodiscard]] bool made() const { return !m_folder.isEmpty(); }
    [[nodiscard]] QString processes() const { return m_folder + "/cgroup.procs"; }
    /// Processes that the out-of-memory killer has ended; -1: it is not told.
    [[nodiscard]] int kills() const {
        QFile file(m_kills);
        if (!file.open(QIODevice::ReadOnly))
            return -1;
        for (const QByteArray& line : file.readAll().split('\n'))
            if (line.startsWith("oom_kill "))
                return line.mid(9).toInt();
        return -1;
    }

private:
    bool write(const char* file, const QByteArray& value) const {
        QFile to(m_folder + '/' + file);
        return to.open(QIODevice::WriteOnly | QIODevice::Unbuffered) && to.write(value) > 0;
    }
    void leave() {
        if (made())
            QDir().rmdir(m_folder);
        m_folder.clear();
    }
    QString m_folder, m_kills;
};

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

    void aControlGroupsLimitIsReachedWithoutAKill_data() {
        QTest::addColumn<QStringList>("options");
        QTest::newRow("with the usual reserve") << QStringList{};
        QTest::newRow("without one") << QStringList{"--reserve", "0"};
        QTest::newRow("more than there is") << QStringList{"--memory", "64GiB", "--reserve", "0"};
        QTest::newRow("small pages") << QStringList{"--page-tokens", "32", "--reserve", "0"};
    }
    void aControlGroupsLimitIsReachedWithoutAKill() {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
        QSKIP("a sanitizer needs memory of its own");
#endif
        QFETCH(QStringList, options);
        constexpr std::uint64_t limit = std::uint64_t{384} << 20;
        const LimitedGroup group(limit);
        if (!group.made())
            QSKIP("this process may not make a control group with a memory limit");
        Program program;
        program.process.setProgram("/bin/sh");
        QVERIFY(program.start(QStringList{"-c", "echo $$ >\"$0\" && exec \"$@\"", group.processes(),
                                          PROGRAMS_DIR "/decodescope-cli"} +
                              probe({"-o", "json"}) + options));
        const Ended ended = program.wait();
        QVERIFY2(ended.exitCode == 0, ended.err);
        QCOMPARE(group.kills(), 0);
        const QJsonObject result = ended.json().object();
        const qint64 allocated = integer(result, "bytes_allocated");
        // To the end of what may be used: the limit, less what is always left free and what the
        // program itself is.
        QVERIFY2(allocated > qint64{limit} / 2 && allocated < qint64{limit}, ended.out);
        QVERIFY(integer(result, "memory_total_bytes") <= qint64{64} << 30);
        QVERIFY(result["proof_tpot_ms"].toDouble() > 0);
        if (options.isEmpty())
            QCOMPARE(integer(result, "memory_total_bytes"), qint64{limit});
    }

    void anEnginesRulesAreHeld_data() {
        QTest::addColumn<QString>("engine");
        for (const char* engine : {"vllm", "llama.cpp:margin=4MiB", "sglang", "ollama",
                                   "transformers", "llama.cpp:margin=4MiB,swa-full"})
            QTest::newRow(engine) << QString(engine);
    }
    void anEnginesRulesAreHeld() {
        QFETCH(QString, engine);
        for (const char* window : {"0", "512"}) {
            const QStringList shape = {"--memory", "64MiB", "--engine", engine,
                                       "--window", window,  "-o",       "json"};
            const Ended ended = runProgram(probe(shape));
            QVERIFY2(ended.exitCode == 0, ended.err);
            const QJsonObject result = ended.json().object();
            QCOMPARE(result["engine"].toString(), engine.section(':', 0, 0));
            if (result["max_context_tokens_predicted"].isNull()) {
                QCOMPARE(result["stopped_by"].toString(), QString("cache_full"));
                continue; // all layers have a window that this engine makes use of
            }
            QVERIFY2(result["within_one_page"].toBool(), ended.out);
            QCOMPARE(result["stopped_by"].toString(), QString("budget"));
            QVERIFY(integer(result, "bytes_allocated") <= 64 << 20);
            QVERIFY(result["proof_tpot_ms"].toDouble() > 0);
        }
        const Ended told = runProgram(probe({"--memory", "48MiB", "--engine", engine}));
        QVERIFY2(told.out.contains("by the rules of " + engine.section(':', 0, 0).toUtf8()),
                 told.out);
    }

    void whatMakesNoSenseIsRefused_data() {
        QTest::addColumn<QStringList>("options");
        QTest::newRow("--page-tokens") << QStringList{"--page-tokens", "0"};
        QTest::newRow("--page-tokens ") << QStringList{"--page-tokens", "40"};
        QTest::newRow("--batch") << QStringList{"--batch", "1,2"};
        QTest::newRow("--attention") << QStringList{"--attention", "mha,mqa"};
        QTest::newRow("--engine") << QStringList{"--engine", "the-best"};
        QTest::newRow("--page-tokens  ")
            << QStringList{"--page-tokens", "128", "--engine", "llama.cpp:margin=1MiB"};
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
