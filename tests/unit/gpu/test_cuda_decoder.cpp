// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "core/plan/forecast.h"
#include "core/spec/units.h"
#include "emulated_runtime.h"
#include "example_gpus.h"
#include "gpu/cuda_decoder.h"

using namespace decodescope;

/// What the CUDA decoder promises in core/engine, on a GPU that is emulated.
class TestCudaDecoder : public QObject {
    Q_OBJECT

private slots:
    void theWorkIsThatOfThePlan();
    void everyTypeIsStepped_data();
    void everyTypeIsStepped();
    void aStepIsOneGraphOfAllLayers();
    void layersThatDoNotFitAreStoodFor();
    void theLedgerIsWhatTheGpuHolds();
    void aWindowBoundsWhatIsHeld();
    void aCacheGrowsBySlabsToItsEnd();
    void aRefusedSlabLeavesWhatWasHeld();
    void aStepIsVaried();
    void whatDoesNotFitIsAResult();
    void aLostGpuIsSaid();
    void aStopIsHeardBetweenSteps();
    void whatTheKernelsDoNotCoverIsSaid_data();
    void whatTheKernelsDoNotCoverIsSaid();
};

namespace {

using Gpu = std::shared_ptr<EmulatedRuntime>;

Gpu emulated(EmulatedGpu gpu = {}, const char* name = "H200") {
    gpu.properties = exampleGpu(name);
    return std::make_shared<EmulatedRuntime>(gpu);
}

/// Launches are counted; what they compute others test.
Gpu counted(std::uint64_t totalBytes = std::uint64_t{1} << 28) {
    EmulatedGpu gpu;
    gpu.totalBytes = totalBytes;
    gpu.computes = false;
    return emulated(gpu);
}

DecoderRequest request(std::int64_t context = 1000, std::int64_t nKvHeads = 2) {
    DecoderRequest request;
    request.model = modelByHand({.layers = 4, .nHeads = 8, .nKvHeads = nKvHeads, .headDim = 64});
    request.context = context;
    request.budgetBytes = kGiB;
    return request;
}

std::unique_ptr<Decoder> made(const Gpu& gpu, const DecoderRequest& request) {
    Result<std::unique_ptr<Decoder>> decoder = makeCudaDecoder(gpu, request, {});
    if (!decoder)
        qFatal("%s", decoder.error().sentence().c_str());
    return std::move(*decoder);
}

ErrorCode codeOf(const Gpu& gpu, const DecoderRequest& request) {
    const auto decoder = makeCudaDecoder(gpu, request, {});
    return decoder ? ErrorCode::Interrupted : decoder.error().code;
}

} // namespace

void TestCudaDecoder::theWorkIsThatOfThePlan() {
    for (const std::int64_t batch : {1, 3})
        for (const std::int64_t nKvHeads : {8, 2}) {
            DecoderRequest asked = request(1000, nKvHeads);
            asked.batch = batch;
            asked.kvTypes = {DataType::BF16, DataType::BF16};
            asked.model.layers[3].ownsCache = false;
            const auto decoder = made(counted(), asked);
            const ForecastWork plan =
                forecastWork(asked.model, Workload{}, 1000, batch, Scope::Attention);
            QCOMPARE(decoder->work().kvBytesRead, plan.kvBytesRead);
            QCOMPARE(decoder->work().attentionFlop, plan.attentionFlop);
            // MHA of bf16 runs on the multiply-adds, a group of four on the matrix products.
            QCOMPARE(decoder->work().bf16DotFlop, nKvHeads == 8 ? 0 : plan.attentionFlop);
            QCOMPARE(decoder->layersMeasured(), std::int64_t{4});
            // Three caches of 1000 tokens, 2 bytes an element, keys and values.
            QCOMPARE(decoder->ledger().kvBytes,
                     static_cast<std::uint64_t>(3 * batch * 1000 * nKvHeads * 64 * 4));
        }
}

void TestCudaDecoder::everyTypeIsStepped_data() {
    QTest::addColumn<int>("type");
    QTest::addColumn<int>("page");
    for (const DataType type : {DataType::F16, DataType::BF16, DataType::FP8_E4M3, DataType::Int8})
        for (const int page : {0, 48})
            QTest::addRow("%s, pages of %d", name(type).data(), page)
                << static_cast<int>(type) << page;
}

void TestCudaDecoder::everyTypeIsStepped() {
    QFETCH(int, type);
    QFETCH(int, page);
    DecoderRequest asked = request(48);
    asked.model = modelByHand({.layers = 1, .nHeads = 4, .nKvHeads = 1, .headDim = 80});
    asked.kvTypes = {static_cast<DataType>(type), static_cast<DataType>(type)};
    asked.batch = 2;
    asked.pageTokens = page;
    const Gpu gpu = emulated();
    const auto decoder = made(gpu, asked);
    if (page > 0)
        QVERIFY(decoder->grow({}).ok());
    const Result<StepTiming> step = decoder->step({});
    QVERIFY2(step.ok(), step.ok() ? "" : step.error().sentence().c_str());
    // The blocks of a (48 or 96 tokens: no splits): one KV head of two sequences.
    QCOMPARE(step->seconds, 2 * EmulatedRuntime::kBlockSeconds);
    QCOMPARE(step->launches, 1.0);
}

void TestCudaDecoder::aStepIsOneGraphOfAllLayers() {
    DecoderRequest asked = request(5000);
    asked.model.layers[1].window = asked.model.layers[3].window = 100;
    const Gpu gpu = counted();
    const auto decoder = made(gpu, asked);
    const int before = gpu->launches();
    QVERIFY(decoder->step({}).ok());
    // The long layers are split, and their parts combined.
    QCOMPARE(gpu->launches() - before, 2 * 2 + 2 * 1);
    const int calls = gpu->calls();
    const Result<StepTiming> again = decoder->step({});
    QVERIFY(again.ok());
    QCOMPARE(again->launches, 6.0);
    QCOMPARE(gpu->launches() - before, 12);
    QCOMPARE(gpu->calls() - calls, 3); // the graph, waiting, the time between its two events
}

void TestCudaDecoder::layersThatDoNotFitAreStoodFor() {
    DecoderRequest asked = request(1000);
    const auto whole = made(counted(), asked);
    const double seconds = whole->step({})->seconds;
    asked.budgetBytes = whole->ledger().totalBytes() - 1;
    const auto fewer = made(counted(), asked);
    QCOMPARE(fewer->layersMeasured(), std::int64_t{3});
    QVERIFY(fewer->ledger().totalBytes() <= asked.budgetBytes);
    QVERIFY(qFuzzyCompare(fewer->step({})->seconds, seconds));
    QVERIFY(qFuzzyCompare(fewer->step({})->launches, whole->step({})->launches));
    QCOMPARE(fewer->work().bytesRead(), whole->work().bytesRead());
}

void TestCudaDecoder::theLedgerIsWhatTheGpuHolds() {
    for (const std::int64_t page : {0, 256}) {
        DecoderRequest asked = request(256);
        asked.kvTypes = {DataType::Int8, DataType::Int8};
        asked.pageTokens = page;
        const Gpu gpu = counted();
        const auto decoder = made(gpu, asked);
        QVERIFY(decoder->variedStep(StepVariation::TwiceTheWork, {}).ok());
        const std::uint64_t held = gpu->heldBytes();
        const std::uint64_t told = decoder->ledger().totalBytes();
        QVERIFY(told <= held && held < told + 10 * 256); // but for what allocations round up
    }
}

void TestCudaDecoder::aWindowBoundsWhatIsHeld() {
    DecoderRequest asked = request(100'000);
    asked.model.layers[1].window = 512;
    const auto decoder = made(counted(), asked);
    QCOMPARE(decoder->ledger().kvBytes, std::uint64_t{(3 * 100'000 + 512) * 2 * 64 * 4});
}

void TestCudaDecoder::aCacheGrowsBySlabsToItsEnd() {
    DecoderRequest asked = request(256);
    asked.pageTokens = 256;
    asked.batch = 2;
    for (LayerSpec& layer : asked.model.layers)
        layer.window = 600;
    asked.model.layers[2].window = 1000;
    const Gpu gpu = counted();
    const auto decoder = made(gpu, asked);
    std::int64_t pages = 1;
    while (decoder->ledgerGrown().kvBytes > decoder->ledger().kvBytes) {
        const MemoryLedger told = decoder->ledgerGrown();
        QVERIFY(decoder->grow({}).ok());
        QCOMPARE(decoder->ledger(), told);
        QVERIFY(decoder->step({}).ok());
        ++pages;
    }
    QCOMPARE(pages, std::int64_t{4});
    QCOMPARE(decoder->ledger().kvBytes, std::uint64_t{(3 * 768 + 1024) * 2 * 2 * 64 * 4});
    const ForecastWork plan = forecastWork(asked.model, Workload{}, 1024, 2, Scope::Attention);
    QCOMPARE(decoder->work().kvBytesRead, plan.kvBytesRead);
    QCOMPARE(made(gpu, request())->grow({}).error().code, ErrorCode::BadUsage);
}

void TestCudaDecoder::aRefusedSlabLeavesWhatWasHeld() {
    DecoderRequest asked = request(256);
    asked.pageTokens = 256;
    const Gpu gpu = counted(8 * kMiB);
    const auto decoder = made(gpu, asked);
    QVERIFY(decoder->grow({}).ok());
    const MemoryLedger held = decoder->ledger();
    const std::uint64_t work = decoder->work().bytesRead();
    gpu->setOthersBytes(gpu->memory()->freeBytes - 1000); // another process takes the rest
    const Status refused = decoder->grow({});
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().code, ErrorCode::OutOfMemory);
    QVERIFY(refused.error().bytesAsked > refused.error().bytesFree);
    QCOMPARE(decoder->ledger(), held);
    QCOMPARE(decoder->work().bytesRead(), work);
    QVERIFY(decoder->step({}).ok());
    gpu->setOthersBytes(0);
    QVERIFY(decoder->grow({}).ok());
}

void TestCudaDecoder::aStepIsVaried() {
    DecoderRequest asked = request(8192);
    const Gpu gpu = counted();
    const auto decoder = made(gpu, asked);
    const double seconds = decoder->step({})->seconds;
    const std::uint64_t needed = decoder->ledger().totalBytes();
    for (const StepVariation variation :
         {StepVariation::TwiceTheWork, StepVariation::TwiceTheWorkHalfTheBytes}) {
        const auto varied = decoder->variedStep(variation, {});
        QVERIFY2(varied.ok(), varied.ok() ? "" : varied.error().sentence().c_str());
        QVERIFY(varied->seconds > 0);
    }
    QCOMPARE(decoder->step({})->seconds, seconds);
    QVERIFY(decoder->ledger().totalBytes() > needed);
    QCOMPARE(gpu->heldBytes() / 1024, decoder->ledger().totalBytes() / 1024);

    asked.budgetBytes = needed;
    const auto tight = made(counted(), asked);
    QCOMPARE(tight->layersMeasured(), std::int64_t{4});
    QCOMPARE(tight->variedStep(StepVariation::TwiceTheWork, {}).error().code,
             ErrorCode::OutOfMemory);
    QVERIFY(tight->step({}).ok());

    asked.model = modelByHand({.layers = 1, .nHeads = 128, .nKvHeads = 1, .headDim = 64});
    asked.budgetBytes = kGiB; // twice the group is more than the kernels cover
    QCOMPARE(made(counted(), asked)->variedStep(StepVariation::TwiceTheWork, {}).error().code,
             ErrorCode::BadUsage);
}

void TestCudaDecoder::whatDoesNotFitIsAResult() {
    DecoderRequest asked = request(100'000);
    asked.budgetBytes = 4 * kMiB;
    const Gpu small = counted();
    const auto refused = makeCudaDecoder(small, asked, {});
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().code, ErrorCode::OutOfMemory);
    QCOMPARE(refused.error().where, std::string("cuda:0"));
    QCOMPARE(refused.error().bytesFree, 4 * kMiB);
    QCOMPARE(small->heldBytes(), std::uint64_t{0});
    // The budget has room, but another process holds it.
    asked.budgetBytes = kGiB;
    const Gpu shared = counted();
    shared->setOthersBytes((std::uint64_t{1} << 28) - kMiB);
    const auto held = makeCudaDecoder(shared, asked, {});
    QVERIFY(!held.ok());
    QCOMPARE(held.error().code, ErrorCode::OutOfMemory);
    QVERIFY(held.error().bytesFree <= kMiB && held.error().bytesAsked > 100 * kMiB);
    QCOMPARE(shared->heldBytes(), std::uint64_t{0});
}

/// Whichever call meets it first.
void TestCudaDecoder::aLostGpuIsSaid() {
    for (int call = 1; call < 200; ++call) {
        DecoderRequest asked = request(600);
        asked.pageTokens = 256;
        const Gpu gpu = counted();
        gpu->failFrom(call, call % 2 == 0 ? 999 : 700);
        Result<std::unique_ptr<Decoder>> decoder = makeCudaDecoder(gpu, asked, {});
        Status status = Done{};
        if (!decoder)
            status = decoder.error();
        for (int i = 0; i < 2 && status; ++i) {
            if (const auto step = (*decoder)->step({}); !step)
                status = step.error();
            if (status)
                status = (*decoder)->grow({});
        }
        if (status) {
            QVERIFY(call > 20); // later than all calls of the run
            return;
        }
        QCOMPARE(status.error().code,
                 call % 2 == 0 ? ErrorCode::DeviceUnavailable : ErrorCode::RunFailed);
        QVERIFY(!status.error().what.empty() && !status.error().hint.empty());
        decoder = Error{};
        QCOMPARE(gpu->heldBytes(), std::uint64_t{0});
    }
    QFAIL("a run of four calls makes no two hundred");
}

void TestCudaDecoder::aStopIsHeardBetweenSteps() {
    std::stop_source stop;
    const Gpu gpu = counted();
    DecoderRequest asked = request(256);
    asked.pageTokens = 256;
    const auto decoder = made(gpu, asked);
    stop.request_stop();
    QCOMPARE(decoder->step(stop.get_token()).error().code, ErrorCode::Interrupted);
    QCOMPARE(decoder->grow(stop.get_token()).error().code, ErrorCode::Interrupted);
    QVERIFY(decoder->step({}).ok());
    const auto none = makeCudaDecoder(gpu, asked, stop.get_token());
    QCOMPARE(none.error().code, ErrorCode::Interrupted);
}

void TestCudaDecoder::whatTheKernelsDoNotCoverIsSaid_data() {
    QTest::addColumn<int>("which");
    const char* const cases[] = {"q8_0",      "unlike types", "head_dim 72", "group of 129",
                                 "odd pages", "whole step",   "long context"};
    for (int i = 0; i < static_cast<int>(std::size(cases)); ++i)
        QTest::newRow(cases[i]) << i;
}

void TestCudaDecoder::whatTheKernelsDoNotCoverIsSaid() {
    QFETCH(int, which);
    DecoderRequest asked = request();
    if (which == 0)
        asked.kvTypes = {DataType::Q8_0, DataType::Q8_0};
    else if (which == 1)
        asked.kvTypes = {DataType::F16, DataType::Int8};
    else if (which == 2)
        asked.model = modelByHand({.layers = 1, .nHeads = 4, .nKvHeads = 4, .headDim = 72});
    else if (which == 3)
        asked.model = modelByHand({.layers = 1, .nHeads = 129, .nKvHeads = 1, .headDim = 64});
    else if (which == 4)
        asked.pageTokens = 100;
    else if (which == 5)
        asked.scope = Scope::Step;
    else
        asked.context = std::int64_t{1} << 40;
    const Gpu gpu = counted();
    QCOMPARE(codeOf(gpu, asked), ErrorCode::BadUsage);
    QCOMPARE(gpu->heldBytes(), std::uint64_t{0});
}

QTEST_APPLESS_MAIN(TestCudaDecoder)
#include "test_cuda_decoder.moc"
