// SPDX-License-Identifier: Apache-2.0
#include <QtTest>

#include <cmath>
#include <numeric>
#include <random>
#include <utility>

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

    void theIntervalOfARatioCoversTheTrueRatioAsOftenAsItSays() {
        std::mt19937 random(11);
        std::lognormal_distribution<double> a(0, 0.3); // its median is 1
        std::lognormal_distribution<double> b(std::log(1.5), 0.6);
        for (const auto& [n, m] : {std::pair{3, 4}, {5, 6}, {8, 30}, {100, 120}}) {
            int covered = 0;
            constexpr int kTrials = 2000;
            for (int trial = 0; trial < kTrials; ++trial) {
                std::vector<double> first(static_cast<std::size_t>(n));
                std::vector<double> second(static_cast<std::size_t>(m));
                for (double& value : first)
                    value = a(random);
                for (double& value : second)
                    value = b(random);
                const Interval interval = medianRatioInterval95(first, second);
                covered += interval.low <= 1.5 && 1.5 <= interval.high;
            }
            QVERIFY2(covered >= 0.935 * kTrials, qPrintable(QString::number(covered)));
        }
    }

    void theIntervalOfARatioIsWorkedOutByHand() {
        // n = 9: c = 5 - 3 = 2; P(Binomial(9, 1/2) < 2) = 10/512, whose normal point is 2.0635;
        // the distance of ln 8 and ln 2 over twice that is the standard error 0.33590.
        const Interval interval = medianRatioInterval95(oneTo(9), oneTo(9));
        const double half = 1.959964 * 0.33590 * std::sqrt(2.0);
        QVERIFY2(std::abs(std::log(interval.high) - half) < 1e-3,
                 qPrintable(QString::number(std::log(interval.high))));
        QVERIFY(std::abs(std::log(interval.low) + half) < 1e-3);
    }

    void theIntervalOfARatioTurnsOverWithItsSides() {
        const std::vector<double> a = {10, 11, 12, 10.5, 11.5, 10.2};
        const std::vector<double> b = {20, 22, 24, 21, 23, 20.4, 23.1};
        const Interval there = medianRatioInterval95(a, b);
        const Interval back = medianRatioInterval95(b, a);
        QVERIFY(std::abs(there.low * back.high - 1) < 1e-12);
        QVERIFY(there.low > 1.5 && there.high < 2.5);
    }

    void oneValueTellsNothingOfARatio() {
        const std::vector<double> many = {1, 2, 3, 4, 5, 6};
        for (const std::vector<double>& few : {std::vector<double>{1}, {}, {0, 1, 2}}) {
            QCOMPARE(medianRatioInterval95(few, many).low, 0.0);
            QVERIFY(std::isinf(medianRatioInterval95(many, few).high));
        }
    }

    void sharesOfWhatShouldRiseDo() {
        QCOMPARE(risingShares({10, 11, 15, 20}), (std::vector<double>{0, 0.1, 0.5, 1}));
        // One disturbed value raises or lowers its neighbours by half at most.
        QCOMPARE(risingShares({4, 7, 5, 6, 8}), (std::vector<double>{0, 0.5, 0.5, 0.625, 1}));
        QCOMPARE(risingShares({2, 5, 3}), (std::vector<double>{0, 1, 1})); // never beyond the last
        QCOMPARE(risingShares({2, 5, 1}), (std::vector<double>{1, 1, 1}));
        QVERIFY(risingShares({}).empty());
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
