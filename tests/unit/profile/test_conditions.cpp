// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <cmath>

#include <nlohmann/json.hpp>

#include "core/profile/energy.h"
#include "core/profile/point_conditions.h"
#include "core/spec/json_field.h"
#include "profiler_runs.h"

using namespace decodescope;
using namespace decodescope::test;

namespace {

DeviceConditions running(double smClock, double memoryClock = 2619) {
    return {smClock, memoryClock, 400.0, 60.0, {}, {}};
}

PointConditions summaryOf(const std::vector<DeviceConditions>& readings) {
    ConditionsLog log;
    for (const DeviceConditions& reading : readings)
        log.add(reading);
    return log.summary().value();
}

RunRequest oneVariant() {
    RunRequest request = smallRun();
    request.workload.contexts = {64};
    request.workload.batches = {4};
    request.variants = {asIs(request.model)};
    return request;
}

} // namespace

/// How the device ran beside a point, and what a token costs.
class TestConditions : public QObject {
    Q_OBJECT

private slots:
    void readingsAreSummedUp() {
        DeviceConditions hot = running(1410);
        hot.temperatureCelsius = 80;
        hot.throttleReasons = {"temperature"};
        const PointConditions sum = summaryOf({running(1980), hot, running(1965), hot});
        QCOMPARE(sum.smClockMhz, (std::optional<ReadingRange>({1687.5, 1410, 1980})));
        QCOMPARE(sum.memoryClockMhz, (std::optional<ReadingRange>({2619, 2619, 2619})));
        QCOMPARE(sum.powerWatts, std::optional(400.0));
        QCOMPARE(sum.temperatureCelsius, std::optional(80.0));
        QCOMPARE(sum.throttleReasons, std::vector<std::string>{"temperature"});
        QVERIFY(!sum.energyPerTokenJoules);
    }

    void aDeviceThatTellsNothingHasNone() {
        ConditionsLog log;
        log.add({});
        QVERIFY(!log.summary());
    }

    void theClockThatChangedIsNamed() {
        QCOMPARE(changedClocks(summaryOf({running(1980), running(1410)})),
                 std::vector<std::string>{"SM clock changed from 1,410 to 1,980 MHz"});
        QCOMPARE(changedClocks(summaryOf({running(1980, 2619), running(1980, 1500)})),
                 std::vector<std::string>{"memory clock changed from 1,500 to 2,619 MHz"});
        QVERIFY(changedClocks(summaryOf({running(1980), running(1965)})).empty()); // a step of it
    }

    void allIsTold() {
        PointConditions sum = summaryOf({running(1980)});
        sum.energyPerTokenJoules = 0.123456;
        sum.throttleReasons = {"power cap"};
        QCOMPARE(describe(sum),
                 (std::vector<std::string>{"SM clock 1,980 MHz", "memory clock 2,619 MHz", "400 W",
                                           "60 °C", "held down by: power cap", "0.123 J a token"}));
    }

    void theyAreWrittenAndRead() {
        PointConditions sum = summaryOf({running(1980), running(1410)});
        sum.energyPerTokenJoules = 0.5;
        nlohmann::json json;
        writeConditions(json, sum);
        QCOMPARE(readConditions(json), std::optional(sum));
        writeConditions(json, std::nullopt);
        QVERIFY(json["throttle_reasons"].is_null());
        QVERIFY(!readConditions(json));
        json["power_w"] = "much";
        QVERIFY_THROWS_EXCEPTION(BadField, static_cast<void>(readConditions(json)));
    }

    void aRunRecordsThem() {
        FakeMachine machine;
        machine.conditions = [](int steps) { return running(steps == 0 ? 300 : 1980); };
        const Outcome outcome = run(machine, oneVariant());
        QVERIFY(outcome.status.ok());
        const Sample& sample = outcome.recording.samples.at(0);
        QVERIFY(sample.conditions.has_value());
        QCOMPARE(sample.conditions->smClockMhz->usual, 1980.0); // not that of before its steps
        QVERIFY(!sample.conditions->energyPerTokenJoules);
    }

    void aMachineThatTellsNothingRecordsNothing() {
        FakeMachine machine;
        QVERIFY(!run(machine, oneVariant()).recording.samples.at(0).conditions);
    }

    void energyIsThatOfOneToken() {
        FakeMachine machine; // two joules a step, of four sequences
        machine.conditions = [](int steps) {
            DeviceConditions now = running(1980);
            now.energyJoules = 1000 + 2.0 * steps;
            return now;
        };
        RunRequest request = oneVariant();
        request.workload.maxSeconds = 4;
        const Sample sample = run(machine, request).recording.samples.at(0);
        QVERIFY(sample.conditions->energyPerTokenJoules.has_value());
        // The fake runs one of two layers, and its steps take less on the clock than they tell.
        QVERIFY(*sample.conditions->energyPerTokenJoules > 0.49);
    }

    void energyOfAWholeModelIsExact() {
        FakeMachine machine;
        machine.conditions = [](int steps) {
            DeviceConditions now;
            now.energyJoules = 2.0 * (steps - steps % 50); // the counter moves now and then
            return now;
        };
        FakeBackend backend(machine);
        DecoderRequest request;
        request.model = modelByHand({1, 8, 2, 64, 0, 0, 0, 0});
        FakeDecoder decoder(machine, request);
        machine.sleepSeconds = 0.001;
        const auto joules = measureStepEnergy(backend, "cpu", decoder, false, 0.5, {});
        QVERIFY(joules.ok() && joules->has_value());
        QVERIFY2(std::abs(**joules - 2) < 0.2, std::to_string(**joules).c_str());
    }

    void aCounterThatStandsStillTellsNothing() {
        FakeMachine machine;
        machine.conditions = [](int) {
            DeviceConditions now;
            now.energyJoules = 7;
            return now;
        };
        FakeBackend backend(machine);
        DecoderRequest request;
        request.model = modelByHand({1, 8, 2, 64, 0, 0, 0, 0});
        FakeDecoder decoder(machine, request);
        const auto joules = measureStepEnergy(backend, "cpu", decoder, false, 0.02, {});
        QVERIFY(joules.ok() && !joules->has_value());
    }

    void aFailingStepIsToldAndAStopToo() {
        FakeMachine machine;
        machine.conditions = [](int steps) {
            DeviceConditions now;
            now.energyJoules = steps;
            return now;
        };
        machine.failAtStep = 3;
        FakeBackend backend(machine);
        DecoderRequest request;
        request.model = modelByHand({1, 8, 2, 64, 0, 0, 0, 0});
        FakeDecoder decoder(machine, request);
        const auto joules = measureStepEnergy(backend, "cpu", decoder, false, 0.1, {});
        QVERIFY(!joules.ok());
        QCOMPARE(joules.error().code, ErrorCode::RunFailed);
    }

    void shortPointsAreNotMeasuredForEnergy() {
        QCOMPARE(energySeconds(0.5), 0.0);
        QVERIFY(energySeconds(3) > 0.25 && energySeconds(3) <= 0.15 * 3 + 1e-9);
        QVERIFY(energySeconds(1000) <= 1);
    }
};

QTEST_APPLESS_MAIN(TestConditions)
#include "test_conditions.moc"
