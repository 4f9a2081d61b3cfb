// SPDX-License-Identifier: Apache-2.0
#include <QTest>
#include <nlohmann/json.hpp>

#include "core/profile/bottleneck.h"
#include "core/profile/elasticity.h"

using namespace decodescope;

/// What bounds a step, by made-up numbers.
class TestBottleneck : public QObject {
    Q_OBJECT

private slots:
    void statesHaveTheirBorders_data() {
        QTest::addColumn<double>("bandwidth");
        QTest::addColumn<double>("arithmetic");
        QTest::addColumn<double>("bytes");
        QTest::addColumn<double>("work");
        QTest::addColumn<double>("overhead");
        QTest::addColumn<QString>("state");
        QTest::newRow("one head a cache") << 0.96 << 0.1 << 0.9 << 0.05 << 0.01 << "memory";
        QTest::newRow("memory, at its borders") << 0.6 << 0.1 << 0.0 << 0.2 << 0.0 << "memory";
        QTest::newRow("memory half used") << 0.59 << 0.1 << 1.0 << 0.0 << 0.0 << "mixed";
        QTest::newRow("some work shows") << 0.9 << 0.3 << 0.7 << 0.21 << 0.0 << "mixed";
        QTest::newRow("compute") << 0.1 << 0.8 << 0.1 << 0.95 << 0.0 << "compute";
        QTest::newRow("compute, at its borders") << 0.1 << 0.5 << 0.2 << 0.8 << 0.0 << "compute";
        QTest::newRow("many heads, slow inside")
            << 0.1 << 0.43 << 0.1 << 0.85 << 0.0 << "instructions";
        QTest::newRow("bytes show as well") << 0.3 << 0.6 << 0.25 << 0.85 << 0.0 << "mixed";
        QTest::newRow("half of it is barriers") << 0.9 << 0.1 << 1.0 << 0.0 << 0.5 << "overhead";
        QTest::newRow("nearly half of it") << 0.9 << 0.1 << 1.0 << 0.0 << 0.49 << "memory";
    }
    void statesHaveTheirBorders() {
        QFETCH(double, bandwidth);
        QFETCH(double, arithmetic);
        QFETCH(double, bytes);
        QFETCH(double, work);
        QFETCH(double, overhead);
        QFETCH(QString, state);
        const BottleneckEvidence evidence{bandwidth, arithmetic, overhead, bytes, work};
        QCOMPARE(QString::fromUtf8(name(classify(evidence)).data()), state);
    }

    void withoutElasticitiesTheNearerRoofIsSaid() {
        QCOMPARE(classify({0.3, 0.2, {}, {}, {}}), Bottleneck::Memory);
        QCOMPARE(classify({0.2, 0.3, {}, {}, {}}), Bottleneck::Compute);
        QCOMPARE(classify({0.2, 0.3, {}, 1.0, {}}), Bottleneck::Compute); // one says nothing
        QCOMPARE(classify({0.2, 0.3, 0.8, {}, {}}), Bottleneck::Overhead);
    }

    void theNumbersComeBack() {
        const BottleneckEvidence all{0.5, 0.25, 0.125, 0.75, -0.5};
        QVERIFY(nlohmann::json(all).get<BottleneckEvidence>() == all);
        const nlohmann::json few = BottleneckEvidence{0.5, 0.25, {}, {}, {}};
        QVERIFY(few.at("bytes_elasticity").is_null());
        QVERIFY(!few.get<BottleneckEvidence>().elastic());
    }

    void slowStepsNeedNoWarmUpRound() {
        QVERIFY(leastElasticitySeconds(0.1) < 0.1 * 4 * 2 + 1e-9);
        QVERIFY(leastElasticitySeconds(0.01) > 0.01 * 4 * 3);
        QVERIFY(leastElasticitySeconds(1e-6) < 0.01);
    }
};

QTEST_APPLESS_MAIN(TestBottleneck)
#include "test_bottleneck.moc"
