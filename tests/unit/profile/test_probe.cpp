// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <nlohmann/json.hpp>

#include "core/plan/engines/engine_cache.h"
#include "core/plan/engines/engine_workspace.h"
#include "core/profile/probe.h"
#include "fake_backend.h"

using namespace decodescope;
using namespace decodescope::test;

namespace {

struct Outcome {
    std::vector<Event> events;
    Status status = Done{};

    template <typename T>
    [[nodiscard]] std::vector<T> all() const {
        std::vector<T> found;
        for (const Event& event : events)
            if (const auto* one = std::get_if<T>(&event))
                found.push_back(*one);
        return found;
    }
    [[nodiscard]] ProbeResult result() const {
        const std::vector<ProbeResult> results = all<ProbeResult>();
        if (results.size() != 1)
            qFatal("%zu results", results.size());
        return results.front();
    }
};

Outcome run(FakeMachine& machine, const ProbeRequest& request, std::stop_token stop = {}) {
    FakeBackend backend(machine);
    Outcome outcome;
    outcome.status = probe(
        backend, request, [&](const Event& event) { outcome.events.push_back(event); },
        std::move(stop));
    return outcome;
}

/// 2 layers of 2 KV heads of 64 elements in f16: 1 KiB a token, 256 KiB a page.
ProbeRequest small(std::uint64_t capacity = 64 * kMiB) {
    ProbeRequest request;
    request.variant = asIs(modelByHand({2, 8, 2, 64, 0, 0, 0, 0}));
    request.capacityBytes = capacity;
    return request;
}

} // namespace

/// The cache is grown to where memory ends, by whatever memory ends, and never beyond.
class TestProbe : public QObject {
    Q_OBJECT

private slots:
    void theBudgetEndsWithinOnePageOfThePrediction() {
        FakeMachine machine;
        const Outcome outcome = run(machine, small());
        QVERIFY(outcome.status.ok());
        const ProbeResult result = outcome.result();
        QCOMPARE(result.stoppedBy, ProbeStop::Budget);
        QCOMPARE(result.budgetBytes, std::uint64_t{64 * kMiB} - result.reserveBytes);
        QCOMPARE(result.reserveBytes, std::uint64_t{64 * kMiB / 10});
        QVERIFY(!result.budgetOfFreeMemory);
        QCOMPARE(result.pageTokens, kProbePageTokens);
        QCOMPARE(result.maxContextMeasured, std::int64_t{230 * 256}); // 57.6 MiB, less workspace
        QVERIFY(result.withinOnePage().value_or(false));
        QVERIFY(result.bytesAllocated() <= result.budgetBytes);
        QVERIFY(result.bytesAllocated() + 256 * kKiB > result.budgetBytes);
        QCOMPARE(result.proofTpotMs, std::optional(1.0));
        QCOMPARE(machine.steps, 1);
        QCOMPARE(machine.alive, 0);
        QCOMPARE(machine.requests.front().pageTokens, kProbePageTokens);
    }

    void whatIsFreeBoundsTheBudget() {
        FakeMachine machine; // 16 GiB, of which 1.7 GiB are left beside the reserve
        machine.availableBytes = 3400 * kMiB;
        ProbeRequest request = small(0);
        request.pageTokens = 1 << 16;
        const ProbeResult result = run(machine, request).result();
        QVERIFY(result.budgetOfFreeMemory);
        QCOMPARE(result.stoppedBy, ProbeStop::Budget);
        QVERIFY(result.withinOnePage().value_or(false));
        QVERIFY(result.bytesAllocated() <= machine.availableBytes - result.reserveBytes);
        QVERIFY(result.bytesAllocated() > kGiB);
    }

    void theMachineIsNeverFilledWhateverWasAsked() {
        FakeMachine machine;
        machine.totalBytes = 4 * kGiB;
        machine.availableBytes = kGiB;
        ProbeRequest request = small(1000 * kGiB);
        request.workload.reserveFraction = 0;
        const ProbeResult result = run(machine, request).result();
        QVERIFY(result.budgetBytes <= kGiB - safetyMarginBytes(4 * kGiB));
        QCOMPARE(safetyMarginBytes(4 * kGiB), 64 * kMiB);
        QCOMPARE(safetyMarginBytes(kTiB), kGiB);
    }

    void othersWhoTakeMemoryEndIt() {
        FakeMachine machine;
        machine.totalBytes = kGiB;
        machine.availableBytes = 300 * kMiB;
        machine.othersTakeAPage = 20 * kMiB;
        const Outcome outcome = run(machine, small(200 * kMiB));
        QVERIFY(outcome.status.ok());
        const ProbeResult result = outcome.result();
        QCOMPARE(result.stoppedBy, ProbeStop::AvailableMemory);
        QCOMPARE(result.withinOnePage(), std::optional(false));
        QCOMPARE(machine.growths, 12); // 300 MiB - 12 × 20 MiB is below the 64 MiB to be kept
        QVERIFY(result.proofTpotMs.has_value());
    }

    void aRefusalIsAResultThatIsProved() {
        FakeMachine machine;
        machine.refuseGrowth = 9;
        const Outcome outcome = run(machine, small());
        QVERIFY(outcome.status.ok());
        QCOMPARE(outcome.result().stoppedBy, ProbeStop::AllocationRefused);
        QCOMPARE(outcome.result().maxContextMeasured, std::int64_t{10 * 256});
        QVERIFY(outcome.result().proofTpotMs.has_value());
    }

    void aStopKeepsWhatWasReached() {
        FakeMachine machine;
        std::stop_source stop;
        machine.stop = &stop;
        machine.stopAtGrowth = 4;
        const Outcome outcome = run(machine, small(), stop.get_token());
        QVERIFY(!outcome.status);
        QCOMPARE(outcome.status.error().code, ErrorCode::Interrupted);
        const ProbeResult result = outcome.result();
        QCOMPARE(result.stoppedBy, ProbeStop::Interrupted);
        QCOMPARE(result.maxContextMeasured, std::int64_t{5 * 256});
        QVERIFY(!result.proofTpotMs && !result.withinOnePage());
        QCOMPARE(machine.steps, 0);
        QVERIFY(std::get<RunDone>(outcome.events.back()).partial);
    }

    void aStopInTheProofKeepsTheContext() {
        FakeMachine machine;
        std::stop_source stop;
        machine.stop = &stop;
        machine.stopAtStep = 0;
        const Outcome outcome = run(machine, small(), stop.get_token());
        QCOMPARE(outcome.status.error().code, ErrorCode::Interrupted);
        QCOMPARE(outcome.result().stoppedBy, ProbeStop::Budget);
        QVERIFY(!outcome.result().proofTpotMs);
    }

    void windowsThatAreFullEndIt() {
        FakeMachine machine;
        ProbeRequest request = small();
        request.variant = asIs(modelByHand({2, 8, 2, 64, 1024, 0, 0, 0}));
        const ProbeResult result = run(machine, request).result();
        QCOMPARE(result.stoppedBy, ProbeStop::CacheFull);
        QVERIFY(!result.maxContextPredicted);
        QCOMPARE(result.maxContextMeasured, std::int64_t{1024});
    }

    void wholeStepsHoldTheirWeights() {
        FakeMachine machine;
        ProbeRequest request = small();
        request.variant = asIs(modelByHand({2, 8, 2, 64, 0, 512, 1024, 4096}));
        request.workload.scope = Scope::Step;
        const ProbeResult steps = run(machine, request).result();
        QCOMPARE(steps.weightsBytes,
                 weightsBytes(request.variant.model, request.workload.weightsType));
        QVERIFY(steps.weightsBytes > 8 * kMiB);
        QVERIFY(steps.withinOnePage().value_or(false));
        request.workload.scope = Scope::Attention;
        const ProbeResult attention = run(machine, request).result();
        QCOMPARE(attention.weightsBytes, std::uint64_t{0});
        QVERIFY(attention.maxContextMeasured > steps.maxContextMeasured + 8 * 1024);
    }

    void anEnginesRulesAreHeldToTheByte_data() {
        QTest::addColumn<QString>("engine");
        QTest::addColumn<int>("batch");
        QTest::addColumn<int>("window"); // of every other layer
        for (const char* engine :
             {"vllm", "llama.cpp:margin=8MiB", "sglang", "ollama", "transformers",
              "llama.cpp:margin=1MiB,swa-full", "vllm:block=24,utilization=0.5"})
            for (const int batch : {1, 3})
                for (const int window : {0, 512})
                    QTest::addRow("%s, batch %d, window %d", engine, batch, window)
                        << QString(engine) << batch << window;
    }
    void anEnginesRulesAreHeldToTheByte() {
        QFETCH(QString, engine);
        QFETCH(int, batch);
        QFETCH(int, window);
        FakeMachine machine;
        ProbeRequest request = small();
        ModelSpec model = modelByHand({4, 8, 2, 64, 0, 256, 512, 1000});
        model.layers[1].window = model.layers[3].window = window;
        request.variant = asIs(model);
        request.workload.batches = {batch};
        const Result<Engine> rules = parseEngine(engine.toStdString());
        QVERIFY(rules.ok());
        request.deployment.engine = *rules;
        const Outcome outcome = run(machine, request);
        QVERIFY2(outcome.status.ok(), outcome.status ? "" : outcome.status.error().what.c_str());
        const ProbeResult result = outcome.result();
        QCOMPARE(result.engine, std::string(rules->name));
        QCOMPARE(result.reserveBytes, rules->reserveBytes(64 * kMiB));
        QCOMPARE(result.stoppedBy, ProbeStop::Budget);
        QVERIFY(result.maxContextPredicted && result.maxContextMeasured > 0);
        QVERIFY2(result.withinOnePage().value_or(false),
                 qPrintable(QString("%1 predicted, %2 measured, pages of %3")
                                .arg(*result.maxContextPredicted)
                                .arg(result.maxContextMeasured)
                                .arg(result.pageTokens)));
        const auto laws = engineLaws(*rules, model.layers, {}, 1);
        QCOMPARE(result.kvBytes, engineCacheBytes(*rules, laws, result.maxContextMeasured, batch));
        const bool elsewhere = rules->workspace == WorkspaceRule::WithinReserve;
        if (!elsewhere)
            QCOMPARE(result.workspaceBytes, engineWorkspaceBytes(*rules, stepWidths(model),
                                                                 result.maxContextMeasured, batch));
        QVERIFY(result.bytesAllocated() - (elsewhere ? result.workspaceBytes : 0) <=
                result.budgetBytes);
        QVERIFY(result.proofTpotMs.has_value());
    }

    void aReserveByHandReplacesTheEnginesOwn() {
        FakeMachine machine;
        ProbeRequest request = small();
        request.deployment.engine = *parseEngine("vllm");
        request.deployment.reserveByHand = true;
        request.workload.reserveFraction = 0.25;
        QCOMPARE(run(machine, request).result().reserveBytes, std::uint64_t{16 * kMiB});
    }

    void pagesAreWholeBlocksOfTheEngine() {
        FakeMachine machine;
        ProbeRequest request = small();
        request.deployment.engine = *parseEngine("vllm:block=24");
        QCOMPARE(run(machine, request).result().pageTokens, std::int64_t{768});
        request.pageTokens = 256;
        const Outcome refused = run(machine, request);
        QCOMPARE(refused.status.error().where, std::string("--page-tokens"));
        QVERIFY(machine.requests.size() == 1);
    }

    void whatAnEngineKeepsBesideCanBeRefusedToo() {
        FakeMachine machine;
        machine.mostBeside = 8 * kMiB;
        ProbeRequest request = small();
        request.deployment.engine = *parseEngine("llama.cpp:margin=0MiB,swa-full");
        ModelSpec model = modelByHand({2, 8, 2, 64, 0, 0, 0, 0});
        model.layers[1].window = 256; // which the engine makes no use of
        request.variant = asIs(model);
        const ProbeResult result = run(machine, request).result();
        QCOMPARE(result.stoppedBy, ProbeStop::AllocationRefused);
        QVERIFY(!result.withinOnePage().value_or(true));
        // What was held is what is told: of each token behind the window 512 bytes stand beside
        // what steps need, and the buffer of a graph over 512 tokens.
        const std::uint64_t beside = result.kvBytes + result.workspaceBytes -
                                     512 * static_cast<std::uint64_t>(result.maxContextMeasured) -
                                     512 * 256;
        QVERIFY(beside <= machine.mostBeside && beside + 512 * 256 + 1024 > machine.mostBeside);
    }

    void noRoomForOnePageIsToldBeforeAllocating() {
        FakeMachine machine;
        const Outcome outcome = run(machine, small(200 * kKiB));
        QCOMPARE(outcome.status.error().code, ErrorCode::OutOfMemory);
        QVERIFY(outcome.status.error().sentence().find("--page-tokens") != std::string::npos);
        QVERIFY(machine.requests.empty());
        QVERIFY(std::holds_alternative<RunFailed>(outcome.events.back()));
    }

    void pagesOfManyTokensKeepTheirNumberLow() {
        FakeMachine machine;
        machine.totalBytes = machine.availableBytes = 64 * kGiB;
        ProbeRequest request = small(0);
        const ProbeResult result = run(machine, request).result();
        QVERIFY(result.pageTokens > kProbePageTokens);
        QVERIFY(machine.growths <= 8192);
        request.pageTokens = 32;
        const Outcome tooMany = run(machine, request);
        QCOMPARE(tooMany.status.error().code, ErrorCode::BadUsage);
        QCOMPARE(tooMany.status.error().where, std::string("--page-tokens"));
    }

    void whatTheKernelsDoNotCoverIsRefused() {
        FakeMachine machine;
        machine.uncoveredKvHeads = 2;
        QCOMPARE(run(machine, small()).status.error().code, ErrorCode::BadUsage);
        FakeMachine absent;
        absent.available = false;
        QCOMPARE(run(absent, small()).status.error().code, ErrorCode::DeviceUnavailable);
        FakeMachine blind;
        blind.probes = false;
        QCOMPARE(run(blind, small(0)).status.error().code, ErrorCode::BadUsage);
        QVERIFY(run(blind, small()).status.ok()); // --memory says how much there is
    }

    void aStepThatFailsIsAFailure() {
        FakeMachine machine;
        machine.failAtStep = 0;
        const Outcome outcome = run(machine, small());
        QCOMPARE(outcome.status.error().code, ErrorCode::RunFailed);
        QVERIFY(outcome.all<ProbeResult>().empty());
    }

    void theStreamTellsOfEveryPhase() {
        FakeMachine machine;
        const Outcome outcome = run(machine, small());
        QVERIFY(std::holds_alternative<RunStarted>(outcome.events.front()));
        QVERIFY(std::holds_alternative<RunDone>(outcome.events.back()));
        std::vector<std::string> phases;
        for (const Progress& progress : outcome.all<Progress>())
            if (phases.empty() || phases.back() != progress.phase)
                phases.push_back(progress.phase);
        QCOMPARE(phases.front(), std::string("allocate"));
        QCOMPARE(phases.back(), std::string("prove"));
        const std::vector<MemoryEvent> memory = outcome.all<MemoryEvent>();
        QVERIFY(memory.size() >= 2);
        QCOMPARE(memory.back().ledger.kvBytes, outcome.result().kvBytes);
    }

    void aResultReadsBackAsItWasWritten() {
        FakeMachine machine;
        ProbeResult result = run(machine, small()).result();
        const Result<Event> event = parseLine(toLine(result));
        QVERIFY(event.ok());
        QVERIFY(std::get<ProbeResult>(*event) == result);
        result.maxContextPredicted.reset();
        result.proofTpotMs.reset();
        result.stoppedBy = ProbeStop::Interrupted;
        QVERIFY(std::get<ProbeResult>(*parseLine(toLine(result))) == result);
        nlohmann::json json = toJson(result);
        json["stopped_by"] = "the weather";
        QVERIFY(!eventFromJson(json));
    }
};

QTEST_GUILESS_MAIN(TestProbe)
#include "test_probe.moc"
