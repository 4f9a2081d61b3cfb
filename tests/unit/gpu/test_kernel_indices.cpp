// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <array>
#include <cmath>
#include <set>

#include "core/engine/float_bits.h"
#include "gpu/kernels/cache_address.h"
#include "gpu/kernels/fragments.h"
#include "gpu/kernels/kv_format.h"
#include "gpu/kernels/split_range.h"
#include "gpu/kernels/swizzle.h"

using namespace decodescope;
using namespace decodescope::gpu;

/// The index arithmetic of the kernels, function by function.
class TestKernelIndices : public QObject {
    Q_OBJECT

private slots:
    void fragmentsAreThoseOfThePtxManual();
    void everyElementOfAFragmentIsHeldOnce();
    void querySlotsMeetTheKeysOfTheSameElement();
    void outputColumnsCoverHeadDimOnce();
    void aTileIsSwizzledOneToOneAndWithoutConflicts();
    void everyE4m3ExpandsExactly();
    void everyInt8ExpandsExactly();
    void splitsCoverAContextOnce();
    void splitsAreNeverShorterThanTheLeast();
    void contiguousAndPagedRowsAreFound();
};

void TestKernelIndices::fragmentsAreThoseOfThePtxManual() {
    // The manual counts elements i of a lane: a0 … a7, b0 … b3, c0 … c3.
    for (int lane = 0; lane < 32; ++lane) {
        const int groupId = lane >> 2;
        const int threadInGroup = lane % 4;
        for (int i = 0; i < 8; ++i) {
            const int row = i < 2 || (i >= 4 && i < 6) ? groupId : groupId + 8;
            const int column = threadInGroup * 2 + (i & 1) + (i < 4 ? 0 : 8);
            const Place place = firstFactorPlace(lane, i / 2, i % 2);
            QVERIFY(place.row == row && place.column == column);
        }
        for (int i = 0; i < 4; ++i) {
            const Place place = secondFactorPlace(lane, i / 2, i % 2);
            QCOMPARE(place.row, threadInGroup * 2 + (i & 1) + (i < 2 ? 0 : 8));
            QCOMPARE(place.column, groupId);
            const Place sum = sumPlace(lane, i);
            QCOMPARE(sum.row, i < 2 ? groupId : groupId + 8);
            QCOMPARE(sum.column, threadInGroup * 2 + (i & 1));
        }
    }
}

void TestKernelIndices::everyElementOfAFragmentIsHeldOnce() {
    std::set<std::pair<int, int>> first;
    std::set<std::pair<int, int>> second;
    std::set<std::pair<int, int>> sums;
    for (int lane = 0; lane < kWarpLanes; ++lane)
        for (int reg = 0; reg < 4; ++reg)
            for (int half = 0; half < 2; ++half) {
                const Place a = firstFactorPlace(lane, reg, half);
                first.emplace(a.row, a.column);
                const Place b = secondFactorPlace(lane, reg % 2, half);
                second.emplace(b.row, b.column);
                const Place c = sumPlace(lane, reg);
                sums.emplace(c.row, c.column);
            }
    QCOMPARE(first.size(), std::size_t{kMmaRows * kMmaDepth});
    QCOMPARE(second.size(), std::size_t{kMmaDepth * kMmaColumns});
    QCOMPARE(sums.size(), std::size_t{kMmaRows * kMmaColumns});
}

void TestKernelIndices::querySlotsMeetTheKeysOfTheSameElement() {
    for (int dim = 0; dim < 256; ++dim)
        QCOMPARE(querySlot(2, dim), dim);
    // A lane has the four 8-bit keys 4t … 4t + 3 of a chunk: the first two become register 0 of a
    // second factor, the others register 1, and the query must be in the same rows of the product.
    for (int lane = 0; lane < kWarpLanes; ++lane)
        for (int reg = 0; reg < 2; ++reg)
            for (int half = 0; half < 2; ++half) {
                const int dim = lane % 4 * 4 + reg * 2 + half;
                QCOMPARE(querySlot(1, dim), secondFactorPlace(lane, reg, half).row);
                QCOMPARE(querySlot(1, 48 + dim), 48 + querySlot(1, dim));
            }
}

void TestKernelIndices::outputColumnsCoverHeadDimOnce() {
    for (const int bytes : {1, 2}) {
        std::set<int> dims;
        for (int tile = 0; tile < 128 / kMmaColumns; ++tile)
            for (int column = 0; column < kMmaColumns; ++column)
                dims.insert(outputDim(bytes, tile, column));
        QCOMPARE(dims.size(), std::size_t{128});
        QCOMPARE(*dims.begin(), 0);
        QCOMPARE(*dims.rbegin(), 127);
    }
}

namespace {

template <int kChunks>
void checkSwizzle() {
    std::set<std::uint32_t> places;
    for (int row = 0; row < 64; ++row)
        for (int chunk = 0; chunk < kChunks; ++chunk) {
            const std::uint32_t at = swizzled<kChunks>(row, chunk);
            QCOMPARE(at % kChunkBytes, 0U);
            for (int further = 0; chunk < 2 && chunk + further < kChunks; further += 2)
                QCOMPARE(swizzledFurther<kChunks>(at, further),
                         swizzled<kChunks>(row, chunk + further));
            QVERIFY(at < 64U * kChunks * kChunkBytes);
            places.insert(at);
        }
    QCOMPARE(places.size(), std::size_t{64 * kChunks});
    // A phase of an ldmatrix: eight rows at one chunk, 16 of the 128 bytes of all banks each.
    for (int first = 0; first < 64; first += 8)
        for (int chunk = 0; chunk < kChunks; ++chunk) {
            std::set<std::uint32_t> banks;
            for (int row = first; row < first + 8; ++row)
                banks.insert(swizzled<kChunks>(row, chunk) % 128);
            QCOMPARE(banks.size(), std::size_t{8});
        }
}

} // namespace

void TestKernelIndices::aTileIsSwizzledOneToOneAndWithoutConflicts() {
    checkSwizzle<4>();
    checkSwizzle<8>();
    checkSwizzle<16>();
    checkSwizzle<32>();
}

void TestKernelIndices::everyE4m3ExpandsExactly() {
    for (unsigned byte = 0; byte < 256; ++byte) {
        if ((byte & 0x7F) == 0x7F)
            continue; // NaN
        const int exponent = static_cast<int>(byte >> 3 & 15);
        const auto mantissa = static_cast<float>(byte & 7);
        const float magnitude =
            exponent == 0 ? std::ldexp(mantissa, -9) : std::ldexp(8 + mantissa, exponent - 10);
        const float value = (byte & 0x80) != 0 ? -magnitude : magnitude;
        const std::uint32_t pair = expandE4m3(byte << 8 | byte << 24);
        for (const int half : {0, 1}) {
            const auto bits = static_cast<std::uint16_t>(pair >> (16 * half));
            QCOMPARE(fromF16(bits) * expansionScale(KvFormat::E4M3), value);
        }
    }
}

void TestKernelIndices::everyInt8ExpandsExactly() {
    const float bias = fromF16(static_cast<std::uint16_t>(kInt8Bias & 0xFFFFU));
    for (int value = -128; value < 128; ++value) {
        const auto byte = static_cast<std::uint8_t>(value);
        const auto turned = static_cast<std::uint8_t>(byte ^ (kInt8Signs & 0xFFU));
        const auto bits = static_cast<std::uint16_t>((kInt8Exponents & 0xFF00U) | turned);
        QCOMPARE(fromF16(bits) - bias, static_cast<float>(value));
    }
}

void TestKernelIndices::splitsCoverAContextOnce() {
    for (const int tokens : {1, 63, 64, 65, 255, 256, 257, 511, 512, 575, 1023, 4097, 100'000})
        for (const int most : {1, 2, 3, 7, 33, 256}) {
            int next = 0;
            for (int split = 0; split < most; ++split) {
                const TokenRange range = splitRange(tokens, most, split);
                QCOMPARE(range.empty(), split >= splitsOf(tokens, most));
                if (range.empty())
                    continue;
                QCOMPARE(range.begin, next);
                QCOMPARE(range.begin % kSplitGrain, 0);
                next = range.end;
            }
            QCOMPARE(next, tokens);
        }
    // Near the end of what a context may be.
    const TokenRange last = splitRange(2'000'000'000, 256, 255);
    QCOMPARE(last.end, 2'000'000'000);
    QVERIFY(last.begin > 1'992'000'000 && last.begin % kSplitGrain == 0);
}

void TestKernelIndices::splitsAreNeverShorterThanTheLeast() {
    for (int tokens = 1; tokens < 5000; tokens += 13)
        for (int most = 2; most < 30; ++most) {
            const int parts = splitsOf(tokens, most);
            QVERIFY(parts >= 1 && parts <= most);
            for (int split = 0; split < parts && parts > 1; ++split) {
                const TokenRange range = splitRange(tokens, most, split);
                QVERIFY(range.end - range.begin >= kLeastSplitTokens);
            }
        }
}

void TestKernelIndices::contiguousAndPagedRowsAreFound() {
    CacheAddress contiguous;
    contiguous.rowBytes = 256;
    contiguous.headBytes = 100 * 256;
    contiguous.blockBytes = 8 * contiguous.headBytes;
    QCOMPARE(contiguous.offset(3, 5, 77),
             std::int64_t{3} * 8 * 100 * 256 + std::int64_t{5} * 100 * 256 + 77 * 256);
    const std::array<std::int64_t, 6> pages{4 << 20, 0, 2 << 20, 5 << 20, 1 << 20, 3 << 20};
    CacheAddress paged;
    paged.pages = pages.data();
    paged.pagesPerSequence = 3;
    paged.pageShift = 5;
    paged.rowBytes = 128;
    paged.headBytes = 32 * 128;
    // Sequence 1, token 70 = the seventh of its third page.
    QCOMPARE(paged.offset(1, 1, 70), (3 << 20) + paged.headBytes + 6 * 128);
    QCOMPARE(paged.offset(0, 0, 31), (4 << 20) + 31 * 128);
    // Beyond four GiB.
    contiguous.headBytes = std::int64_t{1} << 34;
    QCOMPARE(contiguous.offset(0, 2, 1), (std::int64_t{1} << 35) + 256);
}

QTEST_APPLESS_MAIN(TestKernelIndices)
#include "test_kernel_indices.moc"
