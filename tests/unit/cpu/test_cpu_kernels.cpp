// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <thread>

#include <pthread.h>

#include "core/cpu/vector_targets.h" // before Highway: which targets are generated
#include <hwy/targets.h>

#include "core/cpu/attention.h"
#include "core/cpu/attention_arithmetic.h"
#include "core/cpu/attention_kernel.h"
#include "core/cpu/kv_cache.h"
#include "core/cpu/norm_rope.h"
#include "core/cpu/projection_kernel.h"
#include "core/cpu/random_fill.h"
#include "core/cpu/roof_kernels.h"
#include "core/cpu/self_test.h"
#include "core/cpu/thread_pool.h"
#include "core/cpu/weight_panels.h"
#include "core/engine/float_bits.h"
#include "core/engine/reference.h"
#include "core/engine/rotary_table.h"

using namespace decodescope;

/// The kernels against double precision, for each instruction set that this CPU has.
class TestCpuKernels : public QObject {
    Q_OBJECT

private slots:
    void attentionHoldsItsBoundOnEveryTarget_data();
    void attentionHoldsItsBoundOnEveryTarget();
    void dotProductsServeLargeGroupsOfABf16Cache();
    void whatUnitsAreUsedForIsWhatIsChosen();
    void matrixProductsServeSmallerGroupsOfABf16Cache();
    void dotProductsServeEveryGroupOfAnIntegerCache();
    void bareLoopsCountWhatTheyDo();
    void aPartMayFindItsQueriesPacked();
    void aQueryThatIsNotFiniteSpoilsItsOwnHeadAlone();
    void projectionsHoldTheirBoundAtAnyWidth();
    void normAndRotationKeepLengths();
    void halfFloatsRoundToNearestEven();
    void randomValuesAreNeverZeroAndRepeat();
    void aPoolRunsEachUnitOnceAndStopsBetweenUnits();
    void aThreadThatIsThroughTakesFromTheOthers();
    void aPoolMakesDoWithTheThreadsItGets();
    void aWhileIsSpentAloneWhereSharingGainedNothing();
    void aPoolGoesOnAloneWhereItsWorkersHoldItUp();
    void aProjectionOfALargeBatchHearsAStop();
};

void TestCpuKernels::attentionHoldsItsBoundOnEveryTarget_data() {
    QTest::addColumn<qint64>("target");
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets())
        QTest::newRow(hwy::TargetName(target)) << static_cast<qint64>(target);
}

void TestCpuKernels::attentionHoldsItsBoundOnEveryTarget() {
    QFETCH(qint64, target);
    hwy::SetSupportedTargetsForTest(target);
    QCOMPARE(kernelTarget(), std::string(hwy::TargetName(target)));
    const auto results = runCpuSelfTest({}, {}, {});
    hwy::SetSupportedTargetsForTest(0);
    QVERIFY(results.size() > 100);
    for (const char* unit : {"dot", "matrix"}) {
        double roundedWeights = 0;
        for (const SelfTestResult& row : results)
            if (row.type == DataType::BF16 &&
                row.kernel == std::string("attention by emulated ") + unit + " products")
                roundedWeights = std::max(roundedWeights, row.error);
        QVERIFY(roundedWeights > 5e-4); // or f32 arithmetic has taken their place
    }
    for (const SelfTestResult& row : results)
        QVERIFY2(row.pass(), qPrintable(QStringLiteral("%1 %2 head_dim %3 group %4 context %5: %6")
                                            .arg(row.kernel.c_str(), name(row.type).data())
                                            .arg(row.headDim)
                                            .arg(row.group)
                                            .arg(row.context)
                                            .arg(row.error)));
}

void TestCpuKernels::dotProductsServeLargeGroupsOfABf16Cache() {
    const KvTypes bf16{DataType::BF16, DataType::BF16};
    const DotUnits both{true, true};
    QVERIFY(attentionArithmetic(bf16, 32, both) == AttentionArithmetic::Bf16Dot);
    QVERIFY(attentionArithmetic(bf16, kBf16DotLeastGroup, both) == AttentionArithmetic::Bf16Dot);
    QVERIFY(attentionArithmetic(bf16, kBf16DotLeastGroup - 1, both) == AttentionArithmetic::F32);
    QVERIFY(attentionArithmetic(bf16, 32, DotUnits{}) == AttentionArithmetic::F32);
    for (const DataType other : {DataType::F16, DataType::Q8_0}) {
        QVERIFY(attentionArithmetic({DataType::BF16, other}, 32, both) == AttentionArithmetic::F32);
        QVERIFY(attentionArithmetic({other, DataType::BF16}, 32, both) == AttentionArithmetic::F32);
    }
    // Where they are the slower ones they serve nobody.
    QVERIFY(attentionArithmetic(bf16, 32, {true, true, false, false}) == AttentionArithmetic::F32);
    // The CPU's own unit, not only instructions that were compiled.
    QVERIFY(!dotUnits().bf16 || bf16DotLoop() != nullptr);
}

void TestCpuKernels::whatUnitsAreUsedForIsWhatIsChosen() {
    for (int bits = 0; bits < 16; ++bits) {
        const DotUnits units{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
        const std::vector<UnitUse> uses = unitUses(units);
        for (const DataType type : {DataType::F32, DataType::F16, DataType::BF16, DataType::Int8,
                                    DataType::Q8_0, DataType::Q4_0})
            for (std::int64_t group = 1; group <= 128; ++group) {
                const auto use = std::find_if(uses.begin(), uses.end(), [&](const UnitUse& each) {
                    return each.kvType == type && group >= each.leastGroup;
                });
                QVERIFY(dotUnitOf(attentionArithmetic({type, type}, group, units)) ==
                        (use == uses.end() ? DotUnit::None : use->unit));
            }
    }
}

void TestCpuKernels::matrixProductsServeSmallerGroupsOfABf16Cache() {
    static_assert(kBf16MatrixLeastGroup < kBf16DotLeastGroup);
    const KvTypes bf16{DataType::BF16, DataType::BF16};
    for (const bool dotsAreFast : {false, true}) {
        const DotUnits all{true, true, true, dotsAreFast};
        QVERIFY(attentionArithmetic(bf16, 128, all) == AttentionArithmetic::Bf16Matrix);
        QVERIFY(attentionArithmetic(bf16, kBf16MatrixLeastGroup, all) ==
                AttentionArithmetic::Bf16Matrix);
        QVERIFY(attentionArithmetic(bf16, kBf16MatrixLeastGroup - 1, all) ==
                AttentionArithmetic::F32);
        for (const DataType other : {DataType::F16, DataType::F32})
            QVERIFY(attentionArithmetic({DataType::BF16, other}, 32, all) ==
                    AttentionArithmetic::F32);
    }
    const KvTypes f16{DataType::F16, DataType::F16};
    const DotUnits all{true, true, true};
    QVERIFY(attentionArithmetic(f16, kSplitF16LeastGroup, all) == AttentionArithmetic::SplitMatrix);
    QVERIFY(attentionArithmetic(f16, kSplitF16LeastGroup - 1, all) == AttentionArithmetic::F32);
    constexpr std::int64_t kSplit = kSplitIntegersLeastGroup;
    for (const DataType keys : {DataType::Int8, DataType::Q8_0, DataType::Q4_0}) {
        for (const DataType values : {DataType::Int8, DataType::Q8_0, DataType::F16})
            QVERIFY(attentionArithmetic({keys, values}, kSplit, all) ==
                    AttentionArithmetic::SplitMatrix);
        QVERIFY(attentionArithmetic({keys, keys}, kSplit - 1, all) == AttentionArithmetic::Int8Dot);
        QVERIFY(attentionArithmetic({keys, DataType::F16}, kSplit - 1, all) ==
                AttentionArithmetic::F32);
        QVERIFY(attentionArithmetic({keys, DataType::BF16}, 128, all) == AttentionArithmetic::F32);
    }
    QVERIFY(attentionArithmetic(f16, 128, {true, true, false}) == AttentionArithmetic::F32);
    QVERIFY(attentionArithmetic({DataType::F16, DataType::BF16}, 128, all) ==
            AttentionArithmetic::F32);
    QVERIFY(!dotUnits().bf16Matrix || bf16MatrixLoop() != nullptr);
    float sink = 0; // sums of products above zero, from the registers themselves
    QVERIFY(bf16MatrixLoop() == nullptr || (bf16MatrixLoop()(10, 1.0F, sink) > 0 && sink > 0));
}

void TestCpuKernels::bareLoopsCountWhatTheyDo() {
    constexpr double kOfHead = 128 * 32; // multiply-adds of a tile
    constexpr std::int64_t kRounds = 3;
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
        hwy::SetSupportedTargetsForTest(target);
        for (const std::int64_t group : {1, 4, 8, 32}) {
            float sum = 0;
            const double flop = f16FedLoop(group)(kRounds, 0.5F, sum);
            const double heads = flop / (2 * kRounds * kOfHead);
            QVERIFY(heads >= 2 && heads == std::floor(heads));
            QCOMPARE(static_cast<double>(sum), 0.5 * kOfHead * heads); // each product is a half
        }
    }
    hwy::SetSupportedTargetsForTest(0);
}

void TestCpuKernels::aPartMayFindItsQueriesPacked() {
    // Scratch left by one part serves the next of the same head, for every unit that this CPU runs.
    constexpr std::int64_t kDim = 72;
    constexpr std::int64_t kGroup = 9;
    constexpr std::int64_t kTokens = 77;
    const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    std::vector<float> queries(size(kGroup * kDim));
    for (float& each : queries)
        each = normal(random);
    ThreadPool pool(1);
    for (const auto& [type, unit] : {std::pair{DataType::F16, AttentionArithmetic::F32},
                                     {DataType::F16, AttentionArithmetic::SplitMatrixEmulated},
                                     {DataType::Q8_0, AttentionArithmetic::SplitMatrixEmulated},
                                     {DataType::Int8, AttentionArithmetic::SplitMatrixEmulated},
                                     {DataType::Q4_0, AttentionArithmetic::F32},
                                     {DataType::BF16, AttentionArithmetic::Bf16DotEmulated},
                                     {DataType::BF16, AttentionArithmetic::Bf16MatrixEmulated},
                                     {DataType::Q8_0, AttentionArithmetic::Int8DotEmulated}}) {
        KvCache cache({{type, type}, 1, 1, kDim, kDim, kTokens});
        QVERIFY(cache.valid() && cache.fill(pool, 3, {}));
        std::vector<float> scratch(size(attentionScratchFloats(kGroup, kDim, kDim)));
        std::vector<float> first(size(kGroup * (2 + kDim)));
        std::vector<float> second(first.size());
        AttentionPart part{{type, type}, cache.head(0, 0), kTokens, kDim, kDim,
                           kGroup,       queries.data(),   0.1F,    unit};
        const auto attend = [&](std::vector<float>& to) {
            attendPart(part, {to.data(), to.data() + kGroup, to.data() + 2 * kGroup},
                       scratch.data());
        };
        attend(first);
        part.queries = nullptr; // nobody looks at them again
        part.queriesPacked = true;
        attend(second);
        QVERIFY(first == second);
    }
}

void TestCpuKernels::dotProductsServeEveryGroupOfAnIntegerCache() {
    const DotUnits both{true, true};
    for (const DataType keys : {DataType::Int8, DataType::Q8_0, DataType::Q4_0}) {
        for (const DataType values : {DataType::Int8, DataType::Q8_0, DataType::Q4_0})
            for (const std::int64_t group : {1, 4, 32})
                QVERIFY(attentionArithmetic({keys, values}, group, both) ==
                        AttentionArithmetic::Int8Dot);
        QVERIFY(attentionArithmetic({keys, keys}, 1, {true, false}) == AttentionArithmetic::F32);
        QVERIFY(attentionArithmetic({keys, DataType::F16}, 1, both) == AttentionArithmetic::F32);
        QVERIFY(attentionArithmetic({DataType::BF16, keys}, 32, both) == AttentionArithmetic::F32);
    }
    QVERIFY(!dotUnits().int8 || int8DotLoop() != nullptr);
}

void TestCpuKernels::aQueryThatIsNotFiniteSpoilsItsOwnHeadAlone() {
    constexpr std::int64_t kDim = 72;
    constexpr std::int64_t kGroup = 9;
    constexpr std::int64_t kTokens = 77;
    ThreadPool pool(1);
    for (const DataType type :
         {DataType::F16, DataType::BF16, DataType::Int8, DataType::Q8_0, DataType::Q4_0})
        for (const float bad :
             {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
            const AttentionArithmetic unit = type == DataType::F16 ? AttentionArithmetic::F32
                                             : type == DataType::BF16
                                                 ? AttentionArithmetic::Bf16MatrixEmulated
                                                 : AttentionArithmetic::Int8DotEmulated;
            KvCache cache({{type, type}, 1, 1, kDim, kDim, kTokens});
            QVERIFY(cache.valid() && cache.fill(pool, 1, {}));
            std::vector<float> queries(kGroup * kDim, 0.5F);
            queries[3 * kDim + 70] = bad;
            std::vector<float> out(queries.size());
            Attention attention;
            const Attention::Shape shape{1, kGroup, 1, kDim, kDim, kTokens};
            QVERIFY(attention.grow({&shape, 1}, 1));
            QVERIFY(attention.run(pool, cache, unit, kGroup, {&kTokens, 1}, queries.data(),
                                  out.data(), {}));
            for (std::size_t h = 0; h < kGroup; ++h) {
                const bool finite = std::isfinite(out[h * kDim]);
                QVERIFY2(finite == (h != 3), name(type).data());
            }
        }
}

void TestCpuKernels::projectionsHoldTheirBoundAtAnyWidth() {
    ThreadPool pool(2);
    for (const DataType type : {DataType::F32, DataType::F16, DataType::BF16})
        for (const std::int64_t columns : {1, 17, 64, 1000})
            for (const std::int64_t batch : {1, 3, 7}) {
                constexpr std::int64_t kRows = 37;
                Buffer weights(storedBytes(type, static_cast<std::uint64_t>(kRows * columns)));
                std::mt19937 random(7);
                std::normal_distribution<float> normal;
                std::vector<float> exact(static_cast<std::size_t>(kRows * columns));
                for (std::size_t i = 0; i < exact.size(); ++i) {
                    exact[i] = roundedTo(type, normal(random));
                    if (type == DataType::F32)
                        weights.as<float>()[i] = exact[i];
                    else
                        weights.as<std::uint16_t>()[i] =
                            type == DataType::F16 ? toF16(exact[i]) : toBf16(exact[i]);
                }
                std::vector<float> in(static_cast<std::size_t>(batch * columns));
                for (float& value : in)
                    value = normal(random);
                std::vector<float> out(static_cast<std::size_t>(batch * kRows),
                                       std::numeric_limits<float>::quiet_NaN());
                Buffer panels(panelBytes(type, kRows, columns));
                packPanels(type, weights.data(), kRows, columns, panels.data());
                QVERIFY(project(
                    pool, {type, panels.data(), kRows, columns, batch, in.data(), out.data()}, {}));
                std::vector<double> reference(out.size());
                for (std::int64_t b = 0; b < batch; ++b)
                    for (std::int64_t r = 0; r < kRows; ++r)
                        for (std::int64_t c = 0; c < columns; ++c)
                            reference[static_cast<std::size_t>(b * kRows + r)] +=
                                static_cast<double>(
                                    exact[static_cast<std::size_t>(r * columns + c)]) *
                                static_cast<double>(in[static_cast<std::size_t>(b * columns + c)]);
                QVERIFY(relativeError(out, reference) <= 1e-6);
            }
}

void TestCpuKernels::normAndRotationKeepLengths() {
    std::vector<float> in(100, 3.0F);
    std::vector<float> out(100);
    rmsNorm(in, out.data());
    for (const float value : out)
        QVERIFY(std::abs(value - 1.0F) < 1e-5F);
    std::vector<float> head{1, 2, 3, 4};
    std::vector<float> table(4);
    rotaryTable(4, 12345, table.data());
    rotate(head, table.data());
    QVERIFY(std::abs(head[0] * head[0] + head[2] * head[2] - 10.0F) < 1e-4F);
    QVERIFY(std::abs(head[0] - static_cast<float>(std::cos(12345.0) - 3 * std::sin(12345.0))) <
            1e-4F);
}

void TestCpuKernels::halfFloatsRoundToNearestEven() {
    QCOMPARE(toF16(1.0F), std::uint16_t{0x3C00});
    QCOMPARE(toF16(65504.0F), std::uint16_t{0x7BFF});
    QCOMPARE(toF16(65520.0F), std::uint16_t{0x7C00});
    QCOMPARE(toF16(0x1p-24F), std::uint16_t{1});
    QCOMPARE(toF16(2049.0F), toF16(2048.0F)); // a tie goes to the even one
    for (std::uint32_t bits = 0; bits < 0x7C00U; ++bits)
        QCOMPARE(toF16(fromF16(static_cast<std::uint16_t>(bits))), bits);
    QCOMPARE(fromBf16(toBf16(3.0F)), 3.0F);
}

void TestCpuKernels::randomValuesAreNeverZeroAndRepeat() {
    ThreadPool one(1);
    ThreadPool two(2);
    Buffer a(5 << 20);
    Buffer b(5 << 20);
    QVERIFY(fillRandom(one, a, DataType::F16, 3, 0, {}));
    QVERIFY(fillRandom(two, b, DataType::F16, 3, 0, {}));
    QVERIFY(std::equal(a.data(), a.data() + a.bytes(), b.data()));
    double sum = 0;
    for (std::uint64_t i = 0; i < a.bytes() / 2; ++i) {
        const float value = fromF16(a.as<std::uint16_t>()[i]);
        QVERIFY(std::abs(value) >= 0.5F && std::abs(value) < 2.0F);
        sum += static_cast<double>(value);
    }
    QVERIFY(std::abs(sum / (static_cast<double>(a.bytes()) / 2)) < 0.01);
}

void TestCpuKernels::aPoolRunsEachUnitOnceAndStopsBetweenUnits() {
    ThreadPool pool(3);
    for (int repeat = 0; repeat < 200; ++repeat) {
        std::vector<std::atomic<int>> seen(50);
        QVERIFY(pool.run(50, {}, [&](std::int64_t unit, int) {
            seen[static_cast<std::size_t>(unit)].fetch_add(1);
        }));
        for (const auto& times : seen)
            QCOMPARE(times.load(), 1);
    }
    std::stop_source stop;
    std::atomic<int> ran{0};
    QVERIFY(!pool.run(1000, stop.get_token(), [&](std::int64_t, int) {
        if (ran.fetch_add(1) == 10)
            stop.request_stop();
    }));
    QVERIFY(ran.load() < 1000);
}

/// One thread is held by the first unit of its range until the other has run all that is left.
void TestCpuKernels::aThreadThatIsThroughTakesFromTheOthers() {
    constexpr std::int64_t kUnits = 9;
    ThreadPool pool(2);
    std::atomic<int> ran{0};
    QVERIFY(pool.run(kUnits, {}, [&](std::int64_t unit, int) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (unit == 0 && ran.load() < kUnits - 1 && std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
        if (unit != 0 || ran.load() == kUnits - 1)
            ran.fetch_add(1);
    }));
    QCOMPARE(ran.load(), static_cast<int>(kUnits));
}

void TestCpuKernels::aWhileIsSpentAloneWhereSharingGainedNothing() {
    constexpr double kRun = 1e-3;
    SharingBalance balance;
    const auto share = [&](double timesAsFast) {
        double shared = 0;
        while (balance.pays() && shared < 2 * SharingBalance::kTrial) {
            balance.addShared(kRun, timesAsFast * kRun);
            shared += kRun;
        }
    };
    const auto secondsAlone = [&] {
        double alone = 0;
        for (; !balance.pays(); alone += kRun)
            balance.addAlone(kRun);
        return alone;
    };
    const auto about = [](double a, double b) { return std::abs(a - b) < 2 * kRun; };
    share(1.5);
    QVERIFY(balance.pays());
    for (int i = 0; i < 1000; ++i) // what is short tells nothing
        balance.addShared(SharingBalance::kShortRun / 2, 0);
    QVERIFY(balance.pays());
    for (double expected : {0.2, 0.4, 0.8, 0.8}) {
        share(1);
        QVERIFY(!balance.pays());
        QVERIFY(about(secondsAlone(), expected));
    }
    share(1.5);
    share(0.8);
    QVERIFY(about(secondsAlone(), SharingBalance::kFirstAlone));
}

/// A worker that sleeps with each unit it gets.
void TestCpuKernels::aPoolGoesOnAloneWhereItsWorkersHoldItUp() {
    ThreadPool pool(2, ThreadPool::Sharing::WherePaying);
    const auto work = [](std::int64_t, int thread) {
        if (thread != 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
        while (std::chrono::steady_clock::now() < end) {
        }
    };
    bool alone = false;
    for (int i = 0; i < 1000 && !alone; ++i) {
        const std::int64_t before = pool.sharedRuns();
        QVERIFY(pool.run(4, {}, work));
        alone = pool.sharedRuns() == before;
    }
    QVERIFY(alone);
    ThreadPool always(2);
    for (int i = 1; i <= 20; ++i) {
        QVERIFY(always.run(4, {}, work));
        QCOMPARE(always.sharedRuns(), std::int64_t{i});
    }
}

void TestCpuKernels::aPoolMakesDoWithTheThreadsItGets() {
#if defined(__GLIBC__)
    // No address space holds stacks of this size: every new thread is refused.
    pthread_attr_t usual;
    QCOMPARE(pthread_getattr_default_np(&usual), 0);
    pthread_attr_t huge = usual;
    QCOMPARE(pthread_attr_setstacksize(&huge, std::size_t{1} << 50), 0);
    QCOMPARE(pthread_setattr_default_np(&huge), 0);
    ThreadPool pool(4);
    QCOMPARE(pthread_setattr_default_np(&usual), 0);
    QCOMPARE(pool.threads(), 1);
    int ran = 0;
    QVERIFY(pool.run(10, {}, [&](std::int64_t, int) { ++ran; }));
    QCOMPARE(ran, 10);
#else
    QSKIP("the C library cannot be told to refuse threads");
#endif
}

/// 2 × 10^9 multiply-adds, hundreds of milliseconds of one thread: they may not be one unit.
void TestCpuKernels::aProjectionOfALargeBatchHearsAStop() {
    constexpr std::int64_t rows = 256;
    constexpr std::int64_t columns = 512;
    constexpr std::int64_t batch = 16384;
    const std::vector<float> weights(rows * columns, 1.0F);
    const std::vector<float> in(batch * columns, 1.0F);
    std::vector<float> out(batch * rows);
    ThreadPool pool(1);
    std::stop_source stop;
    std::jthread asker([&stop] {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        stop.request_stop();
    });
    const Projection projection{DataType::F32, reinterpret_cast<const std::byte*>(weights.data()),
                                rows,          columns,
                                batch,         in.data(),
                                out.data()};
    QVERIFY(!project(pool, projection, stop.get_token()));
}

QTEST_APPLESS_MAIN(TestCpuKernels)
#include "test_cpu_kernels.moc"
