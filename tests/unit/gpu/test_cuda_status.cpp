// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "gpu/cuda_backend.h"
#include "gpu/cuda_status.h"

using namespace decodescope;

/// Each way in which CUDA can be missing has its own sentence, and none of them is a crash.
class TestCudaStatus : public QObject {
    Q_OBJECT

private slots:
    void aBuildWithoutCudaSaysSo();
    void noDriverOldDriverAndNoDeviceAreToldApart();
    void anUnknownErrorKeepsItsNumberAndWords();
    void aGpuIsDescribedInFull();
    void theBackendAnswersOnThisMachine();
};

static CudaQuery failed(int error, int driverVersion) {
    CudaQuery query;
    query.built = true;
    query.error = error;
    query.errorText = "initialization error";
    query.driverVersion = driverVersion;
    return query;
}

void TestCudaStatus::aBuildWithoutCudaSaysSo() {
    QCOMPARE(cudaUnavailableReason(CudaQuery{}), std::string("CUDA is not part of this build"));
}

void TestCudaStatus::noDriverOldDriverAndNoDeviceAreToldApart() {
    QCOMPARE(cudaUnavailableReason(failed(35, 0)), std::string("no NVIDIA driver"));
    QCOMPARE(cudaUnavailableReason(failed(35, 11040)),
             std::string("the NVIDIA driver is too old (it supports CUDA 11.4)"));
    QCOMPARE(cudaUnavailableReason(failed(100, 13000)), std::string("no NVIDIA GPU found"));
}

void TestCudaStatus::anUnknownErrorKeepsItsNumberAndWords() {
    QCOMPARE(cudaUnavailableReason(failed(3, 13000)),
             std::string("CUDA error 3: initialization error"));
}

void TestCudaStatus::aGpuIsDescribedInFull() {
    CudaQuery query;
    query.built = true;
    query.driverVersion = 13000;
    CudaDevice gpu;
    gpu.name = "NVIDIA H200";
    gpu.computeMajor = 9;
    gpu.totalBytes = 150'000'000'000;
    gpu.freeBytes = 140'000'000'000;
    gpu.memoryKnown = true;
    query.devices = {gpu};
    const std::vector<DeviceInfo> infos = cudaDeviceInfos(query);
    QCOMPARE(infos.size(), std::size_t{1});
    QCOMPARE(infos[0].id, std::string("cuda:0"));
    QCOMPARE(infos[0].computeCapability, std::string("9.0"));
    QCOMPARE(infos[0].driverVersion, std::string("13.0"));
    QCOMPARE(infos[0].memoryFreeBytes.value_or(0), std::uint64_t{140'000'000'000});
    QVERIFY(infos[0].available && infos[0].reason.empty());

    query.devices[0].computeMajor = 7;
    QVERIFY(!cudaDeviceInfos(query)[0].available);
    QCOMPARE(cudaDeviceInfos(query)[0].reason,
             std::string("compute capability 7.0 is too old: the kernels need 7.5"));
    query.devices[0] = gpu;
    query.devices[0].error = 46; // another process has it for itself
    QVERIFY(!cudaDeviceInfos(query)[0].available);
    QVERIFY(cudaDeviceInfos(query)[0].reason.find("another process") != std::string::npos);
}

void TestCudaStatus::theBackendAnswersOnThisMachine() {
    const std::unique_ptr<Backend> backend = makeCudaBackend();
    const std::vector<DeviceInfo> devices = backend->devices();
    QVERIFY(!devices.empty());
    for (const DeviceInfo& device : devices) {
        QVERIFY(device.available || !device.reason.empty());
        const auto decoder = backend->makeDecoder(device.id, DecoderRequest{}, {});
        QVERIFY(decoder.ok() || decoder.error().code == ErrorCode::DeviceUnavailable);
    }
    const auto missing = backend->makeDecoder("cuda:99", DecoderRequest{}, {});
    QVERIFY(!missing.ok());
    QCOMPARE(exitCode(missing.error().code), 5);
}

QTEST_APPLESS_MAIN(TestCudaStatus)
#include "test_cuda_status.moc"
