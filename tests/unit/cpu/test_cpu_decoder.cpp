// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <chrono>
#include <thread>

#include <sys/resource.h>

#include "core/cpu/ceilings.h"
#include "core/cpu/cpu_backend.h"
#include "core/cpu/roof_kernels.h"
#include "core/cpu/topology.h"
#include "core/engine/layer_choice.h"
#include "core/plan/forecast.h"
#include "core/spec/units.h"

using namespace decodescope;

/// What the CPU backend promises in core/engine.
class TestCpuDecoder : public QObject {
    Q_OBJECT

private slots:
    void thisMachineIsFoundWithItsMemory();
    void theReadStreamKeepsToItsBuffer();
    void ceilingsAreMeasured();
    void aWholeCalibrationTellsAll();
    void theWorkIsThatOfThePlan();
    void aStepIsVaried();
    void aVariationKeepsToTheBudget();
    void nothingAboveTheBudgetIsAllocated();
    void lessThanOneLayerIsOutOfMemory();
    void whatTheKernelsDoNotCoverIsSaid();
    void aWindowBoundsWhatIsHeld();
    void aStepStopsSoonAfterTheRequest();
    void kindsOfLayersAreTakenInProportion();

private:
    std::unique_ptr<Backend> m_backend = makeCpuBackend();
};

static DecoderRequest request(std::int64_t nKvHeads, std::int64_t context) {
    DecoderRequest request;
    request.model = modelByHand({.layers = 4,
                                 .nHeads = 8,
                                 .nKvHeads = nKvHeads,
                                 .headDim = 64,
                                 .hiddenSize = 512,
                                 .ffnHidden = 1000,
                                 .vocabSize = 777});
    request.context = context;
    request.budgetBytes = kGiB;
    return request;
}

void TestCpuDecoder::thisMachineIsFoundWithItsMemory() {
    const auto devices = m_backend->devices();
    QCOMPARE(devices.size(), std::size_t{1});
    QVERIFY(devices[0].available && devices[0].threads >= 1 && !devices[0].simd.empty());
    const MemoryReading memory = m_backend->readMemory("cpu");
    QVERIFY(memory.totalBytes && memory.availableBytes && memory.processBytes);
    QVERIFY(*memory.availableBytes <= *memory.totalBytes);
    QVERIFY(*memory.processBytes > kMiB);
    QVERIFY(!m_backend->readMemory("cuda:0").totalBytes);
}

/// The buffer is somebody's budget: a large last-level cache does not make it larger.
void TestCpuDecoder::theReadStreamKeepsToItsBuffer() {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    QSKIP("a sanitizer keeps books on every byte, several times its size");
#endif
    const auto mostEver = [] {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return static_cast<std::uint64_t>(usage.ru_maxrss) * kKiB;
    };
    const std::uint64_t before = mostEver();
    QVERIFY(m_backend->measureCeilings("cpu", {1, 16 * kMiB, 0.05}, {}).ok());
    QVERIFY2(mostEver() - before < 32 * kMiB, qPrintable(QString::number(mostEver() - before)));
}

void TestCpuDecoder::ceilingsAreMeasured() {
    const auto ceilings = m_backend->measureCeilings("cpu", {1, 64 * kMiB, 0.2}, {});
    QVERIFY(ceilings.ok());
    QVERIFY(ceilings->measured && ceilings->threads == 1);
    QVERIFY(ceilings->bandwidthBytesPerSecond > 1e8 && ceilings->flopPerSecond > 1e8);
    QVERIFY(ceilings->fillBytesPerSecond > 1e6);
    QVERIFY(m_backend->devices()[0].ceilings == *ceilings);
}

void TestCpuDecoder::aWholeCalibrationTellsAll() {
    QCOMPARE(threadCounts(1), std::vector<int>{1});
    QCOMPARE(threadCounts(4), (std::vector<int>{1, 2, 4}));
    QCOMPARE(threadCounts(6), (std::vector<int>{1, 2, 4, 6}));
    double last = -1;
    CalibrationRequest asked{3, 16 * kMiB, 0.1, true};
    asked.progress = [&](std::string_view what, double fraction) {
        QVERIFY(!what.empty() && fraction > last && fraction < 1);
        last = fraction;
    };
    const auto ceilings = m_backend->measureCeilings("cpu", asked, {});
    QVERIFY(ceilings.ok() && ceilings->complete());
    QVERIFY(last > 0);
    QCOMPARE(ceilings->bandwidthAtThreads.size(), std::size_t{3});
    QCOMPARE(ceilings->bandwidthAtThreads.back().threads, 3);
    QCOMPARE(ceilings->bandwidthAtThreads.back().bytesPerSecond, ceilings->bandwidthBytesPerSecond);
    QCOMPARE(ceilings->f32->allThreadsPerSecond, ceilings->flopPerSecond);
    QCOMPARE(ceilings->caches.size(), cpuTopology().caches.size());
    for (const CacheLevel& cache : ceilings->caches)
        QVERIFY(cache.bytes > 0 && cache.threads >= 1 && cache.bytesPerSecond > 0);
    QCOMPARE(ceilings->bf16Dot.has_value(), bf16DotLoop() != nullptr);
    QCOMPARE(ceilings->int8Dot.has_value(), int8DotLoop() != nullptr);
    std::stop_source stop;
    stop.request_stop();
    QCOMPARE(m_backend->measureCeilings("cpu", asked, stop.get_token()).error().code,
             ErrorCode::Interrupted);
}

void TestCpuDecoder::theWorkIsThatOfThePlan() {
    for (const Scope scope : {Scope::Attention, Scope::Step})
        for (const std::int64_t batch : {1, 3}) {
            DecoderRequest asked = request(2, 1000);
            asked.scope = scope;
            asked.batch = batch;
            asked.model.layers[3].ownsCache = false;
            const auto decoder = m_backend->makeDecoder("cpu", asked, {});
            QVERIFY(decoder.ok());
            const auto& held = *decoder.value();
            const ForecastWork plan = forecastWork(asked.model, Workload{}, 1000, batch, scope);
            QCOMPARE(held.work().kvBytesRead, plan.kvBytesRead);
            QCOMPARE(held.work().weightBytesRead, plan.weightBytesRead);
            QCOMPARE(held.work().attentionFlop, plan.attentionFlop);
            QCOMPARE(held.work().linearFlop, plan.linearFlop);
            QCOMPARE(held.layersMeasured(), std::int64_t{4});
            QVERIFY(decoder.value()->step({})->seconds > 0);
        }
}

void TestCpuDecoder::aStepIsVaried() {
    for (const Scope scope : {Scope::Attention, Scope::Step})
        for (const std::int64_t context : {1, 3, 500}) {
            DecoderRequest asked = request(2, context);
            asked.scope = scope;
            asked.batch = 3;
            asked.threads = 2;
            asked.model.layers[2].ownsCache = false;
            const auto made = m_backend->makeDecoder("cpu", asked, {});
            QVERIFY(made.ok());
            Decoder& decoder = *made.value();
            const MemoryLedger before = decoder.ledger();
            QVERIFY(decoder.variedStep(StepVariation::Normal, {}).ok());
            QVERIFY(decoder.ledger() == before); // room is made only for what needs it
            const double launches = decoder.step({})->launches;
            QVERIFY(launches >= 4); // one for each layer at least
            for (const StepVariation variation :
                 {StepVariation::TwiceTheWork, StepVariation::TwiceTheWorkHalfTheBytes,
                  StepVariation::TwiceTheWork}) {
                const auto timing = decoder.variedStep(variation, {});
                QVERIFY2(timing.ok(), timing ? "" : timing.error().sentence().c_str());
                QVERIFY(timing->seconds > 0 && timing->launches >= 4);
                QVERIFY(decoder.step({}).ok());
            }
            QCOMPARE(decoder.ledger().kvBytes, before.kvBytes);
            QCOMPARE(decoder.ledger().weightsBytes, before.weightsBytes);
            QVERIFY(decoder.ledger().workspaceBytes > before.workspaceBytes);
            QVERIFY(decoder.ledger().totalBytes() <= asked.budgetBytes);
            std::stop_source stop;
            stop.request_stop();
            QCOMPARE(decoder.variedStep(StepVariation::TwiceTheWork, stop.get_token()).error().code,
                     ErrorCode::Interrupted);
        }
}

void TestCpuDecoder::aVariationKeepsToTheBudget() {
    DecoderRequest asked = request(2, 1000);
    const std::uint64_t needed =
        m_backend->makeDecoder("cpu", asked, {}).value()->ledger().totalBytes();
    asked.budgetBytes = needed;
    const auto decoder = m_backend->makeDecoder("cpu", asked, {});
    QVERIFY(decoder.ok());
    QCOMPARE(decoder.value()->layersMeasured(), std::int64_t{4});
    const auto timing = decoder.value()->variedStep(StepVariation::TwiceTheWork, {});
    QCOMPARE(timing.error().code, ErrorCode::OutOfMemory);
    QVERIFY(timing.error().bytesAsked > timing.error().bytesFree);
    QCOMPARE(decoder.value()->ledger().totalBytes(), needed);
    QVERIFY(decoder.value()->step({}).ok());
}

void TestCpuDecoder::nothingAboveTheBudgetIsAllocated() {
    for (const Scope scope : {Scope::Attention, Scope::Step}) {
        DecoderRequest asked = request(8, 4096);
        asked.scope = scope;
        asked.budgetBytes = 24 * kMiB;
        const auto decoder = m_backend->makeDecoder("cpu", asked, {});
        QVERIFY2(decoder.ok(), decoder ? "" : decoder.error().sentence().c_str());
        const auto& held = *decoder.value();
        QVERIFY(held.layersMeasured() >= 1 && held.layersMeasured() < 4);
        QVERIFY(held.ledger().totalBytes() <= asked.budgetBytes);
        const auto layers = static_cast<std::uint64_t>(held.layersMeasured());
        QCOMPARE(held.ledger().kvBytes, layers * 8 * 4096 * 2 * 64 * 2);
        QCOMPARE(held.work().kvBytesRead, std::uint64_t{4} * 8 * 4096 * 2 * 64 * 2);
    }
}

void TestCpuDecoder::lessThanOneLayerIsOutOfMemory() {
    DecoderRequest asked = request(8, 1'000'000);
    asked.budgetBytes = kMiB;
    const auto decoder = m_backend->makeDecoder("cpu", asked, {});
    QVERIFY(!decoder.ok());
    QVERIFY(decoder.error().code == ErrorCode::OutOfMemory);
    QVERIFY(decoder.error().bytesAsked > kMiB);
    QCOMPARE(decoder.error().bytesFree, kMiB);
}

void TestCpuDecoder::whatTheKernelsDoNotCoverIsSaid() {
    const auto refused = [&](const DecoderRequest& asked) {
        const auto decoder = m_backend->makeDecoder("cpu", asked, {});
        return !decoder && decoder.error().code == ErrorCode::BadUsage &&
               m_backend->covers("cpu", asked).error().code == ErrorCode::BadUsage &&
               !decoder.error().hint.empty();
    };
    DecoderRequest asked = request(2, 100);
    asked.kvTypes = {DataType::FP8_E4M3, DataType::F16};
    QVERIFY(refused(asked));
    const Error error = m_backend->makeDecoder("cpu", asked, {}).error();
    QCOMPARE(error.where, std::string("--kv-type")); // the option's name on the command line
    asked = request(2, 100);
    asked.model.layers[1].headDimK = 100;
    QVERIFY(refused(asked));
    asked = request(2, 100);
    asked.model.layers[1].headDimV = 80; // two blocks of 32 and a half
    QVERIFY(!refused(asked));
    asked.kvTypes.value = DataType::Q4_0;
    QVERIFY(!refused(asked));
    asked = request(2, 100);
    asked.model.layers[2].attention = AttentionKind::Recurrent;
    QVERIFY(refused(asked));
    asked = request(2, 100);
    asked.scope = Scope::Step;
    asked.model.hiddenSize = 0;
    QVERIFY(refused(asked));
    asked.batch = 0;
    QVERIFY(refused(asked));
}

void TestCpuDecoder::aWindowBoundsWhatIsHeld() {
    DecoderRequest asked = request(2, 100'000);
    for (LayerSpec& layer : asked.model.layers)
        layer.window = 1024;
    const auto decoder = m_backend->makeDecoder("cpu", asked, {});
    QVERIFY(decoder.ok());
    QCOMPARE(decoder.value()->ledger().kvBytes, std::uint64_t{4} * 2 * 1024 * 2 * 64 * 2);
}

void TestCpuDecoder::aStepStopsSoonAfterTheRequest() {
    const auto decoder = m_backend->makeDecoder("cpu", request(2, 500'000), {});
    QVERIFY(decoder.ok());
    std::stop_source stop;
    std::chrono::steady_clock::time_point asked;
    std::jthread asker([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        asked = std::chrono::steady_clock::now();
        stop.request_stop();
    });
    Result<StepTiming> last = StepTiming{};
    while (last)
        last = decoder.value()->step(stop.get_token());
    asker.join();
    const std::chrono::duration<double, std::milli> late = std::chrono::steady_clock::now() - asked;
    QVERIFY(last.error().code == ErrorCode::Interrupted);
    qInfo("stopped after %.2f ms", late.count());
    QVERIFY(late.count() < 1000); // 100 on a machine of one's own
}

void TestCpuDecoder::kindsOfLayersAreTakenInProportion() {
    ModelSpec model = request(2, 100).model;
    model.layers.resize(12, model.layers.front());
    for (const std::size_t i : {3, 7, 11})
        model.layers[i].window = 128;
    const std::vector<LayerCost> costs(12, {10, 1.0});
    const LayerChoice choice = chooseLayers(model, costs, 45);
    QCOMPARE(choice.layers.size(), std::size_t{4});
    double represented = 0;
    int windows = 0;
    for (const auto& chosen : choice.layers) {
        represented += chosen.represents;
        windows += model.layers[chosen.layer].window > 0;
    }
    QCOMPARE(windows, 1);
    QCOMPARE(represented, 12.0);
    QVERIFY(chooseLayers(model, costs, 9).layers.empty());
}

QTEST_APPLESS_MAIN(TestCpuDecoder)
#include "test_cpu_decoder.moc"
