// SPDX-License-Identifier: Apache-2.0
#include <QTemporaryDir>
#include <QTest>

#include <fstream>

#include "core/cpu/control_group.h"
#include "core/spec/units.h"

using namespace decodescope;
namespace fs = std::filesystem;

/// Memory limits of containers, read from a made-up hierarchy.
class TestControlGroup : public QObject {
    Q_OBJECT

private slots:
    void withoutALimitTheMachineCounts();
    void theLowestLimitOnThePathIsTheTotal();
    void aWiderGroupMayHaveLessLeft();
    void pagesOfFilesAreNotInUse();
    void versionOneHasItsOwnNames();
    void aGroupThatIsNotThereLimitsNothing();

private:
    QTemporaryDir m_dir;
    int m_count = 0;

    fs::path newRoot() { return fs::path(m_dir.path().toStdString()) / std::to_string(m_count++); }
    static void write(const fs::path& path, const std::string& text) {
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text << '\n';
    }
    static void limit(const fs::path& folder, const std::string& most, std::uint64_t used) {
        write(folder / "memory.max", most);
        write(folder / "memory.current", std::to_string(used));
    }
    static MemoryReading machine() { return {16 * kGiB, 12 * kGiB, kMiB}; }
};

void TestControlGroup::withoutALimitTheMachineCounts() {
    const fs::path root = newRoot();
    limit(root / "a", "max", kGiB);
    limit(root / "a" / "b", std::to_string(64 * kGiB), kGiB);
    MemoryReading reading = machine();
    applyMemoryLimits({root, "/a/b", true}, reading);
    QVERIFY(reading == machine());
}

void TestControlGroup::theLowestLimitOnThePathIsTheTotal() {
    const fs::path root = newRoot();
    limit(root / "a", std::to_string(4 * kGiB), kGiB);
    limit(root / "a" / "b", std::to_string(8 * kGiB), kGiB);
    MemoryReading reading = machine();
    applyMemoryLimits({root, "/a/b", true}, reading);
    QCOMPARE(reading.totalBytes.value(), 4 * kGiB);
    QCOMPARE(reading.availableBytes.value(), 3 * kGiB);
}

/// Its other members use it up: what this group would still allow cannot be had.
void TestControlGroup::aWiderGroupMayHaveLessLeft() {
    const fs::path root = newRoot();
    limit(root / "a", std::to_string(8 * kGiB), 7 * kGiB);
    limit(root / "a" / "b", std::to_string(4 * kGiB), kGiB);
    MemoryReading reading = machine();
    applyMemoryLimits({root, "/a/b", true}, reading);
    QCOMPARE(reading.totalBytes.value(), 4 * kGiB);
    QCOMPARE(reading.availableBytes.value(), kGiB);
}

/// A container that has read a large file is "full" of pages the kernel would give back.
void TestControlGroup::pagesOfFilesAreNotInUse() {
    const fs::path root = newRoot();
    limit(root, std::to_string(4 * kGiB), 4 * kGiB);
    write(root / "memory.stat", "anon 1073741824\nfile 3221225472\ninactive_file 2147483648\n"
                                "active_file 1073741824\n");
    MemoryReading reading = machine();
    applyMemoryLimits({root, "/", true}, reading);
    QCOMPARE(reading.availableBytes.value(), 3 * kGiB);
}

void TestControlGroup::versionOneHasItsOwnNames() {
    const fs::path root = newRoot();
    write(root / "job" / "memory.limit_in_bytes", std::to_string(2 * kGiB));
    write(root / "job" / "memory.usage_in_bytes", std::to_string(kGiB + kMiB));
    write(root / "job" / "memory.stat", "inactive_file 5\ntotal_inactive_file 1048576");
    MemoryReading reading = machine();
    applyMemoryLimits({root, "/job", false}, reading);
    QCOMPARE(reading.totalBytes.value(), 2 * kGiB);
    QCOMPARE(reading.availableBytes.value(), kGiB);
}

void TestControlGroup::aGroupThatIsNotThereLimitsNothing() {
    MemoryReading reading = machine();
    applyMemoryLimits({newRoot(), "/a/b/c", true}, reading);
    QVERIFY(reading == machine());
}

QTEST_APPLESS_MAIN(TestControlGroup)
#include "test_control_group.moc"
