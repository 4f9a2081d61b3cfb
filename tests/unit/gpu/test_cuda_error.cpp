// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "gpu/cuda_error.h"

using namespace decodescope;

/// Whatever the CUDA runtime answers becomes a sentence, what to do, and an exit code.
class TestCudaError : public QObject {
    Q_OBJECT

private slots:
    void aGpuThatCannotBeUsedIsUnavailable_data();
    void aGpuThatCannotBeUsedIsUnavailable();
    void anAllocationThatIsRefusedIsOutOfMemory();
    void aFaultOfAKernelIsAFailedRun();
    void anUnknownCodeKeepsItsNumberAndWords();
};

void TestCudaError::aGpuThatCannotBeUsedIsUnavailable_data() {
    QTest::addColumn<int>("code");
    QTest::addColumn<int>("driver");
    QTest::addColumn<QString>("says");
    QTest::newRow("no driver") << 35 << 0 << "no NVIDIA driver";
    QTest::newRow("stub of a driver") << 34 << 0 << "no NVIDIA driver";
    QTest::newRow("old driver") << 35 << 11040 << "too old (it supports CUDA 11.4)";
    QTest::newRow("no device") << 100 << 13000 << "no NVIDIA GPU found";
    QTest::newRow("no such device") << 101 << 13000 << "no such GPU";
    QTest::newRow("held by others") << 46 << 13000 << "another process holds the GPU";
    QTest::newRow("not built for it") << 209 << 13000 << "no kernels for the GPU's architecture";
    QTest::newRow("ECC") << 214 << 13000 << "could not correct";
    QTest::newRow("NVLink") << 220 << 13000 << "NVLink";
    QTest::newRow("contained") << 226 << 13000 << "contained";
    QTest::newRow("fell off the bus") << 999 << 13000 << "lost in mid-run";
    QTest::newRow("system call") << 304 << 13000 << "lost in mid-run";
    QTest::newRow("taken away") << 911 << 13000 << "taken away";
    QTest::newRow("services start") << 802 << 13000 << "not ready";
    QTest::newRow("driver updated") << 803 << 13000 << "does not match";
    QTest::newRow("compatibility") << 804 << 13000 << "does not let";
}

void TestCudaError::aGpuThatCannotBeUsedIsUnavailable() {
    QFETCH(int, code);
    QFETCH(int, driver);
    QFETCH(QString, says);
    const Error error = cudaError({code, "words", driver}, "cuda:1");
    QCOMPARE(error.code, ErrorCode::DeviceUnavailable);
    QCOMPARE(exitCode(error.code), 5);
    QVERIFY2(QString::fromStdString(error.what).contains(says), error.what.c_str());
    QCOMPARE(error.where, std::string("cuda:1"));
    QVERIFY(!error.hint.empty());
    QVERIFY(error.what.back() != '.');
}

void TestCudaError::anAllocationThatIsRefusedIsOutOfMemory() {
    CudaFailure failure{2, "out of memory", 13000};
    failure.bytesAsked = 5'000'000;
    failure.bytesFree = 4'000'000;
    const Error error = cudaError(failure, "cuda:0");
    QCOMPARE(error.code, ErrorCode::OutOfMemory);
    QCOMPARE(error.bytesAsked, std::uint64_t{5'000'000});
    QCOMPARE(error.bytesFree, std::uint64_t{4'000'000});
    QVERIFY(error.what.find("memory") != std::string::npos);
}

void TestCudaError::aFaultOfAKernelIsAFailedRun() {
    for (const int code : {700, 702, 710, 714, 715, 716, 717, 718, 719}) {
        const Error error = cudaError({code, "an illegal memory access", 13000}, "cuda:0");
        QCOMPARE(error.code, ErrorCode::RunFailed);
        QVERIFY(error.what.find(std::to_string(code)) != std::string::npos);
        QVERIFY(error.what.find("an illegal memory access") != std::string::npos);
    }
}

void TestCudaError::anUnknownCodeKeepsItsNumberAndWords() {
    QCOMPARE(cudaSentence({3, "initialization error", 13000}),
             std::string("CUDA error 3: initialization error"));
    QCOMPARE(exitCode(cudaError({3, "initialization error", 13000}, "cuda:0").code), 5);
}

QTEST_APPLESS_MAIN(TestCudaError)
#include "test_cuda_error.moc"
