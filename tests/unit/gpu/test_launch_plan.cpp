// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>
#include <set>
#include <tuple>

#include "emulated_kernels.h"
#include "example_gpus.h"
#include "gpu/attention_plan.h"
#include "gpu/kernels/kernel_shape.h"
#include "gpu/occupancy.h"
#include "gpu/page_table.h"
#include "gpu/split_calibration.h"
#include "gpu/split_rule.h"

using namespace decodescope;

/// What the host decides before a launch, with the properties of GPUs that are not here.
class TestLaunchPlan : public QObject {
    Q_OBJECT

private slots:
    void everyShapeHasAKernelThatFits_data();
    void everyShapeHasAKernelThatFits();
    void everyKernelThatIsChosenIsCompiled();
    void memoryPartsHoldEnoughBytesInFlight();
    void familiesFollowGroupTypeAndArchitecture();
    void whatMatrixProductsAreUsedForIsWhatIsChosen();
    void whatNoKernelCoversIsRefused();
    void occupancyIsWhatTheScarcestResourceAllows();
    void splitsFillTheGpuAndNoMore();
    void splitsOfTheAnchorsAreThese();
    void dearerCombiningMeansFewerSplits();
    void aPlanHoldsWhatItsLaunchesNeed();
    void aPlanRefusesWhatMakesNoSense();
    void splitCostsFollowFromTimes();
    void pagesAreGivenOnceAndNoneIsWasted_data();
    void pagesAreGivenOnceAndNoneIsWasted();
    void aContiguousCacheHasRoomForTheLongest();
};

namespace {

constexpr DataType kTypes[] = {DataType::F16, DataType::BF16, DataType::FP8_E4M3, DataType::Int8};
constexpr int kHeadDims[] = {64, 80, 96, 128, 256};

KernelChoice chosen(std::string_view gpu, DataType type, int headDim, int group) {
    const Result<KernelChoice> choice = chooseKernel(exampleGpu(gpu), type, headDim, group);
    return choice ? *choice : KernelChoice{};
}

bool compiled(const KernelChoice& choice) {
    return emulatedKernel(kernelId(choice)) != nullptr;
}

} // namespace

void TestLaunchPlan::whatMatrixProductsAreUsedForIsWhatIsChosen() {
    for (const auto& gpu : kExampleGpus) {
        const std::vector<UnitUse> uses = unitUses(gpu.properties.computeCapability());
        for (const DataType type : kTypes)
            for (int group = 1; group <= gpu::kMostGroup; ++group)
                QCOMPARE(std::any_of(uses.begin(), uses.end(),
                                     [&](const UnitUse& use) {
                                         return use.kvType == type && group >= use.leastGroup &&
                                                use.unit == DotUnit::Bf16;
                                     }),
                         chosen(gpu.name, type, 128, group).family == KernelFamily::Packed);
    }
}

void TestLaunchPlan::everyShapeHasAKernelThatFits_data() {
    QTest::addColumn<int>("gpu");
    for (std::size_t i = 0; i < std::size(kExampleGpus); ++i)
        QTest::newRow(kExampleGpus[i].name) << static_cast<int>(i);
}

void TestLaunchPlan::everyShapeHasAKernelThatFits() {
    QFETCH(int, gpu);
    const GpuProperties& properties = kExampleGpus[gpu].properties;
    for (const DataType type : kTypes)
        for (const int headDim : kHeadDims)
            for (int group = 1; group <= gpu::kMostGroup; ++group) {
                const Result<KernelChoice> choice = chooseKernel(properties, type, headDim, group);
                QVERIFY2(choice.ok(), choice.ok() ? "" : choice.error().what.c_str());
                QVERIFY(choice->paddedDim >= headDim);
                QVERIFY(choice->threads % gpu::kWarpLanes == 0);
                QVERIFY2(choice->sharedBytes <= properties.sharedBytesPerBlock,
                         qPrintable(QString("%1 bytes").arg(choice->sharedBytes)));
                QVERIFY(choice->blocksPerSm >= 1);
                if (choice->family == KernelFamily::Vector) {
                    QVERIFY(choice->heads * choice->passes >= group);
                    continue;
                }
                // A KV head is read once, but for 128 queries that alone fill a T4's shared memory.
                const bool tooLarge = gpu == 0 && headDim == 256 && group > 64;
                QCOMPARE(choice->passes, tooLarge ? 2 : 1);
                QVERIFY(choice->tile.rows * choice->passes >= group);
                QVERIFY(choice->tile.rows < std::max(2 * group, 17));
                QVERIFY(choice->threads <= gpu::packedMostThreads(choice->paddedDim));
                // Warps: groups of rows times a power of two of warps that share them, each of
                // which has 16 tokens of a tile, or several times 16.
                const int rowGroups = choice->tile.rows / choice->heads;
                const int sharers = choice->threads / gpu::kWarpLanes / rowGroups;
                QCOMPARE(sharers * rowGroups * gpu::kWarpLanes, choice->threads);
                QCOMPARE(sharers, 1 << choice->tile.sharerShift);
                QCOMPARE(choice->passes, choice->tile.passes);
                QCOMPARE(choice->tile.tokens % (16 * sharers), 0);
            }
}

void TestLaunchPlan::everyKernelThatIsChosenIsCompiled() {
    std::set<std::tuple<int, int, int, int>> seen;
    for (const ExampleGpu& gpu : kExampleGpus)
        for (const DataType type : kTypes)
            for (const int headDim : kHeadDims)
                for (int group = 1; group <= gpu::kMostGroup; ++group) {
                    const Result<KernelChoice> choice =
                        chooseKernel(gpu.properties, type, headDim, group);
                    QVERIFY(choice.ok());
                    QVERIFY2(compiled(*choice), gpu.name);
                    seen.emplace(static_cast<int>(choice->family), static_cast<int>(choice->format),
                                 choice->paddedDim, choice->heads);
                }
    // And nothing is compiled that no GPU would choose: 3 head_dims with 1, 2 and 4 heads of bf16,
    // 1 of 8 bits; 5 packed ones of each type.
    QCOMPARE(seen.size(), std::size_t{3 * (3 + 1 + 1) + 4 * 5});
}

void TestLaunchPlan::memoryPartsHoldEnoughBytesInFlight() {
    // An H200 wants about 25 KB under way for each SM.
    for (const DataType type : kTypes)
        for (const int headDim : kHeadDims)
            for (const int group : {3, 4, 8, 16, 32, 64, 128}) {
                const KernelChoice choice = chosen("H200", type, headDim, group);
                const int padding = choice.paddedDim / headDim;
                const int underWay =
                    choice.blocksPerSm * (choice.tile.stages - 1) *
                    gpu::packedStageBytes(choice.format, choice.paddedDim, choice.tile.tokens);
                QVERIFY2(underWay >= 25'000 * padding,
                         qPrintable(QString("%1, head_dim %2, group %3: %4 bytes")
                                        .arg(name(type).data())
                                        .arg(headDim)
                                        .arg(group)
                                        .arg(underWay)));
                QVERIFY(choice.blocksPerSm >= 2 || choice.tile.rows >= 64);
            }
}

void TestLaunchPlan::familiesFollowGroupTypeAndArchitecture() {
    QCOMPARE(chosen("H200", DataType::F16, 128, 1).family, KernelFamily::Packed);
    QCOMPARE(chosen("T4", DataType::F16, 128, 1).family, KernelFamily::Packed);
    QCOMPARE(chosen("H200", DataType::BF16, 128, 1).family, KernelFamily::Vector);
    QCOMPARE(chosen("H200", DataType::BF16, 128, 2).family, KernelFamily::Vector);
    QCOMPARE(chosen("H200", DataType::BF16, 128, 4).family, KernelFamily::Packed);
    QCOMPARE(chosen("H200", DataType::Int8, 128, 1).family, KernelFamily::Vector);
    QCOMPARE(chosen("H200", DataType::Int8, 128, 2).family, KernelFamily::Packed);
    QCOMPARE(chosen("A100", DataType::FP8_E4M3, 128, 2).family, KernelFamily::Packed);
    QCOMPARE(chosen("T4", DataType::F16, 128, 8).family, KernelFamily::Packed);
    // No bf16 products: passes of four heads.
    const KernelChoice turing = chosen("T4", DataType::BF16, 128, 9);
    QCOMPARE(turing.family, KernelFamily::Vector);
    QCOMPARE(turing.heads, 4);
    QCOMPARE(turing.passes, 3);
    for (const auto& [group, rows] : {std::pair{16, 16}, {17, 32}, {33, 64}, {65, 128}})
        QCOMPARE(chosen("H200", DataType::F16, 128, group).tile.rows, rows);
}

void TestLaunchPlan::whatNoKernelCoversIsRefused() {
    const GpuProperties& gpu = exampleGpu("H200");
    QCOMPARE(chooseKernel(gpu, DataType::Q8_0, 128, 4).error().code, ErrorCode::BadUsage);
    QCOMPARE(chooseKernel(gpu, DataType::F32, 128, 4).error().code, ErrorCode::BadUsage);
    for (const std::int64_t headDim : {0, 8, 72, 272, 512})
        QCOMPARE(chooseKernel(gpu, DataType::F16, headDim, 4).error().code, ErrorCode::BadUsage);
    for (const std::int64_t group : {0, 129, -1})
        QCOMPARE(chooseKernel(gpu, DataType::F16, 128, group).error().code, ErrorCode::BadUsage);
    GpuProperties volta = gpu;
    volta.computeMajor = 7;
    const Result<KernelChoice> old = chooseKernel(volta, DataType::F16, 128, 1);
    QCOMPARE(old.error().code, ErrorCode::DeviceUnavailable);
    QVERIFY(old.error().what.find("7.0") != std::string::npos);
}

void TestLaunchPlan::occupancyIsWhatTheScarcestResourceAllows() {
    const GpuProperties& h200 = exampleGpu("H200");
    QCOMPARE(blocksPerSm(h200, 128, 32, 0), 16); // threads: 2048
    QCOMPARE(blocksPerSm(h200, 32, 32, 0), 32);  // blocks
    QCOMPARE(blocksPerSm(h200, 128, 168, 0), 3); // registers: 12 warps of 5376
    QCOMPARE(blocksPerSm(h200, 128, 255, 0), 2);
    QCOMPARE(blocksPerSm(h200, 128, 32, 100'000), 2); // shared memory, with what is reserved
    QCOMPARE(blocksPerSm(h200, 128, 32, 227 * 1024), 1);
    QCOMPARE(blocksPerSm(h200, 128, 32, 227 * 1024 + 1), 0);
    QCOMPARE(blocksPerSm(exampleGpu("RTX 4090"), 128, 32, 50 * 1024), 1); // 51 KiB, twice: 102
    QCOMPARE(blocksPerSm(exampleGpu("RTX 4090"), 128, 32, 49 * 1024), 2);
    QCOMPARE(blocksPerSm(exampleGpu("T4"), 128, 32, 32 * 1024), 2); // nothing is reserved
}

void TestLaunchPlan::splitsFillTheGpuAndNoMore() {
    for (const ExampleGpu& gpu : kExampleGpus)
        for (const int kvHeads : {1, 4, 8, 32})
            for (const int context : {1, 300, 1024, 4096, 32768, 262144}) {
                const int atOnce = gpu.properties.smCount * 2;
                const int contexts[] = {context};
                const int splits = chooseSplits(contexts, kvHeads, atOnce);
                QVERIFY(splits >= 1 && splits <= kMostSplits);
                QVERIFY(splits == 1 || context / splits >= gpu::kLeastSplitTokens);
                // Where there are tokens enough for several grains each, three quarters of the
                // slots have work.
                constexpr int kSeveral = 4;
                const int wanted = std::min(context / (kSeveral * gpu::kSplitGrain), kMostSplits);
                if (wanted * kvHeads >= atOnce)
                    QVERIFY2(splits * kvHeads * 4 >= atOnce * 3,
                             qPrintable(QString("%1: %2 splits of %3 tokens, %4 KV heads")
                                            .arg(gpu.name)
                                            .arg(splits)
                                            .arg(context)
                                            .arg(kvHeads)));
            }
    // Sequences enough to fill the GPU need no splits.
    const std::vector<int> many(512, 4096);
    QCOMPARE(chooseSplits(many, 8, 264), 1);
}

void TestLaunchPlan::splitsOfTheAnchorsAreThese() {
    const int atOnce = exampleGpu("H200").smCount * 2;
    const auto splits = [&](int context, int kvHeads) {
        const int contexts[] = {context};
        return chooseSplits(contexts, kvHeads, atOnce);
    };
    QCOMPARE(splits(1024, 8), 16);   // as many as there are grains
    QCOMPARE(splits(32768, 8), 32);  // 256 of 264 slots, 16 grains each
    QCOMPARE(splits(32768, 264), 1); // one wave without splitting
    // One long sequence among short ones is split; the short ones stay whole by their own rule.
    const int unequal[] = {65536, 128, 128, 128};
    QVERIFY(chooseSplits(unequal, 8, atOnce) >= 24);
    QCOMPARE(chooseSplits({}, 8, atOnce), 1);
}

void TestLaunchPlan::dearerCombiningMeansFewerSplits() {
    const int contexts[] = {65536};
    int before = kMostSplits;
    for (const double perSplit : {0.0, 0.1, 1.0, 10.0, 1000.0}) {
        const int splits = chooseSplits(contexts, 1, 264, {2, perSplit});
        QVERIFY(splits <= before);
        before = splits;
    }
    QCOMPARE(before, 1);
}

void TestLaunchPlan::aPlanHoldsWhatItsLaunchesNeed() {
    const int contexts[] = {32768, 100};
    const auto plan = planAttention(exampleGpu("H200"), {DataType::BF16, 128, 32, 8, contexts});
    QVERIFY(plan.ok());
    QVERIFY(plan->splits > 1);
    QCOMPARE(plan->grid, (LaunchGrid{plan->splits, 8, 2}));
    // For each of 2 sequences, 32 heads and all splits 128 sums, a maximum and a denominator.
    QCOMPARE(plan->stateBytes,
             std::uint64_t{2} * 32 * 130 * 4 * static_cast<std::uint64_t>(plan->splits));
    // Three times four heads in passes, and nothing to combine.
    const int brief[] = {100};
    const auto turing = planAttention(exampleGpu("T4"), {DataType::BF16, 64, 18, 2, brief});
    QVERIFY(turing.ok());
    QCOMPARE(turing->grid, (LaunchGrid{1, 2 * 3, 1}));
    QCOMPARE(turing->splits, 1);
    QCOMPARE(turing->stateBytes, std::uint64_t{0});
    // Measured occupancy counts, where there is one.
    const int longer[] = {32768};
    const AttentionShape shape{DataType::BF16, 128, 32, 8, longer};
    QCOMPARE(planAttention(exampleGpu("H200"), shape, 8)->splits, 1);
    QCOMPARE(planAttention(exampleGpu("H200"), shape, 16)->splits, 2);
}

void TestLaunchPlan::aPlanRefusesWhatMakesNoSense() {
    const GpuProperties& gpu = exampleGpu("A100");
    const int one[] = {64};
    const int empty[] = {64, 0};
    const auto code = [&gpu](const AttentionShape& shape) {
        const auto plan = planAttention(gpu, shape);
        return plan.ok() ? ErrorCode::Interrupted : plan.error().code;
    };
    QCOMPARE(code({DataType::F16, 128, 32, 5, one}), ErrorCode::BadUsage);
    QCOMPARE(code({DataType::F16, 128, 32, 0, one}), ErrorCode::BadUsage);
    QCOMPARE(code({DataType::F16, 128, 32, 8, {}}), ErrorCode::BadUsage);
    QCOMPARE(code({DataType::F16, 128, 32, 8, empty}), ErrorCode::BadUsage);
    QCOMPARE(code({DataType::F16, 100, 32, 8, one}), ErrorCode::BadUsage);
    QCOMPARE(code({DataType::F16, 128, 70'000, 70'000, one}), ErrorCode::BadUsage);
    QCOMPARE(code({DataType::F16, 128, 32, 8, one}), ErrorCode::Interrupted);
}

void TestLaunchPlan::splitCostsFollowFromTimes() {
    // A grain takes 2 µs, starting a block 5 µs, one more part to combine 0.1 µs.
    const auto attention = [](int grains) { return (5 + 2.0 * grains) * 1e-6; };
    const auto combining = [](int parts) { return (3 + 0.1 * parts) * 1e-6; };
    const std::optional<SplitCosts> costs =
        splitCostsOf({attention(kFewGrains), attention(kManyGrains), combining(kFewParts),
                      combining(kManyParts)});
    QVERIFY(costs.has_value());
    QVERIFY(qFuzzyCompare(costs->start, 2.5));
    QVERIFY(qFuzzyCompare(costs->perSplit, 0.05));
    // Noise that makes more work faster tells nothing; parts that cost nothing cost a little.
    QVERIFY(!splitCostsOf({2e-6, 2e-6, 1e-6, 2e-6}).has_value());
    QVERIFY(!splitCostsOf({3e-6, 2e-6, 1e-6, 2e-6}).has_value());
    QVERIFY(splitCostsOf({1e-6, 4e-6, 2e-6, 1e-6})->perSplit > 0);
    QVERIFY(splitCostsOf({1e-6, 40e-6, 2e-6, 1e-6})->start > 0);
}

void TestLaunchPlan::pagesAreGivenOnceAndNoneIsWasted_data() {
    QTest::addColumn<int>("pageTokens");
    for (const int size : kPageSizes)
        QTest::addRow("%d", size) << size;
}

void TestLaunchPlan::pagesAreGivenOnceAndNoneIsWasted() {
    QFETCH(int, pageTokens);
    const std::vector<int> contexts = {1, pageTokens, pageTokens + 1, 1000};
    const CacheShape shape{3, 160, pageTokens};
    const CacheLayout layout = layOutCache(shape, contexts);
    QCOMPARE(1 << layout.address.pageShift, pageTokens);
    QCOMPARE(layout.address.pagesPerSequence, (1000 + pageTokens - 1) / pageTokens);
    std::set<std::int64_t> given;
    int needed = 0;
    for (std::size_t i = 0; i < contexts.size(); ++i) {
        const int own = (contexts[i] + pageTokens - 1) / pageTokens;
        needed += own;
        for (int page = 0; page < layout.address.pagesPerSequence; ++page) {
            const std::int64_t start =
                layout.pages[i * static_cast<std::size_t>(layout.address.pagesPerSequence) +
                             static_cast<std::size_t>(page)];
            QCOMPARE(start >= 0, page < own);
            if (start >= 0)
                QVERIFY(start % layout.address.blockBytes == 0 && given.insert(start).second);
        }
    }
    QCOMPARE(given.size(), static_cast<std::size_t>(needed));
    QCOMPARE(layout.bytes, std::int64_t{needed} * pageTokens * 160 * 3);
    // The last byte of the last token lies within.
    gpu::CacheAddress address = layout.address;
    address.pages = layout.pages.data();
    for (std::size_t i = 0; i < contexts.size(); ++i)
        QVERIFY(address.offset(static_cast<int>(i), 2, contexts[i] - 1) + 160 <= layout.bytes);
}

void TestLaunchPlan::aContiguousCacheHasRoomForTheLongest() {
    const CacheLayout layout = layOutCache({2, 256, 0}, std::vector<int>{5, 70});
    QVERIFY(layout.pages.empty());
    QCOMPARE(layout.bytes, std::int64_t{2} * 2 * 70 * 256);
    QCOMPARE(layout.address.offset(1, 1, 69) + 256, layout.bytes);
}

QTEST_APPLESS_MAIN(TestLaunchPlan)
#include "test_launch_plan.moc"
