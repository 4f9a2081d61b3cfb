// SPDX-License-Identifier: Apache-2.0
#include <QtTest>

#include "core/profile/run_pace.h"
#include "core/profile/run_reporter.h"

using namespace decodescope;

namespace {

Progress head(const char* variant, const char* phase = "measure") {
    Progress progress;
    progress.phase = phase;
    progress.variant = variant;
    progress.context = 64;
    return progress;
}

} // namespace

class TestProgressFeed : public QObject {
    Q_OBJECT

private:
    std::vector<Progress> m_sent;
    EventSink m_sink = [this](const Event& event) { m_sent.push_back(std::get<Progress>(event)); };

private slots:
    void init() { m_sent.clear(); }

    void atMostThirtyLinesASecondAreSent() {
        ProgressFeed feed(m_sink);
        for (int i = 0; i < 100'000; ++i) // a second of steps of 10 µs
            feed.add(head(i % 2 ? "MHA" : "MQA"), 0.01, i * 0.01);
        QVERIFY2(m_sent.size() >= 28 && m_sent.size() <= 31,
                 qPrintable(QString::number(m_sent.size())));
    }

    void noRepetitionIsLostOrMixedUp() {
        ProgressFeed feed(m_sink);
        for (int i = 0; i < 1000; ++i)
            feed.add(head(i % 2 ? "MHA" : "MQA", i < 500 ? "warmup" : "measure"), i, i);
        feed.flush("", 1000);
        std::map<std::string, int> count;
        std::vector<double> mha;
        for (const Progress& progress : m_sent) {
            count[progress.variant + progress.phase] +=
                static_cast<int>(progress.repetitionsMs.size());
            if (progress.variant == "MHA")
                mha.insert(mha.end(), progress.repetitionsMs.begin(), progress.repetitionsMs.end());
        }
        QCOMPARE(count["MHAwarmup"], 250);
        QCOMPARE(count["MQAmeasure"], 250);
        QCOMPARE(mha.size(), 500u);
        QVERIFY(std::is_sorted(mha.begin(), mha.end()));
    }

    void aFlushSendsOneVariant() {
        ProgressFeed feed(m_sink);
        feed.announce(head("", "calibrate"), 0);
        feed.add(head("MHA"), 1, 1);
        feed.add(head("MQA"), 2, 2);
        QCOMPARE(m_sent.size(), 1u);
        feed.flush("MQA", 3);
        QCOMPARE(m_sent.size(), 2u);
        QCOMPARE(m_sent.back().repetitionsMs, std::vector<double>{2});
        feed.flush("", 4);
        feed.flush("", 5);
        QCOMPARE(m_sent.size(), 3u);
        QCOMPARE(m_sent.back().variant, "MHA");
    }

    void theEndIsForetoldFromWhatGroupsUse_data() {
        QTest::addColumn<double>("use");
        for (const double use : {0.05, 0.3, 0.5, 0.9, 1.0})
            QTest::addRow("%.0f %% of each share", 100 * use) << use;
    }
    void theEndIsForetoldFromWhatGroupsUse() {
        QFETCH(double, use);
        constexpr double budget = 100;
        constexpr std::size_t groups = 8;
        double now = 2;
        RunPace pace;
        std::vector<std::pair<double, double>> foretold; // when, and the end
        for (std::size_t left = groups; left > 0; --left) {
            const double share = (budget - now) / static_cast<double>(left);
            pace.begin(now, budget - now, share, left);
            for (const double part : {0.0, 0.5, 1.0})
                if (left < groups) // of the first nothing is known
                    foretold.emplace_back(now + part * use * share,
                                          now + part * use * share +
                                              pace.secondsLeft(now + part * use * share));
            now += use * share;
            pace.end(now);
        }
        for (const auto& [when, end] : foretold)
            QVERIFY2(qAbs(end - now) < 1e-6,
                     qPrintable(QStringLiteral("%1 s: %2, not %3").arg(when).arg(end).arg(now)));
    }

    void whatTakesLongerThanForetoldMovesTheEnd() {
        RunPace pace;
        pace.begin(0, 100, 50, 2);
        QCOMPARE(pace.secondsLeft(0), 100.0); // no more than the budget, while nothing is known
        pace.end(5);
        pace.begin(5, 95, 95, 1);
        QCOMPARE(pace.secondsLeft(5), 9.5);
        QCOMPARE(pace.secondsLeft(50), 0.0); // any moment now
        QCOMPARE(pace.secondsLeft(1000), 0.0);
        pace.begin(200, -1, 0, 1); // a group that is measured though the time is used up
        QCOMPARE(pace.secondsLeft(201), 0.0);
    }

    void aRunIdSortsByTime() {
        const std::string id = newRunId("2026-01-02T03:04:05Z");
        QVERIFY2(id.starts_with("20260102-030405-"), id.c_str());
        QCOMPARE(id.size(), 24u);
    }
};

QTEST_GUILESS_MAIN(TestProgressFeed)
#include "test_progress_feed.moc"
