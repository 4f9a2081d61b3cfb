// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <cmath>

#include "core/plan/kernel_model.h"
#include "core/plan/plan.h"
#include "core/profile/kernel_calibration.h"
#include "core/spec/layer_matrices.h"
#include "fake_backend.h"

using namespace decodescope;
using namespace decodescope::test;

constexpr std::uint64_t kCacheBytes = kMiB;
constexpr AttentionUnits kUnits{32, 128, 4096, 1000}; ///< no thread waits for another

/// A machine whose steps follow a law: rows cost their heads and, where the step outruns the cache,
/// their bytes; each part of a head costs its queries; weights cost their bytes and the batch,
/// inputs and outputs of matrices the batch.
static double law(const DecoderRequest& request) {
    const double pace = request.threads == 1 ? 1 : 0.55;
    const auto bytes = static_cast<double>(
        kvBytes(request.model, request.kvTypes, request.context, request.batch) +
        (request.scope == Scope::Step
             ? weightsBytesRead(request.model, request.weightsType, request.batch)
             : 0));
    const bool fromMemory = bytes > kCacheBytes;
    double seconds = 0;
    for (const LayerSpec& layer : request.model.layers) {
        const auto heads = static_cast<double>(layer.nKvHeads * request.batch);
        const double group =
            static_cast<double>(layer.nHeads) / static_cast<double>(layer.nKvHeads);
        const double cached = 1e-9 * (3 + 5 * group) * static_cast<double>(layer.headDimK) / 128;
        const double rowBytes =
            2 * static_cast<double>(
                    storedBytes(request.kvTypes.key, static_cast<std::uint64_t>(layer.headDimK)));
        const double memory = fromMemory ? std::max(cached, rowBytes / 20e9) : cached;
        const auto parts =
            heads * static_cast<double>(kUnits.partsOfHead(layer.nKvHeads * request.batch,
                                                           request.context, request.threads));
        const double perPart = 2e-7 * group * static_cast<double>(layer.headDimK) / 128;
        seconds += pace * heads * static_cast<double>(request.context) * memory +
                   parts * perPart / request.threads + (request.scope == Scope::Step ? 4e-6 : 1e-6);
    }
    if (request.scope == Scope::Step)
        seconds += pace * (0.5 + 0.5 * static_cast<double>(request.batch)) *
                       static_cast<double>(
                           weightsBytesRead(request.model, request.weightsType, request.batch)) /
                       (fromMemory ? 20e9 : 60e9) +
                   pace * 3e-10 * static_cast<double>(request.batch) * valuesPassed(request.model);
    return seconds;
}

struct LawfulMachine : FakeMachine {
    LawfulMachine() {
        FakeMachine::law = ::law;
        lastLevelCacheBytes = kCacheBytes;
        threads = 2;
        units = kUnits;
    }
};

static Result<KernelRates> calibrate(FakeBackend& backend, std::uint64_t budget = kGiB,
                                     std::stop_token stop = {},
                                     std::optional<CacheLevel> cache = {},
                                     double fillBytesPerSecond = 0) {
    KernelCalibrationRequest request;
    request.fillBytesPerSecond = fillBytesPerSecond;
    request.cache = cache;
    request.maxSeconds = 0.1;
    request.budgetBytes = budget;
    return measureKernelRates(backend, backend.devices().front(), request, stop);
}

class TestKernelCalibration : public QObject {
    Q_OBJECT

private slots:
    void otherStepsOfTheMachineArePredicted_data() {
        QTest::addColumn<int>("layers");
        QTest::addColumn<int>("kvHeads");
        QTest::addColumn<int>("group");
        QTest::addColumn<int>("headDim");
        QTest::addColumn<int>("context");
        QTest::addColumn<int>("batch");
        QTest::addColumn<int>("threads");
        QTest::addColumn<bool>("step");
        QTest::newRow("MHA from memory") << 4 << 16 << 1 << 128 << 4096 << 1 << 1 << false;
        QTest::newRow("in the cache") << 1 << 2 << 4 << 128 << 256 << 1 << 1 << false;
        QTest::newRow("a group between") << 3 << 8 << 10 << 128 << 2048 << 2 << 2 << false;
        QTest::newRow("MQA of 71") << 2 << 1 << 71 << 64 << 8192 << 3 << 2 << false;
        QTest::newRow("head_dim between") << 2 << 8 << 3 << 96 << 4096 << 1 << 1 << false;
        QTest::newRow("a whole step") << 4 << 4 << 4 << 128 << 512 << 1 << 2 << true;
        QTest::newRow("a batch between") << 3 << 4 << 2 << 64 << 512 << 6 << 1 << true;
        QTest::newRow("short contexts") << 3 << 4 << 8 << 128 << 96 << 4 << 2 << false;
    }
    void otherStepsOfTheMachineArePredicted() {
        QFETCH(int, layers);
        QFETCH(int, kvHeads);
        QFETCH(int, group);
        QFETCH(int, headDim);
        QFETCH(int, context);
        QFETCH(int, batch);
        QFETCH(int, threads);
        QFETCH(bool, step);
        LawfulMachine machine;
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
                                     .hiddenSize = step ? 1024 : 0,
                                     .ffnHidden = step ? 2048 : 0,
                                     .vocabSize = step ? 1000 : 0});
        request.context = context;
        request.batch = batch;
        request.threads = threads;
        request.scope = step ? Scope::Step : Scope::Attention;
        Workload workload;
        workload.threads = threads;
        const Forecast f = forecast(request.model, workload, context, batch, request.scope,
                                    {1e10, 1e11, true}, {}, &kernels);
        QVERIFY(f.fromKernels);
        const double truth = law(request);
        QVERIFY2(std::abs(f.range.leastSeconds - truth) < 0.05 * truth,
                 qPrintable(QString("predicted %1, is %2").arg(f.range.leastSeconds).arg(truth)));
    }

    void aLargerCacheThatIsNoFasterIsTakenForMemory() {
        LawfulMachine machine;
        FakeBackend plain(machine);
        const Result<KernelRates> truth = calibrate(plain);
        // The law's cache is now the second level of two threads, each with a half of its own.
        machine.lastLevelCacheBytes = 8 * kCacheBytes;
        FakeBackend backend(machine);
        const Result<KernelRates> rates =
            calibrate(backend, 4 * kGiB, {}, CacheLevel{2, kCacheBytes / 2, 1, 1e11});
        QVERIFY(truth.ok() && rates.ok());
        std::size_t same = 0;
        for (const AttentionRate& a : truth->attention)
            for (const AttentionRate& b : rates->attention)
                if (a.type == b.type && a.group == b.group && a.headDim == b.headDim &&
                    a.threads == b.threads && a.cached == b.cached) {
                    QVERIFY(std::abs(a.secondsPerRow - b.secondsPerRow) < 0.02 * a.secondsPerRow);
                    ++same;
                }
        QCOMPARE(same, truth->attention.size());
        QCOMPARE(rates->residency.front().fromMemory, 0.0);
        for (const ResidencyRate& each : rates->residency)
            if (each.bytes >= 2 * kCacheBytes)
                QVERIFY(each.fromMemory > 0.9);
        QVERIFY(rates->residency.back().bytes > 8 * kCacheBytes);
    }

    void memoryIsFilledInTheTimeThereIs() {
        LawfulMachine machine;
        machine.lastLevelCacheBytes = 8 * kCacheBytes;
        const CacheLevel cache{2, kCacheBytes / 2, 1, 1e11};
        const auto outrunning = [&](double fillBytesPerSecond) {
            FakeBackend backend(machine);
            const Result<KernelRates> rates =
                calibrate(backend, 4 * kGiB, {}, cache, fillBytesPerSecond);
            return rates.ok() ? rates->residency.back().bytes : 0;
        };
        const std::uint64_t all = outrunning(0);
        QVERIFY(all > 16 * kCacheBytes);
        QCOMPARE(outrunning(1e15), all);
        // Never less than what outruns the cache of both threads.
        QCOMPARE(outrunning(1e6), 2 * kCacheBytes);
        const std::uint64_t between = outrunning(1e11);
        QVERIFY(between > 2 * kCacheBytes && between < all);
    }

    void aQuietMachineIsNotSlowedDown() {
        LawfulMachine machine;
        FakeBackend backend(machine);
        const Result<KernelRates> rates = calibrate(backend);
        QCOMPARE(rates->usualSlowdown, 1.0);
        QCOMPARE(rates->mostSlowdown, 1.0);
    }

    void disturbedStepsDoNotCount() {
        LawfulMachine machine;
        int step = 0;
        machine.law = [&step](const DecoderRequest& request) {
            return law(request) * (++step % 2 == 0 ? 1.6 : 1);
        };
        FakeBackend backend(machine);
        const Result<KernelRates> rates = calibrate(backend);
        LawfulMachine quiet;
        FakeBackend other(quiet);
        const Result<KernelRates> truth = calibrate(other);
        for (std::size_t i = 0; i < truth->attention.size(); ++i)
            QVERIFY(
                std::abs(rates->attention[i].secondsPerRow - truth->attention[i].secondsPerRow) <
                1e-6 * truth->attention[i].secondsPerRow);
        QVERIFY(rates->usualSlowdown > 1.1);
    }

    void withoutRoomTheMemoryIsLeftOut() {
        LawfulMachine machine;
        FakeBackend backend(machine);
        const Result<KernelRates> rates = calibrate(backend, 2 * kMiB);
        QVERIFY(rates.ok());
        QVERIFY(!rates->attention.empty() && !rates->linear.empty());
        for (const AttentionRate& rate : rates->attention)
            QVERIFY(rate.cached);
    }

    void failuresAndStopsAreSaid() {
        LawfulMachine machine;
        machine.failAtStep = 100;
        FakeBackend backend(machine);
        const Result<KernelRates> failed = calibrate(backend);
        QVERIFY(!failed.ok());
        QCOMPARE(failed.error().code, ErrorCode::RunFailed);
        QCOMPARE(machine.alive, 0);
        std::stop_source stop;
        LawfulMachine stopped;
        stopped.stop = &stop;
        stopped.stopAtStep = 50;
        FakeBackend other(stopped);
        const Result<KernelRates> ended = calibrate(other, kGiB, stop.get_token());
        QVERIFY(!ended.ok());
        QCOMPARE(ended.error().code, ErrorCode::Interrupted);
    }
};

QTEST_GUILESS_MAIN(TestKernelCalibration)
#include "test_kernel_calibration.moc"
