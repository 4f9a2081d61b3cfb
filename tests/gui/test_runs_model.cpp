// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include "app/gui/models/run_store.h"
#include "app/gui/models/runs_model.h"

using namespace decodescope;

/// What the table of runs tells of a point beside its figures.
class TestRunsModel : public QObject {
    Q_OBJECT

private slots:
    void aNoisyPointWhoseClockChangedSaysWhichOne();
    void aSteadyPointTellsHowTheDeviceRan();
    void aPointOfACpuSaysNothingOfClocks();
};

static Sample sampleThatScatters(double share) {
    Sample sample;
    sample.variant = "GQA-8";
    sample.tpotP50Ms = 10;
    sample.tpotCi95Ms = 10 * share;
    return sample;
}

static PointConditions clocks(double least, double most) {
    PointConditions conditions;
    conditions.smClockMhz = ReadingRange{most, least, most};
    conditions.memoryClockMhz = ReadingRange{2619, 2619, 2619};
    conditions.powerWatts = 612;
    return conditions;
}

static QString stateOf(const Sample& sample, int role) {
    RunStore store;
    store.begin(QString());
    store.add({Event{sample}});
    const RunsModel model(store);
    return model.index(0, RunsModel::StateColumn).data(role).toString();
}

void TestRunsModel::aNoisyPointWhoseClockChangedSaysWhichOne() {
    Sample sample = sampleThatScatters(0.12);
    sample.conditions = clocks(1410, 1980);
    QVERIFY(stateOf(sample, Qt::DisplayRole).contains(QStringLiteral("±12 %, clock changed")));
    const QString tip = stateOf(sample, Qt::ToolTipRole);
    QVERIFY2(tip.contains(QStringLiteral("SM clock changed from 1,410 to 1,980 MHz")),
             qPrintable(tip));
    QVERIFY(tip.contains(QStringLiteral("memory clock 2,619 MHz")));
    QVERIFY(tip.contains(QStringLiteral("612 W")));
}

void TestRunsModel::aSteadyPointTellsHowTheDeviceRan() {
    Sample sample = sampleThatScatters(0.01);
    sample.conditions = clocks(1410, 1980);
    QVERIFY(!stateOf(sample, Qt::DisplayRole).contains(QStringLiteral("clock")));
    const QString tip = stateOf(sample, Qt::ToolTipRole);
    QVERIFY(tip.contains(QStringLiteral("SM clock")));
    QVERIFY(!tip.contains(QStringLiteral("scatter")));
}

void TestRunsModel::aPointOfACpuSaysNothingOfClocks() {
    const QString tip = stateOf(sampleThatScatters(0.12), Qt::ToolTipRole);
    QVERIFY(tip.contains(QStringLiteral("scatter by ±12 %")));
    QVERIFY(!tip.contains(QStringLiteral("clock")));
    QCOMPARE(tip.count(QLatin1Char('\n')), 1);
}

QTEST_APPLESS_MAIN(TestRunsModel)
#include "test_runs_model.moc"
