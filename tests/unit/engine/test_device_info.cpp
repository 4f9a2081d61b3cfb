// SPDX-License-Identifier: Apache-2.0
#include <QTest>
#include <nlohmann/json.hpp>

#include "core/engine/backend.h"

using namespace decodescope;

/// What a device says of itself survives its record.
class TestDeviceInfo : public QObject {
    Q_OBJECT

private slots:
    void aMeasuredDeviceComesBackAsItWas();
    void whatIsUnknownIsNullAndNotZero();
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
    device.ceilings = Ceilings{2e10, 3e11, 7, true};
    const nlohmann::json json = device;
    const auto back = json.get<DeviceInfo>();
    QCOMPARE(back.id, device.id);
    QCOMPARE(back.simd, device.simd);
    QVERIFY(back.memoryTotalBytes == device.memoryTotalBytes);
    QVERIFY(back.ceilings == device.ceilings);
}

void TestDeviceInfo::whatIsUnknownIsNullAndNotZero() {
    const nlohmann::json json = DeviceInfo{};
    QVERIFY(json.at("memory_free_bytes").is_null());
    QVERIFY(json.at("measured_flop_per_second").is_null());
    QVERIFY(!json.get<DeviceInfo>().memoryFreeBytes);
}

QTEST_APPLESS_MAIN(TestDeviceInfo)
#include "test_device_info.moc"
