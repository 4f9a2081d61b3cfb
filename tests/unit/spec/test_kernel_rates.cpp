// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <nlohmann/json.hpp>

#include "core/spec/kernel_rates.h"

using namespace decodescope;

static KernelRates someRates() {
    KernelRates rates;
    rates.units = {32, 256, 4096, 8};
    rates.attention = {{DataType::F16, 1, 128, 1, true, 1e-8},
                       {DataType::F16, 1, 128, 1, false, 2e-8},
                       {DataType::Q8_0, 8, 64, 2, true, 3e-8}};
    rates.parts = {{DataType::F16, 1, 1e-7}};
    rates.linear = {{DataType::F32, 4, 2, false, 5e-11}};
    rates.activations = {{DataType::F32, 4, 2, 1e-9}};
    rates.layers = {{1, 1e-7, 2e-6}};
    rates.residency = {{1000, 0, 1}, {2000, 1, 1}};
    rates.usualSlowdown = 1.1;
    rates.mostSlowdown = 1.5;
    return rates;
}

class TestKernelRates : public QObject {
    Q_OBJECT

private slots:
    void partsAreWholeTilesForEveryThread() {
        const AttentionUnits units{32, 256, 4096, 8};
        QCOMPARE(units.partTokens(1, 100'000, 1), 4096); // never longer
        QCOMPARE(units.partTokens(1, 16'384, 2), 1024);  // 16 parts of one head
        QCOMPARE(units.partTokens(4, 16'384, 2), 4096);  // 4 of each of four
        QCOMPARE(units.partTokens(1, 1000, 8), 256);     // never shorter
        QCOMPARE(units.partTokens(3, 5000, 2), 864);     // 834, in whole tiles
        QCOMPARE(units.partTokens(1000, 7, 2), 256);
        QCOMPARE((AttentionUnits{1, 1, 10, 1}.partTokens(1, 3, 1)), 3);
        QCOMPARE(units.partsOfHead(1, 16'384, 2), 16);
        QCOMPARE(units.partsOfHead(3, 5000, 2), 6);
        QCOMPARE(units.partsOfHead(1000, 7, 2), 1);
    }

    void aRecordHoldsEverything() {
        const nlohmann::json json = someRates();
        QVERIFY(json.get<KernelRates>() == someRates());
    }

    void recordsOfEarlierVersionsAreRead() {
        nlohmann::json json = someRates();
        json.erase("activations");
        json["attention_parts"][0].erase("dtype");
        json["residency"][1].erase("threads");
        const auto rates = json.get<KernelRates>();
        QVERIFY(rates.activations.empty());
        QCOMPARE(rates.parts[0].type, DataType::F16);
        QCOMPARE(rates.residency[1].threads, 0);
    }

    void wrongRecordsAreRefused_data() {
        QTest::addColumn<QString>("path");
        QTest::addColumn<QString>("value");
        QTest::newRow("no rate") << "/attention/0/seconds_per_row"
                                 << "0";
        QTest::newRow("a negative rate") << "/linear/0/seconds_per_byte"
                                         << "-1e-9";
        QTest::newRow("no group") << "/attention/0/group"
                                  << "0";
        QTest::newRow("no threads") << "/layers/0/threads"
                                    << "0";
        QTest::newRow("no type") << "/attention/1/dtype"
                                 << "\"f17\"";
        QTest::newRow("more than all") << "/residency/1/from_memory"
                                       << "1.5";
        QTest::newRow("no tile") << "/units/tile_tokens"
                                 << "0";
        QTest::newRow("a text") << "/usual_slowdown"
                                << "\"fast\"";
    }
    void wrongRecordsAreRefused() {
        QFETCH(QString, path);
        QFETCH(QString, value);
        nlohmann::json json = someRates();
        json.at(nlohmann::json::json_pointer(path.toStdString())) =
            nlohmann::json::parse(value.toStdString());
        QVERIFY_THROWS_EXCEPTION(nlohmann::json::exception,
                                 static_cast<void>(json.get<KernelRates>()));
    }

    void theFasterOfTwoCounts() {
        KernelRates again = someRates();
        again.attention[0].secondsPerRow = 5e-9;
        again.attention[1].secondsPerRow = 5e-8;
        again.linear.push_back({DataType::BF16, 1, 1, true, 1e-11});
        again.layers[0].stepSeconds = 1e-6;
        again.activations[0].secondsPerValue = 5e-10;
        again.usualSlowdown = 1.3;
        const KernelRates best = bestOf(someRates(), again);
        QCOMPARE(best.attention.size(), std::size_t{3});
        QCOMPARE(best.attention[0].secondsPerRow, 5e-9);
        QCOMPARE(best.attention[1].secondsPerRow, 2e-8);
        QCOMPARE(best.linear.size(), std::size_t{2});
        QCOMPARE(best.layers[0].stepSeconds, 1e-6);
        QCOMPARE(best.activations[0].secondsPerValue, 5e-10);
        QCOMPARE(best.layers[0].attentionSeconds, 1e-7);
        QCOMPARE(best.usualSlowdown, 1.1); // of the first
    }
};

QTEST_APPLESS_MAIN(TestKernelRates)
#include "test_kernel_rates.moc"
