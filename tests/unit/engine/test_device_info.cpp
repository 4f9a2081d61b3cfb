// SPDX-License-Identifier: Apache-2.0
#include <QTest>
#include <nlohmann/json.hpp>

#include "core/engine/backend.h"

using namespace decodescope;

/// What a device says of itself survives its record.
class TestDeviceInfo : public QObject {
    Q_OBJECT

private slots:
    void workOfTwoUnitsHasAPeakBetweenTheirs();
    void aMeasuredDeviceComesBackAsItWas();
    void everyFigureOfACalibrationComesBack();
    void theBestOfTwoCalibrationsHasOnePeak();
    void aDeviceOfAnOlderRecordHasItsTwoRates();
    void whatIsUnknownIsNullAndNotZero();
    void aCacheNoFasterThanMemoryIsNoFastCache();
};

void TestDeviceInfo::aMeasuredDeviceComesBackAsItWas() {
    DeviceInfo device;
    device.id = "cpu";
    device.name = "A CPU";
    device.backend = "cpu";
    device.available = true;
    device.memoryTotalBytes = 1ULL << 40;
    device.threads = 7;
    device.simd = "AVX2";
    device.bf16Dot = true;
    device.int8Dot = true;
    device.bf16Matrix = true;
    device.unitUses = {{DataType::BF16, 8, DotUnit::Bf16},
                       {DataType::F16, 17, DotUnit::SplitBf16},
                       {DataType::Q8_0, 1, DotUnit::Int8}};
    device.ceilings = Ceilings{2e10, 3e11, 7, true};
    const nlohmann::json json = device;
    const auto back = json.get<DeviceInfo>();
    QCOMPARE(back.id, device.id);
    QCOMPARE(back.simd, device.simd);
    QVERIFY(back.bf16Dot && back.int8Dot && back.bf16Matrix);
    QVERIFY(back.unitUses == device.unitUses);
    for (const char* key : {"kv_dtype", "least_group", "unit"})
        for (const nlohmann::json& wrong : {nlohmann::json(0), nlohmann::json("none")}) {
            nlohmann::json uses = json;
            uses["unit_uses"][1][key] = wrong;
            QVERIFY_EXCEPTION_THROWN((void)uses.get<DeviceInfo>(), nlohmann::json::exception);
        }
    nlohmann::json older = json;
    older.erase("unit_uses");
    QVERIFY(older.get<DeviceInfo>().unitUses.empty());
    QVERIFY(back.memoryTotalBytes == device.memoryTotalBytes);
    QVERIFY(back.ceilings == device.ceilings);
}

void TestDeviceInfo::theBestOfTwoCalibrationsHasOnePeak() {
    const Ceilings ofRun{2e10, 3.5e11, 2, true};
    Ceilings whole{3e10, 3.4e11, 2, true};
    whole.f32 = ArithmeticPeak{1.7e11, 3.4e11};
    for (const Ceilings& best : {bestOf(ofRun, whole), bestOf(whole, ofRun)}) {
        QCOMPARE(best.flopPerSecond, 3.5e11);
        QVERIFY(best.f32.has_value() && best.f32->allThreadsPerSecond == 3.5e11);
        QCOMPARE(best.f32->oneThreadPerSecond, 1.7e11);
        QCOMPARE(best.bandwidthBytesPerSecond, 3e10);
    }
}

void TestDeviceInfo::everyFigureOfACalibrationComesBack() {
    Ceilings ceilings{2e10, 3e11, 7, true};
    ceilings.bandwidthAtThreads = {{1, 1e10}, {7, 2e10}};
    ceilings.caches = {{2, 1 << 19, 2, 1e11}};
    ceilings.f32 = ArithmeticPeak{1e11, 3e11};
    ceilings.bf16Dot = ArithmeticPeak{2e11, 6e11};
    ceilings.int8Dot = ArithmeticPeak{4e11, 12e11};
    ceilings.barrierSeconds = 0.5;
    const nlohmann::json json = ceilings;
    QVERIFY(json.get<Ceilings>() == ceilings);
    QVERIFY(!nlohmann::json(Ceilings{2e10, 3e11, 7, true}).contains("bf16_dot"));
    for (const char* key : {"bf16_dot", "caches", "barrier_ms", "bandwidth_at_threads"}) {
        nlohmann::json wrong = json;
        wrong[key] = 0;
        QVERIFY_EXCEPTION_THROWN((void)wrong.get<Ceilings>(), nlohmann::json::exception);
    }
}

void TestDeviceInfo::aCacheNoFasterThanMemoryIsNoFastCache() {
    Ceilings ceilings{3e10, 3e11, 2, true};
    QVERIFY(!ceilings.fastCache());
    ceilings.caches = {
        {1, 48 << 10, 1, 1.7e11}, {2, 2 << 20, 1, 1.1e11}, {3, 300 << 20, 2, 1.9e10}};
    QVERIFY(!ceilings.fastCache()); // nothing is known of memory read by one thread
    ceilings.bandwidthAtThreads = {{1, 1.8e10}, {2, 3e10}};
    QCOMPARE(ceilings.fastCache()->level, 2);
    ceilings.caches.back().bytesPerSecond = 3e10;
    QCOMPARE(ceilings.fastCache()->level, 3);
    ceilings.bandwidthAtThreads.front().bytesPerSecond = 1.7e11;
    QVERIFY(!ceilings.fastCache());
}

void TestDeviceInfo::aDeviceOfAnOlderRecordHasItsTwoRates() {
    DeviceInfo device;
    device.ceilings = Ceilings{2e10, 3e11, 7, true};
    nlohmann::json json = device;
    json.erase("calibration");
    json.erase("bf16_dot");
    QVERIFY(json.get<DeviceInfo>().ceilings == device.ceilings);
    QVERIFY(!json.get<DeviceInfo>().bf16Dot);
}

void TestDeviceInfo::workOfTwoUnitsHasAPeakBetweenTheirs() {
    Ceilings ceilings{2e10, 1e11, 7, true};
    QCOMPARE(ceilings.flopPerSecondOf(1000, 1000), 1e11); // the unit's peak is not known
    ceilings.bf16Dot = ArithmeticPeak{1e11, 4e11};
    QCOMPARE(ceilings.flopPerSecondOf(1000, 0), 1e11);
    QCOMPARE(ceilings.flopPerSecondOf(1000, 1000), 4e11);
    QCOMPARE(ceilings.flopPerSecondOf(1000, 800), 2.5e11); // 2 ns and 2 ns for 1000 FLOP
    QCOMPARE(Ceilings{}.flopPerSecondOf(1000, 800), 0.0);
    ceilings.int8Dot.reset();
    QCOMPARE(ceilings.flopPerSecondOf(1000, 0, 1000), 1e11);
    ceilings.int8Dot = ArithmeticPeak{2e11, 8e11}; // two operations for each FLOP
    QCOMPARE(ceilings.flopPerSecondOf(1000, 0, 1000), 4e11);
    QCOMPARE(ceilings.flopPerSecondOf(1000, 400, 400), 2.5e11); // 1 + 1 + 2 ns
}

void TestDeviceInfo::whatIsUnknownIsNullAndNotZero() {
    const nlohmann::json json = DeviceInfo{};
    QVERIFY(json.at("memory_free_bytes").is_null());
    QVERIFY(json.at("measured_flop_per_second").is_null());
    QVERIFY(!json.get<DeviceInfo>().memoryFreeBytes);
}

QTEST_APPLESS_MAIN(TestDeviceInfo)
#include "test_device_info.moc"
