// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "core/plan/max_context.h"
#include "core/plan/plan.h"
#include "random_models.h"

using namespace decodescope;

/// What must hold for every model, over seeded random ones.
class TestPlanProperties : public QObject {
    Q_OBJECT

private slots:
    void moreContextOrBatchNeverNeedsLess();
    void theMaximumContextFitsAndOneMoreTokenDoesNot();
    void mqaTimesTheQueryHeadsIsMha();
    void layersAddUp();
    void enormousContextsSaturateInsteadOfWrapping();
};

static constexpr int kModels = 10'000;
static constexpr std::uint64_t kSeed = 20240917;

void TestPlanProperties::moreContextOrBatchNeverNeedsLess() {
    RandomModels models(kSeed);
    for (int i = 0; i < kModels; ++i) {
        const ModelSpec model = models.softmaxModel();
        const KvTypes types = models.types();
        const std::int64_t context = models.pick(1, 1 << 22);
        const std::int64_t batch = models.pick(1, 512);
        const std::uint64_t bytes = kvBytes(model, types, context, batch);
        QVERIFY(kvBytes(model, types, context + models.pick(1, 4096), batch) >= bytes);
        QVERIFY(kvBytes(model, types, context, batch + 1) > bytes);
        QVERIFY(workspaceBytes(model, batch + 1) >= workspaceBytes(model, batch));
    }
}

void TestPlanProperties::theMaximumContextFitsAndOneMoreTokenDoesNot() {
    RandomModels models(kSeed);
    int bounded = 0;
    for (int i = 0; i < kModels; ++i) {
        const ModelSpec model = models.softmaxModel();
        Workload workload;
        workload.kvTypes = models.types();
        const std::int64_t batch = models.pick(1, 64);
        const Scope scope = models.pick(0, 1) == 0 ? Scope::Attention : Scope::Step;
        const auto capacity =
            static_cast<std::uint64_t>(models.pick(1 << 20, std::int64_t{1} << 40));
        const std::int64_t longest = maxContext(model, workload, batch, scope, capacity);
        const auto needs = [&](std::int64_t context) {
            return footprint(model, workload, context, batch, scope).totalBytes();
        };
        if (longest > 0)
            QVERIFY(needs(longest) <= capacity);
        if (longest < kUnboundedContext)
            QVERIFY(needs(longest + 1) > capacity);
        bounded += longest > 0 && longest < kUnboundedContext;
    }
    QVERIFY2(bounded > kModels / 4, "the models say too little");
}

void TestPlanProperties::mqaTimesTheQueryHeadsIsMha() {
    RandomModels models(kSeed);
    for (int i = 0; i < kModels; ++i) {
        const ModelSpec model = models.softmaxModel();
        const KvTypes types = models.types();
        const std::int64_t heads = model.layers.front().nHeads;
        const std::int64_t context = models.pick(1, 1 << 20);
        const Result<ModelSpec> mha = withKvHeads(model, heads);
        const Result<ModelSpec> mqa = withKvHeads(model, 1);
        QVERIFY(mha.ok() && mqa.ok());
        QCOMPARE(kvBytes(*mqa, types, context) * static_cast<std::uint64_t>(heads),
                 kvBytes(*mha, types, context));
    }
}

void TestPlanProperties::layersAddUp() {
    RandomModels models(kSeed);
    for (int i = 0; i < kModels; ++i) {
        const ModelSpec model = models.softmaxModel();
        const KvTypes types = models.types();
        const std::int64_t context = models.pick(1, 1 << 20);
        std::uint64_t sum = 0;
        for (const LayerSpec& layer : model.layers) {
            ModelSpec alone = model;
            alone.layers = {layer};
            sum += kvBytes(alone, types, context);
        }
        QCOMPARE(kvBytes(model, types, context), sum);
    }
}

void TestPlanProperties::enormousContextsSaturateInsteadOfWrapping() {
    ModelSpec model =
        modelByHand({.layers = 4096, .nHeads = 16384, .nKvHeads = 16384, .headDim = 16384});
    QVERIFY(validate(model).ok());
    QCOMPARE(kvBytes(model, {}, kUnboundedContext, 1 << 20), ~std::uint64_t{0});
    QCOMPARE(maxContext(model, Workload{}, 1 << 20, Scope::Attention, 1 << 30), std::int64_t{0});
}

QTEST_APPLESS_MAIN(TestPlanProperties)
#include "test_plan_properties.moc"
