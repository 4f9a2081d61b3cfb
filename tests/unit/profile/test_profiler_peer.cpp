// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "core/profile/comparison.h"
#include "profiler_runs.h"

using namespace decodescope;
using namespace decodescope::test;

namespace {

RunRequest besidePeer() {
    RunRequest request = smallRun();
    request.workload.contexts = {64};
    request.peer = "cudnn";
    return request;
}

struct MachineWithPeer : FakeMachine {
    MachineWithPeer() { peer = "cudnn"; }
};

std::vector<const Skipped*> skippedOf(const Outcome& outcome) {
    std::vector<const Skipped*> found;
    for (const Event& event : outcome.events)
        if (const auto* skipped = std::get_if<Skipped>(&event))
            found.push_back(skipped);
    return found;
}

} // namespace

/// Other people's kernels, measured beside ours and never taken for them.
class TestProfilerPeer : public QObject {
    Q_OBJECT

private slots:
    void everyPointIsMeasuredByBoth() {
        MachineWithPeer machine;
        const Outcome outcome = run(machine, besidePeer());
        QVERIFY(outcome.status.ok());
        std::vector<std::string> names = sampleNames(outcome.recording);
        std::sort(names.begin(), names.end());
        QCOMPARE(names,
                 (std::vector<std::string>{"GQA-2 (cudnn)@64x1", "GQA-2@64x1", "MHA (cudnn)@64x1",
                                           "MHA@64x1", "MQA (cudnn)@64x1", "MQA@64x1"}));
        QCOMPARE(machine.mostAlive, 6); // side by side
        QCOMPARE(machine.alive, 0);
        for (const Sample& sample : outcome.recording.samples) {
            const bool ofPeer = sample.variant.find("(cudnn)") != std::string::npos;
            QCOMPARE(sample.peer, std::string(ofPeer ? "cudnn" : ""));
            QCOMPARE(sample.tpotP50Ms, ofPeer ? 2.0 : 1.0);
            QCOMPARE(sample.predictedTpotMs > 0, !ofPeer); // what is predicted is ours
        }
    }

    void theirRepetitionsAreInterleaved() {
        MachineWithPeer machine;
        // The machine slows down to a third for both alike.
        machine.stepMs = [](std::int64_t, int step) { return 1.0 + 0.002 * step; };
        machine.peerStepMs = [](int step) { return 1.0 + 0.002 * step; };
        RunRequest request = besidePeer();
        request.variants = {asIs(request.model)};
        request.workload.targetError = 0;
        const Outcome outcome = run(machine, request);
        const auto& samples = outcome.recording.samples;
        QCOMPARE(samples.size(), std::size_t{2});
        QVERIFY(samples[0].repetitionsMs.back() > 2);
        QVERIFY(std::abs(samples[0].tpotP50Ms - samples[1].tpotP50Ms) <
                0.03 * samples[0].tpotP50Ms);
    }

    void aRefusedShapeIsSaidAndTheRestGoesOn() {
        MachineWithPeer machine;
        machine.peerRefusesKvHeads = 1;
        const Outcome outcome = run(machine, besidePeer());
        QVERIFY(outcome.status.ok());
        QCOMPARE(outcome.recording.samples.size(), std::size_t{5});
        const auto skipped = skippedOf(outcome);
        QCOMPARE(skipped.size(), std::size_t{1});
        QCOMPARE(skipped[0]->variant, "MQA (cudnn)");
        QCOMPARE(skipped[0]->error.what, "the peer does not run this");
    }

    void aPeerThatBreaksIsLeftOut() {
        MachineWithPeer machine;
        machine.peerRefusesKvHeads = 1;
        machine.peerRefusal = ErrorCode::RunFailed;
        QCOMPARE(run(machine, besidePeer()).recording.samples.size(), std::size_t{5});
        for (const int breaksAt : {0, 40}) { // while it warms up, and later
            MachineWithPeer breaking;
            int steps = 0;
            breaking.peerStepMs = [&](int) { return steps++ < breaksAt ? 2.0 : 0.0; };
            RunRequest request = besidePeer();
            request.variants = {asIs(request.model)};
            request.workload.targetError = 0;
            const Outcome outcome = run(breaking, request);
            QVERIFY(outcome.status.ok());
            QCOMPARE(outcome.recording.samples.size(), std::size_t{1});
            QVERIFY(outcome.recording.samples[0].peer.empty());
            QCOMPARE(skippedOf(outcome).size(), std::size_t{1});
            QCOMPARE(skippedOf(outcome)[0]->variant, "GQA-2 (cudnn)");
        }
    }

    void aDeviceThatIsLostEndsTheRun() {
        MachineWithPeer machine;
        machine.peerRefusesKvHeads = 1;
        machine.peerRefusal = ErrorCode::DeviceUnavailable;
        QCOMPARE(run(machine, besidePeer()).status.error().code, ErrorCode::DeviceUnavailable);
    }

    void aPeerThatIsNotThereIsSaidBeforeAnythingIsMeasured() {
        FakeMachine machine;
        const Outcome outcome = run(machine, besidePeer());
        QVERIFY(!outcome.status.ok());
        QCOMPARE(outcome.status.error().code, ErrorCode::BadUsage);
        QVERIFY(outcome.status.error().where.find("cudnn") != std::string::npos);
        QCOMPARE(machine.steps, 0);
    }

    void progressCountsBoth() {
        MachineWithPeer machine;
        const Outcome outcome = run(machine, besidePeer());
        int total = 0;
        double fraction = 0;
        for (const Event& event : outcome.events)
            if (const auto* progress = std::get_if<Progress>(&event)) {
                total = std::max(total, progress->pointsTotal);
                QVERIFY(progress->fraction >= fraction);
                fraction = progress->fraction;
            }
        QCOMPARE(total, 6);
        QCOMPARE(std::get<RunDone>(outcome.events.back()).samples, 6);
    }

    void theBudgetIsDividedAmongBoth() {
        MachineWithPeer machine;
        RunRequest request = besidePeer();
        request.variants = {asIs(request.model)};
        request.budgetBytes = 1000 * kMiB;
        QVERIFY(run(machine, request).status.ok());
        QCOMPARE(machine.requests.size(), std::size_t{1}); // ours; the peer's went to makePeer()
        QVERIFY(machine.requests[0].budgetBytes <= 500 * kMiB);
    }

    void aRequestKeepsItsPeer() {
        const nlohmann::json json = besidePeer();
        QCOMPARE(parseRunRequest(json.dump())->peer, std::string("cudnn"));
    }

    void aComparisonKeepsThemApart() {
        MachineWithPeer machine;
        RunRequest request = besidePeer();
        request.variants = {asIs(request.model)};
        const std::vector<Sample> samples = run(machine, request).recording.samples;
        const ComparedSet both = comparedSet(samples, "both");
        QCOMPARE(both.points.size(), std::size_t{2});
        for (const ComparedPair& pair : compare(both, both).pairs) {
            QCOMPARE(pair.verdict, Verdict::NoDifference);
            QCOMPARE(pair.a->configuration.peer, pair.b->configuration.peer);
        }
        // Ours of one file beside theirs of another: the same work, and said whose.
        const auto ours = samples[0].peer.empty() ? samples[0] : samples[1];
        const auto theirs = samples[0].peer.empty() ? samples[1] : samples[0];
        const Comparison across =
            compare(comparedSet({&ours, 1}, "ours"), comparedSet({&theirs, 1}, "theirs"));
        QCOMPARE(across.pairs.size(), std::size_t{1});
        QCOMPARE(across.pairs[0].verdict, Verdict::NotComparable);
        QCOMPARE(across.pairs[0].notes.front(), "other kernels: ours in A, cudnn in B");
    }
};

QTEST_APPLESS_MAIN(TestProfilerPeer)
#include "test_profiler_peer.moc"
