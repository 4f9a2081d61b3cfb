// SPDX-License-Identifier: Apache-2.0
#include <QtTest>

#include "core/spec/units.h"
#include "profiler_runs.h"

using namespace decodescope;
using namespace test;

/// How a run keeps to the memory and the time it was given.
class TestProfilerBudgets : public QObject {
    Q_OBJECT

private slots:
    void theBudgetOfAGroupIsDividedAmongItsDecoders() {
        FakeMachine machine;
        machine.availableBytes = kGiB;
        RunRequest request = smallRun();
        request.model = modelByHand({32, 32, 8, 128, 0, 0, 0, 0});
        request.workload.contexts = {4096};
        request.workload.reserveFraction = 0.25;
        request.workload.maxSeconds = 600;
        (void)run(machine, request);
        QCOMPARE(machine.requests.size(), 3u);
        std::uint64_t sum = 0;
        for (const DecoderRequest& each : machine.requests)
            sum += each.budgetBytes;
        QVERIFY(sum <= 3 * kGiB / 4);
        QVERIFY(sum > 3 * kGiB / 4 - 10);
        QVERIFY(machine.requests[2].budgetBytes > 64 * kMiB); // MQA's 64 MiB and some room
        QVERIFY(machine.requests[0].budgetBytes > machine.requests[2].budgetBytes);
    }

    void aCapacityThatWasGivenHoldsForAllTogether() {
        FakeMachine machine;
        RunRequest request = smallRun();
        request.model = modelByHand({32, 32, 8, 128, 0, 0, 0, 0});
        request.workload.contexts = {1024}; // 512 MiB as MHA
        request.workload.reserveFraction = 0.25;
        request.workload.maxSeconds = 600;
        request.capacityBytes = kGiB;
        (void)run(machine, request);
        QCOMPARE(machine.requests.size(), 3u);
        std::uint64_t sum = 0;
        for (const DecoderRequest& each : machine.requests)
            sum += each.budgetBytes;
        QVERIFY2(sum <= 3 * kGiB / 4, qPrintable(QString::number(sum)));
    }

    void noMoreIsFilledThanTheTimeAllows() {
        FakeMachine machine;
        machine.availableBytes = 14 * kGiB;
        RunRequest request = smallRun();
        request.model = modelByHand({32, 32, 8, 128, 0, 0, 0, 0});
        request.workload.contexts = {16384}; // 8 GiB as MHA
        request.workload.maxSeconds = 600;
        (void)run(machine, request);
        QVERIFY(machine.requests.at(0).budgetBytes > 8 * kGiB);
        machine.requests.clear();
        request.workload.maxSeconds = 1;
        (void)run(machine, request);
        QVERIFY(machine.requests.at(0).budgetBytes < 3 * kGiB);
    }

    /// Most of a run's first seconds would otherwise go into memory on a machine that is slow at
    /// it.
    void theCalibrationTellsHowFastMemoryIsFilled() {
        FakeMachine machine;
        machine.availableBytes = 14 * kGiB;
        RunRequest request = smallRun();
        request.model = modelByHand({32, 32, 8, 128, 0, 0, 0, 0});
        request.workload.contexts = {16384};
        request.workload.maxSeconds = 30;
        (void)run(machine, request);
        const std::uint64_t usual = machine.requests.at(0).budgetBytes;
        machine.requests.clear();
        machine.ceilings->fillBytesPerSecond = 1e8;
        (void)run(machine, request);
        QVERIFY2(machine.requests.at(0).budgetBytes < usual / 2,
                 qPrintable(QString::number(machine.requests.at(0).budgetBytes)));
    }

    void somethingIsMeasuredHoweverShortTheTime() {
        FakeMachine machine;
        RunRequest request = smallRun();
        request.workload.maxSeconds = 1e-9;
        const Outcome outcome = run(machine, request);
        QVERIFY(outcome.status.ok());
        QCOMPARE(outcome.recording.samples.size(), 3u);
        QVERIFY(std::get<RunDone>(outcome.events.back()).partial);
    }

    void aSlowStepIsWarmedUpOnce() {
        FakeMachine machine;
        machine.sleepSeconds = 0.05;
        RunRequest request = smallRun();
        request.workload.contexts = {64};
        request.workload.maxSeconds = 0.5;
        const Outcome slow = run(machine, request);
        QCOMPARE(slow.recording.samples.at(0).stopping.rule.warmupRepetitions, 1);
        machine.sleepSeconds = 0;
        const Outcome fast = run(machine, request);
        QCOMPARE(fast.recording.samples.at(0).stopping.rule.warmupRepetitions, 2);
    }

    void aBudgetThatWasGivenIsKept() {
        FakeMachine machine;
        RunRequest request = smallRun();
        request.budgetBytes = 30 * kMiB;
        (void)run(machine, request);
        for (std::size_t i = 0; i + 2 < machine.requests.size(); i += 3)
            QVERIFY(machine.requests[i].budgetBytes + machine.requests[i + 1].budgetBytes +
                        machine.requests[i + 2].budgetBytes <=
                    30 * kMiB);
        QVERIFY(machine.calibrations.at(0).bufferBytes <= 30 * kMiB);
        machine.requests.clear();
        machine.availableBytes = 3 * kMiB; // more was allowed than there is
        (void)run(machine, request);
        QVERIFY(machine.requests.at(0).budgetBytes <= 3 * kMiB);
    }

    void aQuickLookIsSmallShortAndMarked() {
        FakeMachine machine;
        machine.sleepSeconds = 0.002;
        RunRequest request = smallRun();
        request.quickLook = true;
        request.workload.maxSeconds = 60;
        request.workload.targetError = 0;
        QElapsedTimer timer;
        timer.start();
        const Outcome outcome = run(machine, request);
        QVERIFY2(timer.elapsed() < 2500, qPrintable(QString::number(timer.elapsed())));
        QCOMPARE(outcome.recording.samples.size(), 6u);
        for (const Sample& sample : outcome.recording.samples)
            QVERIFY(sample.quickLook);
        QVERIFY(outcome.recording.runs.at(0).quickLook);
        QVERIFY(machine.calibrations.at(0).maxSeconds <= 0.3);
        QVERIFY(machine.calibrations.at(0).bufferBytes <= 256 * kMiB);
        for (std::size_t i = 0; i + 2 < machine.requests.size(); i += 3)
            QVERIFY(machine.requests[i].budgetBytes + machine.requests[i + 1].budgetBytes +
                        machine.requests[i + 2].budgetBytes <=
                    256 * kMiB);
    }

    void pointsTheTimeDidNotReachAreSaid() {
        FakeMachine machine;
        machine.sleepSeconds = 0.05;
        RunRequest request = smallRun();
        request.workload.maxSeconds = 0.3; // one context's warm-up and three rounds take longer
        const Outcome outcome = run(machine, request);
        QVERIFY(outcome.status.ok());
        QCOMPARE(outcome.recording.samples.size(), 3u);
        QCOMPARE(outcome.recording.skipped.size(), 3u);
        QCOMPARE(outcome.recording.skipped[0].context, 256);
        QCOMPARE(outcome.recording.skipped[0].error.code, ErrorCode::Interrupted);
        QVERIFY(std::get<RunDone>(outcome.events.back()).partial);
        QVERIFY(!outcome.recording.complete);
    }
};

QTEST_APPLESS_MAIN(TestProfilerBudgets)
#include "test_profiler_budgets.moc"
