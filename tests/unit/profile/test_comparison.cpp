// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>
#include <cmath>

#include "core/profile/comparison.h"
#include "core/profile/gate.h"
#include "example_events.h"

using namespace decodescope;
using namespace decodescope::test;

namespace {

/// Twenty repetitions about `ms`, within 1 %.
Sample sampleOf(double ms, std::int64_t context = 4096) {
    Sample sample = exampleSample();
    sample.context = context;
    sample.quickLook = false;
    sample.cacheResident = false;
    sample.repetitionsMs.clear();
    for (int i = 0; i < 20; ++i)
        sample.repetitionsMs.push_back(ms * (1 + 0.001 * (i - 9.5)));
    sample.tpotP50Ms = ms;
    return sample;
}

Comparison compareSamples(const std::vector<Sample>& a, const std::vector<Sample>& b) {
    return compare(comparedSet(a, "a.jsonl"), comparedSet(b, "b.jsonl"));
}

bool anyContains(const std::vector<std::string>& texts, const char* part) {
    return std::any_of(texts.begin(), texts.end(), [part](const std::string& text) {
        return text.find(part) != std::string::npos;
    });
}

ComparedPoint planned(double ms, const char* device) {
    ComparedPoint point;
    point.configuration.variant = "MQA";
    point.configuration.model = "toy";
    point.configuration.device = device;
    point.tpotMs = ms;
    return point;
}

} // namespace

/// What two recordings tell of each other, and what a gate makes of it.
class TestComparison : public QObject {
    Q_OBJECT

private slots:
    void aDifferenceBeyondChanceIsNamed() {
        const Comparison slower = compareSamples({sampleOf(10)}, {sampleOf(11)});
        QCOMPARE(slower.pairs.size(), std::size_t{1});
        const ComparedPair& pair = slower.pairs.front();
        QCOMPARE(pair.verdict, Verdict::Slower);
        QVERIFY(std::abs(pair.ratio - 1.1) < 1e-9);
        QVERIFY(1 < pair.ratioInterval.low && pair.ratioInterval.low < 1.1);
        QVERIFY(1.1 < pair.ratioInterval.high && pair.ratioInterval.high < 1.2);
        QCOMPARE(compareSamples({sampleOf(11)}, {sampleOf(10)}).pairs.front().verdict,
                 Verdict::Faster);
        QCOMPARE(compareSamples({sampleOf(10)}, {sampleOf(10.005)}).pairs.front().verdict,
                 Verdict::NoDifference);
    }

    void everythingOfTheWorkDecidesWhatIsMatched_data() {
        QTest::addColumn<int>("field");
        for (int field = 0; field < 10; ++field)
            QTest::addRow("%d", field) << field;
    }
    void everythingOfTheWorkDecidesWhatIsMatched() {
        QFETCH(int, field);
        const Sample a = sampleOf(10);
        Sample b = a;
        const std::function<void()> changes[] = {[&] { b.model = "another"; },
                                                 [&] { b.attention = "mha"; },
                                                 [&] { ++b.layers; },
                                                 [&] { ++b.nHeads; },
                                                 [&] { ++b.nKvHeads; },
                                                 [&] { ++b.headDim; },
                                                 [&] { b.kvTypes.value = DataType::F32; },
                                                 [&] { b.weightsType = DataType::F16; },
                                                 [&] { ++b.batch; },
                                                 [&] { b.scope = Scope::Attention; }};
        changes[field]();
        const Comparison comparison = compareSamples({a}, {b});
        QCOMPARE(comparison.pairs.size(), std::size_t{2});
        QCOMPARE(comparison.pairs[0].verdict, Verdict::OnlyInA);
        QCOMPARE(comparison.pairs[1].verdict, Verdict::OnlyInB);
    }

    void theAttentionAloneDoesNotAskForAWeightsType() {
        Sample a = sampleOf(10);
        a.scope = Scope::Attention;
        Sample b = a;
        b.weightsType = DataType::F32;
        QCOMPARE(compareSamples({a}, {b}).pairs.size(), std::size_t{1});
    }

    void anotherDeviceIsShownAndNotJudged() {
        Sample other = sampleOf(20);
        other.device = "Another CPU";
        const ComparedPair pair = compareSamples({sampleOf(10)}, {other}).pairs.front();
        QCOMPARE(pair.verdict, Verdict::NotComparable);
        QCOMPARE(pair.ratio, 2.0);
        QVERIFY(anyContains(pair.notes, "Another CPU"));
        other.device = sampleOf(10).device;
        other.threads = 3;
        QCOMPARE(compareSamples({sampleOf(10)}, {other}).pairs.front().verdict,
                 Verdict::NotComparable);
    }

    void theSamePlaceIsMatchedBeforeAnother() {
        Sample oneThread = sampleOf(40);
        oneThread.threads = 1;
        const Comparison comparison =
            compareSamples({oneThread, sampleOf(10)}, {sampleOf(12), oneThread});
        QCOMPARE(comparison.pairs.size(), std::size_t{2});
        QCOMPARE(comparison.pairs[0].verdict, Verdict::NoDifference);
        QCOMPARE(comparison.pairs[1].verdict, Verdict::Slower);
    }

    void otherWorkUnderOneNameIsNotJudged() {
        Sample b = sampleOf(10);
        b.bytesRead *= 2;
        QCOMPARE(compareSamples({sampleOf(10)}, {b}).pairs.front().verdict, Verdict::NotComparable);
    }

    void anotherToolVersionIsANote() {
        Sample b = sampleOf(11);
        b.toolVersion = "10.0.0";
        const ComparedPair pair = compareSamples({sampleOf(10)}, {b}).pairs.front();
        QCOMPARE(pair.verdict, Verdict::Slower);
        QVERIFY(anyContains(pair.notes, "10.0.0"));
    }

    void runsOfOneConfigurationCountTogether() {
        // Each run is narrow; between them lie 20 %, and a run in the middle is no slower.
        const Comparison comparison =
            compareSamples({sampleOf(10), sampleOf(12)}, {sampleOf(11.5)});
        QCOMPARE(comparison.pairs.size(), std::size_t{1});
        QCOMPARE(comparison.pairs[0].a->repetitionsMs.size(), std::size_t{40});
        QCOMPARE(comparison.pairs[0].verdict, Verdict::NoDifference);
    }

    void aSingleRepetitionProvesNothing() {
        Sample b = sampleOf(30);
        b.repetitionsMs = {30};
        const ComparedPair pair = compareSamples({sampleOf(10)}, {b}).pairs.front();
        QCOMPARE(pair.verdict, Verdict::NoDifference);
        QVERIFY(anyContains(pair.notes, "too few"));
    }

    void plansOfTwoDevicesAreCompared() {
        ComparedSet a{"a.json", true, false, {planned(10, "one")}};
        ComparedSet b{"b.json", true, false, {planned(5, "other")}};
        const ComparedPair pair = compare(a, b).pairs.front();
        QCOMPARE(pair.verdict, Verdict::Faster);
        QCOMPARE(pair.ratio, 0.5);
        QVERIFY(anyContains(pair.notes, "other device"));
        b.points.front().tpotMs = 0;
        QCOMPARE(compare(a, b).pairs.front().verdict, Verdict::NotComparable);
    }

    void theGateFailsBeyondItsLimitAlone() {
        const Comparison tenPercent = compareSamples({sampleOf(10)}, {sampleOf(11)});
        QVERIFY(checkGate(tenPercent, 0.2).ok());
        const Status status = checkGate(tenPercent, 0.05);
        QVERIFY(!status);
        QCOMPARE(status.error().code, ErrorCode::SlowerThanBaseline);
        QCOMPARE(exitCode(status.error().code), 7);
        QVERIFY(status.error().what.find("4,096 tokens") != std::string::npos);
        QVERIFY(anyContains(gateLines(tenPercent, 0.05), "10.0 % slower"));
    }

    void theGateWantsTheWholeInterval() {
        Sample noisy = sampleOf(10.8);
        for (std::size_t i = 0; i < noisy.repetitionsMs.size(); ++i)
            noisy.repetitionsMs[i] = 10.8 * (i % 2 == 0 ? 0.93 : 1.07);
        const Comparison comparison = compareSamples({sampleOf(10)}, {noisy});
        QVERIFY(comparison.pairs.front().ratio > 1.05);
        QVERIFY(comparison.pairs.front().ratioInterval.low < 1.05);
        QVERIFY(checkGate(comparison, 0.05).ok());
    }

    void theGateNamesWhatItDidNotCheck() {
        Sample other = sampleOf(99);
        other.device = "Another CPU";
        const Comparison comparison = compareSamples({other}, {sampleOf(10), sampleOf(10, 8192)});
        const Status unchecked = checkGate(comparison, 0.05);
        QVERIFY(!unchecked);
        QCOMPARE(unchecked.error().code, ErrorCode::RunFailed);
        QVERIFY(checkGate(compareSamples({sampleOf(10)}, {sampleOf(10), sampleOf(10, 8192)}), 0.05)
                    .ok());
        const std::vector<std::string> lines = gateLines(comparison, 0.05);
        QVERIFY(anyContains(lines, "8,192 tokens, batch 4: not in the baseline"));
        QVERIFY(anyContains(lines, "not compared, other device"));
        QVERIFY(anyContains(lines, "no limit was checked"));
        QVERIFY(!anyContains(gateLines(compareSamples({sampleOf(10)}, {sampleOf(10)}), 0.05),
                             "no limit was checked"));
        QVERIFY(
            anyContains(gateLines(compareSamples({sampleOf(10)}, {sampleOf(11)}), 0.2),
                        "1 compared with the baseline: none is surely slower by more than 20 %"));
    }
};

QTEST_GUILESS_MAIN(TestComparison)
#include "test_comparison.moc"
