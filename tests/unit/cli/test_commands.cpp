// SPDX-License-Identifier: Apache-2.0
#include <QJsonArray>
#include <QJsonObject>
#include <QTest>

#include "program.h"

using namespace decodescope;

class TestCommands : public QObject {
    Q_OBJECT

private slots:
    void helpNamesEveryCommandAndNoOther() {
        const Ended ended = runProgram({"--help"});
        QCOMPARE(ended.exitCode, 0);
        QList<QByteArray> commands;
        const qsizetype listed = ended.out.indexOf("Subcommands:");
        QVERIFY2(listed >= 0, ended.out);
        for (const QByteArray& line : ended.out.mid(listed).split('\n'))
            if (line.startsWith("  ") && !line.startsWith("   ")) // the others go on about one
                commands.append(line.trimmed().split(' ').front());
        const QList<QByteArray> known = {"devices", "models",  "inspect",   "plan",    "run",
                                         "probe",   "compare", "calibrate", "selftest"};
        QCOMPARE(commands, known);
        for (const QByteArray& command : known) {
            const Ended own = runProgram({QString::fromLatin1(command), "--help"});
            QCOMPARE(own.exitCode, 0);
            QVERIFY(own.out.contains("--output"));
        }
    }

    void versionTellsWhatTheBuildCanUse() {
        const Ended ended = runProgram({"--version"});
        QCOMPARE(ended.exitCode, 0);
        QVERIFY2(ended.out.startsWith("decodescope-cli "), ended.out);
        QVERIFY2(ended.out.contains("CUDA"), ended.out);
    }

    void librariesOfTheWorkingDirectoryAreNotLoaded() {
        const QTemporaryDir folder;
        for (const char* name : {"libhwy.so.1", "libhwloc.so.15", "libfmt.so.9", "libstdc++.so.6"})
            QVERIFY(QFile(folder.filePath(name)).open(QIODevice::WriteOnly));
        Program program;
        program.process.setWorkingDirectory(folder.path());
        const Ended ended = program.run({"--version"});
        QVERIFY2(ended.exitCode == 0, ended.err);
    }

    void aMachineWithoutSysIsListedWithoutALineOfALibrary() {
        const QTemporaryDir empty;
        Program program;
        QProcessEnvironment environment = program.process.processEnvironment();
        environment.insert("HWLOC_FSROOT", empty.path());
        environment.remove("HWLOC_HIDE_ERRORS");
        program.process.setProcessEnvironment(environment);
        const Ended ended = program.run({"devices", "-o", "json"});
        QVERIFY(ended.json()[0]["threads"].toInt() > 0);
        QVERIFY2(!ended.err.contains("hwloc"), ended.err);
    }

    void unknownCommandsAndOptionsAreBadUsage() {
        QCOMPARE(runProgram({"conquer"}).exitCode, 2);
        QCOMPARE(runProgram({"devices", "--engine", "ideal"}).exitCode, 2);
        QCOMPARE(runProgram({"inspect"}).exitCode, 2);
    }

    void devicesListTheCpuWithTheRecordsKeys() {
        const QJsonArray devices = runProgram({"devices", "-o", "json"}).json().array();
        QVERIFY(devices.size() >= 2);
        QCOMPARE(devices[0]["id"].toString(), QString("cpu"));
        for (const char* key :
             {"name", "backend", "available", "reason", "memory_total_bytes", "memory_free_bytes",
              "threads", "simd", "compute_capability", "driver_version",
              "measured_bandwidth_bytes_per_second", "measured_flop_per_second"})
            QVERIFY2(devices[0].toObject().contains(key), key);
        QVERIFY(devices[0]["memory_total_bytes"].toInteger() > 0);
    }

    void listsComeInEveryFormat_data() {
        QTest::addColumn<QStringList>("command");
        QTest::newRow("devices") << QStringList{"devices"};
        QTest::newRow("catalogue") << QStringList{"devices", "--catalogue"};
        QTest::newRow("models") << QStringList{"models"};
    }
    void listsComeInEveryFormat() {
        QFETCH(QStringList, command);
        const qsizetype count =
            runProgram(command + QStringList{"-o", "json"}).json().array().size();
        QVERIFY(count > 0);
        QVERIFY(runProgram(command).out.startsWith("| id"));
        const QList<QByteArray> lines = runProgram(command + QStringList{"-o", "jsonl"}).lines();
        QCOMPARE(lines.size(), count);
        QVERIFY(QJsonDocument::fromJson(lines[0]).isObject());
        const Ended csv = runProgram(command + QStringList{"-o", "csv"});
        QVERIFY2(csv.out.startsWith("id,"), csv.out.left(100));
    }

    void deviceStreamEndsWithItsInput() {
        Program program;
        QVERIFY(program.start({"devices", "--stream", "-d", "cpu"}));
        QTest::qWait(500);
        program.process.closeWriteChannel();
        const Ended ended = program.wait(3000);
        QCOMPARE(ended.exitCode, 0);
        const QList<QByteArray> lines = ended.lines();
        QCOMPARE(QJsonDocument::fromJson(lines.first())["kind"].toString(), QString("device"));
        const QJsonDocument last = QJsonDocument::fromJson(lines.last());
        QCOMPARE(last["kind"].toString(), QString("memory"));
        QVERIFY(last["memory_total_bytes"].toInteger() > 0);
        QVERIFY(last["memory_available_bytes"].toInteger() > 0);
    }

    void deviceStreamEndsOnSigterm() {
        Program program;
        QVERIFY(program.start({"devices", "--stream"}));
        QTest::qWait(300);
        program.process.terminate();
        QCOMPARE(program.wait(3000).exitCode, 0);
    }

    void modelsAreFilteredByText() {
        const QJsonArray models = runProgram({"models", "mixtral", "-o", "json"}).json().array();
        QVERIFY(models.size() >= 1);
        for (const QJsonValue model : models)
            QVERIFY(model["id"].toString().contains("mixtral"));
        QCOMPARE(runProgram({"models", "no such model"}).exitCode, 2);
    }

    void inspectReadsAConfigAndSaysWhatWasInferred() {
        const QTemporaryDir folder;
        QFile config(folder.filePath("config.json"));
        QVERIFY(config.open(QIODevice::WriteOnly));
        config.write(R"({"model_type": "llama", "num_hidden_layers": 4, "hidden_size": 512,
            "num_attention_heads": 8, "num_key_value_heads": 2, "intermediate_size": 1024,
            "vocab_size": 1000, "max_position_embeddings": 2048})");
        config.close();
        const Ended ended = runProgram({"inspect", folder.path(), "-o", "json"});
        QCOMPARE(ended.exitCode, 0);
        QCOMPARE(ended.json()["layers"].toArray().size() > 0, true);
        QVERIFY(ended.json()["source"].isObject());
        QVERIFY(ended.json()["inferred"].isArray());
        const Ended human = runProgram({"inspect", config.fileName()});
        QVERIFY2(human.out.contains("1.0 KiB") || human.out.contains("2.0 KiB"), human.out);
    }

    void inspectShowsNotesAndNoCommandsToTheTerminal() {
        const QTemporaryDir folder;
        const QString path = folder.filePath("config.json");
        const auto inspectOf = [&path](QByteArray json) {
            QFile config(path);
            if (config.open(QIODevice::WriteOnly)) // E stands for an escape character
                config.write(json.replace("E", "\\u001b"));
            config.close();
            return runProgram({"inspect", path});
        };
        const Ended shown = inspectOf("{\"model_type\":\"E[2J\",\"num_hidden_layers\":4,"
                                      "\"hidden_size\":512,\"num_attention_heads\":8}");
        QCOMPARE(shown.exitCode, 0);
        QVERIFY2(shown.out.contains("Llama-style") && !shown.out.contains('\x1b'), shown.out);
        const Ended refused = inspectOf("{\"E[2J\":1,\"E[2J\":2}");
        QCOMPARE(refused.exitCode, 3);
        QVERIFY2(refused.err.contains("twice") && !refused.err.contains('\x1b'), refused.err);
    }

    void inspectRefusesWhatItCannotRead() {
        const Ended absent = runProgram({"inspect", "/no/such/model.gguf"});
        QCOMPARE(absent.exitCode, 3);
        QVERIFY(absent.err.contains("/no/such/model.gguf"));
        const QTemporaryDir folder;
        QFile broken(folder.filePath("broken.gguf"));
        QVERIFY(broken.open(QIODevice::WriteOnly));
        broken.write("GGUF\x03");
        broken.close();
        QCOMPARE(runProgram({"inspect", broken.fileName()}).exitCode, 3);
        QCOMPARE(runProgram({"plan", "--model", broken.fileName()}).exitCode, 3);
        QCOMPARE(runProgram({"inspect", broken.fileName(), "-o", "csv"}).exitCode, 2);
    }

    void calibrationIsKeptForPlans() {
        Program first;
        const Ended ended = first.run({"calibrate", "--max-time", "4", "-o", "json"});
        QVERIFY2(ended.exitCode == 0, ended.err);
        QVERIFY(ended.json()["measured_bandwidth_bytes_per_second"].toDouble() > 0);
        const QJsonObject figures = ended.json()["calibration"].toObject();
        QVERIFY(!figures["bandwidth_at_threads"].toArray().isEmpty());
        QVERIFY(figures["f32_multiply_add"]["all_threads_per_second"].toDouble() > 0);
        QVERIFY(figures["barrier_ms"].toDouble() > 0);
        const Ended plan = first.run({"plan", "-d", "cpu", "-o", "json"});
        QCOMPARE(plan.json().array().at(0)["roofs_measured"].toBool(), true);
        const QJsonValue first8k = plan.json().array().at(0);
        QVERIFY(first8k["predicted_tpot_ms"].toDouble() > 0);
        QCOMPARE(first8k["kernels_measured"].toBool(), true);
        QVERIFY(first8k["predicted_tpot_low_ms"].toDouble() <=
                first8k["predicted_tpot_ms"].toDouble());
    }

    void calibrationIsATableToo() {
        Program program;
        const Ended table = program.run({"calibrate", "--roofs", "--max-time", "0.2"});
        QVERIFY2(table.exitCode == 0 && table.out.contains("| memory, read"), table.out);
        QVERIFY(table.err.isEmpty()); // a moving line is for terminals
        const Ended csv =
            program.run({"calibrate", "--roofs", "--max-time", "0.2", "--forget", "-o", "csv"});
        QVERIFY(csv.out.startsWith("device,measured,threads,"));
        QVERIFY2(csv.out.contains(",memory_read,1,") && csv.out.contains(",f32_multiply_add,1,") &&
                     csv.out.contains(",barrier,"),
                 csv.out);
        const Ended one = program.run({"calibrate", "--roofs", "--max-time", "0.2", "-t", "1"});
        QVERIFY2(one.exitCode == 0 && one.out.contains("1 thread |") &&
                     !one.out.contains("2 threads"),
                 one.out);
    }

    void calibrationRefusesNonsense() {
        QCOMPARE(runProgram({"calibrate", "--max-time", "0"}).exitCode, 2);
        QCOMPARE(runProgram({"calibrate", "--threads", "-1"}).exitCode, 2);
        QCOMPARE(runProgram({"calibrate", "--threads", "100000"}).exitCode, 2);
        QCOMPARE(runProgram({"selftest", "--threads", "100000"}).exitCode, 2);
    }

    void selftestPassesAndTellsEachCheck() {
        const Ended ended = runProgram({"selftest", "-o", "json"});
        QVERIFY2(ended.exitCode == 0, ended.err);
        const QJsonArray checks = ended.json().array();
        QVERIFY(checks.size() > 10);
        for (const QJsonValue check : checks)
            QVERIFY(check["pass"].toBool() &&
                    check["error"].toDouble() <= check["bound"].toDouble());
    }

    void unavailableDeviceIsSaidWithTheReason() {
        const QJsonArray devices = runProgram({"devices", "-o", "json"}).json().array();
        if (devices[1]["available"].toBool())
            QSKIP("a GPU is here");
        for (const char* command : {"selftest", "calibrate", "run", "probe"}) {
            const Ended ended = runProgram({command, "-d", "cuda:0"});
            QCOMPARE(ended.exitCode, 5);
            QVERIFY2(ended.err.contains(devices[1]["reason"].toString().toUtf8()), ended.err);
        }
    }
};

QTEST_GUILESS_MAIN(TestCommands)
#include "test_commands.moc"
