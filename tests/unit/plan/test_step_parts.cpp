// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "core/plan/forecast.h"
#include "core/plan/frontier.h"
#include "core/plan/step_parts.h"
#include "core/spec/presets.h"

using namespace decodescope;

namespace {

constexpr std::int64_t kContext = 8192;

/// Ridge at 10 FLOP/B.
PlanDevice someDevice() {
    PlanDevice device;
    device.roofs = {1e11, 1e12, true};
    return device;
}

ModelSpec model() {
    return *findModelPreset(kDefaultModelId);
}

std::vector<PartWork> partsOf(const ModelSpec& spec, std::int64_t batch, std::int64_t newTokens) {
    return predictedParts(spec, Workload{}, kContext, batch, someDevice(), {}, newTokens);
}

} // namespace

class TestStepParts : public QObject {
    Q_OBJECT

private slots:
    void thePartsAddUpToTheStep() {
        const std::vector<PartWork> parts = partsOf(model(), 1, 1);
        QCOMPARE(parts.size(), std::size_t{3});
        QVERIFY(parts[0].part == StepPart::Attention && parts[1].part == StepPart::Linear &&
                parts[2].part == StepPart::Whole);
        QCOMPARE(parts[0].bytes + parts[1].bytes, parts[2].bytes);
        QCOMPARE(parts[0].flop + parts[1].flop, parts[2].flop);
        QVERIFY(std::abs(parts[0].seconds + parts[1].seconds - parts[2].seconds) <
                1e-12 * parts[2].seconds);
    }

    /// 2 × group / bytes of an element for the attention, 2 × batch / bytes for the linear layers.
    void intensitiesAreThoseOfTheShape() {
        const std::vector<PartWork> parts = partsOf(model(), 3, 1);
        QCOMPARE(parts[0].intensity(), 4.0); // GQA-8 of 32 heads, f16
        QCOMPARE(parts[1].intensity(), 3.0);
        const Result<ModelSpec> mqa = withKvHeads(model(), 1);
        QCOMPARE(partsOf(*mqa, 3, 1)[0].intensity(), 32.0);
    }

    void newTokensMultiplyWorkButNotTheCache() {
        const std::vector<PartWork> one = partsOf(model(), 2, 1);
        const std::vector<PartWork> four = partsOf(model(), 2, 4);
        for (std::size_t i = 0; i < one.size(); ++i) {
            QCOMPARE(four[i].bytes, one[i].bytes);
            QCOMPARE(four[i].flop, 4 * one[i].flop);
            QVERIFY(four[i].flopPerSecond() >= one[i].flopPerSecond());
        }
    }

    /// A token more passes as many experts more as a sequence more does.
    void newTokensReadExpertsAsSequencesDo() {
        const Result<ModelSpec> mixture = findModelPreset("mixtral-8x7b-v0.1");
        QVERIFY(mixture.ok());
        const ForecastWork tokens =
            forecastWork(*mixture, Workload{}, kContext, 1, Scope::Step, {}, 4);
        const ForecastWork sequences =
            forecastWork(*mixture, Workload{}, kContext, 4, Scope::Step, {}, 1);
        QCOMPARE(tokens.weightBytesRead, sequences.weightBytesRead);
        QCOMPARE(tokens.linearFlop, sequences.linearFlop);
        QCOMPARE(tokens.attentionFlop, sequences.attentionFlop);
        QCOMPARE(4 * tokens.kvBytesRead, sequences.kvBytesRead);
    }

    void aRoofIsNotPassed() {
        for (const std::int64_t newTokens : {1, 2, 16})
            for (const PartWork& part : partsOf(model(), 1, newTokens))
                QVERIFY(part.flopPerSecond() <=
                        attainableFlopPerSecond(someDevice().roofs, part.intensity()) * (1 + 1e-9));
    }

    void eachPartHasThePeakOfItsUnits() {
        PlanDevice device = someDevice();
        device.roofs.units = {{DataType::F16, 1, 8e12}};
        const auto parts = predictedParts(model(), Workload{}, kContext, 1, device);
        QCOMPARE(parts.size(), std::size_t{3});
        QCOMPARE(parts[0].peakFlopPerSecond, 8e12);
        QCOMPARE(parts[1].peakFlopPerSecond, 1e12);
        QVERIFY(parts[2].peakFlopPerSecond > 1e12 && parts[2].peakFlopPerSecond < 8e12);
    }

    void withoutWeightsThereIsOnlyAttention() {
        const std::vector<PartWork> parts = partsOf(modelByHand({}), 1, 1);
        QCOMPARE(parts.size(), std::size_t{1});
        QVERIFY(parts[0].part == StepPart::Attention);
    }

    void withoutRoofsThereIsNoPoint() {
        QVERIFY(predictedParts(model(), Workload{}, kContext, 1, PlanDevice{}).empty());
    }

    void aStepShorterThanItsAttentionTellsNothing() {
        const PartWork rest =
            linearPart({StepPart::Whole, 100, 100, 1.0}, {StepPart::Attention, 40, 60, 2.0});
        QCOMPARE(rest.bytes, std::uint64_t{60});
        QVERIFY(!rest.known());
    }

    void theFrontierIsWhatNothingBetters() {
        const std::vector<Choice> choices = {{4, 10}, {1, 5}, {2, 4}, {2, 8}, {4, 10}, {8, 10}};
        const std::vector<std::size_t> high = {1, 3, 0, 4};
        QVERIFY(frontier(choices, true) == high);
        const std::vector<std::size_t> low = {1, 2};
        QVERIFY(frontier(choices, false) == low);
        QVERIFY(frontier({}, true).empty());
    }
};

QTEST_APPLESS_MAIN(TestStepParts)
#include "test_step_parts.moc"
