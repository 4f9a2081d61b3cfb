// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "gpu/attention_check.h"
#include "gpu/attention_launch.h"
#include "gpu/cuda_query.h"
#include "gpu/cuda_runtime.h"
#include "gpu/cuda_status.h"

using namespace decodescope;

/// The compiled attention kernels on the first GPU of this machine, against the double reference.
/// Without a GPU it says so and is skipped: test_attention_kernels runs the same source on the
/// host.
class TestAttentionDevice : public QObject {
    Q_OBJECT

private slots:
    void withoutADeviceTheReasonIsGiven();
    void kernelsAttendAsTheReference_data();
    void kernelsAttendAsTheReference();
};

void TestAttentionDevice::withoutADeviceTheReasonIsGiven() {
    const CudaQuery query = queryCuda();
    const auto none = openCudaRuntime(static_cast<int>(query.devices.size()));
    QVERIFY(!none.ok());
    QCOMPARE(none.error().code, ErrorCode::DeviceUnavailable);
    if (query.devices.empty())
        QCOMPARE(none.error().what, cudaUnavailableReason(query));
}

void TestAttentionDevice::kernelsAttendAsTheReference_data() {
    const CudaQuery query = queryCuda();
    if (query.devices.empty())
        QSKIP(qPrintable(QString::fromStdString("not run: " + cudaUnavailableReason(query))));
    QTest::addColumn<int>("type");
    QTest::addColumn<int>("headDim");
    for (const DataType type : {DataType::F16, DataType::BF16, DataType::FP8_E4M3, DataType::Int8})
        for (const int headDim : {64, 80, 96, 128, 256})
            QTest::addRow("%s, head_dim %d", name(type).data(), headDim)
                << static_cast<int>(type) << headDim;
}

void TestAttentionDevice::kernelsAttendAsTheReference() {
    QFETCH(int, type);
    QFETCH(int, headDim);
    const Result<std::shared_ptr<GpuRuntime>> opened = openCudaRuntime(0);
    QVERIFY2(opened.ok(), opened.ok() ? "" : opened.error().what.c_str());
    const std::shared_ptr<GpuRuntime>& gpu = *opened;
    for (const int group : {1, 2, 3, 4, 8, 16, 17, 32, 64, 71, 128})
        for (const int pageTokens : {0, 16, 128}) {
            AttentionCase test;
            test.type = static_cast<DataType>(type);
            test.headDim = headDim;
            test.group = group;
            test.nKvHeads = 2;
            test.scales = true;
            test.pageTokens = pageTokens;
            test.contexts = {1, 7, 15, 16, 17, 63, 64, 65, 1023};
            test.blocksAtOnce = 64; // splits the longest
            const Result<AttentionPlan> plan = planOf(*gpu, test);
            QVERIFY2(plan.ok(), plan.ok() ? "" : plan.error().what.c_str());
            const Result<int> blocks = blocksAtOnce(*gpu, plan->kernel);
            QVERIFY2(blocks.ok(), blocks.ok() ? "" : blocks.error().what.c_str());
            QVERIFY(*blocks >= plan->kernel.blocksPerSm * gpu->properties().smCount);
            const Result<double> error = AttentionData(test, 11).errorOn(gpu, *plan);
            QVERIFY2(error.ok(), error.ok() ? "" : error.error().what.c_str());
            QVERIFY2(*error <= allowedError(*plan),
                     qPrintable(QString("%1: off by %2").arg(label(test).c_str()).arg(*error)));
        }
}

QTEST_APPLESS_MAIN(TestAttentionDevice)
#include "test_attention_device.moc"
