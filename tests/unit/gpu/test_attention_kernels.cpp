// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "emulated_runtime.h"
#include "example_gpus.h"
#include "gpu/attention_check.h"

using namespace decodescope;

/// The source of the GPU's attention kernels, run on the host lane by lane (block_emulator.h)
/// against the double reference: a wrong swizzle, fragment, split or page is found without a GPU.
class TestAttentionKernels : public QObject {
    Q_OBJECT

private slots:
    void attendAsTheReference_data();
    void attendAsTheReference();
    void everyLengthAroundATileIsRight_data();
    void everyLengthAroundATileIsRight();
    void splitsOfUnequalSequencesMerge_data();
    void splitsOfUnequalSequencesMerge();
    void pagesInAnyOrderAreFound_data();
    void pagesInAnyOrderAreFound();
    void aLongFlatContextKeepsItsMean_data();
    void aLongFlatContextKeepsItsMean();
    void withoutBf16ProductsGroupsGoInPasses();
    void queriesThatLeaveNoRoomGoInPasses();
};

namespace {

constexpr DataType kTypes[] = {DataType::F16, DataType::BF16, DataType::FP8_E4M3, DataType::Int8};

std::shared_ptr<EmulatedRuntime> emulated(const char* gpu) {
    return std::make_shared<EmulatedRuntime>(EmulatedGpu{exampleGpu(gpu)});
}

void check(const AttentionCase& test, const char* gpu = "H200") {
    const auto runtime = emulated(gpu);
    const Result<AttentionPlan> plan = planOf(*runtime, test);
    QVERIFY2(plan.ok(), plan.ok() ? "" : plan.error().what.c_str());
    const Result<double> error = AttentionData(test, 11).errorOn(runtime, *plan);
    QVERIFY2(error.ok(), error.ok() ? "" : error.error().what.c_str());
    QVERIFY2(*error <= allowedError(*plan),
             qPrintable(QString("%1: off by %2").arg(label(test).c_str()).arg(*error)));
}

} // namespace

void TestAttentionKernels::attendAsTheReference_data() {
    QTest::addColumn<int>("type");
    QTest::addColumn<int>("headDim");
    for (const DataType type : kTypes)
        for (const int headDim : {64, 80, 96, 128, 256})
            QTest::addRow("%s, head_dim %d", name(type).data(), headDim)
                << static_cast<int>(type) << headDim;
}

void TestAttentionKernels::attendAsTheReference() {
    QFETCH(int, type);
    QFETCH(int, headDim);
    // Each row count of the packed kernel, full and with one head only in its last rows.
    for (const int group : {1, 2, 3, 16, 17, 32, 64, 71, 128}) {
        AttentionCase test;
        test.type = static_cast<DataType>(type);
        test.headDim = headDim;
        test.group = group;
        test.nKvHeads = group < 16 ? 2 : 1;
        test.scales = true;
        test.contexts = {group < 16 ? 150 : 70};
        check(test);
        if (QTest::currentTestFailed())
            return;
    }
}

void TestAttentionKernels::everyLengthAroundATileIsRight_data() {
    QTest::addColumn<int>("type");
    QTest::addColumn<int>("group");
    for (const DataType type : kTypes)
        for (const int group : {1, 4})
            QTest::addRow("%s, group %d", name(type).data(), group)
                << static_cast<int>(type) << group;
}

void TestAttentionKernels::everyLengthAroundATileIsRight() {
    QFETCH(int, type);
    QFETCH(int, group);
    AttentionCase test;
    test.type = static_cast<DataType>(type);
    test.group = group;
    test.contexts = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 191, 193, 257};
    check(test);
    test.headDim = 64;
    check(test, "A100");
}

void TestAttentionKernels::splitsOfUnequalSequencesMerge_data() {
    everyLengthAroundATileIsRight_data();
}

void TestAttentionKernels::splitsOfUnequalSequencesMerge() {
    QFETCH(int, type);
    QFETCH(int, group);
    AttentionCase test;
    test.type = static_cast<DataType>(type);
    test.group = group;
    test.nKvHeads = 2;
    test.blocksAtOnce = 60;
    test.contexts = {1, 511, 512, 1023, 4097};
    test.headDim = 64;
    QVERIFY(planOf(*emulated("H200"), test)->splits > 5);
    check(test);
}

void TestAttentionKernels::pagesInAnyOrderAreFound_data() {
    QTest::addColumn<int>("pageTokens");
    QTest::addColumn<int>("group");
    for (const int pageTokens : {16, 32, 64, 128})
        for (const int group : {1, 2, 8})
            QTest::addRow("%d tokens a page, group %d", pageTokens, group) << pageTokens << group;
}

void TestAttentionKernels::pagesInAnyOrderAreFound() {
    QFETCH(int, pageTokens);
    QFETCH(int, group);
    for (const DataType type : {DataType::BF16, DataType::Int8}) {
        AttentionCase test;
        test.type = type;
        test.headDim = 80;
        test.group = group;
        test.nKvHeads = 2;
        test.pageTokens = pageTokens;
        test.blocksAtOnce = 12;
        test.contexts = {300, 17, 800};
        check(test);
    }
}

void TestAttentionKernels::aLongFlatContextKeepsItsMean_data() {
    everyLengthAroundATileIsRight_data();
}

void TestAttentionKernels::aLongFlatContextKeepsItsMean() {
    // What f16 sums get wrong: thousands of equal weights.
    QFETCH(int, type);
    QFETCH(int, group);
    AttentionCase test;
    test.type = static_cast<DataType>(type);
    test.group = group;
    test.headDim = 64;
    test.flat = true;
    test.contexts = {3001};
    check(test);
}

void TestAttentionKernels::withoutBf16ProductsGroupsGoInPasses() {
    AttentionCase test;
    test.type = DataType::BF16;
    test.nKvHeads = 2;
    test.contexts = {100, 33};
    for (const int group : {3, 4, 5, 11}) {
        test.group = group;
        check(test, "T4");
    }
    test.type = DataType::F16;
    check(test, "T4");
}

void TestAttentionKernels::queriesThatLeaveNoRoomGoInPasses() {
    AttentionCase test;
    test.headDim = 256;
    test.group = 71;
    test.nKvHeads = 2;
    test.contexts = {33};
    check(test, "T4");
}

QTEST_APPLESS_MAIN(TestAttentionKernels)
#include "test_attention_kernels.moc"
