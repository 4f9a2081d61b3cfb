// SPDX-License-Identifier: Apache-2.0
#include <QElapsedTimer>
#include <QJsonArray>
#include <QJsonObject>
#include <QTest>

#include "program.h"

using namespace decodescope;

namespace {

QStringList plan(const QStringList& more) {
    return QStringList{"plan"} + more + QStringList{"-o", "json"};
}
QJsonArray planned(const QStringList& more) {
    return runProgram(plan(more)).json().array();
}

} // namespace

class TestPlan : public QObject {
    Q_OBJECT

private slots:
    void anchorCaseHoldsToTheByte() {
        const QJsonArray plans = planned({"--layers", "32", "--heads", "32", "--kv-heads", "32,1",
                                          "--head-dim", "128", "-c", "1024"});
        QCOMPARE(plans.size(), 2);
        QCOMPARE(plans[0]["attention"].toString(), QString("mha"));
        QCOMPARE(plans[0]["kv_bytes"].toInteger(), 536870912);
        QCOMPARE(plans[0]["kv_bytes_per_token_per_layer"].toInteger(), 16384);
        QCOMPARE(plans[1]["attention"].toString(), QString("mqa"));
        QCOMPARE(plans[1]["kv_bytes"].toInteger(), 16777216);
        QCOMPARE(plans[1]["kv_bytes_per_token_per_layer"].toInteger(), 512);
        QCOMPARE(plans[1]["compression_vs_mha"].toDouble(), 32.0);
        QCOMPARE(plans[1]["weights_bytes"].toInteger(-1), 0);
        QCOMPARE(plans[1]["what_if"].toBool(true), false);
    }

    void kvHeadsAloneAreVariantsOfTheDefaultModel() {
        const QJsonArray plans = planned({"--kv-heads", "4"});
        QCOMPARE(plans.size(), 1);
        QCOMPARE(plans[0]["variant"].toString(), QString("GQA-4"));
        QVERIFY(plans[0]["weights_bytes"].toInteger() > 0);
    }

    void sweepsEveryVariantContextAndBatch() {
        const QJsonArray plans =
            planned({"--model", "llama-3.1-8b", "-a", "mha,mqa", "-c", "1K-4K*2", "-b", "1,4"});
        QCOMPARE(plans.size(), 2 * 3 * 2);
    }

    void catalogueDeviceUsesItsDatasheetAndIsMarkedSo() {
        const QJsonArray plans = planned({"--model", "llama-3.1-8b", "-d", "rtx-4090"});
        QCOMPARE(plans[0]["roofs_measured"].toBool(true), false);
        QVERIFY(plans[0]["predicted_tokens_per_second"].toDouble() > 0);
    }

    void aCatalogueDeviceCarriesARangeThatCanBeEdited() {
        const QStringList model = {"--model", "llama-3.1-8b", "-a", "gqa", "-d", "rtx-4090"};
        const QJsonObject plan = planned(model)[0].toObject();
        QVERIFY(plan.value("predicted_tpot_low_ms").toDouble() >
                plan.value("predicted_tpot_ms").toDouble());
        QVERIFY(plan.value("predicted_tpot_high_ms").toDouble() >
                plan.value("predicted_tpot_low_ms").toDouble());
        const QJsonObject half = planned(model + QStringList{"--efficiency", "50%"})[0].toObject();
        QCOMPARE(half.value("predicted_tpot_low_ms"), half.value("predicted_tpot_high_ms"));
        QVERIFY(std::abs(half.value("predicted_tpot_low_ms").toDouble() /
                             plan.value("predicted_tpot_ms").toDouble() -
                         2) < 1e-9);
    }

    void unverifiedFieldsAreMarked() {
        const QStringList device = {"--model", "llama-3.1-8b", "-a", "gqa", "-d", "apple-m3-ultra"};
        QVERIFY(!planned(device).at(0)["unverified"].toArray().isEmpty());
        QVERIFY(runProgram(QStringList{"plan"} + device).out.contains("(unverified)"));
        QVERIFY(planned({"-a", "gqa", "-d", "rtx-4090"}).at(0)["unverified"].toArray().isEmpty());
    }

    void answersComeOnlyWhereAsked() {
        const QStringList model = {"--model", "llama-3.1-8b", "-a", "gqa", "-d", "rtx-4090"};
        QVERIFY(!planned(model)[0].toObject().contains("answers"));
        const QJsonArray found =
            planned(model + QStringList{"--answers"}).at(0)["answers"].toArray();
        QCOMPARE(found.size(), 8);
        for (const auto& each : found)
            QVERIFY(!each.toObject().value("formula").toString().isEmpty());
        const QByteArray list =
            runProgram(QStringList{"plan"} + model + QStringList{"--answers"}).out;
        QVERIFY2(list.contains("- Largest batch at 8,192 tokens: "), list);
        const Ended csv = runProgram(QStringList{"plan", "--answers", "-o", "csv"});
        QCOMPARE(csv.exitCode, 2);
    }

    void withoutCalibrationSpeedIsNullAndNotInvented() {
        const QJsonArray plans = planned({"-d", "cpu"});
        QVERIFY(plans[0].toObject().contains("predicted_tpot_ms"));
        QVERIFY(plans[0]["predicted_tpot_ms"].isNull());
    }

    void theIdealEngineIsTheDefault() {
        const QStringList model = {"--model", "gemma-3-27b", "-d", "h100-sxm"};
        QCOMPARE(planned(model + QStringList{"--engine", "ideal", "--tp", "1"}), planned(model));
    }

    void anEngineRoundsAndReservesAsItDoes() {
        const QStringList model = {"--layers", "32", "--heads",    "32",  "--kv-heads", "1",
                                   "-c",       "1",  "--head-dim", "128", "-d",         "h100-sxm"};
        const auto record = [&](const char* engine) {
            return planned(model + QStringList{"--engine", engine})[0].toObject();
        };
        QCOMPARE(record("ideal")["kv_bytes"].toInteger(), 512 * 32);
        QCOMPARE(record("vllm")["kv_bytes"].toInteger(), 512 * 32 * 16);
        QCOMPARE(record("llama.cpp")["kv_bytes"].toInteger(), 512 * 32 * 256);
        QCOMPARE(record("llama.cpp")["reserve_bytes"].toInteger(), 1 << 30);
        QCOMPARE(record("vllm:block=64")["kv_bytes"].toInteger(), 512 * 32 * 64);
    }

    void aReserveByHandReplacesTheEngines() {
        const QJsonArray plans = planned(
            {"--engine", "llama.cpp", "-d", "rtx-4090", "--memory", "10GB", "--reserve", "20%"});
        QCOMPARE(plans[0]["reserve_bytes"].toInteger(), 2'000'000'000);
    }

    void ranksDivideHeadsAndReplicateTheOneThatIsLeft() {
        const QStringList model = {"--model", "falcon-7b", "-a", "mha,mqa", "-d", "h100-sxm"};
        const QJsonArray plans = planned(model + QStringList{"--tp", "8"});
        QCOMPARE(plans[1]["compression_vs_mha"].toDouble(), 9.0); // 71 heads, 9 on a rank
        QCOMPARE(plans[1]["kv_bytes"].toInteger(), 8 * plans[1]["rank_kv_bytes"].toInteger());
        QCOMPARE(plans[1]["notes"].toArray().size(), 2);
        QVERIFY(plans[1]["notes"].toArray().at(1).toString().startsWith(
            "71 query heads do not divide by 8"));
        const QByteArray table =
            runProgram(QStringList{"plan"} + model + QStringList{"--tp", "8"}).out;
        QVERIFY2(table.contains("- MQA: 1 KV head for 8 tensor ranks"), table);
    }

    void keysAndValuesMayBeOfTypesOfTheirOwn() {
        const QStringList model = {"--layers", "2", "--heads", "4", "--head-dim", "64", "-c", "10"};
        const QJsonObject record =
            planned(model + QStringList{"--kv-type", "q8_0/q4_0"})[0].toObject();
        QCOMPARE(record["kv_bytes_per_token"].toInteger(), 2 * 4 * (2 * 34 + 2 * 18));
        QCOMPARE(record["kv_dtype"].toString(), QString("q8_0"));
        QCOMPARE(record["value_dtype"].toString(), QString("q4_0"));
        QVERIFY(!planned(model)[0].toObject().contains("value_dtype"));
    }

    void layersMayShareACacheByHand() {
        const QStringList model = {"--layers", "5", "--heads", "4", "--head-dim", "64", "-c", "10"};
        const auto kvBytes = [&](const char* layers) {
            return planned(model + QStringList{"--share-cache", layers})
                .at(0)["kv_bytes"]
                .toInteger();
        };
        QCOMPARE(kvBytes("1"), 10 * 5 * 2 * 4 * 64 * 2);
        QCOMPARE(kvBytes("2"), 10 * 3 * 2 * 4 * 64 * 2); // the first, third and fifth own one
        QCOMPARE(kvBytes("9"), 10 * 1 * 2 * 4 * 64 * 2);
    }

    void anMlaLatentMayBeARowOfFp8() {
        const QStringList model = {"--model", "deepseek-v3", "-d", "h200", "-c", "16"};
        const auto kvBytes = [&](const char* engine) {
            return planned(model + QStringList{"--engine", engine}).at(0)["kv_bytes"].toInteger();
        };
        QCOMPARE(kvBytes("vllm"), 16 * 61 * 1152);
        QCOMPARE(kvBytes("vllm:mla=fp8-row"), 16 * 61 * 656);
        QCOMPARE(kvBytes("transformers"), 16 * 61 * 128 * (192 + 128) * 2);
    }

    void memoryByHandReplacesTheDevices() {
        const QJsonArray plans = planned({"-d", "rtx-4090", "--memory", "10GB"});
        QCOMPARE(plans[0]["memory_total_bytes"].toInteger(), 10'000'000'000);
    }

    void whatDoesNotFitIsAnAnswerAndNoFailure() {
        const Ended ended = runProgram(plan({"-d", "rtx-4090", "-c", "1M"}));
        QCOMPARE(ended.exitCode, 0);
        QCOMPARE(ended.json().array().at(0)["fits"].toBool(true), false);
    }

    void overridesKeepTheRestOfAMixtureOfExperts() {
        const qint64 whole =
            planned({"--model", "mixtral-8x7b-v0.1"}).at(1)["weights_bytes"].toInteger();
        const qint64 half = planned({"--model", "mixtral-8x7b-v0.1", "--layers", "16"})
                                .at(1)["weights_bytes"]
                                .toInteger();
        QVERIFY2(half > whole * 48 / 100 && half < whole * 52 / 100,
                 qPrintable(QString("%1 of %2").arg(half).arg(whole)));
    }

    void badValuesAreRefusedWithTheirOption_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QByteArray>("named");
        const auto row = [](const char* name, const QStringList& arguments, const char* named) {
            QTest::newRow(name) << arguments << QByteArray(named);
        };
        row("model", {"--model", "no-such-model"}, "--model");
        row("url", {"--model", "https://host/config.json"}, "https://host");
        row("heads", {"--layers", "2", "--heads", "32", "--kv-heads", "5"}, "5");
        row("no layers", {"--layers", "0"}, "layers");
        row("attention", {"-a", "mha,xyz"}, "--attention");
        row("context", {"-c", "many"}, "--context");
        row("no context", {"-c", "0"}, "--context");
        row("batch", {"-b", "0"}, "--batch");
        row("scope", {"--scope", "all"}, "--scope");
        row("cache type", {"--kv-type", "q4_k"}, "--kv-type");
        row("values' type", {"--kv-type", "q8_0/q4_k"}, "q4_k");
        row("no values' type", {"--kv-type", "q8_0/"}, "--kv-type");
        row("shared cache", {"--share-cache", "0"}, "--share-cache");
        row("context below zero", {"-c", "-5"}, "\"-5\"");
        row("weights type", {"--weights-type", "f15"}, "--weights-type");
        row("memory", {"--memory", "much"}, "--memory");
        row("reserve", {"--reserve", "120%"}, "--reserve");
        row("device", {"-d", "rtx-0000"}, "--device");
        row("link", {"--answers", "--pcie", "0"}, "--pcie");
        row("efficiency", {"-d", "rtx-4090", "--efficiency", "80%-70%"}, "--efficiency");
        row("format", {"-o", "xml"}, "--output");
        row("engine", {"--engine", "vllm3"}, "--engine");
        row("engine's option", {"--engine", "vllm:blocks=32"}, "blocks=32");
        row("tensor ranks", {"--tp", "65"}, "--tp");
        row("no tensor rank", {"--tp", "0"}, "--tp");
        row("pipeline ranks", {"--pp", "33"}, "--pp");
        row("unknown option", {"--tensor", "2"}, "--tensor");
    }
    void badValuesAreRefusedWithTheirOption() {
        QFETCH(QStringList, arguments);
        QFETCH(QByteArray, named);
        const Ended ended = runProgram(QStringList{"plan"} + arguments);
        QCOMPARE(ended.exitCode, 2);
        QVERIFY2(ended.out.isEmpty(), ended.out);
        QVERIFY2(ended.err.startsWith("decodescope-cli: "), ended.err);
        QVERIFY2(ended.err.contains(named), ended.err);
        QCOMPARE(ended.err.count('\n'), 1);
    }

    void tablesAndNumbersAreTheSameInALocaleWithCommas() {
        Program program;
        program.set("LC_ALL", "de_DE.UTF-8");
        const Ended ended = program.run(plan({"-d", "rtx-4090", "--reserve", "12.5%"}));
        QCOMPARE(ended.exitCode, 0);
        QCOMPARE(ended.out, runProgram(plan({"-d", "rtx-4090", "--reserve", "12.5%"})).out);
    }

    void writesEveryFormat() {
        QVERIFY(runProgram({"plan", "-o", "md"}).out.startsWith("| attention"));
        const Ended csv = runProgram({"plan", "-o", "csv"});
        QCOMPARE(csv.lines().size(), 4);
        QVERIFY(csv.lines()[0].contains("kv_bytes_per_token"));
        for (const QByteArray& line : runProgram({"plan", "-o", "jsonl"}).lines())
            QVERIFY(QJsonDocument::fromJson(line).isObject());
    }

    void writesAFileAndSaysWhereItCannot() {
        const QTemporaryDir folder;
        const QString path = folder.filePath("plan.json");
        QCOMPARE(runProgram(plan({"--output-file", path})).exitCode, 0);
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(QJsonDocument::fromJson(file.readAll()).array().size(), 3);
        const Ended nowhere = runProgram(plan({"--output-file", folder.filePath("no/such/file")}));
        QCOMPARE(nowhere.exitCode, 4);
        QVERIFY(nowhere.err.contains("no/such/file"));
    }

    void aFullDiskIsSaid() {
        if (!QFile::exists("/dev/full"))
            QSKIP("no /dev/full here");
        Program program;
        program.process.setStandardOutputFile("/dev/full");
        const Ended ended = program.run({"plan"});
        QCOMPARE(ended.exitCode, 4);
        QVERIFY(ended.err.contains("standard output"));
    }
};

QTEST_GUILESS_MAIN(TestPlan)
#include "test_plan.moc"
