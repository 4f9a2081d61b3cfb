// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>
#include <set>

#include "core/spec/units.h"
#include "emulated_runtime.h"
#include "example_gpus.h"
#include "fake_cudnn.h"
#include "gpu/cudnn_decoder.h"

using namespace decodescope;
using test::FakeCudnn;

namespace {

std::shared_ptr<EmulatedRuntime> emulated() {
    EmulatedGpu gpu;
    gpu.properties = exampleGpu("H200");
    return std::make_shared<EmulatedRuntime>(gpu);
}

DecoderRequest request(std::int64_t layers = 4, std::int64_t context = 100) {
    DecoderRequest request;
    request.model = modelByHand({.layers = layers, .nHeads = 8, .nKvHeads = 2, .headDim = 64});
    request.context = context;
    request.batch = 3;
    request.budgetBytes = kGiB;
    return request;
}

/// Of one layer of the request above: 3 sequences × 2 KV heads × 100 tokens × 64 × 2 bytes, twice.
constexpr std::uint64_t kLayerBytes = std::uint64_t{3} * 2 * 100 * 64 * 2 * 2;

Result<std::unique_ptr<Decoder>> make(const std::shared_ptr<EmulatedRuntime>& gpu,
                                      const DecoderRequest& request, std::stop_token stop = {}) {
    const auto library = CudnnLibrary::open(FAKE_CUDNN);
    if (!library)
        return library.error();
    return makeCudnnDecoder(gpu, *library, request, stop);
}

} // namespace

/// cuDNN's attention as a decoder: what it holds, what it is handed, and what it refuses.
class TestCudnnDecoder : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void init() { *m_fake = FakeCudnn{}; }
    void everyLayerReadsACacheOfItsOwn();
    void layersThatShareACacheReadOne();
    void layersOfTwoShapesHaveTwoPlans();
    void whatDoesNotFitIsStoodFor();
    void nothingFitsIsSaid();
    void onlyAttentionInOnePieceIsMeasured();
    void aRefusedShapeIsSaidInItsWords();
    void aFailingCallIsSaid();
    void aStopIsHeard();

private:
    std::optional<DynamicLibrary> m_library;
    FakeCudnn* m_fake = nullptr;
};

void TestCudnnDecoder::initTestCase() {
    m_library = DynamicLibrary::open(FAKE_CUDNN);
    QVERIFY(m_library.has_value());
    QVERIFY(m_library->find("fakeCudnn", m_fake));
}

void TestCudnnDecoder::everyLayerReadsACacheOfItsOwn() {
    const auto gpu = emulated();
    {
        const auto decoder = make(gpu, request());
        QVERIFY2(decoder.ok(), decoder ? "" : decoder.error().sentence().c_str());
        QCOMPARE((*decoder)->layersMeasured(), std::int64_t{4});
        QCOMPARE((*decoder)->ledger().kvBytes, 4 * kLayerBytes);
        QVERIFY((*decoder)->ledger().workspaceBytes >= 4096 + 2 * 3 * 8 * 64 * 2);
        QCOMPARE((*decoder)->ledger().totalBytes(), gpu->heldBytes());
        QVERIFY((*decoder)->cacheResident());
        QCOMPARE(m_fake->runs.size(), std::size_t{4}); // each layer once, to load its kernel
        std::set<void*> caches;
        for (const FakeCudnn::Run& run : m_fake->runs) {
            for (const std::size_t which : {0, 1, 2, 3})
                QVERIFY(reinterpret_cast<std::uintptr_t>(run.pointers[which]) % 16 == 0);
            caches.insert({run.pointers[1], run.pointers[2]});
            QCOMPARE(run.pointers[0], m_fake->runs[0].pointers[0]); // the layers take turns
            QCOMPARE(run.scale, 0.125F);
        }
        QCOMPARE(caches.size(), std::size_t{8});
        QVERIFY((*decoder)->step({}).ok());
        QCOMPARE(m_fake->runs.size(), std::size_t{8});
        QCOMPARE((*decoder)->variedStep(StepVariation::TwiceTheWork, {}).error().code,
                 ErrorCode::BadUsage);
    }
    QCOMPARE(gpu->heldBytes(), std::uint64_t{0});
    QCOMPARE(m_fake->handles, 0);
}

void TestCudnnDecoder::layersThatShareACacheReadOne() {
    DecoderRequest shared = request(2);
    shared.model.layers[1].ownsCache = false;
    const auto decoder = make(emulated(), shared);
    QVERIFY(decoder.ok());
    QCOMPARE((*decoder)->ledger().kvBytes, kLayerBytes);
    QCOMPARE(m_fake->runs[0].pointers[1], m_fake->runs[1].pointers[1]);
}

void TestCudnnDecoder::layersOfTwoShapesHaveTwoPlans() {
    DecoderRequest mixed = request();
    mixed.model.layers[1].window = 10;
    mixed.model.layers[3].window = 10;
    const auto decoder = make(emulated(), mixed);
    QVERIFY(decoder.ok());
    QCOMPARE(m_fake->ofType(41).size(), std::size_t{2});
    QCOMPARE((*decoder)->ledger().kvBytes, 2 * kLayerBytes + 2 * kLayerBytes / 10);
    QVERIFY(m_fake->runs[0].plan == m_fake->runs[2].plan);
    QVERIFY(m_fake->runs[0].plan != m_fake->runs[1].plan);
}

void TestCudnnDecoder::whatDoesNotFitIsStoodFor() {
    DecoderRequest large = request(40);
    large.budgetBytes = 10 * kLayerBytes;
    const auto gpu = emulated();
    const auto decoder = make(gpu, large);
    QVERIFY(decoder.ok());
    QVERIFY((*decoder)->layersMeasured() > 0 && (*decoder)->layersMeasured() < 10);
    QVERIFY(gpu->heldBytes() <= large.budgetBytes);
}

void TestCudnnDecoder::nothingFitsIsSaid() {
    DecoderRequest large = request();
    large.budgetBytes = kLayerBytes / 2;
    QCOMPARE(make(emulated(), large).error().code, ErrorCode::OutOfMemory);
}

void TestCudnnDecoder::onlyAttentionInOnePieceIsMeasured() {
    DecoderRequest step = request();
    step.scope = Scope::Step;
    DecoderRequest pages = request();
    pages.pageTokens = 100;
    DecoderRequest types = request();
    types.kvTypes = {DataType::F16, DataType::BF16};
    DecoderRequest int8 = request();
    int8.kvTypes = {DataType::Int8, DataType::Int8};
    for (const DecoderRequest& each : {step, pages, types, int8}) {
        const auto refused = make(emulated(), each);
        QVERIFY(!refused.ok());
        QCOMPARE(refused.error().code, ErrorCode::BadUsage);
        QCOMPARE(refused.error().where, "--peer cudnn");
    }
}

void TestCudnnDecoder::aRefusedShapeIsSaidInItsWords() {
    m_fake->finalizeFails = 41;
    m_fake->finalizeStatus = 2000;
    m_fake->lastError = "h_q must be divisible by h_k";
    const auto refused = make(emulated(), request());
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().code, ErrorCode::BadUsage);
    QVERIFY(refused.error().what.find("h_q must be divisible by h_k") != std::string::npos);
}

void TestCudnnDecoder::aFailingCallIsSaid() {
    m_fake->executeStatus = 5000;
    const auto gpu = emulated();
    QCOMPARE(make(gpu, request()).error().code, ErrorCode::RunFailed);
    QCOMPARE(gpu->heldBytes(), std::uint64_t{0});
}

void TestCudnnDecoder::aStopIsHeard() {
    std::stop_source stop;
    const auto decoder = make(emulated(), request(), stop.get_token());
    QVERIFY(decoder.ok());
    stop.request_stop();
    QCOMPARE((*decoder)->step(stop.get_token()).error().code, ErrorCode::Interrupted);
    QCOMPARE(make(emulated(), request(), stop.get_token()).error().code, ErrorCode::Interrupted);
}

QTEST_APPLESS_MAIN(TestCudnnDecoder)
#include "test_cudnn_decoder.moc"
