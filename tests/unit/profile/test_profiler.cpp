// SPDX-License-Identifier: Apache-2.0
#include <QtTest>

#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <set>

#include "core/profile/profiler.h"
#include "core/profile/recording.h"
#include "core/profile/statistics.h"
#include "profiler_runs.h"

using namespace decodescope;
using namespace test;

class TestProfiler : public QObject {
    Q_OBJECT

private slots:
    void everyPointGivesOneSampleInOrder() {
        FakeMachine machine;
        RunRequest request = smallRun();
        request.workload.batches = {2, 1};
        const Outcome outcome = run(machine, request);
        QVERIFY(outcome.status.ok());
        QCOMPARE(sampleNames(outcome.recording),
                 (std::vector<std::string>{"MHA@64x1", "GQA-2@64x1", "MQA@64x1", "MHA@64x2",
                                           "GQA-2@64x2", "MQA@64x2", "MHA@256x1", "GQA-2@256x1",
                                           "MQA@256x1", "MHA@256x2", "GQA-2@256x2", "MQA@256x2"}));
        QVERIFY(outcome.recording.complete);
        QCOMPARE(machine.alive, 0);
        QCOMPARE(machine.mostAlive, 3);
    }

    void theRunComesFirstAndTheEndLast() {
        FakeMachine machine;
        const Outcome outcome = run(machine, smallRun());
        QCOMPARE(kind(outcome.events.front()), "run");
        QCOMPARE(outcome.lastKind(), "done");
        const RunStarted& started = outcome.recording.runs.at(0);
        QCOMPARE(started.device.name, "Fake CPU");
        QCOMPARE(started.variants, (std::vector<std::string>{"MHA", "GQA-2", "MQA"}));
        QVERIFY(started.workload == smallRun().workload);
        for (const Sample& sample : outcome.recording.samples)
            QCOMPARE(sample.runId, started.runId);
        const auto& done = std::get<RunDone>(outcome.events.back());
        QCOMPARE(done.samples, 6);
        QVERIFY(!done.partial);
    }

    void twoRunsOfOneSecondDiffer() {
        FakeMachine machine;
        const std::string first = run(machine, smallRun()).recording.runs.at(0).runId;
        QVERIFY(first != run(machine, smallRun()).recording.runs.at(0).runId);
    }

    void aSampleTellsWhatWasMeasured() {
        FakeMachine machine;
        machine.stepMs = [](std::int64_t, int step) { return step % 2 ? 2.0 : 2.02; };
        RunRequest request = smallRun();
        request.workload.batches = {4};
        const Outcome outcome = run(machine, request);
        const Sample& sample = outcome.recording.samples.at(0);
        QCOMPARE(sample.variant, "MHA");
        QVERIFY(sample.whatIf);
        QCOMPARE(sample.nHeads, 8);
        QCOMPARE(sample.nKvHeads, 8);
        QCOMPARE(sample.headDim, 64);
        QCOMPARE(sample.layers, 2);
        QCOMPARE(sample.layersMeasured, 1);
        QVERIFY(std::abs(sample.tpotP50Ms - 2.01) < 0.011);
        QCOMPARE(sample.tpotP50Ms, median(sample.repetitionsMs));
        QVERIFY(std::abs(sample.tokensPerSecond - 4000 / sample.tpotP50Ms) < 1e-9);
        QCOMPARE(sample.stopping.reason, "target_error");
        QVERIFY(sample.stopping.achievedError <= 0.02);
        QCOMPARE(sample.kvBytes, sample.bytesRead);
        QCOMPARE(sample.ceilingBytesPerSecond, 1e10);
        const double floorMs = static_cast<double>(sample.bytesRead) / 1e10 * 1000;
        QVERIFY(std::abs(sample.floorMs - floorMs) < 1e-9);
        QVERIFY(std::abs(sample.floorFraction - floorMs / sample.tpotP50Ms) < 1e-9);
        QCOMPARE(sample.bound, "memory");
        QVERIFY(sample.predictedTpotMs > 0);
        QCOMPARE(sample.memoryUsedBytes, std::optional<std::uint64_t>(8 * kGiB));
        QVERIFY(!sample.cacheResident);
    }

    void aPointAboveTheRoofIsCacheResident() {
        FakeMachine machine;
        machine.ceilings = Ceilings{1e6, 1e11, 2, true};
        const Outcome outcome = run(machine, smallRun());
        QVERIFY(outcome.recording.samples.at(0).cacheResident);
    }

    void aDriftingMachineHitsAllVariantsAlike() {
        FakeMachine machine;
        // Every variant is as fast as the others, but the machine slows down to a third.
        machine.stepMs = [](std::int64_t, int step) { return 1.0 + 0.002 * step; };
        RunRequest request = smallRun();
        request.workload.contexts = {64};
        request.workload.targetError = 0; // all repetitions that the rule allows
        const Outcome outcome = run(machine, request);
        QCOMPARE(outcome.recording.samples.size(), 3u);
        const double first = outcome.recording.samples[0].tpotP50Ms;
        for (const Sample& sample : outcome.recording.samples) {
            QVERIFY(sample.repetitionsMs.back() > 3);
            QVERIFY(std::abs(sample.tpotP50Ms - first) < 0.02 * first);
        }
    }

    void variantsTakeTurns() {
        FakeMachine machine;
        RunRequest request = smallRun();
        request.workload.contexts = {64};
        request.workload.targetError = 0;
        (void)run(machine, request);
        int longest = 0, streak = 0;
        for (std::size_t i = 7; i < machine.stepsOf.size() - 100; ++i) { // behind the warm-up
            streak = machine.stepsOf[i] == machine.stepsOf[i - 1] ? streak + 1 : 1;
            longest = std::max(longest, streak);
        }
        QVERIFY2(longest <= 8, qPrintable(QString::number(longest)));
    }

    void slowStepsTakeTurnsOneByOne() {
        FakeMachine machine;
        machine.sleepSeconds = 0.011;
        machine.stepMs = [](std::int64_t, int) { return 11.0; };
        RunRequest request = smallRun();
        request.workload.contexts = {64};
        (void)run(machine, request);
        for (std::size_t i = 7; i < machine.stepsOf.size(); ++i)
            QVERIFY(machine.stepsOf[i] != machine.stepsOf[i - 1]);
    }

    void whatDoesNotFitIsSkippedBeforeAnythingIsAllocated() {
        FakeMachine machine;
        RunRequest request = smallRun();
        request.workload.reserveFraction = 0;
        // MHA of 256 tokens: 2 layers × 8 heads × 128 elements × 2 bytes × 256 = 1 MiB
        request.capacityBytes = kMiB;
        const Outcome outcome = run(machine, request);
        QVERIFY(outcome.status.ok());
        QCOMPARE(outcome.recording.samples.size(), 5u);
        QCOMPARE(outcome.recording.skipped.size(), 1u);
        const Skipped& skipped = outcome.recording.skipped[0];
        QCOMPARE(skipped.variant, "MHA");
        QCOMPARE(skipped.context, 256);
        QCOMPARE(skipped.error.code, ErrorCode::OutOfMemory);
        QVERIFY(skipped.maxContext > 64 && skipped.maxContext < 256);
        QVERIFY(outcome.recording.complete);
    }

    void nothingIsAllocatedWhereNothingFits() {
        FakeMachine machine;
        RunRequest request = smallRun();
        request.capacityBytes = 1000;
        const Outcome outcome = run(machine, request);
        QVERIFY(!outcome.status.ok());
        QCOMPARE(outcome.status.error().code, ErrorCode::OutOfMemory);
        QVERIFY(outcome.status.error().bytesAsked > 0);
        QCOMPARE(outcome.lastKind(), "error");
        QCOMPARE(outcome.recording.skipped.size(), 6u);
        QVERIFY(machine.requests.empty());
        QVERIFY(machine.calibrations.empty());
    }

    void aPointWithoutMemoryIsSkippedAndTheOthersGoOn() {
        for (const ErrorCode code : {ErrorCode::OutOfMemory, ErrorCode::BadUsage}) {
            FakeMachine machine;
            machine.refuseKvHeads = 8;
            machine.refusal = code;
            const Outcome outcome = run(machine, smallRun());
            QVERIFY(outcome.status.ok());
            QCOMPARE(outcome.recording.samples.size(), 4u);
            QCOMPARE(outcome.recording.skipped.size(), 2u);
            QCOMPARE(outcome.recording.skipped[0].error.code, code);
        }
    }

    void aRunWithoutAnySampleFails() {
        FakeMachine machine;
        machine.refuseKvHeads = 8;
        RunRequest request = smallRun();
        request.variants = {defaultVariants(request.model).at(0)};
        const Outcome outcome = run(machine, request);
        QVERIFY(!outcome.status.ok());
        QCOMPARE(outcome.status.error().code, ErrorCode::OutOfMemory);
        QCOMPARE(outcome.lastKind(), "error");
    }

    void aDecoderThatBreaksEndsTheRunAndLeavesItsSamples() {
        FakeMachine machine;
        machine.refuseKvHeads = -1;
        RunRequest request = smallRun();
        FakeMachine whole;
        (void)run(whole, request);
        machine.failAtStep = whole.steps - 10; // in the second context
        const Outcome outcome = run(machine, request);
        QVERIFY(!outcome.status.ok());
        QCOMPARE(outcome.status.error().code, ErrorCode::RunFailed);
        QCOMPARE(outcome.lastKind(), "error");
        QVERIFY(outcome.recording.samples.size() >= 3);
        QVERIFY(!outcome.recording.complete);
        QCOMPARE(machine.alive, 0);
    }

    void anExceptionDoesNotLeaveTheRun() {
        FakeMachine machine;
        machine.stepMs = [](std::int64_t, int step) -> double {
            if (step == 50)
                throw std::runtime_error("thrown by the fake machine");
            return 1;
        };
        const Outcome outcome = run(machine, smallRun());
        QVERIFY(!outcome.status.ok());
        QCOMPARE(outcome.status.error().what, "thrown by the fake machine");
        QCOMPARE(outcome.lastKind(), "error");
    }

    void aTimeThatCannotBeEndsTheRun() {
        for (const double wrong : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
            FakeMachine machine;
            machine.stepMs = [wrong](std::int64_t, int step) { return step == 50 ? wrong : 1; };
            QCOMPARE(run(machine, smallRun()).status.error().code, ErrorCode::RunFailed);
        }
    }

    void aStoppedRunKeepsWhatItHasWithinOneStep_data() {
        QTest::addColumn<int>("step");
        for (const int step : {0, 5, 6, 20, 40, 300, 650})
            QTest::newRow(qPrintable(QString::number(step))) << step;
    }
    void aStoppedRunKeepsWhatItHasWithinOneStep() {
        QFETCH(int, step);
        FakeMachine machine;
        std::stop_source stop;
        machine.stop = &stop;
        machine.stopAtStep = step;
        const Outcome outcome = run(machine, smallRun(), stop.get_token());
        QVERIFY(!outcome.status.ok());
        QCOMPARE(outcome.status.error().code, ErrorCode::Interrupted);
        QCOMPARE(machine.steps, step + 1);
        QCOMPARE(outcome.lastKind(), "done");
        const auto& done = std::get<RunDone>(outcome.events.back());
        QVERIFY(done.partial);
        QCOMPARE(done.samples, static_cast<int>(outcome.recording.samples.size()));
        std::size_t interrupted = 0;
        for (const Sample& sample : outcome.recording.samples) {
            QVERIFY(sample.repetitionsMs.size() >= 3);
            interrupted += sample.stopping.reason == "interrupted";
        }
        if (step >= 40)
            QVERIFY(interrupted > 0);
        if (step <= 6) // warm-up only
            QVERIFY(outcome.recording.samples.empty());
    }

    void aRunStoppedBeforeItBeganMeasuresNothing() {
        FakeMachine machine;
        std::stop_source stop;
        stop.request_stop();
        const Outcome outcome = run(machine, smallRun(), stop.get_token());
        QCOMPARE(outcome.status.error().code, ErrorCode::Interrupted);
        QVERIFY(machine.requests.empty());
        QVERIFY(machine.calibrations.empty());
        QCOMPARE(outcome.lastKind(), "done");
    }

    void memoryIsReportedFromTheStartToTheEnd() {
        FakeMachine machine;
        machine.sleepSeconds = 0.001;
        RunRequest request = smallRun();
        request.workload.maxSeconds = 1;
        request.workload.targetError = 0;
        const Outcome outcome = run(machine, request);
        const auto& memory = outcome.recording.memory;
        const double seconds = std::get<RunDone>(outcome.events.back()).atMs / 1000;
        // ten a second, one at the start and one at the end; a loaded machine may lose some
        QVERIFY2(static_cast<double>(memory.size()) <= 10 * seconds + 2.5,
                 qPrintable(QString::number(memory.size())));
        QVERIFY2(static_cast<double>(memory.size()) >= 5 * seconds,
                 qPrintable(QString::number(memory.size())));
        QCOMPARE(memory.front().ledger.kvBytes, 0u);
        QCOMPARE(memory.back().ledger.kvBytes, 0u);
        std::uint64_t most = 0;
        for (const MemoryEvent& event : memory)
            most = std::max(most, event.ledger.kvBytes);
        // all three decoders of the longer context together: 1 MiB, a quarter and an eighth
        QCOMPARE(most, kMiB + kMiB / 4 + kMiB / 8);
    }

    void progressCarriesEveryRepetitionAndNoFlood() {
        FakeMachine machine;
        machine.sleepSeconds = 0.0005;
        RunRequest request = smallRun();
        request.workload.maxSeconds = 1;
        request.workload.targetError = 0;
        const Outcome outcome = run(machine, request);
        std::map<std::string, std::size_t> measured;
        std::set<std::string> phases;
        double fraction = 0;
        for (const Progress& progress : outcome.recording.progress) {
            phases.insert(progress.phase);
            QVERIFY(progress.fraction <= 1);
            fraction = std::max(fraction, progress.fraction);
            if (progress.phase == "measure")
                measured[progress.variant + std::to_string(progress.context)] +=
                    progress.repetitionsMs.size();
        }
        QCOMPARE(phases, (std::set<std::string>{"calibrate", "allocate", "warmup", "measure"}));
        QVERIFY(fraction > 0.8);
        for (const Sample& sample : outcome.recording.samples)
            QCOMPARE(measured[sample.variant + std::to_string(sample.context)],
                     sample.repetitionsMs.size());
        const double seconds = std::get<RunDone>(outcome.events.back()).atMs / 1000;
        const double announcements = 1 + 6 * 3; // calibration; each point's three phases
        QVERIFY2(static_cast<double>(outcome.recording.progress.size()) <=
                     30 * seconds + announcements,
                 qPrintable(QString::number(outcome.recording.progress.size())));
    }

    void timesOfEventsNeverRunBackwards() {
        FakeMachine machine;
        machine.sleepSeconds = 0.0005;
        const Outcome outcome = run(machine, smallRun());
        double last = 0;
        for (const Progress& progress : outcome.recording.progress) {
            QVERIFY(progress.atMs >= last);
            last = progress.atMs;
        }
    }

    void calibrationTakesItsShareOfTheTime() {
        FakeMachine machine;
        RunRequest request = smallRun();
        request.workload.threads = 7;
        const Outcome outcome = run(machine, request);
        QCOMPARE(machine.calibrations.size(), 1u);
        QVERIFY(machine.calibrations[0].maxSeconds <= 0.15 * 5 + 1e-9);
        QCOMPARE(machine.calibrations[0].threads, 7);
        QVERIFY(outcome.recording.calibrations.at(0).ceilings == *machine.ceilings);
    }

    void aRunGoesByTheBestRoofsKnown() {
        FakeMachine machine;
        const Outcome outcome = run(machine, smallRun(), {}, Ceilings{2e10, 5e10, 2, true});
        const CalibrationEvent& calibration = outcome.recording.calibrations.at(0);
        QVERIFY((calibration.ceilings == Ceilings{2e10, 1e11, 2, true}));
        QVERIFY(!calibration.note.empty()); // it reads at half of what it did
        QCOMPARE(outcome.recording.samples.at(0).ceilingBytesPerSecond, 2e10);
        QCOMPARE(outcome.recording.samples.at(0).ceilingFlopPerSecond, 1e11);
    }

    void aPointStandsUnderTheRoofOfTheUnitThatDoesItsWork() {
        FakeMachine machine;
        machine.ceilings = Ceilings{1e10, 1e10, 2, true}; // 4 FLOP a byte: compute-bound
        machine.ceilings->bf16Dot = ArithmeticPeak{2e10, 3e10};
        const Sample byF32 = run(machine, smallRun()).recording.samples.at(0);
        QCOMPARE(byF32.bf16DotFlop, std::uint64_t{0});
        QCOMPARE(byF32.ceilingFlopPerSecond, 1e10);
        machine.bf16Dot = true;
        const Sample byDots = run(machine, smallRun()).recording.samples.at(0);
        QCOMPARE(byDots.bf16DotFlop, byDots.flop);
        QCOMPARE(byDots.ceilingFlopPerSecond, 3e10);
        QVERIFY(std::abs(byDots.floorMs * 3 / byF32.floorMs - 1) < 1e-9);
        QVERIFY(std::abs(byDots.boundBy->arithmeticShare * byDots.ceilingFlopPerSecond /
                             byDots.achievedFlopPerSecond -
                         1) < 1e-9);
    }

    void aSmallBufferMayBeACacheAndIsNotBelievedAboveWhatIsStored() {
        FakeMachine machine;
        RunRequest request = smallRun();
        request.budgetBytes = 16 * kMiB;
        machine.lastLevelCacheBytes = 32 * kMiB;
        const Outcome outcome = run(machine, request, {}, Ceilings{5e9, 1e11, 2, true});
        QCOMPARE(outcome.recording.samples.at(0).ceilingBytesPerSecond, 5e9);
    }

    void whatNoKernelRunsIsSaidBeforeAnythingIsMeasured() {
        FakeMachine machine;
        machine.uncoveredKvHeads = 1;
        const Outcome some = run(machine, smallRun());
        QVERIFY(some.status.ok());
        QCOMPARE(some.recording.samples.size(), std::size_t{4});
        QCOMPARE(some.recording.skipped.size(), std::size_t{2});
        QCOMPARE(some.recording.skipped[0].error.code, ErrorCode::BadUsage);

        machine.calibrations.clear();
        RunRequest request = smallRun();
        request.variants = {defaultVariants(request.model).back()};
        const Outcome none = run(machine, request);
        QCOMPARE(none.status.error().code, ErrorCode::BadUsage);
        QVERIFY(machine.calibrations.empty());
    }

    void whatBoundsAPointIsTriedAndTold() {
        FakeMachine machine;
        machine.launches = 100;
        machine.ceilings->barrierSeconds = 1e-7;
        // MHA waits for its bytes, MQA for its arithmetic, GQA for both.
        machine.varied = [](StepVariation variation, std::int64_t nKvHeads) {
            const bool twice = variation == StepVariation::TwiceTheWork;
            if (nKvHeads == 8)
                return twice ? 1.0 : 0.5;
            return nKvHeads == 1 ? (twice ? 2.0 : 1.0) : (twice ? 1.5 : 0.75);
        };
        // 0.8 of what the memory can, and it drifts.
        machine.stepMs = [](std::int64_t nKvHeads, int step) {
            const double bytes = 2.0 * 2 * 64 * 2 * 4096 * static_cast<double>(nKvHeads);
            return bytes / 1e10 * 1000 * 1.25 * (1 + 1e-5 * step);
        };
        RunRequest request = smallRun();
        request.workload.contexts = {4096};
        const Outcome outcome = run(machine, request);
        QVERIFY(outcome.status.ok());
        const std::vector<Sample>& samples = outcome.recording.samples;
        QCOMPARE(samples.size(), std::size_t{3});
        QVERIFY(machine.variedSteps > 0);
        for (const Sample& sample : samples) {
            QVERIFY(sample.boundBy && sample.boundBy->elastic());
            QVERIFY(std::abs(*sample.boundBy->overheadShare - 0.01 / sample.tpotP50Ms) < 1e-9);
            const double work = sample.nKvHeads == 8 ? 0 : sample.nKvHeads == 1 ? 1 : 0.585;
            const double bytes = sample.nKvHeads == 8 ? 1 : sample.nKvHeads == 1 ? 0 : 0.415;
            QVERIFY2(std::abs(*sample.boundBy->workElasticity - work) < 0.02 &&
                         std::abs(*sample.boundBy->bytesElasticity - bytes) < 0.02,
                     sample.variant.c_str());
        }
        QCOMPARE(samples[0].bound, "memory");
        QCOMPARE(samples[1].bound, "mixed");
        QCOMPARE(samples[2].bound, "instructions");
    }

    void aDeviceWithoutVariationsIsJudgedByItsRoofs() {
        FakeMachine machine;
        const Outcome outcome = run(machine, smallRun());
        const Sample& sample = outcome.recording.samples.at(0);
        QCOMPARE(sample.bound, "memory");
        QVERIFY(sample.boundBy && !sample.boundBy->elastic() && !sample.boundBy->overheadShare);
    }

    void aPointThatWasMeasuredIsKeptWhateverItsVariationsDo() {
        FakeMachine machine;
        machine.varied = [&](StepVariation, std::int64_t) {
            return std::numeric_limits<double>::quiet_NaN();
        };
        const Outcome broken = run(machine, smallRun());
        QCOMPARE(broken.status.error().code, ErrorCode::RunFailed);
        QCOMPARE(broken.recording.samples.size(), std::size_t{1});

        std::stop_source stop;
        machine.stop = &stop;
        machine.varied = [&](StepVariation, std::int64_t) {
            stop.request_stop();
            return 1.0;
        };
        const Outcome stopped = run(machine, smallRun(), stop.get_token());
        QCOMPARE(stopped.status.error().code, ErrorCode::Interrupted);
        QVERIFY(!stopped.recording.samples.empty());
        QVERIFY(!stopped.recording.samples.at(0).boundBy->elastic());
        QVERIFY(std::get<RunDone>(stopped.events.back()).partial);
    }

    void aQuickLookTriesNothing() {
        FakeMachine machine;
        machine.varied = [](StepVariation, std::int64_t) { return 1.0; };
        RunRequest request = smallRun();
        request.quickLook = true;
        QVERIFY(!run(machine, request).recording.samples.empty());
        QCOMPARE(machine.variedSteps, 0);
    }

    void aRunWithoutRoofsHasNoFloor() {
        FakeMachine machine;
        machine.ceilings = Error{ErrorCode::OutOfMemory, "no room", "", ""};
        const Outcome outcome = run(machine, smallRun());
        QVERIFY(outcome.status.ok());
        QCOMPARE(outcome.recording.samples.at(0).bound, "unknown");
        QCOMPARE(outcome.recording.samples.at(0).floorMs, 0.0);
        machine.ceilings = Error{ErrorCode::RunFailed, "broken", "", ""};
        QCOMPARE(run(machine, smallRun()).status.error().code, ErrorCode::RunFailed);
    }

    void aMachineWithoutMemoryProbesIsMeasured() {
        FakeMachine machine;
        machine.probes = false;
        const Outcome outcome = run(machine, smallRun());
        QVERIFY(outcome.status.ok());
        QCOMPARE(outcome.recording.samples.size(), 6u);
        QVERIFY(!outcome.recording.samples[0].memoryUsedBytes);
        QVERIFY(!outcome.recording.memory.at(0).reading.totalBytes);
    }

    void aDeviceThatIsNotThereIsSaid() {
        FakeMachine machine;
        RunRequest request = smallRun();
        request.deviceId = "cuda:3";
        const Outcome missing = run(machine, request);
        QCOMPARE(missing.status.error().code, ErrorCode::DeviceUnavailable);
        QCOMPARE(kind(missing.events.front()), "run");
        QCOMPARE(missing.lastKind(), "error");
        machine.available = false;
        const Outcome unusable = run(machine, smallRun());
        QCOMPARE(unusable.status.error().code, ErrorCode::DeviceUnavailable);
        QCOMPARE(unusable.status.error().what, "it is a fake");
    }

    void aRequestThatMakesNoSenseIsRefused_data() {
        QTest::addColumn<int>("which");
        for (int which = 0; which < 9; ++which)
            QTest::newRow(qPrintable(QString::number(which))) << which;
    }
    void aRequestThatMakesNoSenseIsRefused() {
        QFETCH(int, which);
        RunRequest request = smallRun();
        Workload& workload = request.workload;
        const std::vector<std::function<void()>> mistakes = {
            [&] { workload.contexts.clear(); },
            [&] { workload.contexts = {0}; },
            [&] { workload.contexts = {std::numeric_limits<std::int64_t>::max()}; },
            [&] { workload.batches = {-1}; },
            [&] { workload.batches.clear(); },
            [&] { workload.maxSeconds = std::nan(""); },
            [&] { workload.reserveFraction = 1; },
            [&] { workload.threads = -1; },
            [&] { request.model.layers.clear(); }};
        mistakes[static_cast<std::size_t>(which)]();
        FakeMachine machine;
        const Outcome outcome = run(machine, request);
        QVERIFY(!outcome.status.ok());
        QCOMPARE(outcome.status.error().code, ErrorCode::BadUsage);
        QCOMPARE(outcome.lastKind(), "error");
        QVERIFY(machine.requests.empty());
    }
};

QTEST_GUILESS_MAIN(TestProfiler)
#include "test_profiler.moc"
