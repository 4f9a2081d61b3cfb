// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <array>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "block_emulator.h"
#include "core/engine/float_bits.h"
#include "gpu/kernels/device_ops.h"
#include "gpu/kernels/fragments.h"
#include "gpu/kernels/swizzle.h"

using namespace decodescope;
using namespace decodescope::gpu;

/// The emulator that the kernels are tested with computes what a GPU would, and reports what a GPU
/// would not forgive.
class TestBlockEmulator : public QObject {
    Q_OBJECT

private slots:
    void everyThreadOfEveryBlockRuns();
    void lanesThatPartAreReported();
    void aBarrierThatSomeLeaveOutIsReported();
    void aCopyArrivesWhenItIsWaitedFor();
    void aCopyNobodyWaitsForIsReported();
    void sharedMemoryHasAnEndAndStartsAsNaN();
    void conflictsOfMatrixLoadsAreCounted();
    void aProductOfMatricesIsThatOfTheDefinition();
};

namespace {

bool faults(int threads, std::size_t sharedBytes, const std::function<void()>& kernel) {
    try {
        emulate({}, threads, sharedBytes, kernel);
    } catch (const std::runtime_error&) {
        return true;
    }
    return false;
}

float sharedFloat(std::size_t index) {
    float value = 0;
    std::memcpy(&value, sharedMemory() + index * sizeof(float), sizeof(float));
    return value;
}

} // namespace

void TestBlockEmulator::everyThreadOfEveryBlockRuns() {
    std::vector<int> runs(2 * 3 * 4 * 64, 0);
    std::vector<float> sums;
    emulate({2, 3, 4}, 64, 0, [&] {
        const int block = (blockZ() * 3 + blockY()) * 2 + blockX();
        const int thread = block * blockThreads() + threadIndex();
        ++runs[static_cast<std::size_t>(thread)];
        float sum = static_cast<float>(threadIndex());
        for (int mask = 1; mask < 32; mask *= 2)
            sum += shuffleXor(sum, mask);
        syncThreads();
        if (threadIndex() % 32 == 0)
            sums.push_back(sum);
    });
    QVERIFY(std::all_of(runs.begin(), runs.end(), [](int each) { return each == 1; }));
    QCOMPARE(sums.size(), std::size_t{48});
    QCOMPARE(sums[0], 31.0F * 32 / 2);
    QCOMPARE(sums[1], 31.0F * 32 / 2 + 32 * 32);
}

void TestBlockEmulator::lanesThatPartAreReported() {
    QVERIFY(faults(32, 0, [] {
        if (threadIndex() < 16)
            (void)shuffleXor(1, 1);
    }));
    QVERIFY(faults(32, 0, [] {
        if (threadIndex() < 16)
            (void)anyLane(true);
        else
            (void)shuffleXor(1, 1);
    }));
    QVERIFY(!faults(32, 0, [] { (void)shuffleXor(1, 1); }));
}

void TestBlockEmulator::aBarrierThatSomeLeaveOutIsReported() {
    QVERIFY(faults(64, 0, [] {
        if (threadIndex() < 32)
            syncThreads();
    }));
    QVERIFY(faults(64, 0, [] {
        if (threadIndex() == 5)
            (void)anyLane(false);
        else
            syncThreads();
    }));
    QVERIFY(!faults(64, 0, [] { syncThreads(); }));
}

void TestBlockEmulator::aCopyArrivesWhenItIsWaitedFor() {
    alignas(kChunkBytes) const std::array<float, 8> source{1, 2, 3, 4, 5, 6, 7, 8};
    const auto* const from = reinterpret_cast<const std::byte*>(source.data());
    std::array<float, 6> seen{};
    emulate({}, 32, 3 * kChunkBytes, [&] {
        if (threadIndex() != 0)
            return;
        copyChunk(0, from, true);
        commitCopies();
        copyChunk(kChunkBytes, from + kChunkBytes, true);
        copyChunk(2 * kChunkBytes, from, false);
        commitCopies();
        seen[0] = sharedFloat(0);
        waitForCopies<1>();
        seen[1] = sharedFloat(0);
        seen[2] = sharedFloat(4);
        waitForCopies<0>();
        seen[3] = sharedFloat(4);
        seen[4] = sharedFloat(7);
        seen[5] = sharedFloat(8);
    });
    QVERIFY(std::isnan(seen[0]));
    QCOMPARE(seen[1], 1.0F);
    QVERIFY(std::isnan(seen[2]));
    QCOMPARE(seen[3], 5.0F);
    QCOMPARE(seen[4], 8.0F);
    QCOMPARE(seen[5], 0.0F); // zeros where nothing valid was copied
}

void TestBlockEmulator::aCopyNobodyWaitsForIsReported() {
    alignas(kChunkBytes) const std::array<std::byte, kChunkBytes> source{};
    QVERIFY(faults(32, kChunkBytes, [&] { copyChunk(0, source.data(), true); }));
    QVERIFY(faults(32, kChunkBytes, [&] {
        copyChunk(0, source.data(), true);
        commitCopies();
    }));
}

void TestBlockEmulator::sharedMemoryHasAnEndAndStartsAsNaN() {
    alignas(kChunkBytes) const std::array<std::byte, kChunkBytes> source{};
    const auto copyTo = [&source](std::uint32_t offset) {
        return [&source, offset] {
            copyChunk(offset, source.data(), true);
            commitCopies();
            waitForCopies<0>();
        };
    };
    QVERIFY(!faults(32, 64, copyTo(48)));
    QVERIFY(faults(32, 64, copyTo(64)));
    QVERIFY(faults(32, 64, copyTo(56)));
    QVERIFY(faults(32, 64, copyTo(8)));
    bool poisoned = true;
    emulate({2, 1, 1}, 32, 64, [&] {
        if (threadIndex() != 0)
            return;
        for (std::size_t i = 0; i < 16; ++i)
            poisoned = poisoned && std::isnan(sharedFloat(i));
        std::memset(sharedMemory(), 0, 64); // the next block starts anew
    });
    QVERIFY(poisoned);
}

void TestBlockEmulator::conflictsOfMatrixLoadsAreCounted() {
    const auto rowsAt = [](auto offset) {
        emulate({}, 32, 32 * 128, [offset] {
            std::uint32_t registers[4];
            loadMatrices(registers, offset(threadIndex()));
        });
        return bankConflicts();
    };
    // Rows of 128 bytes under each other share their banks.
    QCOMPARE(rowsAt([](int lane) { return static_cast<std::uint32_t>(lane * 128); }), 7);
    QCOMPARE(rowsAt([](int lane) { return swizzled<8>(lane, 0); }), 0);
}

void TestBlockEmulator::aProductOfMatricesIsThatOfTheDefinition() {
    // queries [16][16] times keys [8][16], as the kernels load them: 32 bytes a row.
    const auto query = [](int row, int k) { return static_cast<float>(row - 3 * k % 7); };
    const auto key = [](int token, int k) { return static_cast<float>((token * 5 + k) % 11 - 5); };
    std::array<std::array<float, kMmaColumns>, kMmaRows> product{};
    emulate({}, kWarpLanes, 48 * kChunkBytes, [&] {
        if (threadIndex() == 0)
            for (int row = 0; row < 24; ++row)
                for (int k = 0; k < kMmaDepth; ++k) {
                    const std::uint16_t bits = toF16(row < 16 ? query(row, k) : key(row - 16, k));
                    std::memcpy(sharedMemory() + row * 32 + k * 2, &bits, sizeof(bits));
                }
        syncThreads();
        const auto at = [](Place place) {
            return static_cast<std::uint32_t>(place.row * 32 + place.column * kChunkBytes);
        };
        std::uint32_t queries[4];
        std::uint32_t keys[4];
        loadMatrices(queries, at(queryMatrixPlace(threadIndex())));
        // Eight keys: what lanes 16 … 31 name is loaded and not used.
        loadMatrices(keys, 16 * 32 + at(keyMatrixPlace(threadIndex() % 16)));
        float sum[4] = {1, 1, 1, 1};
        multiplyAdd<KvFormat::F16>(sum, queries, keys[0], keys[1]);
        for (int i = 0; i < 4; ++i) {
            const Place place = sumPlace(threadIndex(), i);
            product[static_cast<std::size_t>(place.row)][static_cast<std::size_t>(place.column)] =
                sum[i];
        }
    });
    for (int row = 0; row < kMmaRows; ++row)
        for (int token = 0; token < kMmaColumns; ++token) {
            float expected = 1;
            for (int k = 0; k < kMmaDepth; ++k)
                expected += query(row, k) * key(token, k);
            QCOMPARE(product[static_cast<std::size_t>(row)][static_cast<std::size_t>(token)],
                     expected);
        }
}

QTEST_APPLESS_MAIN(TestBlockEmulator)
#include "test_block_emulator.moc"
