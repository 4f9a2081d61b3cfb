// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "core/profile/probe.h"
#include "core/profile/profiler.h"
#include "core/spec/units.h"
#include "emulated_system.h"
#include "example_gpus.h"
#include "gpu/cuda_backend.h"

using namespace decodescope;

/// The whole way from a request to its samples, on a GPU that is emulated.
class TestCudaRun : public QObject {
    Q_OBJECT

private slots:
    void aRunMeasuresEveryPoint();
    void aRunKeepsWhatItHasOfALostGpu();
    void aProbeFindsWhereMemoryEnds();
};

namespace {

EmulatedGpu counting() {
    EmulatedGpu gpu;
    gpu.properties = exampleGpu("H200");
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

ModelSpec model() {
    return modelByHand({.layers = 3, .nHeads = 8, .nKvHeads = 2, .headDim = 64});
}

RunRequest runRequest() {
    RunRequest request;
    request.model = model();
    request.variants = {asIs(request.model)};
    request.deviceId = "cuda:0";
    request.workload.contexts = {512, 1024, 2048};
    request.workload.batches = {1, 2};
    request.workload.scope = Scope::Attention;
    request.quickLook = true;
    return request;
}

template <typename T>
std::vector<T> all(const std::vector<Event>& events) {
    std::vector<T> found;
    for (const Event& event : events)
        if (const auto* each = std::get_if<T>(&event))
            found.push_back(*each);
    return found;
}

} // namespace

void TestCudaRun::aRunMeasuresEveryPoint() {
    const Machine machine(counting());
    std::vector<Event> events;
    const Status status = profile(*machine.backend, runRequest(),
                                  [&](const Event& event) { events.push_back(event); }, {});
    QVERIFY2(status.ok(), status.ok() ? "" : status.error().sentence().c_str());
    const std::vector<Sample> samples = all<Sample>(events);
    QCOMPARE(samples.size(), std::size_t{6});
    for (const Sample& sample : samples) {
        QCOMPARE(sample.backend, std::string("cuda"));
        QCOMPARE(sample.device, std::string("Emulated GPU"));
        QCOMPARE(sample.layersMeasured, std::int64_t{3});
        QCOMPARE(sample.kvBytes,
                 static_cast<std::uint64_t>(3 * sample.batch * sample.context * 2 * 64 * 4));
        QVERIFY(sample.tpotP50Ms > 0 && sample.ceilingBytesPerSecond > 0);
        QVERIFY(sample.memoryUsedBytes.value_or(0) >= sample.kvBytes);
    }
    QCOMPARE(machine.runtime->heldBytes(), std::uint64_t{0});
}

void TestCudaRun::aRunKeepsWhatItHasOfALostGpu() {
    const Machine machine(counting());
    std::vector<Event> events;
    const Status status = profile(*machine.backend, runRequest(),
                                  [&](const Event& event) {
                                      events.push_back(event);
                                      if (std::holds_alternative<Sample>(event))
                                          machine.runtime->failFrom(10, 999);
                                  },
                                  {});
    QVERIFY(!status.ok());
    QCOMPARE(status.error().code, ErrorCode::DeviceUnavailable);
    QCOMPARE(status.error().what, std::string("the GPU was lost in mid-run"));
    QCOMPARE(exitCode(status.error().code), 5);
    QVERIFY(!all<Sample>(events).empty());
    QCOMPARE(all<RunFailed>(events).size(), std::size_t{1});
    QCOMPARE(machine.runtime->heldBytes(), std::uint64_t{0});
}

void TestCudaRun::aProbeFindsWhereMemoryEnds() {
    EmulatedGpu gpu = counting();
    gpu.othersBytes = 64 * kMiB; // free is less than there is
    const Machine machine(gpu);
    ProbeRequest request;
    request.deviceId = "cuda:0";
    request.variant = asIs(model());
    request.workload.scope = Scope::Attention;
    request.workload.batches = {2};
    std::vector<Event> events;
    const Status status =
        probe(*machine.backend, request, [&](const Event& event) { events.push_back(event); }, {});
    QVERIFY2(status.ok(), status.ok() ? "" : status.error().sentence().c_str());
    const std::vector<ProbeResult> results = all<ProbeResult>(events);
    QCOMPARE(results.size(), std::size_t{1});
    QVERIFY(results[0].proofTpotMs > 0);
    const std::int64_t tokenBytes = 3 * 2 * 2 * 64 * 4;
    QCOMPARE(static_cast<std::int64_t>(results[0].kvBytes),
             results[0].maxContextMeasured * tokenBytes);
    // 256 MiB less what others hold and what is kept free.
    QVERIFY(results[0].kvBytes > 100 * kMiB && results[0].kvBytes < 192 * kMiB);
    QCOMPARE(machine.runtime->heldBytes(), std::uint64_t{0});
}

QTEST_APPLESS_MAIN(TestCudaRun)
#include "test_cuda_run.moc"
