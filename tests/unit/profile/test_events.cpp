// SPDX-License-Identifier: Apache-2.0
#include <QtTest>

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "core/profile/event.h"
#include "core/profile/profiler.h"
#include "example_events.h"

using namespace decodescope;
using nlohmann::json;

namespace {

/// The event read back from its own line.
template <typename T>
T readBack(const T& event) {
    const Result<Event> read = parseLine(toLine(event));
    if (!read)
        throw std::runtime_error(read.error().what);
    return std::get<T>(*read);
}

json exampleJson() {
    return json::parse(toLine(test::exampleSample()));
}

} // namespace

class TestEvents : public QObject {
    Q_OBJECT

private slots:
    void aSampleComesBackUnchanged() {
        QCOMPARE(readBack(test::exampleSample()), test::exampleSample());
        QCOMPARE(readBack(Sample{}), Sample{});
    }

    void aSampleHasEveryKeyOfTheInterface() {
        const json sample = exampleJson();
        for (const char* key : {"run_id",
                                "variant",
                                "attention",
                                "layers",
                                "n_heads",
                                "n_kv_heads",
                                "head_dim",
                                "kv_dtype",
                                "weights_dtype",
                                "scope",
                                "backend",
                                "device",
                                "threads",
                                "batch",
                                "context_tokens",
                                "tpot_p50_ms",
                                "tpot_p90_ms",
                                "tpot_p99_ms",
                                "tpot_ci95_ms",
                                "repetitions_ms",
                                "tokens_per_second",
                                "kv_bytes",
                                "weights_bytes",
                                "workspace_bytes",
                                "memory_used_bytes",
                                "memory_total_bytes",
                                "bytes_read",
                                "flop",
                                "bf16_dot_flop",
                                "int8_dot_flop",
                                "achieved_bytes_per_second",
                                "achieved_flop_per_second",
                                "ceiling_bytes_per_second",
                                "ceiling_flop_per_second",
                                "floor_ms",
                                "floor_fraction",
                                "bound",
                                "bound_by",
                                "predicted_tpot_ms",
                                "cache_resident",
                                "layers_measured",
                                "peer",
                                "sm_clock_mhz",
                                "sm_clock_min_mhz",
                                "sm_clock_max_mhz",
                                "memory_clock_mhz",
                                "memory_clock_min_mhz",
                                "memory_clock_max_mhz",
                                "power_w",
                                "temperature_c",
                                "throttle_reasons",
                                "energy_per_token_j",
                                "stopping",
                                "started_at",
                                "tool_version"})
            QVERIFY2(sample.contains(key), key);
        QCOMPARE(sample["kind"], "sample");
        QCOMPARE(sample["kv_dtype"], "bf16");
        QCOMPARE(sample["value_dtype"], "q8_0");
        QCOMPARE(sample["scope"], "step");
        QCOMPARE(sample["kv_bytes"].get<std::uint64_t>(), std::uint64_t{1} << 63);
        QVERIFY(!json(Sample{}).contains("value_dtype"));
    }

    void whatIsUnknownIsNull() {
        const json sample = Sample{};
        for (const char* key :
             {"memory_used_bytes", "memory_total_bytes", "floor_ms", "ceiling_bytes_per_second",
              "predicted_tpot_ms", "peer", "sm_clock_mhz", "power_w", "throttle_reasons"})
            QVERIFY2(sample[key].is_null(), key);
    }

    void aRecordOfBeforeThereWasEvidenceIsRead() {
        json old = test::exampleSample();
        old.erase("bound_by");
        const Sample read = old;
        QCOMPARE(read.bound, "memory");
        QVERIFY(!read.boundBy);
        QVERIFY(json(Sample{})["bound_by"].is_null());
    }

    void noLineHoldsANumberThatIsNone() {
        Sample sample = test::exampleSample();
        sample.tpotCi95Ms = std::numeric_limits<double>::infinity();
        sample.achievedFlopPerSecond = std::nan("");
        sample.stopping.achievedError = std::numeric_limits<double>::infinity();
        const json read = json::parse(toLine(sample));
        QVERIFY(read["tpot_ci95_ms"].is_null());
        QVERIFY(read["achieved_flop_per_second"].is_null());
        QVERIFY(parseLine(toLine(sample)).ok());
    }

    void aRunComesBackUnchanged() {
        const RunStarted run = test::exampleRun();
        const RunStarted read = readBack(run);
        QCOMPARE(read.runId, run.runId);
        QCOMPARE(read.toolVersion, run.toolVersion);
        QCOMPARE(read.startedAt, run.startedAt);
        QCOMPARE(read.device.name, run.device.name);
        QCOMPARE(read.device.memoryTotalBytes, run.device.memoryTotalBytes);
        QVERIFY(read.model == run.model);
        QVERIFY(read.workload == run.workload);
        QCOMPARE(read.variants, run.variants);
        QCOMPARE(read.quickLook, true);
        QVERIFY(read.deployment == run.deployment);
        QVERIFY(!read.deployment.engine.isIdeal());
    }

    void aRunOfBeforeDeploymentsIsReadAsIdeal() {
        json line = json::parse(toLine(test::exampleRun()));
        QVERIFY(line.erase("deployment") == 1);
        const Result<Event> event = parseLine(line.dump());
        QVERIFY(event.ok());
        QVERIFY(std::get<RunStarted>(*event).deployment == Deployment{});
    }

    void aDeploymentThatCannotBeIsRefused_data() {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        QTest::newRow("engine") << "engine"
                                << "\"vllm3\"";
        QTest::newRow("no tensor rank") << "tp"
                                        << "0";
        QTest::newRow("tensor ranks") << "tp"
                                      << "65";
        QTest::newRow("no pipeline rank") << "pp"
                                          << "0";
        QTest::newRow("words") << "pp"
                               << "\"two\"";
    }
    void aDeploymentThatCannotBeIsRefused() {
        QFETCH(QString, key);
        QFETCH(QString, value);
        json line = json::parse(toLine(test::exampleRun()));
        line["deployment"][key.toStdString()] = json::parse(value.toStdString());
        const Result<Event> event = parseLine(line.dump());
        QVERIFY(!event.ok());
        QVERIFY2(event.error().sentence().find(key.toStdString()) != std::string::npos,
                 event.error().sentence().c_str());
    }

    void aRunOfAModelThatMakesNoSenseIsRefused() {
        json run = toJson(test::exampleRun());
        run["model"]["layers"][1]["n_kv_heads"] = 3; // of 8 query heads
        const Result<Event> read = eventFromJson(run);
        QVERIFY(!read.ok());
        const QString said = QString::fromStdString(read.error().sentence());
        QVERIFY2(said.contains("\"model\"") && said.contains("layer 1") && said.contains("3 KV"),
                 qPrintable(said));
    }

    void progressComesBackUnchanged() {
        const Progress progress = readBack(test::exampleProgress());
        QCOMPARE(progress.atMs, 12.5);
        QCOMPARE(progress.phase, "measure");
        QCOMPARE(progress.variant, "MQA");
        QCOMPARE(progress.context, 4096);
        QCOMPARE(progress.batch, 2);
        QCOMPARE(progress.pointsDone, 3);
        QCOMPARE(progress.pointsTotal, 18);
        QCOMPARE(progress.fraction, 0.25);
        QCOMPARE(progress.secondsLeft, 7.5);
        QCOMPARE(progress.repetitionsMs, (std::vector<double>{0.5, 0.25}));
        QVERIFY(readBack(Progress{}).secondsLeft < 0);
        QVERIFY(json::parse(toLine(Progress{}))["seconds_left"].is_null());
    }

    void memoryComesBackUnchanged() {
        const MemoryEvent memory = readBack(test::exampleMemory());
        QCOMPARE(memory.atMs, 100.0);
        QVERIFY(memory.ledger == test::exampleMemory().ledger);
        QVERIFY(memory.reading == test::exampleMemory().reading);
    }

    void calibrationComesBackUnchanged() {
        CalibrationEvent event{55, "Some CPU", {1e10, 2e11, 6, true}, "it is slow"};
        event.ceilings.barrierSeconds = 0.25;
        QCOMPARE(readBack(event).note, "it is slow");
        QCOMPARE(readBack(event).atMs, 55.0);
        QCOMPARE(readBack(event).device, "Some CPU");
        QVERIFY(readBack(event).ceilings == event.ceilings);
    }

    void aSkippedPointComesBackUnchanged() {
        const Skipped event{5, "MHA", 65536, 2, test::exampleError(), 14800};
        QCOMPARE(readBack(event).variant, "MHA");
        QCOMPARE(readBack(event).context, 65536);
        QCOMPARE(readBack(event).batch, 2);
        QCOMPARE(readBack(event).maxContext, 14800);
        QVERIFY(readBack(event).error == test::exampleError());
    }

    void anErrorAndTheEndComeBackUnchanged() {
        QVERIFY(readBack(RunFailed{9, test::exampleError()}).error == test::exampleError());
        QCOMPARE(readBack(RunFailed{9, {}}).atMs, 9.0);
        QCOMPARE(readBack(RunDone{8, 17, true}).samples, 17);
        QCOMPARE(readBack(RunDone{8, 17, true}).partial, true);
        for (const ErrorCode code :
             {ErrorCode::RunFailed, ErrorCode::BadUsage, ErrorCode::FileUnreadable,
              ErrorCode::OutputNotWritten, ErrorCode::DeviceUnavailable, ErrorCode::OutOfMemory,
              ErrorCode::SlowerThanBaseline, ErrorCode::Interrupted})
            QCOMPARE(readBack(RunFailed{0, {code, "x", "", "", 0, 0}}).error.code, code);
    }

    void aLineIsOneLine() {
        Sample sample = test::exampleSample();
        sample.model = "two\nlines \xFF not UTF-8";
        QVERIFY(toLine(sample).find('\n') == std::string::npos);
        QVERIFY(parseLine(toLine(sample)).ok());
    }

    void unknownKeysArePassedOver() {
        json sample = exampleJson();
        sample["of_the_future"] = {1, 2, 3};
        const Result<Event> read = parseLine(sample.dump());
        QVERIFY(read.ok());
        QCOMPARE(std::get<Sample>(*read), test::exampleSample());
    }

    void anUnknownKindIsAnErrorWithoutWords() {
        const Result<Event> read = parseLine(R"({"kind":"of_the_future","x":1})");
        QVERIFY(!read.ok());
        QVERIFY(read.error().what.empty());
    }

    void aMissingKeyIsNamed_data() {
        QTest::addColumn<QString>("key");
        const json sample = exampleJson();
        for (const auto& [key, value] : sample.items())
            if (key != "kind")
                QTest::newRow(key.c_str()) << QString::fromStdString(key);
    }
    void aMissingKeyIsNamed() {
        QFETCH(QString, key);
        static const QStringList later = {"what_if",
                                          "model",
                                          "model_kv_bytes",
                                          "value_dtype",
                                          "quick_look",
                                          "at_ms",
                                          "bound_by",
                                          "bf16_dot_flop",
                                          "int8_dot_flop",
                                          "peer",
                                          "sm_clock_mhz",
                                          "sm_clock_min_mhz",
                                          "sm_clock_max_mhz",
                                          "memory_clock_mhz",
                                          "memory_clock_min_mhz",
                                          "memory_clock_max_mhz",
                                          "power_w",
                                          "temperature_c",
                                          "throttle_reasons",
                                          "energy_per_token_j"};
        json sample = exampleJson();
        sample.erase(key.toStdString());
        const Result<Event> read = parseLine(sample.dump());
        if (later.contains(key)) {
            QVERIFY(read.ok());
            return;
        }
        QVERIFY(!read.ok());
        QCOMPARE(read.error().code, ErrorCode::FileUnreadable);
        QVERIFY2(QString::fromStdString(read.error().what).contains(key),
                 read.error().what.c_str());
    }

    void aWrongTypeIsNamed_data() { aMissingKeyIsNamed_data(); }
    void aWrongTypeIsNamed() {
        QFETCH(QString, key);
        json sample = exampleJson();
        sample[key.toStdString()] = {{"an", "object"}};
        const Result<Event> read = parseLine(sample.dump());
        QVERIFY(!read.ok());
        QCOMPARE(read.error().code, ErrorCode::FileUnreadable);
        if (key != "stopping")
            QVERIFY2(QString::fromStdString(read.error().what).contains(key),
                     read.error().what.c_str());
    }

    void noNumberIsCutOrWrapped_data() {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        QTest::newRow("negative bytes") << "kv_bytes"
                                        << "-1";
        QTest::newRow("broken bytes") << "kv_bytes"
                                      << "1.5";
        QTest::newRow("threads beyond an int") << "threads"
                                               << "4294967297";
        QTest::newRow("context beyond 63 bits") << "context_tokens"
                                                << "18446744073709551615";
        QTest::newRow("a number for a text") << "variant"
                                             << "8";
        QTest::newRow("a text among numbers") << "repetitions_ms"
                                              << "[1,\"2\"]";
        QTest::newRow("a type nobody knows") << "kv_dtype"
                                             << "\"f17\"";
        QTest::newRow("a scope nobody knows") << "scope"
                                              << "\"all\"";
    }
    void noNumberIsCutOrWrapped() {
        QFETCH(QString, key);
        QFETCH(QString, value);
        json sample = exampleJson();
        sample[key.toStdString()] = json::parse(value.toStdString());
        const Result<Event> read = parseLine(sample.dump());
        QVERIFY(!read.ok());
        QVERIFY2(QString::fromStdString(read.error().what).contains(key),
                 read.error().what.c_str());
    }

    void whatIsNoRecordIsRefused_data() {
        QTest::addColumn<QByteArray>("line");
        QTest::newRow("nothing") << QByteArray("");
        QTest::newRow("words") << QByteArray("hello");
        QTest::newRow("a number") << QByteArray("12");
        QTest::newRow("a list") << QByteArray("[]");
        QTest::newRow("no kind") << QByteArray("{}");
        QTest::newRow("kind of a wrong type") << QByteArray(R"({"kind":3})");
        QTest::newRow("a number no double holds") << QByteArray(R"({"kind":"done","at_ms":1e999})");
        QTest::newRow("deep") << QByteArray(100000, '[');
    }
    void whatIsNoRecordIsRefused() {
        QFETCH(QByteArray, line);
        const Result<Event> read = parseLine(line.toStdString());
        QVERIFY(!read.ok());
        QCOMPARE(read.error().code, ErrorCode::FileUnreadable);
        QVERIFY(!read.error().what.empty());
    }

    void aRunRequestComesBackUnchanged() {
        RunRequest request;
        request.deviceId = "cuda:1";
        request.model = modelByHand({2, 8, 8, 64, 0, 0, 0, 0});
        request.variants = defaultVariants(request.model);
        request.workload = test::exampleRun().workload;
        request.capacityBytes = 1;
        request.budgetBytes = 2;
        request.quickLook = true;
        request.deployment = {*parseEngine("sglang"), 1, 1, true};
        const Result<RunRequest> read = parseRunRequest(json(request).dump());
        QVERIFY(read.ok());
        QVERIFY(read->deployment == request.deployment);
        QCOMPARE(read->deviceId, "cuda:1");
        QVERIFY(read->model == request.model);
        QVERIFY(read->variants == request.variants);
        QVERIFY(read->workload == request.workload);
        QCOMPARE(read->capacityBytes, 1u);
        QCOMPARE(read->budgetBytes, 2u);
        QVERIFY(read->quickLook);
    }

    void aBrokenRunRequestSaysWhatIsWrong() {
        const Result<RunRequest> cut = parseRunRequest(R"({"device": "cpu")");
        QVERIFY(!cut.ok());
        QCOMPARE(cut.error().code, ErrorCode::BadUsage);
        const Result<RunRequest> bare = parseRunRequest(R"({"device": "cpu"})");
        QVERIFY(!bare.ok());
        QVERIFY(bare.error().what.find("model") != std::string::npos);
        QVERIFY(!parseRunRequest("[]").ok());
    }
};

QTEST_GUILESS_MAIN(TestEvents)
#include "test_events.moc"
