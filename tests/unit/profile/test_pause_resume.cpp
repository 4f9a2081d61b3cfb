// SPDX-License-Identifier: Apache-2.0
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include <nlohmann/json.hpp>

#include "core/profile/resume.h"
#include "profiler_runs.h"

using namespace decodescope;
using namespace test;

namespace {

constexpr int kPauseMs = 400;

/// Lets a run that waits at the gate go on after a while, once.
class LetGoOn {
public:
    explicit LetGoOn(PauseGate& gate)
        : m_thread([&gate, this](const std::stop_token& stop) {
              while (!gate.waiting() && !stop.stop_requested())
                  std::this_thread::sleep_for(std::chrono::milliseconds(1));
              m_waited = gate.waiting();
              std::this_thread::sleep_for(std::chrono::milliseconds(kPauseMs));
              gate.resume();
          }) {}
    [[nodiscard]] bool waited() const { return m_waited; }

private:
    std::atomic<bool> m_waited{false};
    std::jthread m_thread;
};

/// A run that is stopped at its n-th step.
Recording stoppedAt(int step, RunRequest request = smallRun()) {
    FakeMachine machine;
    std::stop_source stop;
    machine.stop = &stop;
    machine.stopAtStep = step;
    return run(machine, request, stop.get_token()).recording;
}

int stepsOfTheRun() {
    FakeMachine machine;
    return run(machine, smallRun()).status ? machine.steps : -1;
}

} // namespace

/// Runs that wait, and runs that are gone on with.
class TestPauseResume : public QObject {
    Q_OBJECT

private slots:
    void aPausedRunMeasuresNothingOfThePause() {
        FakeMachine machine;
        PauseGate gate;
        machine.gate = &gate;
        machine.pauseAtStep = 20;
        machine.sleepSeconds = 0.0005;
        const LetGoOn later(gate);
        const Outcome outcome = run(machine, smallRun(), {}, {}, &gate);
        QVERIFY(outcome.status.ok());
        QVERIFY(later.waited());
        QVERIFY(outcome.recording.complete);
        QCOMPARE(outcome.recording.samples.size(), std::size_t{6});
        for (const Sample& sample : outcome.recording.samples)
            for (const double ms : sample.repetitionsMs)
                QCOMPARE(ms, 1.0);
        const auto paused =
            std::count_if(outcome.recording.progress.begin(), outcome.recording.progress.end(),
                          [](const Progress& progress) { return progress.phase == kPausedPhase; });
        QCOMPARE(paused, std::ptrdiff_t{1});
    }

    void theFirstStepAfterAPauseIsNoRepetition() {
        FakeMachine machine;
        PauseGate gate;
        machine.gate = &gate;
        machine.pauseAtStep = 40; // of the first group, well behind its warm-up
        std::set<std::int64_t> warm;
        machine.stepMs = [&](std::int64_t nKvHeads, int step) {
            return step > machine.pauseAtStep && warm.insert(nKvHeads).second ? 77.0 : 1.0;
        };
        const LetGoOn later(gate);
        const Outcome outcome = run(machine, smallRun(), {}, {}, &gate);
        QVERIFY(outcome.status.ok());
        // Each of the three points that were in work takes one step to be warm again.
        for (const Sample& sample : outcome.recording.samples)
            QVERIFY(std::find(sample.repetitionsMs.begin(), sample.repetitionsMs.end(), 77.0) ==
                    sample.repetitionsMs.end());
        int rewarmed = 0;
        for (const Sample& sample : outcome.recording.samples)
            rewarmed += sample.stopping.rule.warmupRepetitions == 3 ? 1 : 0;
        QCOMPARE(rewarmed, 3);
    }

    void aPauseIsNoneOfTheRunsTime() {
        FakeMachine machine;
        PauseGate gate;
        machine.gate = &gate;
        machine.pauseAtStep = 3;
        RunRequest request = smallRun();
        request.workload.maxSeconds = 0.3; // less than the pause
        machine.sleepSeconds = 0.0005;
        const LetGoOn later(gate);
        const Outcome outcome = run(machine, request, {}, {}, &gate);
        QVERIFY(outcome.status.ok());
        QVERIFY(outcome.recording.complete);
        QCOMPARE(outcome.recording.samples.size(), std::size_t{6});
    }

    void aStopEndsAPause() {
        FakeMachine machine;
        PauseGate gate;
        std::stop_source stop;
        machine.gate = &gate;
        machine.pauseAtStep = 60;
        const std::jthread later([&] {
            while (!gate.waiting())
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            stop.request_stop();
        });
        const Outcome outcome = run(machine, smallRun(), stop.get_token(), {}, &gate);
        QCOMPARE(outcome.status.error().code, ErrorCode::Interrupted);
        QVERIFY(!outcome.recording.complete);
    }

    void onlyWhatIsMissingIsMeasured() {
        const Recording before = stoppedAt(stepsOfTheRun() / 2);
        const std::size_t had = before.samples.size();
        QVERIFY(had > 0 && had < 6);
        const Result<RunRequest> request = resumedRequest(before);
        QVERIFY2(request.ok(), request ? "" : request.error().what.c_str());
        FakeMachine machine;
        const Outcome after = run(machine, *request);
        QVERIFY(after.status.ok());
        QVERIFY(after.recording.complete);
        QCOMPARE(after.recording.samples.size(), 6 - request->done.size());
        std::vector<std::string> names = sampleNames(after.recording);
        for (const Sample& sample : before.samples)
            if (sample.stopping.reason != kInterruptedReason)
                names.push_back(sample.variant + "@" + std::to_string(sample.context) + "x1");
        std::sort(names.begin(), names.end());
        QVERIFY(std::adjacent_find(names.begin(), names.end()) == names.end());
        QCOMPARE(names.size(), std::size_t{6});
    }

    void whatAStopCutShortIsMeasuredAnew() {
        const Recording before = stoppedAt(60);
        const auto cut =
            std::find_if(before.samples.begin(), before.samples.end(), [](const Sample& sample) {
                return sample.stopping.reason == kInterruptedReason;
            });
        QVERIFY(cut != before.samples.end());
        const Result<RunRequest> request = resumedRequest(before);
        QVERIFY(request.ok());
        QVERIFY(!isDone(*request, cut->variant, cut->context, cut->batch));
    }

    void aResumedFileIsOneCompleteRecording() {
        QTemporaryDir folder;
        const std::filesystem::path path = folder.filePath("run.jsonl").toStdString();
        const auto append = [&](const Outcome& outcome) {
            std::ofstream file(path, std::ios::app);
            for (const Event& event : outcome.events)
                file << toLine(event) << '\n';
        };
        FakeMachine first;
        first.failAtStep = 100;
        append(run(first, smallRun()));
        const Result<Recording> before = readRecording(path);
        QVERIFY(before.ok() && before->failed && !before->complete);
        const Result<RunRequest> request = resumedRequest(*before);
        QVERIFY(request.ok());
        FakeMachine second;
        append(run(second, *request));
        const Result<Recording> after = readRecording(path);
        QVERIFY(after.ok());
        QVERIFY(after->complete && !after->failed);
        std::set<std::string> points;
        for (const std::string& name : sampleNames(*after))
            points.insert(name);
        QCOMPARE(points.size(), std::size_t{6});
        const Result<RunRequest> nothing = resumedRequest(*after);
        QVERIFY(!nothing && nothing.error().what.find("missing") != std::string::npos);
    }

    void theRequestIsWhatWasAskedThen() {
        RunRequest request = smallRun();
        request.capacityBytes = kGiB;
        request.workload.seed = 42;
        request.workload.kvTypes = {DataType::Q8_0, DataType::Q8_0};
        request.variants = {*variantWithKvHeads(request.model, 4), asIs(request.model)};
        request.deployment.engine = *parseEngine("vllm");
        Result<RunRequest> again = resumedRequest(stoppedAt(30, request));
        QVERIFY(again.ok());
        QVERIFY(again->variants == request.variants);
        QVERIFY(again->workload == request.workload);
        QVERIFY(again->deployment == request.deployment);
        QCOMPARE(again->capacityBytes, request.capacityBytes);
        QCOMPARE(again->deviceId, std::string("cpu"));
        // As the window sends it.
        again->done.insert({"GQA-4", 64, 1});
        const auto sent = parseRunRequest(nlohmann::json(*again).dump());
        QVERIFY(sent.ok());
        QVERIFY(sent->done == again->done);
        QCOMPARE(countMissing(*sent), 4 - sent->done.size());
    }

    void pointsThatDoNotFitDoNotFailWhatIsGoneOnWith() {
        RunRequest request = smallRun();
        request.capacityBytes = 4 * kMiB;
        request.workload.contexts = {64, 1 << 20};
        request.done = {{"MHA", 64, 1}, {"GQA-2", 64, 1}, {"MQA", 64, 1}};
        FakeMachine machine;
        const Outcome outcome = run(machine, request);
        QVERIFY(outcome.status.ok());
        QCOMPARE(machine.steps, 0);
        QCOMPARE(outcome.recording.skipped.size(), std::size_t{3});
        QVERIFY(outcome.recording.complete);
    }

    void whatCannotBeGoneOnWithSaysWhy() {
        QVERIFY(!resumedRequest(Recording{}));
        Recording quick = stoppedAt(20);
        quick.runs.back().quickLook = true;
        QVERIFY(!resumedRequest(quick));
        Recording strange = stoppedAt(20);
        strange.runs.back().variants.push_back("GQA-3");
        const auto refused = resumedRequest(strange);
        QVERIFY(!refused && refused.error().what.find("GQA-3") != std::string::npos);
        Recording many = stoppedAt(20);
        many.runs.back().variants.assign(1000, "MQA");
        QVERIFY(!resumedRequest(many));
        Recording endless = stoppedAt(20);
        endless.runs.back().workload.contexts.assign(1000, 64);
        endless.runs.back().workload.batches.assign(1000, 1);
        QVERIFY(!resumedRequest(endless));
        DeviceInfo other;
        other.name = "Another CPU";
        QVERIFY(!sameDevice(stoppedAt(20), other));
        other.name = "Fake CPU";
        QVERIFY(sameDevice(stoppedAt(20), other).ok());
    }
};

QTEST_GUILESS_MAIN(TestPauseResume)
#include "test_pause_resume.moc"
