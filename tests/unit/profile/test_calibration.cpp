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
const Ceilings kCeilings{2e10, 3e11, 4, true};

/// As `calibrate` measures them.
Ceilings wholeCeilings() {
    Ceilings whole = kCeilings;
    whole.bandwidthAtThreads = {{1, 1e10}, {2, 1.5e10}, {4, 2e10}};
    whole.caches = {{1, 32768, 1, 2e11}, {3, 1 << 25, 4, 5e10}};
    whole.f32 = ArithmeticPeak{8e10, 3e11};
    whole.int8Dot = ArithmeticPeak{3e11, 1.1e12};
    whole.barrierSeconds = 2e-6;
    return whole;
}

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
        QVERIFY(storeCeilings(someCpu(), kCeilings, CalibrationKind::Whole, m_file, kNow).ok());
        DeviceInfo busier = someCpu();
        busier.memoryFreeBytes = 1; // no reason to measure again
        const StoredCeilings found = loadCeilings(busier, m_file, kNow + 24h * 3);
        QVERIFY(found.ceilings.has_value());
        QVERIFY(*found.ceilings == kCeilings);
        QCOMPARE(found.note, "measured 3 days ago");
    }

    void allFiguresAreFoundAgain() {
        QVERIFY(wholeCeilings().complete() && !kCeilings.complete());
        QVERIFY(
            storeCeilings(someCpu(), wholeCeilings(), CalibrationKind::Whole, m_file, kNow).ok());
        const StoredCeilings found = loadCeilings(someCpu(), m_file, kNow);
        QVERIFY(found.ceilings == wholeCeilings());
        QVERIFY(!found.ceilings->bf16Dot); // no such unit, and not one of rate 0
    }

    void aRunLowersNothingAndAddsWhatIsBetter() {
        QVERIFY(
            storeCeilings(someCpu(), wholeCeilings(), CalibrationKind::Whole, m_file, kNow).ok());
        QVERIFY(storeCeilings(someCpu(), {1e10, 4e11, 4, true}, CalibrationKind::InRun, m_file,
                              kNow + 24h * 6)
                    .ok());
        const StoredCeilings found = loadCeilings(someCpu(), m_file, kNow + 24h * 6);
        QVERIFY(found.ceilings && found.ceilings->complete());
        QCOMPARE(found.ceilings->bandwidthBytesPerSecond, 2e10);
        QCOMPARE(found.ceilings->flopPerSecond, 4e11);
        QCOMPARE(found.ceilings->caches.size(), std::size_t{2});
        QCOMPARE(found.note, "measured 6 days ago"); // a run makes it no younger
        QVERIFY(!loadCeilings(someCpu(), m_file, kNow + 24h * 8).ceilings);
    }

    void calibratingAnewKeepsTheBestOfTheWeek() {
        Ceilings busy = wholeCeilings();
        busy.bandwidthBytesPerSecond /= 2;
        busy.bandwidthAtThreads = {{1, 2e10}, {4, 1e10}};
        busy.caches[0].bytesPerSecond = 1;
        busy.int8Dot.reset();
        busy.bf16Dot = ArithmeticPeak{1, 2};
        busy.barrierSeconds = 5e-6;
        const auto store = [&](const Ceilings& each, std::chrono::hours later) {
            return storeCeilings(someCpu(), each, CalibrationKind::Whole, m_file, kNow + later)
                .ok();
        };
        QVERIFY(store(wholeCeilings(), 0h) && store(busy, 24h * 6));
        const auto found = loadCeilings(someCpu(), m_file, kNow + 24h * 12).ceilings;
        Ceilings best = wholeCeilings();
        best.bandwidthAtThreads[0].bytesPerSecond = 2e10;
        best.bf16Dot = busy.bf16Dot;
        QVERIFY(found == best);
        // Of another number of threads, or stale, the old counts no more.
        Ceilings fewer{1, 2, 3, true};
        QVERIFY(store(fewer, 24h * 12));
        QVERIFY(loadCeilings(someCpu(), m_file, kNow + 24h * 12).ceilings == fewer);
    }

    void whatIsForgottenIsNotBuiltUpon() {
        DeviceInfo other = someCpu();
        other.id = "cuda:0";
        for (const DeviceInfo& device : {someCpu(), other})
            QVERIFY(
                storeCeilings(device, wholeCeilings(), CalibrationKind::Whole, m_file, kNow).ok());
        QVERIFY(forgetCeilings(someCpu(), m_file).ok());
        QVERIFY(!loadCeilings(someCpu(), m_file, kNow).ceilings);
        QVERIFY(loadCeilings(other, m_file, kNow).ceilings);
        QVERIFY(forgetCeilings(someCpu(), m_file.parent_path() / "none").ok());
    }

    void anEntryOfAnOlderFormatIsStale() {
        QVERIFY(storeCeilings(someCpu(), kCeilings, CalibrationKind::Whole, m_file, kNow).ok());
        std::string text = *readWholeFile(m_file, 1 << 20);
        const std::size_t at = text.find("\"format\": 2");
        QVERIFY(at != std::string::npos);
        text.replace(at, 11, "\"formal\": 2");
        QVERIFY(writeWholeFile(m_file, text).ok());
        QVERIFY(!loadCeilings(someCpu(), m_file, kNow).ceilings);
    }

    void aRunGoesByTheBestAndTellsOfASlowMachine() {
        const Ceilings now{1.4e10, 3.1e11, 4, true, 1e9};
        QVERIFY(roofsOfRun(now, std::nullopt).ceilings == now);
        QVERIFY(roofsOfRun(now, Ceilings{9e10, 9e11, 2, true}).ceilings == now); // 2 threads
        const RunRoofs slow = roofsOfRun(now, wholeCeilings());
        QCOMPARE(slow.ceilings.bandwidthBytesPerSecond, 2e10);
        QCOMPARE(slow.ceilings.flopPerSecond, 3.1e11);
        QCOMPARE(slow.ceilings.fillBytesPerSecond, 1e9);
        QVERIFY(slow.ceilings.complete());
        QVERIFY2(slow.note.find("reads at 70 %") != std::string::npos, slow.note.c_str());
        QVERIFY(slow.note.find("computes") == std::string::npos);
        QVERIFY(roofsOfRun({1.6e10, 2.5e11, 4, true}, wholeCeilings()).note.empty());
        QVERIFY(!roofsOfRun({1.6e10, 2e11, 4, true}, wholeCeilings()).note.empty());
    }

    void nothingStoredIsNoFailure() {
        QVERIFY(!loadCeilings(someCpu(), m_file, kNow).ceilings);
        QVERIFY(!loadCeilings(someCpu(), fs::path(), kNow).ceilings);
        QVERIFY(!loadCeilings(someCpu(), fs::path(), kNow).note.empty());
        QVERIFY(storeCeilings(someCpu(), kCeilings, CalibrationKind::Whole, fs::path(), kNow).ok());
    }

    void anOldEntryIsStale() {
        QVERIFY(storeCeilings(someCpu(), kCeilings, CalibrationKind::Whole, m_file, kNow).ok());
        QVERIFY(loadCeilings(someCpu(), m_file, kNow + 24h * 7).ceilings);
        QVERIFY(!loadCeilings(someCpu(), m_file, kNow + 24h * 7 + 1s).ceilings);
        QVERIFY(!loadCeilings(someCpu(), m_file, kNow - 1h).ceilings);
    }

    void anotherMachineIsNotThisOne() {
        QVERIFY(storeCeilings(someCpu(), kCeilings, CalibrationKind::Whole, m_file, kNow).ok());
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
        QVERIFY(storeCeilings(someCpu(), kCeilings, CalibrationKind::Whole, m_file, kNow).ok());
        QVERIFY(storeCeilings(other, {1, 2, 3, true}, CalibrationKind::Whole, m_file, kNow).ok());
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
        QVERIFY(storeCeilings(someCpu(), kCeilings, CalibrationKind::Whole, m_file, kNow).ok());
        QVERIFY(loadCeilings(someCpu(), m_file, kNow).ceilings);
    }

    void aRateThatCannotBeIsPassedOver() {
        QVERIFY(
            storeCeilings(someCpu(), {0, 1, 1, true}, CalibrationKind::Whole, m_file, kNow).ok());
        QVERIFY(!loadCeilings(someCpu(), m_file, kNow).ceilings);
    }

    void aPlaceThatCannotBeWrittenIsSaid() {
        const Status status = storeCeilings(someCpu(), kCeilings, CalibrationKind::Whole,
                                            "/proc/no/calibration.json", kNow);
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
