// SPDX-License-Identifier: Apache-2.0
#include <QTemporaryDir>
#include <QtTest>

#include <fstream>

#include "core/profile/calibration.h"
#include "core/profile/whole_file.h"

using namespace decodescope;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

const auto kNow = std::chrono::system_clock::from_time_t(1'800'000'000);
constexpr Ceilings kCeilings{2e10, 3e11, 4, true};

DeviceInfo someCpu() {
    DeviceInfo device;
    device.id = "cpu";
    device.name = "Some CPU";
    device.threads = 4;
    device.simd = "AVX2";
    device.memoryTotalBytes = 1000;
    device.memoryFreeBytes = 500;
    return device;
}

} // namespace

class TestCalibration : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_dir;
    fs::path m_file;

private slots:
    void init() {
        m_dir = std::make_unique<QTemporaryDir>();
        m_file = fs::path(m_dir->path().toStdString()) / "new" / "folder" / "calibration.json";
    }

    void whatIsStoredIsFoundAgain() {
        QVERIFY(storeCeilings(someCpu(), kCeilings, m_file, kNow).ok());
        DeviceInfo busier = someCpu();
        busier.memoryFreeBytes = 1; // no reason to measure again
        const StoredCeilings found = loadCeilings(busier, m_file, kNow + 24h * 3);
        QVERIFY(found.ceilings.has_value());
        QVERIFY(*found.ceilings == kCeilings);
        QCOMPARE(found.note, "measured 3 days ago");
    }

    void nothingStoredIsNoFailure() {
        QVERIFY(!loadCeilings(someCpu(), m_file, kNow).ceilings);
        QVERIFY(!loadCeilings(someCpu(), fs::path(), kNow).ceilings);
        QVERIFY(!loadCeilings(someCpu(), fs::path(), kNow).note.empty());
        QVERIFY(storeCeilings(someCpu(), kCeilings, fs::path(), kNow).ok());
    }

    void anOldEntryIsStale() {
        QVERIFY(storeCeilings(someCpu(), kCeilings, m_file, kNow).ok());
        QVERIFY(loadCeilings(someCpu(), m_file, kNow + 24h * 7).ceilings);
        QVERIFY(!loadCeilings(someCpu(), m_file, kNow + 24h * 7 + 1s).ceilings);
        QVERIFY(!loadCeilings(someCpu(), m_file, kNow - 1h).ceilings);
    }

    void anotherMachineIsNotThisOne() {
        QVERIFY(storeCeilings(someCpu(), kCeilings, m_file, kNow).ok());
        DeviceInfo changed = someCpu();
        changed.name = "Another CPU";
        QVERIFY(!loadCeilings(changed, m_file, kNow).ceilings);
        changed = someCpu();
        changed.threads = 2;
        QVERIFY(!loadCeilings(changed, m_file, kNow).ceilings);
        changed = someCpu();
        changed.simd = "AVX3";
        QVERIFY(!loadCeilings(changed, m_file, kNow).ceilings);
        changed = someCpu();
        changed.memoryTotalBytes = 2000;
        QVERIFY(!loadCeilings(changed, m_file, kNow).ceilings);
        QVERIFY(loadCeilings(someCpu(), m_file, kNow).ceilings);
    }

    void devicesAreKeptSideBySide() {
        DeviceInfo other = someCpu();
        other.id = "cuda:0";
        QVERIFY(storeCeilings(someCpu(), kCeilings, m_file, kNow).ok());
        QVERIFY(storeCeilings(other, {1, 2, 3, true}, m_file, kNow).ok());
        QVERIFY(*loadCeilings(someCpu(), m_file, kNow).ceilings == kCeilings);
        QVERIFY((*loadCeilings(other, m_file, kNow).ceilings == Ceilings{1, 2, 3, true}));
    }

    void aDamagedFileIsPassedOverAndReplaced_data() {
        QTest::addColumn<QByteArray>("content");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("cut") << QByteArray("{\"cpu\":{\"fing");
        QTest::newRow("list") << QByteArray("[1]");
        QTest::newRow("entry of a wrong type") << QByteArray("{\"cpu\":3}");
        QTest::newRow("no rates") << QByteArray("{\"cpu\":{\"fingerprint\":{}}}");
    }
    void aDamagedFileIsPassedOverAndReplaced() {
        QFETCH(QByteArray, content);
        fs::create_directories(m_file.parent_path());
        std::ofstream(m_file, std::ios::binary) << content.toStdString();
        const StoredCeilings found = loadCeilings(someCpu(), m_file, kNow);
        QVERIFY(!found.ceilings);
        QVERIFY(!found.note.empty());
        QVERIFY(storeCeilings(someCpu(), kCeilings, m_file, kNow).ok());
        QVERIFY(loadCeilings(someCpu(), m_file, kNow).ceilings);
    }

    void aRateThatCannotBeIsPassedOver() {
        QVERIFY(storeCeilings(someCpu(), {0, 1, 1, true}, m_file, kNow).ok());
        QVERIFY(!loadCeilings(someCpu(), m_file, kNow).ceilings);
    }

    void aPlaceThatCannotBeWrittenIsSaid() {
        const Status status =
            storeCeilings(someCpu(), kCeilings, "/proc/no/calibration.json", kNow);
        QVERIFY(!status.ok());
        QCOMPARE(status.error().code, ErrorCode::OutputNotWritten);
    }

    void theFileLiesWhereTheEnvironmentSays() {
        qputenv("HOME", "/home/someone");
        qputenv("XDG_CACHE_HOME", "/var/cache/someone");
        QCOMPARE(calibrationFile(), fs::path("/var/cache/someone/decodescope/calibration.json"));
        qputenv("XDG_CACHE_HOME", "relative");
        QCOMPARE(calibrationFile(), fs::path("/home/someone/.cache/decodescope/calibration.json"));
        qunsetenv("XDG_CACHE_HOME");
        QCOMPARE(calibrationFile(), fs::path("/home/someone/.cache/decodescope/calibration.json"));
        qunsetenv("HOME");
        QVERIFY(calibrationFile().empty());
    }
};

QTEST_GUILESS_MAIN(TestCalibration)
#include "test_calibration.moc"
