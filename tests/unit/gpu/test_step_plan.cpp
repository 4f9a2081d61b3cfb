// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <bit>
#include <cmath>
#include <set>

#include "core/engine/float_bits.h"
#include "example_gpus.h"
#include "gpu/kernels/step_shape.h"
#include "gpu/step_plan.h"

using namespace decodescope;
using namespace decodescope::gpu;

/// How the kernels of a step are launched, and the index arithmetic inside them.
class TestStepPlan : public QObject {
    Q_OBJECT

private slots:
    void everyNibbleBecomesItsF16();
    void everyWeightHasAPlaceOfItsOwn();
    void numbersBecomeTheNearestE4m3();
    void stretchesCoverARowOnce();
    void groupsCoverEveryRowOnce();
    void matricesTakeTheBytesOfTheirType();
    void typesWithoutAKernelAreRefused();
    void longMatricesNeedNoParts();
    void shortMatricesKeepTheGpuBusy();
    void weightsWithScalesAreMultipliedByProducts();
    void anActivationKeepsItsColumnsTogether();
    void everyBatchHasABlock();
};

namespace {

constexpr WeightFormat kFormats[] = {WeightFormat::F16, WeightFormat::BF16, WeightFormat::Q8,
                                     WeightFormat::Q4};

} // namespace

void TestStepPlan::everyNibbleBecomesItsF16() {
    const float bias = fromF16(static_cast<std::uint16_t>(kNibbleBias & 0xFFFFU));
    for (int pair = 0; pair < 4; ++pair)
        for (std::uint32_t nibble = 0; nibble < 16; ++nibble) {
            const std::uint32_t word = nibble << (4 * pair) | (15 - nibble) << (4 * pair + 16);
            const std::uint32_t halves = biasedNibbles(word, pair);
            const float weight = static_cast<float>(nibble) - 8;
            QCOMPARE(fromF16(static_cast<std::uint16_t>(halves & 0xFFFFU)) - bias, weight);
            QCOMPARE(fromF16(static_cast<std::uint16_t>(halves >> 16)) - bias, -1 - weight);
        }
}

void TestStepPlan::everyWeightHasAPlaceOfItsOwn() {
    for (const WeightFormat format : {WeightFormat::Q8, WeightFormat::Q4})
        for (const int columns : {32, 64, 96, 128, 1056, 4096}) {
            std::set<int> places;
            for (int column = 0; column < columns; ++column)
                places.insert(weightPlace(format, columns, column));
            QCOMPARE(places.size(), static_cast<std::size_t>(columns));
            QCOMPARE(*places.begin(), 0);
            QCOMPARE(*places.rbegin(), columns - 1);
        }
    // A lane's 16 bytes have its eight weights of each block of a step.
    QCOMPARE(weightPlace(WeightFormat::Q8, 128, 64 + 32 + 8), 64 + 16 + 8);
    QCOMPARE(weightPlace(WeightFormat::Q4, 256, 128 + 96 + 8), 128 + 32 + 24);
    // Neighbours are four nibbles apart.
    QCOMPARE(weightPlace(WeightFormat::Q4, 128, 1), 4);
    QCOMPARE(weightPlace(WeightFormat::Q4, 128, 2), 1);
}

void TestStepPlan::numbersBecomeTheNearestE4m3() {
    // Every finite E4M3 in order, by its definition.
    std::vector<float> values;
    values.reserve(0x7F);
    for (int bits = 0; bits < 0x7F; ++bits)
        values.push_back(bits < 8 ? std::ldexp(static_cast<float>(bits), -9)
                                  : std::ldexp(static_cast<float>(8 + bits % 8), bits / 8 - 10));
    QCOMPARE(values.back(), 448.0F);
    const auto encoded = [](float value) { return toE4m3(std::bit_cast<std::uint32_t>(value)); };
    for (std::size_t i = 0; i < values.size(); ++i) {
        QCOMPARE(encoded(values[i]), static_cast<std::uint8_t>(i));
        QCOMPARE(encoded(-values[i]), static_cast<std::uint8_t>(i | 0x80));
        if (i + 1 == values.size())
            break;
        const float middle = (values[i] + values[i + 1]) / 2;
        QCOMPARE(encoded(middle), static_cast<std::uint8_t>(i + i % 2)); // ties to even
        QCOMPARE(encoded(std::nextafter(middle, 0.0F)), static_cast<std::uint8_t>(i));
        QCOMPARE(encoded(std::nextafter(middle, 500.0F)), static_cast<std::uint8_t>(i + 1));
    }
    QCOMPARE(encoded(1e30F), std::uint8_t{0x7E});
    QCOMPARE(encoded(-std::numeric_limits<float>::infinity()), std::uint8_t{0xFE});
    QCOMPARE(encoded(std::numeric_limits<float>::quiet_NaN()) & 0x7F, 0x7F);
    QCOMPARE(encoded(std::numeric_limits<float>::denorm_min()), std::uint8_t{0});
}

void TestStepPlan::stretchesCoverARowOnce() {
    for (const int chunks : {1, 31, 32, 33, 64, 100, 512, 1792, 4099})
        for (const int pieces : {1, 2, 4, 8, 32}) {
            int next = 0;
            for (int piece = 0; piece < pieces; ++piece) {
                const ChunkRange range = projectionRange(chunks, pieces, piece);
                QCOMPARE(range.begin, next);
                QVERIFY(range.end >= range.begin);
                QVERIFY(range.begin % kWarpLanes == 0 || range.begin == chunks);
                next = range.end;
            }
            QCOMPARE(next, chunks);
        }
}

void TestStepPlan::groupsCoverEveryRowOnce() {
    for (const int rows : {2, 6, 8, 74, 128}) {
        std::multiset<int> plain;
        std::multiset<int> gated;
        for (int group = 0; group < projectionGroups(rows, 1); ++group)
            for (int place = 0; place < 4; ++place) {
                plain.insert(projectionRow<4>(rows, false, group, place));
                const int row = projectionRow<4>(rows, true, group, place);
                gated.insert(row);
                // Up's row stands two places behind its gate's.
                if (place < 2 && row >= 0)
                    QCOMPARE(projectionRow<4>(rows, true, group, place + 2), row + rows / 2);
            }
        plain.erase(-1);
        gated.erase(-1);
        QCOMPARE(plain.size(), static_cast<std::size_t>(rows));
        QCOMPARE(std::set<int>(plain.begin(), plain.end()).size(), plain.size());
        QVERIFY(gated == plain);
    }
}

void TestStepPlan::matricesTakeTheBytesOfTheirType() {
    for (const DataType type : {DataType::F16, DataType::BF16, DataType::Q8_0, DataType::Q4_0}) {
        const Result<WeightFormat> format = weightFormat(type);
        QVERIFY(format.ok());
        QCOMPARE(static_cast<std::uint64_t>(matrixBytes(*format, 61, 4096)),
                 storedBytes(type, std::uint64_t{61} * 4096));
        QCOMPARE(columnGrain(*format) % weightsPerChunk(*format), 0);
    }
    // A head of 262,144 rows: beyond two GiB.
    QCOMPARE(matrixBytes(WeightFormat::F16, 262'144, 8192), std::int64_t{1} << 32);
}

void TestStepPlan::typesWithoutAKernelAreRefused() {
    const Result<WeightFormat> none = weightFormat(DataType::Q6_K);
    QVERIFY(!none.ok());
    QCOMPARE(none.error().code, ErrorCode::BadUsage);
    QVERIFY(none.error().sentence().find("q6_k") != std::string::npos);
}

void TestStepPlan::longMatricesNeedNoParts() {
    for (const ExampleGpu& gpu : kExampleGpus)
        for (const WeightFormat format : kFormats) {
            const ProjectionPlan plan = planProjection(gpu.properties, {format, 28672, 8192, 1});
            QCOMPARE(plan.parts, 1);
            QVERIFY(plan.launch.grid.x >= 2 * gpu.properties.smCount);
        }
}

void TestStepPlan::shortMatricesKeepTheGpuBusy() {
    const GpuProperties& gpu = exampleGpu("H200");
    const ProjectionPlan plan = planProjection(gpu, {WeightFormat::F16, 1024, 8192, 1});
    QCOMPARE(plan.sharers, 4);
    QVERIFY(plan.parts > 1);
    QCOMPARE(plan.launch.grid.y, plan.parts);
    // Each warp still has a stretch of columns of its own.
    const int rounds = 8192 / 8 / kWarpLanes;
    QVERIFY(rounds >= plan.sharers * plan.parts);
    // Rows too short to share.
    QCOMPARE(planProjection(gpu, {WeightFormat::Q4, 4096, 1024, 1}).sharers, 1);
}

void TestStepPlan::weightsWithScalesAreMultipliedByProducts() {
    for (const ExampleGpu& gpu : kExampleGpus)
        for (const WeightFormat format : kFormats) {
            const KernelId kernel =
                planProjection(gpu.properties, {format, 4096, 4096, 1}).launch.kernel;
            QVERIFY(kernel == (hasScales(format) ? productId(format, 1) : projectionId(format, 1)));
        }
}

void TestStepPlan::anActivationKeepsItsColumnsTogether() {
    const ProjectionPlan plan =
        planProjection(exampleGpu("H200"), {WeightFormat::F16, 512, 8192, 1, Activation::SwiGlu});
    QCOMPARE(plan.parts, 1);
}

void TestStepPlan::everyBatchHasABlock() {
    for (const WeightFormat format : {WeightFormat::F16, WeightFormat::Q4})
        for (const int batch : {1, 2, 3, 4, 5, 8, 9, 64, 65, 1000}) {
            const ProjectionPlan plan =
                planProjection(exampleGpu("T4"), {format, 4096, 4096, batch});
            QVERIFY(plan.batch >= std::min(batch, kMostVectorBatch));
            const int batches = (batch + plan.batch - 1) / plan.batch;
            const int rows = hasScales(format) ? kMmaRows : projectionRows(plan.batch);
            const int groups = kProjectionWarps / plan.sharers;
            QVERIFY(plan.launch.grid.x / batches * groups * rows >= 4096);
            QCOMPARE(plan.launch.grid.x % batches, 0);
        }
}

QTEST_APPLESS_MAIN(TestStepPlan)
#include "test_step_plan.moc"
