// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "core/plan/kernel_model.h"
#include "core/plan/plan.h"
#include "core/spec/units.h"

using namespace decodescope;

constexpr double kTolerance = 1e-9; ///< relative

static bool near(std::optional<double> a, double b) {
    return a && std::abs(*a - b) <= kTolerance * std::abs(b);
}

/// Rows of 10 ns and 2 ns more for each head of a group, in proportion to head_dim; 6 ns longer
/// from memory with one head, 2 ns with four. Two threads take 0.6 of the time.
static KernelRates someRates() {
    KernelRates rates;
    rates.units = {32, 256, 4096, 8};
    for (const int threads : {1, 2}) {
        const double pace = threads == 1 ? 1 : 0.6;
        for (const std::int64_t group : {1, 2, 4, 8})
            rates.attention.push_back({DataType::F16, group, 128, threads, true,
                                       pace * 1e-9 * (10 + 2 * static_cast<double>(group))});
        for (const std::int64_t group : {1, 8})
            rates.attention.push_back({DataType::F16, group, 64, threads, true,
                                       pace * 0.5e-9 * (10 + 2 * static_cast<double>(group))});
        rates.attention.push_back({DataType::F16, 1, 128, threads, false, pace * 18e-9});
        rates.attention.push_back({DataType::F16, 4, 128, threads, false, pace * 20e-9});
        rates.linear.push_back({DataType::F16, 1, threads, true, pace * 2e-11});
        rates.linear.push_back({DataType::F16, 1, threads, false, pace * 4e-11});
        rates.linear.push_back({DataType::F16, 4, threads, false, pace * 7e-11});
        rates.linear.push_back({DataType::F16, 4, threads, true, pace * 5e-11});
        rates.layers.push_back({threads, 1e-6 * threads, 1e-5 * threads});
    }
    rates.parts = {{DataType::F16, 1, 1e-7}, {DataType::F16, 8, 8e-7}};
    rates.residency = {{1 << 20, 0}, {1 << 22, 1}};
    return rates;
}

/// One sequence and as many KV heads as partition evenly over two threads.
static KernelModel::AttentionShape shape(std::int64_t group, std::int64_t headDim = 128) {
    return {{DataType::F16, DataType::F16}, group * 16, 16, headDim, headDim, 4096, 1};
}
constexpr double kRows = 16 * 4096;
constexpr double kParts = 16;
constexpr double kInCache = 1 << 20;
constexpr double kInMemory = 1 << 22;

class TestKernelModel : public QObject {
    Q_OBJECT

private slots:
    void measuredPointsComeBack() {
        const KernelModel model(someRates());
        QVERIFY(near(model.attentionSeconds(shape(1), 1, kInCache), kRows * 12e-9 + kParts * 1e-7));
        QVERIFY(near(model.attentionSeconds(shape(4), 1, kInCache), kRows * 18e-9 + kParts * 4e-7));
        QVERIFY(
            near(model.attentionSeconds(shape(1), 1, kInMemory), kRows * 18e-9 + kParts * 1e-7));
        QVERIFY(near(model.attentionSeconds(shape(4), 2, kInMemory),
                     0.6 * kRows * 20e-9 + kParts / 2 * 4e-7));
        QVERIFY(near(model.linearSeconds(DataType::F16, {1e6, 0}, 4, 2, kInMemory), 0.6 * 7e-5));
        QCOMPARE(model.layerSeconds(Scope::Step, 2), 2e-5);
        QCOMPARE(model.layerSeconds(Scope::Attention, 1), 1e-6);
    }

    void rowsInBlocksTakeWholeOnes() {
        KernelRates rates = someRates();
        for (AttentionRate& rate : rates.attention)
            rate.type = DataType::Q8_0;
        const KernelModel model(rates);
        const auto rows = [&](std::int64_t headDim) {
            KernelModel::AttentionShape asked = shape(1, headDim);
            asked.types = {DataType::Q8_0, DataType::Q8_0};
            const double parts = kParts * 1e-7 * static_cast<double>(headDim) / 128;
            return *model.attentionSeconds(asked, 1, kInCache) - parts;
        };
        QVERIFY(near(rows(96), kRows * 9e-9));
        QVERIFY(near(rows(80), kRows * 9e-9)); // of three blocks as well
    }

    void betweenPointsTimesAreLinear() {
        const KernelModel model(someRates());
        QVERIFY(near(model.attentionSeconds(shape(3), 1, kInCache), kRows * 16e-9 + kParts * 3e-7));
        QVERIFY(near(model.attentionSeconds(shape(16), 1, kInCache),
                     kRows * 42e-9 + kParts * 16e-7)); // each head more costs what the last did
        QVERIFY(near(model.attentionSeconds(shape(1, 96), 1, kInCache),
                     kRows * 9e-9 + kParts * 0.75e-7));
        QVERIFY(near(model.linearSeconds(DataType::F16, {1e6, 0}, 2, 1, kInMemory), 5e-5));
        QVERIFY(near(model.linearSeconds(DataType::F16, {1e6, 0}, 8, 1, kInMemory), 11e-5));
        // Half way, in powers of two, between cache and memory.
        QVERIFY(near(model.linearSeconds(DataType::F16, {1e6, 0}, 1, 1, 1 << 21), 3e-5));
    }

    void arithmeticHidesTheMemory() {
        const KernelModel model(someRates());
        const auto wait = [&](std::int64_t group, std::int64_t headDim) {
            return (*model.attentionSeconds(shape(group, headDim), 1, kInMemory) -
                    *model.attentionSeconds(shape(group, headDim), 1, kInCache)) /
                   kRows;
        };
        QVERIFY(std::abs(wait(1, 128) - 6e-9) < 1e-15);
        QVERIFY(wait(2, 128) < wait(1, 128) && wait(2, 128) > wait(4, 128));
        QVERIFY(wait(8, 128) < wait(4, 128));
        QVERIFY(near(wait(1, 64), wait(1, 128) / 2)); // as many bytes, as much work a byte
    }

    void aPartIsNotDivided() {
        // 512 tokens of one head are two parts of 256: of four threads two have nothing to do.
        KernelRates rates = someRates();
        for (AttentionRate& rate : rates.attention)
            if (rate.threads == 2)
                rate.threads = 4;
        rates.parts.clear();
        const KernelModel model(rates);
        KernelModel::AttentionShape one = shape(1);
        one.nHeads = one.nKvHeads = 1;
        one.tokens = 512;
        QVERIFY(near(model.attentionSeconds(one, 4, kInCache), 2 * 512 * 0.6 * 12e-9));
        one.tokens = 1; // a whole tile is read, by one thread of four
        QVERIFY(near(model.attentionSeconds(one, 4, kInCache), 4 * 32 * 0.6 * 12e-9));
    }

    /// What queries are made into depends on the type, and an input of a matrix on the batch.
    void partsAndActivationsHaveTimesOfTheirOwn() {
        KernelRates rates = someRates();
        rates.attention.push_back({DataType::Int8, 1, 128, 1, true, 12e-9});
        rates.parts.push_back({DataType::Int8, 1, 5e-7});
        rates.activations = {{DataType::F16, 1, 1, 1e-9}, {DataType::F16, 4, 1, 4e-9}};
        const KernelModel model(rates);
        KernelModel::AttentionShape asked = shape(1);
        asked.types = {DataType::Int8, DataType::Int8};
        QVERIFY(near(model.attentionSeconds(asked, 1, kInCache), kRows * 12e-9 + kParts * 5e-7));
        asked.types.key = DataType::F16;
        QVERIFY(near(model.attentionSeconds(asked, 1, kInCache), kRows * 12e-9 + kParts * 3e-7));
        QVERIFY(near(model.linearSeconds(DataType::F16, {1e6, 1e4}, 2, 1, kInMemory),
                     5e-5 + 1e4 * 2e-9));
        QCOMPARE(model.activationSeconds(DataType::Q8_0, 1e4, 2, 1), 0.0);
    }

    void aCacheHoldsAsMuchAsItsThreadsHave() {
        KernelRates rates = someRates();
        rates.residency = {{1 << 20, 0, 1}, {1 << 21, 1, 1}, {1 << 21, 0, 2}, {1 << 22, 1, 2}};
        const KernelModel model(rates);
        const auto seconds = [&](int threads) {
            return model.linearSeconds(DataType::F16, {1e6, 0}, 1, threads, 1 << 21);
        };
        QVERIFY(near(seconds(1), 4e-5));
        QVERIFY(near(seconds(2), 0.6 * 2e-5));
    }

    void keysAndValuesOfTwoTypesTakeHalfOfEach() {
        KernelRates rates = someRates();
        rates.attention.push_back({DataType::Q8_0, 1, 128, 1, true, 20e-9});
        const KernelModel model(rates);
        KernelModel::AttentionShape mixed = shape(1);
        mixed.types.value = DataType::Q8_0;
        QVERIFY(near(model.attentionSeconds(mixed, 1, kInCache), kRows * 16e-9 + kParts * 1e-7));
    }

    void otherNumbersOfThreadsLieBetween() {
        KernelRates rates = someRates();
        for (AttentionRate& rate : rates.attention)
            if (rate.threads == 2)
                rate.threads = 3;
        rates.parts.clear();
        const KernelModel model(rates);
        QCOMPARE(model.threads(), 3);
        const double one = *model.attentionSeconds(shape(1), 1, kInCache);
        const double two = *model.attentionSeconds(shape(1), 2, kInCache);
        const double three = 0.6 * one;
        QVERIFY(near(two, 2 / (1 / one + 1 / three))); // the mean pace
    }

    void whatWasNotMeasuredIsNotPredicted() {
        const KernelModel model(someRates());
        KernelModel::AttentionShape other = shape(1);
        other.types.key = DataType::F32;
        QVERIFY(!model.attentionSeconds(other, 1, kInCache));
        QVERIFY(!model.linearSeconds(DataType::Q4_0, {1e6, 0}, 1, 1, kInCache));
        const KernelModel nothing{KernelRates{}};
        QVERIFY(!nothing.attentionSeconds(shape(1), 1, kInCache));
        QCOMPARE(nothing.layerSeconds(Scope::Step, 1), 0.0);
    }

    void aForecastGoesByTheKernels() {
        KernelRates rates = someRates();
        rates.usualSlowdown = 1.1;
        rates.mostSlowdown = 1.5;
        const KernelModel model(rates);
        const ModelSpec spec =
            modelByHand({.layers = 3, .nHeads = 16, .nKvHeads = 16, .headDim = 128});
        Workload workload;
        const Roofs roofs{1e11, 1e12, true};
        const auto at = [&](const Workload& work, const Deployment& deployment = {}) {
            return forecast(spec, work, 4096, 1, Scope::Attention, roofs, deployment, &model);
        };
        const Forecast f = at(workload);
        QVERIFY(f.fromKernels);
        const double undisturbed = 3 * (2e-6 + 0.6 * kRows * 18e-9 + kParts / 2 * 1e-7);
        QVERIFY(near(f.seconds, 1.1 * undisturbed));
        QVERIFY(near(f.range.leastSeconds, undisturbed));
        QVERIFY(near(f.range.mostSeconds, 1.5 * undisturbed));
        QVERIFY(near(f.tokensPerSecond, 1 / f.seconds));

        Workload oneThread;
        oneThread.threads = 1;
        QVERIFY(at(oneThread).seconds > f.seconds);

        Workload unmeasured;
        unmeasured.kvTypes = {DataType::F32, DataType::F32};
        const Forecast floor = at(unmeasured);
        QVERIFY(!floor.fromKernels && !floor.range.known());
        QVERIFY(floor.seconds > 0);

        Deployment two;
        two.tensorParallel = 2;
        QVERIFY(!at(workload, two).fromKernels);
    }

    /// Four drafted tokens are four queries for each: the kernels' time for a group of four.
    void newTokensWidenTheGroup() {
        const KernelModel model(someRates());
        const ModelSpec spec =
            modelByHand({.layers = 3, .nHeads = 16, .nKvHeads = 16, .headDim = 128});
        const Forecast f = forecast(spec, Workload{}, 4096, 1, Scope::Attention, {1e11, 1e12, true},
                                    {}, &model, 4);
        QVERIFY(f.fromKernels);
        QVERIFY(near(f.seconds, 3 * (2e-6 + 0.6 * kRows * 20e-9 + kParts / 2 * 4e-7)));
        QVERIFY(near(f.tokensPerSecond, 4 / f.seconds));
    }

    void aPlanSaysWhatItRestsOn() {
        PlanDevice device;
        device.name = "test";
        device.memoryBytes = 8 * kGiB;
        device.roofs = {1e11, 1e12, true};
        const Variant variant =
            asIs(modelByHand({.layers = 2, .nHeads = 8, .nKvHeads = 8, .headDim = 128}));
        Workload workload;
        const Plan paper = makePlan(variant, device, workload, 1024, 1);
        QVERIFY(!paper.forecast.fromKernels && !paper.range.known());
        device.kernels = std::make_shared<const KernelModel>(someRates());
        const Plan measured = makePlan(variant, device, workload, 1024, 1);
        QVERIFY(measured.forecast.fromKernels);
        QCOMPARE(measured.range.leastSeconds, measured.forecast.range.leastSeconds);
        QVERIFY(measured.forecast.seconds > paper.forecast.seconds);
    }
};

QTEST_APPLESS_MAIN(TestKernelModel)
#include "test_kernel_model.moc"
