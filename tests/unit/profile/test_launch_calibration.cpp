// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <cmath>

#include <nlohmann/json.hpp>

#include "core/plan/forecast.h"
#include "core/profile/kernel_calibration.h"
#include "fake_backend.h"

using namespace decodescope;
using namespace decodescope::test;

constexpr std::uint64_t kCacheBytes = 32 * kMiB;
constexpr std::uint64_t kMemory = 64 * kGiB;

/// Seconds of one layer's attention on a fake GPU: a launch, the latency of the longest part, and
/// the bytes, which the device streams the faster the more of it they fill.
static double attentionLaw(const LayerSpec& layer, const DecoderRequest& request, bool fromMemory) {
    const double group = static_cast<double>(layer.nHeads) / static_cast<double>(layer.nKvHeads);
    const double padded = group <= 16 ? 16 : group <= 32 ? 32 : group <= 64 ? 64 : 128;
    const auto rows = static_cast<double>(layer.nKvHeads * request.batch * request.context);
    const double bytes = rows * 2 *
                         static_cast<double>(storedBytes(
                             request.kvTypes.key, static_cast<std::uint64_t>(layer.headDimK)));
    const double flop = 4 * rows * padded * static_cast<double>(layer.headDimK);
    const double stream = std::max(bytes / (fromMemory ? 3e12 : 6e12), flop / 400e12);
    return 2e-6 + std::hypot(4e-6, stream);
}

/// Four sizes of matrices would make four launches; here they cost their bytes.
static double law(const DecoderRequest& request) {
    const bool step = request.scope == Scope::Step;
    const auto kv = static_cast<double>(
        kvBytes(request.model, request.kvTypes, request.context, request.batch));
    const double weights = step ? static_cast<double>(weightsBytesRead(
                                      request.model, request.weightsType, request.batch))
                                : 0;
    const bool fromMemory = kv + weights > static_cast<double>(kCacheBytes);
    double seconds = 5e-6;
    for (const LayerSpec& layer : request.model.layers)
        seconds += attentionLaw(layer, request, fromMemory) + (step ? 9e-6 : 0);
    return seconds + weights / (fromMemory ? 2.8e12 : 5e12);
}

struct LaunchedMachine : FakeMachine {
    LaunchedMachine() {
        FakeMachine::law = ::law;
        lastLevelCacheBytes = kCacheBytes;
        units.launched = true;
    }
};

static Result<KernelRates> calibrate(FakeBackend& backend, std::uint64_t budget = kMemory) {
    KernelCalibrationRequest request;
    request.maxSeconds = 0.1;
    request.budgetBytes = budget;
    return measureKernelRates(backend, backend.devices().front(), request, {});
}

/// A device that takes a layer as one launch: its time is a curve over the rows there are.
class TestLaunchCalibration : public QObject {
    Q_OBJECT

private slots:
    void otherStepsOfTheDeviceArePredicted_data() {
        QTest::addColumn<int>("layers");
        QTest::addColumn<int>("kvHeads");
        QTest::addColumn<int>("group");
        QTest::addColumn<int>("headDim");
        QTest::addColumn<int>("context");
        QTest::addColumn<int>("batch");
        QTest::addColumn<bool>("step");
        QTest::newRow("one layer of a few rows") << 1 << 1 << 8 << 128 << 500 << 1 << false;
        QTest::newRow("8B at 4K") << 32 << 8 << 4 << 128 << 4096 << 1 << false;
        QTest::newRow("8B at 32K, batch 8") << 32 << 8 << 4 << 128 << 32768 << 8 << false;
        QTest::newRow("MHA between") << 12 << 32 << 1 << 128 << 3000 << 2 << false;
        QTest::newRow("MQA of 71") << 20 << 1 << 71 << 64 << 50000 << 3 << false;
        QTest::newRow("a group above a tile") << 8 << 4 << 24 << 128 << 8192 << 4 << false;
        QTest::newRow("head_dim 96") << 10 << 8 << 8 << 96 << 16384 << 1 << false;
        QTest::newRow("head_dim 256") << 10 << 4 << 3 << 256 << 20000 << 1 << false;
        QTest::newRow("a whole step") << 16 << 8 << 4 << 128 << 2048 << 4 << true;
        QTest::newRow("a small whole step") << 2 << 2 << 4 << 64 << 300 << 1 << true;
    }
    void otherStepsOfTheDeviceArePredicted() {
        QFETCH(int, layers);
        QFETCH(int, kvHeads);
        QFETCH(int, group);
        QFETCH(int, headDim);
        QFETCH(int, context);
        QFETCH(int, batch);
        QFETCH(bool, step);
        LaunchedMachine machine;
        FakeBackend backend(machine);
        const Result<KernelRates> rates = calibrate(backend);
        QVERIFY2(rates.ok(), rates ? "" : rates.error().sentence().c_str());
        QCOMPARE(machine.alive, 0);
        const KernelModel kernels(*rates);
        DecoderRequest request;
        request.model = modelByHand({.layers = layers,
                                     .nHeads = group * kvHeads,
                                     .nKvHeads = kvHeads,
                                     .headDim = headDim,
                                     .hiddenSize = step ? 2048 : 0,
                                     .ffnHidden = step ? 8192 : 0,
                                     .vocabSize = step ? 32000 : 0});
        request.context = context;
        request.batch = batch;
        request.scope = step ? Scope::Step : Scope::Attention;
        const Forecast f = forecast(request.model, {}, context, batch, request.scope,
                                    {3e12, 4e14, true}, {}, &kernels);
        QVERIFY(f.fromKernels);
        const double truth = law(request);
        QVERIFY2(std::abs(f.range.leastSeconds - truth) < 0.08 * truth,
                 qPrintable(QString("predicted %1, is %2").arg(f.range.leastSeconds).arg(truth)));
    }

    void whatIsMeasuredCoversBothMemories() {
        LaunchedMachine machine;
        FakeBackend backend(machine);
        const Result<KernelRates> rates = calibrate(backend);
        QVERIFY(rates.ok());
        QVERIFY(rates->attention.empty() && rates->parts.empty());
        int cached = 0;
        for (const LaunchRate& rate : rates->launches)
            cached += rate.cached;
        QVERIFY(cached > 0 && cached < static_cast<int>(rates->launches.size()));
        QVERIFY(rates->residency.front().fromMemory < 0.01);
        QVERIFY(rates->residency.back().fromMemory > 0.99);
        const KernelRates back = nlohmann::json(*rates).get<KernelRates>();
        QVERIFY(back == *rates);
        QVERIFY(bestOf(*rates, *rates) == *rates);
    }

    void aSmallDeviceIsMeasuredInItsCacheAlone() {
        LaunchedMachine machine;
        FakeBackend backend(machine);
        const Result<KernelRates> rates = calibrate(backend, 40 * kMiB);
        QVERIFY(rates.ok());
        QVERIFY(!rates->launches.empty());
        for (const LaunchRate& rate : rates->launches)
            QVERIFY(rate.cached);
        for (const DecoderRequest& request : machine.requests)
            QVERIFY(kvBytes(request.model, request.kvTypes, request.context, request.batch) <=
                    40 * kMiB);
    }

    void aDeviceWithoutWholeStepsIsMeasuredForAttention() {
        struct AttentionOnly : FakeBackend {
            using FakeBackend::FakeBackend;
            Status covers(const std::string&, const DecoderRequest& request) override {
                if (request.scope == Scope::Step)
                    return Error{ErrorCode::BadUsage, "no whole steps", "", ""};
                return Done{};
            }
        };
        LaunchedMachine machine;
        AttentionOnly backend(machine);
        const Result<KernelRates> rates = calibrate(backend);
        QVERIFY2(rates.ok(), rates ? "" : rates.error().sentence().c_str());
        QVERIFY(!rates->launches.empty() && rates->linear.empty());
        for (const DecoderRequest& request : machine.requests)
            QVERIFY(request.scope == Scope::Attention);
    }
};

QTEST_APPLESS_MAIN(TestLaunchCalibration)
#include "test_launch_calibration.moc"
