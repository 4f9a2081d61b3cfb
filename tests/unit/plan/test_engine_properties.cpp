// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "core/plan/engines/engine_cache.h"
#include "core/plan/engines/page_pool.h"
#include "core/plan/max_context.h"
#include "random_models.h"
#include "slow_allocator.h"

using namespace decodescope;

/// What must hold for every model under every engine, over seeded random ones.
class TestEngineProperties : public QObject {
    Q_OBJECT

private slots:
    void theIdealEngineIsTheCacheLaw();
    void moreContextOrBatchNeverNeedsLess();
    void layersAddUpWhereTheyShareNoPages();
    void theMaximumContextFitsAndOneMoreTokenDoesNot();
    void everyLawAgreesWithHeadsCountedOneByOne();
    void everyAllocatorAgreesWithASlowOne();
    void chunkedPrefillStaysWithinTheBlocksAdmitted();
    void stagesHoldTheWholeModelBetweenThem();
};

static constexpr int kModels = 10'000;

void TestEngineProperties::theIdealEngineIsTheCacheLaw() {
    RandomModels random(1);
    for (int i = 0; i < kModels; ++i) {
        const ModelSpec model = random.model();
        const KvTypes types = random.types();
        const std::int64_t context = random.pick(1, 1 << 22);
        const std::int64_t batch = random.pick(1, 256);
        const std::int64_t ranks = random.pick(1, 64);
        QCOMPARE(engineCacheBytes(Engine{}, engineLaws(Engine{}, model.layers, types, ranks),
                                  context, batch),
                 kvBytes(model, types, context, batch, ranks));
    }
}

void TestEngineProperties::moreContextOrBatchNeverNeedsLess() {
    RandomModels random(2);
    for (int i = 0; i < kModels; ++i) {
        const ModelSpec model = random.model();
        const Deployment deployment = random.deployment(model);
        Workload workload;
        workload.kvTypes = random.types();
        const auto loads = rankLoads(model, workload, deployment, Scope::Step);
        const std::int64_t context = random.pick(1, 1 << 20);
        const std::int64_t batch = random.pick(1, 64);
        const auto needs = [&](std::int64_t tokens, std::int64_t sequences) {
            return allRanks(rankFootprints(loads, deployment.engine, tokens, sequences), deployment)
                .totalBytes();
        };
        QVERIFY(needs(context + random.pick(1, 4096), batch) >= needs(context, batch));
        QVERIFY(needs(context, batch + 1) >= needs(context, batch));
    }
}

void TestEngineProperties::layersAddUpWhereTheyShareNoPages() {
    RandomModels random(3);
    for (int i = 0; i < kModels; ++i) {
        const ModelSpec model = random.model();
        const Engine engine = random.engine();
        const auto laws = engineLaws(engine, model.layers, random.types(), random.pick(1, 8));
        const std::int64_t context = random.pick(1, 1 << 20);
        const std::int64_t batch = random.pick(1, 64);
        std::uint64_t sum = 0;
        for (const CacheLaw& law : laws)
            if (law.bytesPerToken == 0 || law.fixedBytes == 0)
                sum += engineCacheBytes(engine, {{law}}, context, batch);
            else
                sum += engineCacheBytes(engine, {{{law.fixedBytes, 0, 0}}}, context, batch) +
                       engineCacheBytes(engine, {{{0, law.bytesPerToken, law.window}}}, context,
                                        batch);
        const std::uint64_t together = engineCacheBytes(engine, laws, context, batch);
        if (engine.unifiesPages && hasSeveralKinds(laws))
            QVERIFY(together >= sum); // padding is never negative
        else
            QCOMPARE(together, sum);
    }
}

void TestEngineProperties::theMaximumContextFitsAndOneMoreTokenDoesNot() {
    RandomModels random(4);
    int bounded = 0;
    for (int i = 0; i < kModels; ++i) {
        const ModelSpec model = random.model();
        const Deployment deployment = random.deployment(model);
        Workload workload;
        workload.kvTypes = random.types();
        const auto loads = rankLoads(model, workload, deployment, Scope::Step);
        const std::int64_t batch = random.pick(1, 16);
        const auto capacity =
            static_cast<std::uint64_t>(random.pick(1 << 28, std::int64_t{1} << 38));
        const std::int64_t longest = maxContext(loads, deployment.engine, batch, capacity);
        const auto fits = [&](std::int64_t context) {
            for (const Footprint& rank : rankFootprints(loads, deployment.engine, context, batch))
                if (rank.totalBytes() > capacity)
                    return false;
            return true;
        };
        QVERIFY(longest == 0 || fits(longest));
        QVERIFY(longest == kUnboundedContext || !fits(longest + 1));
        bounded += longest > 0 && longest < kUnboundedContext;
    }
    QVERIFY2(bounded > kModels / 4, "the models say too little");
}

void TestEngineProperties::everyLawAgreesWithHeadsCountedOneByOne() {
    RandomModels random(8);
    for (int i = 0; i < kModels; ++i) {
        const ModelSpec model = random.model();
        const Engine engine = random.engine();
        const KvTypes types = random.types();
        const std::int64_t ranks = random.pick(1, 64);
        const auto laws = engineLaws(engine, model.layers, types, ranks);
        QCOMPARE(laws.size(), model.layers.size());
        const auto holders = static_cast<std::uint64_t>(engine.splitsCache ? ranks : 1);
        for (std::size_t layer = 0; layer < laws.size(); ++layer) {
            const LayerSpec& spec = model.layers[layer];
            QCOMPARE(laws[layer].bytesPerToken, slow::tokenBytes(engine, spec, types, ranks));
            const std::uint64_t state = spec.ownsCache ? spec.stateBytes : 0;
            QVERIFY(laws[layer].fixedBytes * holders >= state);
            QVERIFY(state == 0 || (laws[layer].fixedBytes - 1) * holders < state);
        }
    }
}

void TestEngineProperties::everyAllocatorAgreesWithASlowOne() {
    RandomModels random(5);
    std::map<std::string_view, int> models;
    for (int i = 0; i < kModels; ++i) {
        const ModelSpec model = random.model();
        const Engine engine = random.engine();
        ++models[engine.name];
        const auto laws = engineLaws(engine, model.layers, random.types(), random.pick(1, 8));
        const std::int64_t context = random.pick(1, 3000);
        const std::int64_t batch = random.pick(1, 5);
        const std::uint64_t bytes = engineCacheBytes(engine, laws, context, batch);
        if (engine.unifiesPages && hasSeveralKinds(laws)) {
            QCOMPARE(bytes, slow::poolBytes(engine, laws, context, batch));
            continue;
        }
        std::map<std::int64_t, std::int64_t> rooms;
        std::uint64_t expected = 0;
        for (const CacheLaw& law : laws) {
            if (law.bytesPerToken > 0 && !rooms.contains(law.window))
                rooms[law.window] = slow::layerRoom(engine, law.window, context, batch);
            if (law.bytesPerToken > 0)
                expected += law.bytesPerToken * static_cast<std::uint64_t>(rooms[law.window]);
            for (std::int64_t sequence = 0; sequence < batch; ++sequence)
                expected += law.fixedBytes;
        }
        QVERIFY2(bytes == expected, std::string(engine.name).c_str());
    }
    for (const Engine& engine : engines())
        QVERIFY2(models[engine.name] > kModels / 10, std::string(engine.name).c_str());
}

/// vLLM's scheduler computes a prompt in chunks and frees blocks that no window reaches any more;
/// what it holds at any time is within what was admitted, and not far below it.
void TestEngineProperties::chunkedPrefillStaysWithinTheBlocksAdmitted() {
    RandomModels random(6);
    Engine engine = *parseEngine("vllm");
    for (int i = 0; i < kModels; ++i) {
        const std::int64_t block = engine.blockTokens = random.pick(1, 64);
        const std::int64_t chunk = engine.batchedTokens = random.pick(1, 600);
        const std::int64_t window = random.pick(1, 1000);
        const std::int64_t context = random.pick(1, 6000);
        std::int64_t most = 0;
        for (std::int64_t computed = 0; computed < context; computed += chunk) {
            const std::int64_t firstBlock =
                std::max<std::int64_t>(0, computed - window + 1) / block;
            const std::int64_t end = std::min(context, computed + chunk);
            most = std::max(most, (end - 1) / block - firstBlock + 1);
        }
        const auto admitted =
            static_cast<std::int64_t>(tokensHeld(engine, window, context, 1)) / block;
        QVERIFY(most <= admitted);
        QVERIFY(admitted * block <= most * block + chunk + 2 * block);
    }
}

void TestEngineProperties::stagesHoldTheWholeModelBetweenThem() {
    RandomModels random(7);
    for (int i = 0; i < kModels; ++i) {
        const ModelSpec model = random.model();
        const std::int64_t stages = random.pick(1, model.layerCount());
        std::int64_t layers = 0, longest = 0, shortest = model.layerCount();
        std::uint64_t cache = 0;
        for (std::int64_t stage = 0; stage < stages; ++stage) {
            const ModelSpec part = stageOf(model, stages, stage);
            layers += part.layerCount();
            longest = std::max(longest, part.layerCount());
            shortest = std::min(shortest, part.layerCount());
            cache += kvBytes(part, {}, 5000);
        }
        QCOMPARE(layers, model.layerCount());
        QVERIFY(longest - shortest <= 1);
        QCOMPARE(cache, kvBytes(model, {}, 5000));
    }
}

QTEST_APPLESS_MAIN(TestEngineProperties)
#include "test_engine_properties.moc"
