// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "core/plan/forecast.h"
#include "core/spec/units.h"
#include "emulated_runtime.h"
#include "example_gpus.h"
#include "gpu/cuda_decoder.h"

using namespace decodescope;

/// The CUDA decoder with a whole step, on a GPU that is emulated. What a step computes
/// test_step_room tests.
class TestCudaStep : public QObject {
    Q_OBJECT

private slots:
    void theWorkIsThatOfThePlan();
    void everyWeightsTypeIsStepped_data();
    void everyWeightsTypeIsStepped();
    void aStepIsOneGraphOfAllThatItTakes();
    void layersThatDoNotFitAreStoodFor();
    void theLedgerIsWhatTheGpuHolds();
    void weightsThatAreNotReadAreHeldInPages();
    void aCacheGrowsUnderAStep();
    void aStepIsVaried();
    void whatDoesNotFitIsAResult();
    void whatTheKernelsDoNotCoverIsSaid_data();
    void whatTheKernelsDoNotCoverIsSaid();
};

namespace {

using Gpu = std::shared_ptr<EmulatedRuntime>;

Gpu emulated(bool computes) {
    EmulatedGpu gpu;
    gpu.properties = exampleGpu("H200");
    gpu.computes = computes;
    return std::make_shared<EmulatedRuntime>(gpu);
}

DecoderRequest request(std::int64_t layers = 4) {
    DecoderRequest request;
    request.scope = Scope::Step;
    request.model = modelByHand({.layers = layers,
                                 .nHeads = 8,
                                 .nKvHeads = 2,
                                 .headDim = 64,
                                 .hiddenSize = 256,
                                 .ffnHidden = 512,
                                 .vocabSize = 1024});
    request.context = 200;
    request.budgetBytes = kGiB;
    return request;
}

std::unique_ptr<Decoder> made(const Gpu& gpu, const DecoderRequest& request) {
    Result<std::unique_ptr<Decoder>> decoder = makeCudaDecoder(gpu, request, {});
    if (!decoder)
        qFatal("%s", decoder.error().sentence().c_str());
    return std::move(*decoder);
}

/// norm, QKV, append, attention, combining its parts, its output in 16 bits, output, norm, gate and
/// up, down.
constexpr int kLaunchesOfLayer = 10;
constexpr int kLaunchesOfHead = 2;

} // namespace

void TestCudaStep::theWorkIsThatOfThePlan() {
    for (const DataType type : {DataType::F16, DataType::Q4_0})
        for (const std::int64_t batch : {1, 3}) {
            DecoderRequest asked = request();
            asked.batch = batch;
            asked.weightsType = type;
            const auto decoder = made(emulated(false), asked);
            Workload workload;
            workload.weightsType = type;
            const ForecastWork plan = forecastWork(asked.model, workload, 200, batch, Scope::Step);
            QCOMPARE(decoder->work().kvBytesRead, plan.kvBytesRead);
            QCOMPARE(decoder->work().weightBytesRead, plan.weightBytesRead);
            QCOMPARE(decoder->work().linearFlop, plan.linearFlop);
            QCOMPARE(decoder->layersMeasured(), std::int64_t{4});
            // All matrices but the input embedding are whole multiples of 256 bytes here.
            QCOMPARE(decoder->ledger().weightsBytes, plan.weightBytesRead);
        }
}

void TestCudaStep::everyWeightsTypeIsStepped_data() {
    QTest::addColumn<int>("type");
    for (const DataType type : {DataType::F16, DataType::BF16, DataType::Q8_0, DataType::Q4_0})
        QTest::addRow("%s", name(type).data()) << static_cast<int>(type);
}

void TestCudaStep::everyWeightsTypeIsStepped() {
    QFETCH(int, type);
    DecoderRequest asked = request(1);
    asked.weightsType = static_cast<DataType>(type);
    asked.batch = 2;
    const Gpu gpu = emulated(true);
    const auto decoder = made(gpu, asked);
    const Result<StepTiming> step = decoder->step({});
    QVERIFY2(step.ok(), step.ok() ? "" : step.error().sentence().c_str());
    QCOMPARE(step->launches, static_cast<double>(kLaunchesOfLayer + kLaunchesOfHead));
}

void TestCudaStep::aStepIsOneGraphOfAllThatItTakes() {
    const Gpu gpu = emulated(false);
    const auto decoder = made(gpu, request());
    QVERIFY(decoder->step({}).ok());
    const int before = gpu->launches();
    const int calls = gpu->calls();
    const Result<StepTiming> step = decoder->step({});
    QVERIFY(step.ok());
    QCOMPARE(gpu->launches() - before, 4 * kLaunchesOfLayer + kLaunchesOfHead);
    QCOMPARE(step->launches, static_cast<double>(4 * kLaunchesOfLayer + kLaunchesOfHead));
    QCOMPARE(gpu->calls() - calls, 3); // the graph, waiting, the time between its two events
}

void TestCudaStep::layersThatDoNotFitAreStoodFor() {
    DecoderRequest asked = request();
    const auto whole = made(emulated(false), asked);
    const double seconds = whole->step({})->seconds;
    asked.budgetBytes = whole->ledger().totalBytes() - 1;
    const auto fewer = made(emulated(false), asked);
    QCOMPARE(fewer->layersMeasured(), std::int64_t{3});
    QVERIFY(fewer->ledger().totalBytes() <= asked.budgetBytes);
    // Three layers stand for four; the LM head for itself.
    QVERIFY(qFuzzyCompare(fewer->step({})->seconds, seconds));
    QCOMPARE(fewer->work().bytesRead(), whole->work().bytesRead());
}

void TestCudaStep::theLedgerIsWhatTheGpuHolds() {
    for (const std::int64_t page : {0, 256}) {
        DecoderRequest asked = request();
        asked.context = 256;
        asked.pageTokens = page;
        const Gpu gpu = emulated(false);
        const auto decoder = made(gpu, asked);
        QVERIFY(decoder->variedStep(StepVariation::TwiceTheWork, {}).ok());
        const std::uint64_t held = gpu->heldBytes();
        const std::uint64_t told = decoder->ledger().totalBytes();
        QVERIFY(told <= held && held < told + 20 * 256); // but for what allocations round up
    }
}

void TestCudaStep::weightsThatAreNotReadAreHeldInPages() {
    DecoderRequest asked = request();
    asked.context = asked.pageTokens = 256;
    const std::uint64_t read = made(emulated(false), asked)->ledger().weightsBytes;
    asked.residentWeightsBytes = read + 100'000;
    const auto decoder = made(emulated(false), asked);
    const std::uint64_t held = decoder->ledger().weightsBytes;
    QVERIFY(held >= read + 100'000 && held < read + 100'000 + 256);
    QCOMPARE(decoder->work().weightBytesRead, read);
}

void TestCudaStep::aCacheGrowsUnderAStep() {
    DecoderRequest asked = request(1);
    asked.context = asked.pageTokens = 32;
    const auto decoder = made(emulated(true), asked);
    QVERIFY(decoder->step({}).ok());
    const MemoryLedger foretold = decoder->ledgerGrown();
    QVERIFY(decoder->grow({}).ok());
    QCOMPARE(decoder->ledger(), foretold);
    const Result<StepTiming> step = decoder->step({});
    QVERIFY2(step.ok(), step.ok() ? "" : step.error().sentence().c_str());
}

void TestCudaStep::aStepIsVaried() {
    DecoderRequest asked = request();
    asked.context = 4096;
    const auto decoder = made(emulated(false), asked);
    const double normal = decoder->step({})->seconds;
    // More blocks, or fewer of the same: by the emulated clock a block is a time.
    const Result<StepTiming> half =
        decoder->variedStep(StepVariation::TwiceTheWorkHalfTheBytes, {});
    QVERIFY2(half.ok(), half.ok() ? "" : half.error().sentence().c_str());
    QVERIFY(half->seconds < normal);
    QVERIFY(decoder->variedStep(StepVariation::TwiceTheWork, {}).ok());
    QCOMPARE(decoder->step({})->seconds, normal);
    asked.budgetBytes = made(emulated(false), asked)->ledger().totalBytes();
    const auto full = made(emulated(false), asked);
    const Result<StepTiming> none = full->variedStep(StepVariation::TwiceTheWork, {});
    QVERIFY(!none.ok());
    QCOMPARE(none.error().code, ErrorCode::OutOfMemory);
    QVERIFY(full->step({}).ok());
}

void TestCudaStep::whatDoesNotFitIsAResult() {
    DecoderRequest asked = request();
    asked.budgetBytes = 100'000;
    const Gpu gpu = emulated(false);
    const auto decoder = makeCudaDecoder(gpu, asked, {});
    QVERIFY(!decoder.ok());
    QCOMPARE(decoder.error().code, ErrorCode::OutOfMemory);
    QCOMPARE(gpu->heldBytes(), std::uint64_t{0});
}

void TestCudaStep::whatTheKernelsDoNotCoverIsSaid_data() {
    QTest::addColumn<int>("which");
    const char* const cases[] = {"f32 weights",     "no hidden size", "no feed-forward", "experts",
                                 "odd hidden size", "no whole block", "too many blocks"};
    for (int i = 0; i < static_cast<int>(std::size(cases)); ++i)
        QTest::newRow(cases[i]) << i;
}

void TestCudaStep::whatTheKernelsDoNotCoverIsSaid() {
    QFETCH(int, which);
    DecoderRequest asked = request();
    if (which == 0)
        asked.weightsType = DataType::F32;
    else if (which == 1)
        asked.model.hiddenSize = 0;
    else if (which == 2)
        asked.model.layers[1].ffn.hidden = 0;
    else if (which == 3)
        asked.model.layers[2].ffn = {0, true, 8, 2, 256, 0};
    else if (which == 4)
        asked.model.hiddenSize = 257;
    else if (which == 5)
        asked.model.hiddenSize = 264, asked.weightsType = DataType::Q8_0;
    else
        asked.model.vocabSize = 1 << 24, asked.batch = 60'000;
    const Gpu gpu = emulated(false);
    const auto decoder = makeCudaDecoder(gpu, asked, {});
    QVERIFY(!decoder.ok());
    QCOMPARE(decoder.error().code, ErrorCode::BadUsage);
    QVERIFY(!decoder.error().hint.empty());
    QCOMPARE(gpu->heldBytes(), std::uint64_t{0});
}

QTEST_APPLESS_MAIN(TestCudaStep)
#include "test_cuda_step.moc"
