// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <nlohmann/json.hpp>

#include "core/plan/max_context.h"
#include "core/plan/plan.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

using namespace decodescope;

/// One model over several devices, and under the rules of an engine.
class TestDeployment : public QObject {
    Q_OBJECT

private slots:
    void compressionShrinksToTheHeadsOfOneRank_data();
    void compressionShrinksToTheHeadsOfOneRank();
    void ranksWithoutAHeadOfTheirOwnHoldACopy();
    void aLatentStandsWholeOnEveryRank();
    void weightsAreDividedExactly();
    void theFullestStageDecides();
    void aTiedTableStandsOnBothEnds();
    void tensorRanksReadTheirShareAndStagesTheirTurn();
    void llamaCppLeavesTheCacheOnOneDevice();
    void theIdealPlanIsAsItWas();
    void theEnginesReserveYieldsToOneByHand();
    void aCpuHasNoGpuContext();
    void aStageOfWindowsAloneKeepsItsWindows();
    void ranksOutOfRangeAreRefused();
    void theRecordTellsOfTheDeployment();
};

static Workload workload(Scope scope = Scope::Step) {
    Workload w;
    w.scope = scope;
    return w;
}
static const PlanDevice kH100{"H100", 80 * kGiB, {3.35e12, 989e12, false}};

static Deployment over(std::int64_t tensor, std::int64_t pipeline, const char* engine = "ideal") {
    return {*parseEngine(engine), tensor, pipeline, false};
}

void TestDeployment::compressionShrinksToTheHeadsOfOneRank_data() {
    QTest::addColumn<int>("ranks");
    QTest::addColumn<double>("factor");
    // 32 query heads: MQA saves 32 / tp.
    QTest::newRow("one device") << 1 << 32.0;
    QTest::newRow("2") << 2 << 16.0;
    QTest::newRow("8") << 8 << 4.0;
    QTest::newRow("32") << 32 << 1.0;
    QTest::newRow("64") << 64 << 1.0;
}

void TestDeployment::compressionShrinksToTheHeadsOfOneRank() {
    QFETCH(int, ranks);
    QFETCH(double, factor);
    const ModelSpec mha = modelByHand({.layers = 32, .nHeads = 32, .nKvHeads = 32, .headDim = 128});
    const Plan plan = makePlan(*variantWithKvHeads(mha, 1), kH100, workload(Scope::Attention), 1024,
                               1, over(ranks, 1));
    QCOMPARE(plan.compressionVsMha, factor);
    const std::vector<std::string> notes = deploymentNotes(plan);
    QCOMPARE(notes.empty(), ranks == 1);
    if (ranks == 8)
        QVERIFY(notes.front().find("4 times smaller, not 32") != std::string::npos);
}

/// Llama 3.1 8B has 8 KV heads: the cache of a rank stops shrinking at 8 ranks.
void TestDeployment::ranksWithoutAHeadOfTheirOwnHoldACopy() {
    const Variant model = asIs(*findModelPreset("llama-3.1-8b"));
    const auto cacheOf = [&](std::int64_t ranks) {
        const Plan plan = makePlan(model, kH100, workload(), 131072, 1, over(ranks, 1));
        return std::pair(plan.fullestRank.kvBytes, plan.footprint.kvBytes);
    };
    QCOMPARE(cacheOf(1), std::pair(16 * kGiB, 16 * kGiB));
    QCOMPARE(cacheOf(8), std::pair(2 * kGiB, 16 * kGiB));
    QCOMPARE(cacheOf(64), std::pair(2 * kGiB, 128 * kGiB));
    QCOMPARE(cacheOf(3), std::pair(6 * kGiB, 18 * kGiB)); // three heads on each of three
}

void TestDeployment::aLatentStandsWholeOnEveryRank() {
    const Variant model = asIs(*findModelPreset("deepseek-v3"));
    const Plan plan = makePlan(model, kH100, workload(), 32768, 1, over(16, 1));
    QCOMPARE(plan.fullestRank.kvBytes, std::uint64_t{70272} * 32768);
    QCOMPARE(plan.footprint.kvBytes, 16 * plan.fullestRank.kvBytes);
    QVERIFY(deploymentNotes(plan).front().find("latent") != std::string::npos);
}

void TestDeployment::weightsAreDividedExactly() {
    const ModelSpec model = *findModelPreset("llama-3.1-8b");
    const std::uint64_t all = weightsBytes(model, DataType::F16);
    QCOMPARE(weightsOnRank(model, DataType::F16, over(1, 1), 0), all);
    QCOMPARE(weightsOnRank(model, DataType::F16, over(4, 1), 0), (all + 3) / 4);
    std::uint64_t stages = 0;
    for (std::int64_t stage = 0; stage < 4; ++stage)
        stages += weightsOnRank(model, DataType::F16, over(1, 4), stage);
    QVERIFY(stages >= all && stages < all + 4); // each is rounded up
}

void TestDeployment::theFullestStageDecides() {
    const Variant model = asIs(*findModelPreset("llama-3.1-8b"));
    const PlanDevice card{"card", 8 * kGiB, {}};
    const Plan plan = makePlan(model, card, workload(), 8192, 1, over(1, 3));
    const auto loads = rankLoads(model.model, workload(), over(1, 3), Scope::Step);
    const auto stages = rankFootprints(loads, Engine{}, plan.maxContext, 1);
    QCOMPARE(stages.size(), std::size_t{3});
    const std::uint64_t capacity = card.memoryBytes - plan.reserveBytes;
    int full = 0;
    for (const Footprint& stage : stages) {
        QVERIFY(stage.totalBytes() <= capacity);
        full += stage.totalBytes() + 64 * kKiB > capacity;
    }
    QCOMPARE(full, 1); // the others have room to spare
    // 11 + 11 + 10 layers and a table at each end: less context than the three cards have room for.
    const PlanDevice together{"three cards", 24 * kGiB, {}};
    QVERIFY(plan.maxContext < makePlan(model, together, workload(), 8192, 1).maxContext);
}

void TestDeployment::aTiedTableStandsOnBothEnds() {
    const ModelSpec model = *findModelPreset("gemma-3-1b");
    QVERIFY(model.tiedEmbeddings);
    const std::uint64_t first = weightsOnRank(model, DataType::F16, over(1, 2), 0);
    const std::uint64_t last = weightsOnRank(model, DataType::F16, over(1, 2), 1);
    const auto table = static_cast<std::uint64_t>(2 * model.hiddenSize * model.vocabSize);
    const std::uint64_t extra = first + last - weightsBytes(model, DataType::F16);
    QVERIFY(extra > table * 98 / 100 && extra < table * 102 / 100);
}

void TestDeployment::tensorRanksReadTheirShareAndStagesTheirTurn() {
    const Variant model = asIs(*findModelPreset("llama-3.1-8b"));
    const auto seconds = [&](std::int64_t tensor, std::int64_t pipeline) {
        return makePlan(model, kH100, workload(), 8192, 1, over(tensor, pipeline)).forecast.seconds;
    };
    QVERIFY(std::abs(seconds(1, 1) / seconds(4, 1) - 4) < 1e-6);
    QCOMPARE(seconds(1, 4), seconds(1, 1)); // a step passes the stages one after the other
}

void TestDeployment::llamaCppLeavesTheCacheOnOneDevice() {
    const Variant model = asIs(*findModelPreset("llama-3.1-8b"));
    const Plan plan = makePlan(model, kH100, workload(), 131072, 1, over(4, 1, "llama.cpp"));
    QCOMPARE(plan.fullestRank.kvBytes, 16 * kGiB);
    QCOMPARE(plan.footprint.kvBytes, 16 * kGiB);
    QCOMPARE(plan.compressionVsMha, 4.0);
    QVERIFY(deploymentNotes(plan).front().find("not the cache") != std::string::npos);
}

/// What an ideal plan says does not depend on the arithmetic of engines.
void TestDeployment::theIdealPlanIsAsItWas() {
    for (const ModelSpec& model : modelPresets()) {
        const Workload w = workload();
        const Plan plan = makePlan(asIs(model), kH100, w, 5000, 3);
        QCOMPARE(plan.footprint.kvBytes, kvBytes(model, w.kvTypes, 5000, 3));
        QCOMPARE(plan.footprint.weightsBytes, weightsBytes(model, w.weightsType));
        QCOMPARE(plan.footprint.workspaceBytes, workspaceBytes(model, 3));
        QCOMPARE(plan.footprint, footprint(model, w, 5000, 3, Scope::Step));
        QCOMPARE(plan.fullestRank, plan.footprint);
        QCOMPARE(plan.reserveBytes, 8 * kGiB);
    }
}

void TestDeployment::theEnginesReserveYieldsToOneByHand() {
    const Variant model = asIs(*findModelPreset("llama-3.1-8b"));
    Workload w = workload();
    w.reserveFraction = 0.5;
    Deployment deployment = over(1, 1, "sglang");
    QCOMPARE(makePlan(model, kH100, w, 1, 1, deployment).reserveBytes,
             static_cast<std::uint64_t>(std::ceil(80.0 * static_cast<double>(kGiB) * (1 - 0.88))));
    deployment.reserveByHand = true;
    QCOMPARE(makePlan(model, kH100, w, 1, 1, deployment).reserveBytes, 40 * kGiB);
}

void TestDeployment::aCpuHasNoGpuContext() {
    const Variant model = asIs(*findModelPreset("llama-3.1-8b"));
    PlanDevice cpu{"cpu", 64 * kGiB, {}};
    const Deployment deployment = over(1, 1, "llama.cpp");
    QVERIFY(makePlan(model, cpu, workload(), 1, 1, deployment).footprint.overheadBytes > 0);
    cpu.cpu = true;
    QCOMPARE(makePlan(model, cpu, workload(), 1, 1, deployment).footprint.overheadBytes,
             std::uint64_t{0});
}

/// Gemma 3 on as many stages as layers: a stage with one window layer still holds a window only.
void TestDeployment::aStageOfWindowsAloneKeepsItsWindows() {
    const ModelSpec model = *findModelPreset("gemma-3-4b");
    const Deployment deployment = over(1, model.layerCount(), "llama.cpp");
    const auto loads = rankLoads(model, workload(), deployment, Scope::Attention);
    const auto stages = rankFootprints(loads, deployment.engine, 131072, 1);
    QCOMPARE(stages.front().kvBytes, std::uint64_t{1024 + 512} * 4096);
    QCOMPARE(stages[5].kvBytes, std::uint64_t{131072} * 4096);
}

void TestDeployment::ranksOutOfRangeAreRefused() {
    const ModelSpec model = *findModelPreset("llama-3.1-8b");
    QVERIFY(validate(over(64, 32), model).ok());
    QCOMPARE(validate(over(0, 1), model).error().where, std::string("--tp"));
    QCOMPARE(validate(over(65, 1), model).error().where, std::string("--tp"));
    QCOMPARE(validate(over(1, 0), model).error().where, std::string("--pp"));
    QCOMPARE(validate(over(1, 33), model).error().where, std::string("--pp"));
}

void TestDeployment::theRecordTellsOfTheDeployment() {
    const Variant model = asIs(*findModelPreset("falcon-7b"));
    const nlohmann::json record = makePlan(model, kH100, workload(), 8192, 1, over(2, 2, "vllm"));
    QCOMPARE(record.at("engine").get<std::string>(), std::string("vllm"));
    QCOMPARE(record.at("tp").get<int>(), 2);
    QCOMPARE(record.at("pp").get<int>(), 2);
    // Its head is replicated, 71 query heads do not divide by 2, and a stage decides.
    QCOMPARE(record.at("notes").size(), std::size_t{3});
    QVERIFY(record.at("rank_total_bytes") < record.at("total_bytes"));
    QCOMPARE(record.at("overhead_bytes").get<std::uint64_t>(), 4 * 307 * kMiB);
}

QTEST_APPLESS_MAIN(TestDeployment)
#include "test_deployment.moc"
