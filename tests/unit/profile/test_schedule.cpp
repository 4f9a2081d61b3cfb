// SPDX-License-Identifier: Apache-2.0
#include <QtTest>

#include <limits>
#include <numeric>

#include "core/profile/schedule.h"
#include "core/spec/units.h"

using namespace decodescope;

namespace {

std::uint64_t sum(const std::vector<std::uint64_t>& values) {
    return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

} // namespace

class TestSchedule : public QObject {
    Q_OBJECT

private slots:
    void contextsGrowAndVariantsStayTogether() {
        Workload workload;
        workload.contexts = {4096, 16, 4096, 1024};
        workload.batches = {8, 1};
        const std::vector<std::size_t> all = {0, 1, 2};
        const std::vector<PointGroup> expected = {{16, 1, all},   {16, 8, all},   {1024, 1, all},
                                                  {1024, 8, all}, {4096, 1, all}, {4096, 8, all}};
        QVERIFY(schedule(workload, 3) == expected);
    }

    void timeIsSharedAmongThePointsLeft() {
        QCOMPARE(fairShare(60, 3, 18), 10.0);
        QCOMPARE(fairShare(50, 3, 3), 50.0); // what was left over goes to the last
        QCOMPARE(fairShare(-1, 3, 3), 0.0);
        QCOMPARE(fairShare(10, 0, 0), 0.0);
    }

    void memoryIsGivenToTheSmallFirst() {
        // enough for all: everyone gets what it needs, the rest in equal parts
        const std::vector<std::uint64_t> needs = {600, 100, 20};
        QCOMPARE(divideBudget(1020, needs), (std::vector<std::uint64_t>{700, 200, 120}));
        // too little: the large one has what the small ones leave
        QCOMPARE(divideBudget(400, needs), (std::vector<std::uint64_t>{280, 100, 20}));
        QCOMPARE(divideBudget(30, needs), (std::vector<std::uint64_t>{10, 10, 10}));
    }

    void memoryIsNeverGivenTwice() {
        constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
        for (const std::uint64_t budget : {std::uint64_t{0}, std::uint64_t{7}, kGiB}) {
            const std::vector<std::uint64_t> shares =
                divideBudget(budget, std::vector<std::uint64_t>{kMost, kMost, 5, 0});
            QVERIFY(sum(shares) <= budget);
            QVERIFY(sum(shares) + 4 > budget);
        }
        QVERIFY(divideBudget(kGiB, {}).empty());
    }

    void fillingTakesAtMostHalfOfThePointsTime() {
        QCOMPARE(affordableBytes(1000, 10, 1000), 1000u);
        QCOMPARE(affordableBytes(1000, 1, 1000), 500u);
        QCOMPARE(affordableBytes(1000, 0, 1000), 250u); // something is always measured
        QCOMPARE(affordableBytes(1000, -1, 1000), 250u);
    }

    void aFastStepIsRepeatedOftenASlowOneAtLeastThrice() {
        const Workload workload;
        QCOMPARE(ruleFor(workload, 3, 1e-6).minRepetitions, 200);
        QCOMPARE(ruleFor(workload, 3, 0.002).minRepetitions, 50);
        QCOMPARE(ruleFor(workload, 3, 0.5).minRepetitions, 5);
        QCOMPARE(ruleFor(workload, 3, 0.8).minRepetitions, 3);
        QCOMPARE(ruleFor(workload, 3, 100).minRepetitions, 3);
        QCOMPARE(ruleFor(workload, -1, 1).minRepetitions, fewestRepetitions());
        QCOMPARE(ruleFor(workload, -1, 1).maxSeconds, 0.0);
        QCOMPARE(ruleFor(workload, 3, 1).targetError, workload.targetError);
    }

    void aQuickLookIsSmallAndShort() {
        const Workload workload;
        const RunLimits quick = runLimits(workload, true);
        QCOMPARE(quick.maxSeconds, 2.0);
        QVERIFY(quick.calibrationSeconds <= 0.3);
        QCOMPARE(quick.maxBytes, 256 * kMiB);
        const RunLimits full = runLimits(workload, false);
        QCOMPARE(full.maxSeconds, workload.maxSeconds);
        QCOMPARE(full.calibrationSeconds, 1.5);
        Workload brief;
        brief.maxSeconds = 1;
        QCOMPARE(runLimits(brief, false).calibrationSeconds, 0.15);
        QCOMPARE(runLimits(brief, true).maxSeconds, 1.0);
    }
};

QTEST_GUILESS_MAIN(TestSchedule)
#include "test_schedule.moc"
