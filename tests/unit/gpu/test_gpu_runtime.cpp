// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>

#include "emulated_runtime.h"
#include "example_gpus.h"
#include "gpu/kernels/memory_args.h"
#include "gpu/split_calibration.h"

using namespace decodescope;

/// The seam between what runs on a GPU and what runs it, by the GPU that the tests emulate; and the
/// kernels that fill and read memory.
class TestGpuRuntime : public QObject {
    Q_OBJECT

private slots:
    void hostAndDeviceMakeTheSameContent();
    void everyByteIsReadOnce();
    void aGraphDoesItsWorkWithEachReplay();
    void memoryEndsWhereOthersHoldIt();
    void aLostGpuStaysLost();
    void whatNoKernelTakesIsRefused();
    void splitsAreMeasuredOnTheKernelsThemselves();
};

namespace {

std::shared_ptr<EmulatedRuntime> emulated(EmulatedGpu gpu = {}) {
    gpu.properties = exampleGpu("H200");
    return std::make_shared<EmulatedRuntime>(gpu);
}

DeviceBuffer made(const std::shared_ptr<EmulatedRuntime>& gpu, std::uint64_t bytes) {
    Result<DeviceBuffer> buffer = DeviceBuffer::make(gpu, bytes);
    return buffer ? std::move(*buffer) : DeviceBuffer();
}

Status fill(GpuRuntime& gpu, const DeviceBuffer& buffer, std::uint64_t seed) {
    gpu::FillArgs args;
    args.to = buffer.as<std::uint64_t>();
    args.words = static_cast<std::int64_t>(buffer.bytes() / sizeof(std::uint64_t));
    args.blocks = 3;
    args.content = {0x30, 0x8F, seed};
    return gpu.launch({gpu::kFillRandom, {args.blocks, 1, 1}, gpu::kMemoryThreads}, args);
}

} // namespace

void TestGpuRuntime::hostAndDeviceMakeTheSameContent() {
    const auto gpu = emulated();
    const DeviceBuffer buffer = made(gpu, 8 * 5000);
    QVERIFY(fill(*gpu, buffer, 7).ok());
    std::vector<std::uint64_t> words(5000);
    QVERIFY(gpu->copyToHost(words.data(), buffer.data(), buffer.bytes()).ok());
    const gpu::RandomContent content{0x30, 0x8F, 7};
    for (std::size_t i = 0; i < words.size(); ++i)
        QCOMPARE(words[i], content.word(i));
    std::sort(words.begin(), words.end());
    QCOMPARE(std::unique(words.begin(), words.end()) - words.begin(), 32); // five random bits
}

void TestGpuRuntime::everyByteIsReadOnce() {
    // Of a stream the kernel stores what it never is: here it is.
    const auto gpu = emulated();
    const std::uint64_t chunks = 4 * 256 * 8 + 77;
    const DeviceBuffer buffer = made(gpu, chunks * 16);
    const DeviceBuffer sink = made(gpu, 4);
    for (const std::uint64_t last : {std::uint64_t{0}, chunks / 2, chunks - 1}) {
        QVERIFY(gpu->setBytes(buffer.data(), 0, buffer.bytes()).ok());
        QVERIFY(gpu->setBytes(sink.data(), 0, 4).ok());
        const std::uint32_t special = 0x9E3779B9;
        QVERIFY(gpu->copyToDevice(buffer.data() + last * 16, &special, 4).ok());
        const gpu::ReadArgs args{buffer.data(), static_cast<std::int64_t>(chunks), 4,
                                 sink.as<std::uint32_t>()};
        QVERIFY(gpu->launch({gpu::kReadStream, {4, 1, 1}, gpu::kMemoryThreads}, args).ok());
        std::uint32_t seen = 0;
        QVERIFY(gpu->copyToHost(&seen, sink.data(), 4).ok());
        QCOMPARE(seen, special);
    }
}

void TestGpuRuntime::aGraphDoesItsWorkWithEachReplay() {
    const auto gpu = emulated();
    const DeviceBuffer buffer = made(gpu, 800);
    QVERIFY(gpu->beginCapture().ok());
    QVERIFY(fill(*gpu, buffer, 1).ok());
    QVERIFY(fill(*gpu, buffer, 2).ok());
    QCOMPARE(gpu->launches(), 0);
    const auto graph = gpu->endCapture();
    QVERIFY(graph.ok());
    const auto before = gpu->makeEvent();
    const auto after = gpu->makeEvent();
    QVERIFY(before.ok() && after.ok());
    QVERIFY((*before)->record().ok());
    QVERIFY((*graph)->replay().ok());
    QVERIFY((*graph)->replay().ok());
    QVERIFY((*after)->record().ok());
    QCOMPARE(gpu->launches(), 4);
    const Result<double> seconds = (*after)->secondsSince(**before);
    QVERIFY(seconds.ok());
    QCOMPARE(*seconds, 4 * 3 * EmulatedRuntime::kBlockSeconds);
}

void TestGpuRuntime::memoryEndsWhereOthersHoldIt() {
    EmulatedGpu small;
    small.totalBytes = 10'240;
    small.othersBytes = 4096;
    const auto gpu = emulated(small);
    {
        const DeviceBuffer held = made(gpu, 4000);
        QCOMPARE(gpu->heldBytes(), std::uint64_t{4096});
        const Result<DeviceBuffer> more = DeviceBuffer::make(gpu, 4000);
        QVERIFY(!more.ok());
        QCOMPARE(more.error().code, ErrorCode::OutOfMemory);
        QCOMPARE(more.error().bytesAsked, std::uint64_t{4000});
        QCOMPARE(more.error().bytesFree, std::uint64_t{2048});
    }
    QCOMPARE(gpu->heldBytes(), std::uint64_t{0});
    gpu->setOthersBytes(0);
    QCOMPARE(gpu->memory()->freeBytes, std::uint64_t{10'240});
    QVERIFY(DeviceBuffer::make(gpu, 10'000).ok());
}

void TestGpuRuntime::aLostGpuStaysLost() {
    const auto gpu = emulated();
    const DeviceBuffer buffer = made(gpu, 800);
    gpu->failFrom(2, 999);
    QVERIFY(gpu->synchronize().ok());
    const Status lost = fill(*gpu, buffer, 1);
    QVERIFY(!lost.ok());
    QCOMPARE(lost.error().code, ErrorCode::DeviceUnavailable);
    QCOMPARE(lost.error().where, std::string("cuda:0"));
    QVERIFY(!gpu->synchronize().ok());
    QVERIFY(!gpu->allocate(8).ok());
}

void TestGpuRuntime::whatNoKernelTakesIsRefused() {
    const auto gpu = emulated();
    QVERIFY(!gpu->launch({{"no such kernel"}, {}, 32}, gpu::FillArgs{}).ok());
    QVERIFY(!gpu->launch({gpu::kFillRandom, {}, 32}, gpu::ReadArgs{}).ok());
    QVERIFY(!gpu->launch({gpu::kFillRandom, {}, 512}, gpu::FillArgs{}).ok());
    QVERIFY(gpu->launch({gpu::kFillRandom, {}, 32}, gpu::FillArgs{}).ok());
    std::byte stranger[8] = {};
    QVERIFY(!gpu->setBytes(stranger, 0, 8).ok());
}

/// The clock of the emulated GPU counts blocks: of its launches of one wave each.
void TestGpuRuntime::splitsAreMeasuredOnTheKernelsThemselves() {
    EmulatedGpu gpu;
    gpu.properties = exampleGpu("T4");
    gpu.properties.smCount = 1;
    const auto runtime = std::make_shared<EmulatedRuntime>(gpu);
    const Result<SplitTimings> timings = measureSplits(runtime);
    QVERIFY2(timings.ok(), timings.ok() ? "" : timings.error().sentence().c_str());
    QCOMPARE(timings->few, timings->many);
    // Eight groups of four heads: of two parts a block combines four heads, of many one.
    QCOMPARE(timings->fewParts, 8 * EmulatedRuntime::kBlockSeconds);
    QCOMPARE(timings->manyParts, 8 * 4 * EmulatedRuntime::kBlockSeconds);
    QCOMPARE(runtime->heldBytes(), std::uint64_t{0});
    runtime->setOthersBytes(gpu.totalBytes);
    QCOMPARE(measureSplits(runtime).error().code, ErrorCode::OutOfMemory);
}

QTEST_APPLESS_MAIN(TestGpuRuntime)
#include "test_gpu_runtime.moc"
