// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "core/spec/units.h"
#include "emulated_system.h"
#include "example_gpus.h"
#include "gpu/cuda_backend.h"
#include "gpu/gpu_self_test.h"

using namespace decodescope;

/// What the CUDA backend promises in core/engine, and its self-test, on a GPU that is emulated.
class TestCudaBackend : public QObject {
    Q_OBJECT

private slots:
    void theGpuIsFoundWithItsMemory();
    void whatIsNotThereIsUnavailable();
    void ceilingsAreThoseTheGpuHas_data();
    void ceilingsAreThoseTheGpuHas();
    void aCalibrationKeepsToWhatIsFree();
    void aCalibrationStops();
    void aWholeStepNeedsNoLibrary();
    void theSelfTestPassesOnRightKernels_data();
    void theSelfTestPassesOnRightKernels();
    void theSelfTestFailsWhereNothingIsComputed();
    void theSelfTestOfALostGpuIsAnError();
};

namespace {

EmulatedGpu counting(const char* name = "H200") {
    EmulatedGpu gpu;
    gpu.properties = exampleGpu(name);
    gpu.computes = false;
    return gpu;
}

/// A backend, and the GPU that is behind it.
struct Machine {
    explicit Machine(const EmulatedGpu& gpu) {
        auto system = std::make_unique<EmulatedSystem>(gpu);
        runtime = system->runtime();
        backend = makeCudaBackend(std::move(system));
    }
    std::shared_ptr<EmulatedRuntime> runtime;
    std::unique_ptr<Backend> backend;
};

} // namespace

void TestCudaBackend::theGpuIsFoundWithItsMemory() {
    EmulatedGpu gpu = counting("RTX 4090");
    gpu.othersBytes = kMiB;
    const Machine machine(gpu);
    const std::vector<DeviceInfo> devices = machine.backend->devices();
    QCOMPARE(devices.size(), std::size_t{1});
    QVERIFY(devices[0].available);
    QCOMPARE(devices[0].computeCapability, std::string("8.9"));
    QCOMPARE(devices[0].lastLevelCacheBytes.value_or(0), 72 * kMiB);
    const MemoryReading memory = machine.backend->readMemory("cuda:0");
    QCOMPARE(memory.totalBytes.value_or(0), gpu.totalBytes);
    QCOMPARE(memory.availableBytes.value_or(0), gpu.totalBytes - kMiB);
    QVERIFY(!machine.backend->readMemory("cpu").totalBytes);
    QVERIFY(!machine.backend->readMemory("cuda:x").totalBytes);
    QVERIFY(!machine.backend->readMemory("cuda:1").totalBytes);
}

void TestCudaBackend::whatIsNotThereIsUnavailable() {
    const Machine machine(counting());
    for (const char* id : {"cuda:1", "cuda:", "cpu", "cuda:-1", "cuda:0x"}) {
        const auto decoder = machine.backend->makeDecoder(id, DecoderRequest{}, {});
        QCOMPARE(decoder.error().code, ErrorCode::DeviceUnavailable);
        QCOMPARE(machine.backend->measureCeilings(id, {}, {}).error().code,
                 ErrorCode::DeviceUnavailable);
    }
    EmulatedGpu old = counting();
    old.properties.computeMajor = 7;
    old.properties.computeMinor = 0;
    const Machine museum(old);
    const Status covered = museum.backend->covers("cuda:0", DecoderRequest{});
    QCOMPARE(covered.error().code, ErrorCode::DeviceUnavailable);
    QVERIFY(covered.error().what.find("too old") != std::string::npos);
}

void TestCudaBackend::ceilingsAreThoseTheGpuHas_data() {
    QTest::addColumn<int>("gpu");
    for (std::size_t i = 0; i < std::size(kExampleGpus); ++i)
        QTest::newRow(kExampleGpus[i].name) << static_cast<int>(i);
}

void TestCudaBackend::ceilingsAreThoseTheGpuHas() {
    QFETCH(int, gpu);
    const Machine machine(counting(kExampleGpus[gpu].name));
    const int capability = kExampleGpus[gpu].properties.computeCapability();
    CalibrationRequest request;
    request.maxSeconds = 0.01;
    request.bufferBytes = 64 * kMiB;
    const Result<Ceilings> brief = machine.backend->measureCeilings("cuda:0", request, {});
    QVERIFY2(brief.ok(), brief.ok() ? "" : brief.error().sentence().c_str());
    QVERIFY(brief->measured && !brief->complete() && brief->bf16Dot && brief->barrierSeconds);

    double last = -1;
    request.whole = true;
    request.progress = [&](std::string_view what, double fraction) {
        QVERIFY(!what.empty() && fraction > last && fraction < 1);
        last = fraction;
    };
    const Result<Ceilings> whole = machine.backend->measureCeilings("cuda:0", request, {});
    QVERIFY2(whole.ok(), whole.ok() ? "" : whole.error().sentence().c_str());
    QVERIFY(whole->complete());
    QVERIFY(whole->bandwidthBytesPerSecond > 0 && whole->fillBytesPerSecond > 0);
    QVERIFY(whole->bf16Dot->allThreadsPerSecond > whole->f32->allThreadsPerSecond);
    QCOMPARE(whole->int8Dot.has_value(), capability >= 80);
    QCOMPARE(whole->fp8Dot.has_value(), capability >= 90);
    // The emulated clock: a block takes a microsecond, and each launch of nothing is one block.
    QVERIFY(std::abs(*whole->barrierSeconds / EmulatedRuntime::kBlockSeconds - 1) < 1e-6);
    QCOMPARE(machine.backend->devices()[0].ceilings, whole.value());
    QCOMPARE(machine.runtime->heldBytes(), std::uint64_t{0});
    Ceilings read;
    from_json(nlohmann::json(*whole), read);
    read.fillBytesPerSecond = whole->fillBytesPerSecond; // in no record
    QCOMPARE(read.fp8Dot, whole->fp8Dot);
    QVERIFY(read.complete());
}

void TestCudaBackend::aCalibrationKeepsToWhatIsFree() {
    EmulatedGpu gpu = counting();
    gpu.othersBytes = gpu.totalBytes - 40 * kMiB;
    const Machine machine(gpu);
    CalibrationRequest request;
    request.maxSeconds = 0.01;
    QVERIFY(machine.backend->measureCeilings("cuda:0", request, {}).ok()); // 20 MiB
    machine.runtime->setOthersBytes(gpu.totalBytes - 4 * kMiB);
    const Result<Ceilings> none = machine.backend->measureCeilings("cuda:0", request, {});
    QCOMPARE(none.error().code, ErrorCode::OutOfMemory);
    QCOMPARE(none.error().bytesFree, 4 * kMiB);
}

void TestCudaBackend::aCalibrationStops() {
    const Machine machine(counting());
    std::stop_source stop;
    stop.request_stop();
    QCOMPARE(machine.backend->measureCeilings("cuda:0", {}, stop.get_token()).error().code,
             ErrorCode::Interrupted);
    for (const int call : {1, 3, 8, 20}) {
        const Machine lost(counting());
        lost.runtime->failFrom(call, 999);
        QCOMPARE(lost.backend->measureCeilings("cuda:0", {}, {}).error().code,
                 ErrorCode::DeviceUnavailable);
        QCOMPARE(lost.runtime->heldBytes(), std::uint64_t{0});
    }
}

void TestCudaBackend::aWholeStepNeedsNoLibrary() {
    const Machine machine(counting()); // which has no cuBLASLt
    DecoderRequest asked;
    asked.scope = Scope::Step;
    asked.model = modelByHand({.layers = 1,
                               .nHeads = 4,
                               .nKvHeads = 2,
                               .headDim = 64,
                               .hiddenSize = 128,
                               .ffnHidden = 256,
                               .vocabSize = 999});
    asked.budgetBytes = kGiB;
    for (const DataType type : {DataType::BF16, DataType::Q4_0}) {
        asked.weightsType = type;
        QVERIFY(machine.backend->covers("cuda:0", asked).ok());
        const auto decoder = machine.backend->makeDecoder("cuda:0", asked, {});
        QVERIFY2(decoder.ok(), decoder.ok() ? "" : decoder.error().sentence().c_str());
        const Result<StepTiming> step = (*decoder)->step({});
        QVERIFY2(step.ok(), step.ok() ? "" : step.error().sentence().c_str());
        QVERIFY(step->seconds > 0);
    }
}

void TestCudaBackend::theSelfTestPassesOnRightKernels_data() {
    QTest::addColumn<QString>("gpu");
    for (const char* gpu : {"T4", "H200"})
        QTest::newRow(gpu) << gpu;
}

void TestCudaBackend::theSelfTestPassesOnRightKernels() {
    QFETCH(QString, gpu);
    EmulatedGpu emulated;
    emulated.properties = exampleGpu(gpu.toStdString());
    std::stop_source stop;
    int seen = 0;
    const auto results = runGpuSelfTest(
        std::make_shared<EmulatedRuntime>(emulated), nullptr, {},
        [&](const SelfTestResult& result, double share) {
            QVERIFY(share > 0 && share < 1);
            QVERIFY2(result.pass(), result.kernel.c_str());
            if (++seen == 14) // the whole takes a GPU
                stop.request_stop();
        },
        stop.get_token());
    QVERIFY2(results.ok(), results.ok() ? "" : results.error().sentence().c_str());
    QCOMPARE(results->size(), std::size_t{14});
    QCOMPARE(results->front().kernel, std::string("random fill"));
    QCOMPARE(results->back().type, DataType::F16);
}

void TestCudaBackend::theSelfTestFailsWhereNothingIsComputed() {
    std::stop_source stop;
    int seen = 0;
    const auto results = runGpuSelfTest(
        std::make_shared<EmulatedRuntime>(counting()), nullptr, {},
        [&](const SelfTestResult& result, double) {
            QVERIFY(!result.pass());
            if (++seen == 6)
                stop.request_stop();
        },
        stop.get_token());
    QVERIFY(results.ok());
    QCOMPARE(results->size(), std::size_t{6});
    QCOMPARE(results->back().error, std::numeric_limits<double>::infinity());
}

void TestCudaBackend::theSelfTestOfALostGpuIsAnError() {
    const auto gpu = std::make_shared<EmulatedRuntime>(counting());
    gpu->failFrom(30, 999);
    const auto results = runGpuSelfTest(gpu, nullptr, {}, {}, {});
    QVERIFY(!results.ok());
    QCOMPARE(results.error().code, ErrorCode::DeviceUnavailable);
    QCOMPARE(gpu->heldBytes(), std::uint64_t{0});
    QCOMPARE(runCudaSelfTest("cuda:77", {}, {}, {}).error().code, ErrorCode::DeviceUnavailable);
}

QTEST_APPLESS_MAIN(TestCudaBackend)
#include "test_cuda_backend.moc"
