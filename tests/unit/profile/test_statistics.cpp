// SPDX-License-Identifier: Apache-2.0
#include <QtTest>

#include <cmath>
#include <numeric>
#include <random>

#include "core/profile/statistics.h"
#include "core/profile/stopping_rule.h"

using namespace decodescope;

namespace {

std::vector<double> oneTo(int n) {
    std::vector<double> values(static_cast<std::size_t>(n));
    std::iota(values.begin(), values.end(), 1.0);
    return values;
}

} // namespace

class TestStatistics : public QObject {
    Q_OBJECT

private slots:
    void quantilesAreThoseOfNumpy() {
        const std::vector<double> values = {15, 20, 35, 40, 50};
        QCOMPARE(quantile(values, 0.4), 29.0); // numpy.quantile([15,20,35,40,50], 0.4)
        QCOMPARE(quantile(values, 0), 15.0);
        QCOMPARE(quantile(values, 1), 50.0);
        QCOMPARE(median(values), 35.0);
        QCOMPARE(median(std::vector<double>{4, 1, 3, 2}), 2.5);
        QCOMPARE(median(std::vector<double>{7}), 7.0);
        QCOMPARE(median({}), 0.0);
        QCOMPARE(quantile(oneTo(101), 0.99), 100.0);
    }

    void theIntervalOfTheMedianHasTheRanksOfTheTables_data() {
        QTest::addColumn<int>("n");
        QTest::addColumn<int>("low");
        QTest::addColumn<int>("high");
        // published ranks of the 95 % interval of the median (sign test)
        QTest::newRow("6") << 6 << 1 << 6;
        QTest::newRow("9") << 9 << 2 << 8;
        QTest::newRow("10") << 10 << 2 << 9;
        QTest::newRow("12") << 12 << 3 << 10;
        QTest::newRow("20") << 20 << 6 << 15;
        QTest::newRow("30") << 30 << 10 << 21;
        QTest::newRow("50") << 50 << 18 << 33;
        QTest::newRow("100") << 100 << 40 << 61;
    }
    void theIntervalOfTheMedianHasTheRanksOfTheTables() {
        QFETCH(int, n);
        QFETCH(int, low);
        QFETCH(int, high);
        const Interval interval = medianInterval95(oneTo(n));
        QCOMPARE(interval.low, static_cast<double>(low));
        QCOMPARE(interval.high, static_cast<double>(high));
    }

    void manyRepetitionsDoNotUnderflow() {
        // ranks by the normal approximation: n/2 ∓ 0.98·√n
        const Interval interval = medianInterval95(oneTo(10000));
        QVERIFY(std::abs(interval.low - (5000 - 98)) <= 2);
        QVERIFY(std::abs(interval.high - (5000 + 99)) <= 2);
    }

    void fewRepetitionsTakeStudentsInterval() {
        const Interval interval = medianInterval95(std::vector<double>{9, 10, 11});
        QVERIFY(std::abs(interval.halfWidth() - 4.303 / std::sqrt(3.0)) < 1e-9);
        QVERIFY(std::isinf(medianInterval95(std::vector<double>{1}).halfWidth()));
        QVERIFY(std::isinf(relativeError(std::vector<double>{1})));
        QVERIFY(std::isinf(relativeError({})));
        QCOMPARE(relativeError(std::vector<double>{3, 3}), 0.0);
    }

    void theIntervalCoversTheTrueMedianAsOftenAsItSays() {
        std::mt19937 random(7);
        std::lognormal_distribution<double> skewed(0, 0.8); // its median is 1
        for (const int n : {8, 25, 120}) {
            int covered = 0;
            constexpr int kTrials = 2000;
            for (int trial = 0; trial < kTrials; ++trial) {
                std::vector<double> values(static_cast<std::size_t>(n));
                for (double& value : values)
                    value = skewed(random);
                const Interval interval = medianInterval95(values);
                covered += interval.low <= 1 && 1 <= interval.high;
            }
            QVERIFY2(covered >= 0.94 * kTrials, qPrintable(QString::number(covered)));
        }
    }

    void anOutlierDoesNotMoveTheSummary() {
        std::vector<double> values(20, 10.0);
        values[3] = 1000;
        const Summary summary = summarise(values);
        QCOMPARE(summary.p10, 10.0);
        QCOMPARE(summary.p50, 10.0);
        QCOMPARE(summary.relativeError, 0.0);
        QVERIFY(summary.p99 > 800);
    }

    void theRuleGoesOnUntilItsFewestRepetitions() {
        const StoppingRule rule{0.05, 1, 5, 100, 1};
        QCOMPARE(stoppingReason(rule, std::vector<double>(4, 1.0), 99), "");
        QCOMPARE(stoppingReason(rule, {}, 99), "");
        QCOMPARE(stoppingReason(rule, std::vector<double>(5, 1.0), 0), "target_error");
    }

    void theRuleNamesWhatEndedThePoint() {
        const StoppingRule rule{0.05, 1, 5, 8, 1};
        const std::vector<double> noisy = {1, 2, 3, 1, 2, 3, 1};
        QCOMPARE(stoppingReason(rule, noisy, 0.5), "");
        QCOMPARE(stoppingReason(rule, noisy, 1.0), "max_seconds");
        const std::vector<double> more = {1, 2, 3, 1, 2, 3, 1, 2};
        QCOMPARE(stoppingReason(rule, more, 0.5), "max_repetitions");
    }

    void aZeroRuleStillEnds() {
        const StoppingRule rule{0, 0, 0, 0, 0};
        QVERIFY(!stoppingReason(rule, std::vector<double>{1}, 0).empty());
    }
};

QTEST_GUILESS_MAIN(TestStatistics)
#include "test_statistics.moc"
