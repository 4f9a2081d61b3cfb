// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <cmath>

#include "core/plan/answers.h"
#include "core/plan/max_context.h"
#include "core/plan/unverified.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

using namespace decodescope;

/// Answers against figures worked out by hand, and against the plan they belong to.
class TestAnswers : public QObject {
    Q_OBJECT

private slots:
    void thereIsOneOfEachWithItsFormulaAndNumbers();
    void theNumbersEndInTheAnswer();
    void aStageReadsItsOwnLayersAlone();
    void whatNobodyHasCheckedIsMarkedAndExplained();
    void theLongestContextIsThePlans();
    void oneMoreSequenceDoesNotFit_data();
    void oneMoreSequenceDoesNotFit();
    void aSmallerDeviceDoesNotFit();
    void whereNothingFitsThereIsNone();
    void oneTypeMoreDoesNotFit();
    void noTypeIsWiderThanTheModelsOwn();
    void amdahlBoundsTheGainFromFewerHeads_data();
    void amdahlBoundsTheGainFromFewerHeads();
    void mqaHasNoHeadsLeftToSave();
    void theSpeedIsTheForecastsWithItsRange();
    void whatIsResidentIsMoreThanWhatIsRead();
    void offloadBreaksEvenWhereTheLinkTakesAsLongAsTheWeights();
    void offloadIsUnknownWithoutBandwidth();
};

static Workload stepWorkload() {
    Workload w;
    w.scope = Scope::Step;
    return w;
}

static Plan planOf(const char* model, const char* device, std::int64_t context,
                   std::int64_t batch = 1, const Workload& w = stepWorkload(),
                   const Deployment& deployment = {}) {
    return makePlan(asIs(*findModelPreset(model)), planDevice(*findDevicePreset(device)), w,
                    context, batch, deployment);
}

void TestAnswers::thereIsOneOfEachWithItsFormulaAndNumbers() {
    const auto found =
        answers(planOf("llama-3.1-8b", "rtx-4090", 8192), stepWorkload(), devicePresets());
    QStringList ids;
    for (const Answer& answer : found) {
        ids << QString::fromStdString(answer.id);
        QVERIFY(!answer.figure.empty() && !answer.formula.empty() && !answer.numbers.empty());
        QVERIFY(!answer.value.is_null());
    }
    QCOMPARE(ids.size(), 8);
    QCOMPARE(ids.removeDuplicates(), 0);
}

static bool endsWith(const std::string& text, const std::string& end) {
    return QString::fromStdString(text).endsWith(QString::fromStdString(end));
}

void TestAnswers::theNumbersEndInTheAnswer() {
    const Plan plan = planOf("llama-3.1-8b", "rtx-4090", 8192);
    const Answer longest = longestContextAnswer(plan);
    const std::uint64_t room =
        capacityBytes(plan) - plan.footprint.weightsBytes - plan.footprint.workspaceBytes;
    QVERIFY2(endsWith(longest.numbers, " = " + formatBytes(room) + "; " +
                                           formatCount(plan.maxContext) + " tokens take " +
                                           formatBytes(131072 * plan.maxContext) +
                                           ", one more does not fit"),
             longest.numbers.c_str());
    const Answer batch = largestBatchAnswer(plan);
    const auto needed = [&](std::int64_t sequences) {
        return formatBytes(
            planOf("llama-3.1-8b", "rtx-4090", 8192, sequences).footprint.totalBytes());
    };
    const std::int64_t most = batch.value;
    QVERIFY2(batch.numbers.find(" = " + needed(most) + " ≤ 24.0 GiB − 2.4 GiB = 21.6 GiB") !=
                     std::string::npos &&
                 endsWith(batch.numbers, ": " + needed(most + 1)),
             batch.numbers.c_str());
    const Answer gain = fewerHeadsAnswer(plan);
    QVERIFY(endsWith(gain.numbers,
                     QString(" = %1").arg(gain.value.get<double>(), 0, 'f', 3).toStdString()));
    const Answer read = residentAndReadAnswer(plan);
    QVERIFY(endsWith(read.numbers, " = " + formatBytes(read.value.at("read_bytes"))));
}

void TestAnswers::aStageReadsItsOwnLayersAlone() {
    const Variant variant = asIs(*findModelPreset("llama-3.1-8b"));
    Workload workload;
    workload.scope = Scope::Step;
    const PlanDevice device = planDevice(*findDevicePreset("h100-sxm"));
    const auto bytes = [&](std::int64_t stages, std::int64_t ranks) {
        const Deployment deployment{*parseEngine("vllm"), ranks, stages, false};
        const Answer answer =
            residentAndReadAnswer(makePlan(variant, device, workload, 8192, 1, deployment));
        return std::pair(answer.value.at("resident_bytes").get<double>(),
                         answer.value.at("read_bytes").get<double>());
    };
    const auto [whole, wholeRead] = bytes(1, 1);
    for (const std::int64_t stages : {2, 4, 8})
        for (const std::int64_t ranks : {1, 4}) {
            const auto [resident, read] = bytes(stages, ranks);
            QVERIFY(read <= resident);
            // A stage of as many layers as the others, and an embedding or the head beside them.
            const double share = wholeRead / static_cast<double>(stages * ranks);
            QVERIFY2(read > 0.9 * share && read < 1.6 * share,
                     qPrintable(QString("%1 of %2").arg(read).arg(share)));
        }
    QVERIFY(wholeRead < whole);
}

void TestAnswers::whatNobodyHasCheckedIsMarkedAndExplained() {
    const Plan doubtful = planOf("llama-3.1-8b", "apple-m3-ultra", 8192);
    QCOMPARE(longestContextAnswer(doubtful).text(),
             formatCount(doubtful.maxContext) +
                 " tokens (unverified); the model itself ends at 131,072");
    QCOMPARE(unverifiedLegend(doubtful.device),
             std::string("(unverified): nobody has checked what the catalogue says of the memory "
                         "of Apple M3 Ultra."));
    PlanDevice byHand = doubtful.device;
    byHand.setMemory(96 * kGiB);
    QCOMPARE(byHand.memoryBytes, 96 * kGiB);
    QVERIFY(unverifiedLegend(byHand).empty());
    const Plan checked = planOf("llama-3.1-8b", "rtx-4090", 8192);
    QVERIFY(!longestContextAnswer(checked).unverified);
    QVERIFY(unverifiedLegend(checked.device).empty());
}

void TestAnswers::theLongestContextIsThePlans() {
    const Plan plan = planOf("llama-3.1-8b", "rtx-4090", 8192);
    QCOMPARE(longestContextAnswer(plan).value.get<std::int64_t>(), plan.maxContext);
    const Answer none = longestContextAnswer(planOf("llama-3.1-405b", "rtx-4090", 8192));
    QCOMPARE(none.figure, std::string("not even one token fits"));
}

void TestAnswers::oneMoreSequenceDoesNotFit_data() {
    QTest::addColumn<QString>("engine");
    for (const Engine& engine : engines())
        QTest::newRow(std::string(engine.name).c_str())
            << QString::fromUtf8(engine.name.data(), static_cast<int>(engine.name.size()));
}

void TestAnswers::oneMoreSequenceDoesNotFit() {
    QFETCH(QString, engine);
    const Deployment deployment{*parseEngine(engine.toStdString()), 2, 1, false};
    const auto fits = [&](std::int64_t batch) {
        return planOf("gemma-3-12b", "rtx-4090", 8192, batch, stepWorkload(), deployment).fits;
    };
    const Plan plan = planOf("gemma-3-12b", "rtx-4090", 8192, 1, stepWorkload(), deployment);
    const std::int64_t batch = largestBatchAnswer(plan).value;
    QVERIFY(batch > 0);
    QVERIFY(fits(batch) && !fits(batch + 1));
}

void TestAnswers::aSmallerDeviceDoesNotFit() {
    const Plan plan = planOf("llama-3.1-8b", "h100-sxm", 32768, 4);
    const std::string id = smallestDeviceAnswer(plan, stepWorkload(), devicePresets()).value;
    const DeviceSpec best = *findDevicePreset(id);
    QVERIFY(planOf("llama-3.1-8b", id.c_str(), 32768, 4).fits);
    for (const DeviceSpec& device : devicePresets())
        if (device.memoryBytes > 0 && device.memoryBytes < best.memoryBytes)
            QVERIFY2(!planOf("llama-3.1-8b", device.id.c_str(), 32768, 4).fits, device.id.c_str());
}

void TestAnswers::whereNothingFitsThereIsNone() {
    const Plan plan = planOf("llama-3.1-405b", "h100-sxm", 131072, 64);
    const Answer answer = smallestDeviceAnswer(plan, stepWorkload(), devicePresets());
    QVERIFY(answer.value.is_null());
    QCOMPARE(answer.figure, std::string("none"));
}

void TestAnswers::oneTypeMoreDoesNotFit() {
    const Plan plan = planOf("llama-3.1-8b", "rtx-3060", 32768); // 12 GB: 4 GiB of cache
    const Answer answer = largestWeightTypeAnswer(plan, stepWorkload());
    const DataType best = *parseDataType(answer.value.get<std::string>());
    for (const DataTypeInfo& type : dataTypes()) {
        Workload w = stepWorkload();
        w.weightsType = type.type;
        const bool fits = planOf("llama-3.1-8b", "rtx-3060", 32768, 1, w).fits;
        if (type.type == best)
            QVERIFY(fits);
        else if (type.weights && type.bytesPerElement() > info(best).bytesPerElement())
            QVERIFY2(!fits, std::string(type.name).c_str());
    }
}

/// Room for anything: still the type that the model comes with, and no type of a computation.
void TestAnswers::noTypeIsWiderThanTheModelsOwn() {
    const Plan plan = planOf("mixtral-8x7b-v0.1", "h200", 4096);
    QCOMPARE(largestWeightTypeAnswer(plan, stepWorkload()).value.get<std::string>(),
             std::string("bf16"));
    const Plan tight = planOf("llama-3.1-8b", "rtx-3060", 1024);
    QCOMPARE(largestWeightTypeAnswer(tight, stepWorkload()).value.get<std::string>(),
             std::string("q8_0"));
}

void TestAnswers::amdahlBoundsTheGainFromFewerHeads_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<qint64>("context");
    QTest::addColumn<qint64>("batch");
    QTest::addColumn<double>("share");
    // Shares of the whole step with 16-bit weights and cache; a gain of at most 6 % and 2 %.
    QTest::newRow("8B, 8K") << "llama-3.1-8b" << qint64{8192} << qint64{1} << 0.06;
    QTest::newRow("8B, 128K") << "llama-3.1-8b" << qint64{131072} << qint64{1} << 0.52;
    QTest::newRow("8B, batch 256") << "llama-3.1-8b" << qint64{8192} << qint64{256} << 0.945;
    QTest::newRow("70B, 8K") << "llama-3.1-70b" << qint64{8192} << qint64{1} << 0.02;
}

void TestAnswers::amdahlBoundsTheGainFromFewerHeads() {
    QFETCH(QString, model);
    QFETCH(qint64, context);
    QFETCH(qint64, batch);
    QFETCH(double, share);
    const Plan plan = planOf(model.toUtf8().constData(), "h100-sxm", context, batch);
    // The embedding that is not read makes the share a little larger than of all weights.
    QVERIFY(std::abs(plan.forecast.kvReadShare - share) < 0.02);
    const double f = plan.forecast.kvReadShare;
    QCOMPARE(fewerHeadsAnswer(plan).value.get<double>(), 1 / (1 - f * (1 - 1.0 / 8)));
    const Variant mqa = *variantWithKvHeads(plan.variant.model, 1);
    const Plan fewer = makePlan(mqa, plan.device, stepWorkload(), context, batch);
    const double saved = plan.forecast.seconds / fewer.forecast.seconds;
    // Fewer heads also mean fewer weights to read, hence the small allowance.
    QVERIFY(saved <= fewerHeadsAnswer(plan).value.get<double>() * 1.07);
}

void TestAnswers::mqaHasNoHeadsLeftToSave() {
    const Answer answer = fewerHeadsAnswer(planOf("falcon-7b", "h100-sxm", 8192));
    QCOMPARE(answer.value.get<double>(), 1.0);
    QVERIFY(answer.remark.find("no KV heads left") != std::string::npos);
}

void TestAnswers::theSpeedIsTheForecastsWithItsRange() {
    const Plan plan = planOf("llama-3.1-8b", "rtx-4090", 8192);
    const Answer answer = speedAnswer(plan);
    QCOMPARE(answer.value.get<double>(), plan.forecast.tokensPerSecond);
    const double most = plan.forecast.tokensPerSecond; // memory-bound: the bandwidth's share of it
    QCOMPARE(answer.figure, formatRounded(most) + " (" + formatRounded(most * 0.70) + "–" +
                                formatRounded(most * 0.85) + ") tokens/s");
    QCOMPARE(answer.remark, std::string("memory-bound; in brackets 70 to 85 % of the bandwidth, "
                                        "51 to 87 % of the FLOP/s"));
    const std::string end = " = 1 / " + formatRounded(1000 / most) + " ms";
    QVERIFY2(endsWith(answer.numbers, end), answer.numbers.c_str());
    Plan unknown = plan;
    unknown.device.roofs = {};
    unknown.forecast = {};
    QVERIFY(speedAnswer(unknown).value.is_null());
}

/// A mixture of experts: all are resident, few are read.
void TestAnswers::whatIsResidentIsMoreThanWhatIsRead() {
    const Plan plan = planOf("mixtral-8x7b-v0.1", "h200", 8192);
    const Answer answer = residentAndReadAnswer(plan);
    QCOMPARE(answer.value.at("resident_bytes").get<std::uint64_t>(), plan.footprint.totalBytes());
    QVERIFY(answer.value.at("read_bytes").get<std::uint64_t>() < plan.footprint.totalBytes() / 2);
}

void TestAnswers::offloadBreaksEvenWhereTheLinkTakesAsLongAsTheWeights() {
    const Plan plan = planOf("llama-3.1-8b", "rtx-4090", 8192);
    const Answer answer = offloadAnswer(plan, stepWorkload(), {25e9});
    const double tokens = answer.value.get<double>();
    const double expected = static_cast<double>(plan.forecast.work.weightBytesRead) / 1008e9 *
                            25e9 / 131072; // bytes of a token's cache
    QVERIFY(std::abs(tokens - expected) < 1);
    QVERIFY(offloadAnswer(plan, stepWorkload(), {50e9}).value.get<double>() > 1.9 * tokens);
    QVERIFY(answer.numbers.find("25 GB/s assumed") != std::string::npos);
}

void TestAnswers::offloadIsUnknownWithoutBandwidth() {
    const Plan plan = makePlan(asIs(*findModelPreset("llama-3.1-8b")), {"box", 24 * kGiB, {}},
                               stepWorkload(), 8192, 1);
    QVERIFY(offloadAnswer(plan, stepWorkload(), {}).value.is_null());
}

QTEST_APPLESS_MAIN(TestAnswers)
#include "test_answers.moc"
