// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "core/cpu/vector_targets.h" // before Highway: which targets are generated
#include <hwy/targets.h>

#include "core/cpu/norm_rope.h"
#include "core/cpu/projection_kernel.h"
#include "core/cpu/random_fill.h"
#include "core/cpu/weight_panels.h"
#include "core/engine/float_bits.h"
#include "core/engine/reference.h"

using namespace decodescope;

/// The linear layers of a step, and what stands between them, against double precision.
class TestCpuProjection : public QObject {
    Q_OBJECT

private slots:
    void everyTargetHoldsItsBound_data();
    void everyTargetHoldsItsBound();
    void sumsAreAddedToAResidual();
    void theLargestWeightsAndInputsDoNotOverflow_data();
    void theLargestWeightsAndInputsDoNotOverflow();
    void panelsHoldTheMatrixAndThenZeros();
    void oneLargeInputSpoilsNoOther();
    void zeroInputsGiveZero();
    void scratchOfTheCallersIsEnough();
    void activationsHoldTheirBound_data();
    void activationsHoldTheirBound();
    void randomBlocksAreSane();
};

constexpr DataType kTypes[] = {DataType::F32, DataType::F16, DataType::BF16, DataType::Q8_0,
                               DataType::Q4_0};

/// A type of weights, and whether integers are multiplied by the CPU's dot products where it has
/// them.
struct Unit {
    DataType type;
    bool dotProducts;
};
constexpr Unit kUnits[] = {{DataType::F32, true},  {DataType::F16, true},   {DataType::BF16, true},
                           {DataType::Q8_0, true}, {DataType::Q8_0, false}, {DataType::Q4_0, true},
                           {DataType::Q4_0, false}};

static void addTargets() {
    QTest::addColumn<qint64>("target");
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets())
        QTest::newRow(hwy::TargetName(target)) << static_cast<qint64>(target);
}

/// Against the same rounded weights. Q4_0 meets inputs of 8 bits.
static double boundOf(DataType type) {
    if (type == DataType::F32)
        return 1e-6;
    if (type == DataType::F16 || type == DataType::BF16)
        return 5e-6;
    return type == DataType::Q8_0 ? 2e-4 : 2e-2;
}

static std::size_t index(std::int64_t n) {
    return static_cast<std::size_t>(n);
}

/// A matrix of random weights, random inputs and poisoned outputs.
struct Matrix {
    Matrix(ThreadPool& pool, DataType weightsType, std::int64_t rowCount, std::int64_t columnCount,
           std::int64_t sequences)
        : type(weightsType), rows(rowCount), columns(columnCount), batch(sequences),
          weights(storedBytes(type, static_cast<std::uint64_t>(rows * columns))),
          panels(panelBytes(type, rows, columns)), in(index(batch * columns)),
          out(index(batch * rows), std::numeric_limits<float>::quiet_NaN()) {
        if (!fillRandom(pool, weights, type, 5, -4, {}))
            qFatal("the weights were not filled");
        std::mt19937 random(7);
        std::normal_distribution<float> normal;
        for (float& value : in)
            value = normal(random);
    }
    [[nodiscard]] Projection projection() {
        packPanels(type, weights.data(), rows, columns, panels.data());
        return {type, panels.data(), rows, columns, batch, in.data(), out.data()};
    }
    /// ‖out − reference‖ over the reference's norm, or over what is usual for so many random terms
    /// where they happen to cancel: one row alone may come out near 0.
    [[nodiscard]] double error() const {
        std::vector<float> held = decoded(type, weights.data(), rows * columns);
        const std::vector<double> reference = referenceProjection(held, in, columns);
        std::vector<float> sizes = in;
        for (std::vector<float>* values : {&held, &sizes})
            for (float& value : *values)
                value = std::abs(value);
        const double terms = norm(referenceProjection(held, sizes, columns));
        const double usual = terms / std::sqrt(static_cast<double>(columns));
        return relativeError(out, reference) * norm(reference) / std::max(norm(reference), usual);
    }
    static double norm(const std::vector<double>& values) {
        return std::sqrt(std::inner_product(values.begin(), values.end(), values.begin(), 0.0));
    }

    DataType type;
    std::int64_t rows, columns, batch;
    Buffer weights; ///< row by row
    Buffer panels;
    std::vector<float> in, out;
};

void TestCpuProjection::everyTargetHoldsItsBound_data() {
    addTargets();
}

void TestCpuProjection::everyTargetHoldsItsBound() {
    QFETCH(qint64, target);
    hwy::SetSupportedTargetsForTest(target);
    ThreadPool pool(2);
    for (const auto& [type, dotProducts] : kUnits)
        for (const std::int64_t columns : {1, 17, 32, 64, 96, 1000, 2080})
            for (const std::int64_t rows : {1, 16, 37, 64})
                for (const std::int64_t batch : {1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 63, 67}) {
                    if (columns % info(type).blockElements != 0)
                        continue;
                    Matrix matrix(pool, type, rows, columns, batch);
                    Projection projection = matrix.projection();
                    projection.dotProducts = dotProducts;
                    QVERIFY(project(pool, projection, {}));
                    const double error = matrix.error();
                    QVERIFY2(error <= boundOf(type),
                             qPrintable(QStringLiteral("%1 %2 × %3 × %4: %5")
                                            .arg(name(type).data())
                                            .arg(batch)
                                            .arg(rows)
                                            .arg(columns)
                                            .arg(error)));
                }
    hwy::SetSupportedTargetsForTest(0);
}

void TestCpuProjection::sumsAreAddedToAResidual() {
    ThreadPool pool(1);
    for (const DataType type : kTypes)
        for (const std::int64_t batch : {1, 6}) {
            Matrix matrix(pool, type, 21, 64, batch);
            QVERIFY(project(pool, matrix.projection(), {}));
            const std::vector<float> alone = matrix.out;
            std::fill(matrix.out.begin(), matrix.out.end(), 3.0F);
            Projection projection = matrix.projection();
            projection.add = true;
            QVERIFY(project(pool, projection, {}));
            for (std::size_t i = 0; i < alone.size(); ++i)
                QCOMPARE(matrix.out[i], 3.0F + alone[i]);
        }
}

/// Bytes of all ones and zeros: −1 and 127 × 2, −128, 15 − 8 and −8; inputs at their largest.
void TestCpuProjection::theLargestWeightsAndInputsDoNotOverflow_data() {
    addTargets();
}

void TestCpuProjection::theLargestWeightsAndInputsDoNotOverflow() {
    QFETCH(qint64, target);
    hwy::SetSupportedTargetsForTest(target);
    ThreadPool pool(1);
    for (const auto& [type, dotProducts] : kUnits)
        for (const int byte : {0x00, 0x7F, 0x80, 0x8F, 0xF0, 0xFF})
            for (const float sign : {1.0F, -1.0F}) {
                const DataTypeInfo& layout = info(type);
                if (!inBlocks(type))
                    continue;
                Matrix matrix(pool, type, 9, 4096, 3);
                for (std::uint64_t i = 0; i < matrix.weights.bytes(); ++i)
                    if (i % layout.blockBytes >= 2)
                        matrix.weights.data()[i] = static_cast<std::byte>(byte);
                std::fill(matrix.in.begin(), matrix.in.end(), sign * 1000);
                Projection projection = matrix.projection();
                projection.dotProducts = dotProducts;
                QVERIFY(project(pool, projection, {}));
                if (type == DataType::Q8_0 && byte == 0)
                    for (const float value : matrix.out)
                        QCOMPARE(value, 0.0F);
                else
                    QVERIFY(matrix.error() <= 1e-5);
            }
    hwy::SetSupportedTargetsForTest(0);
}

/// Piece by piece, as the layout is described: what the kernels read is what a model file holds.
void TestCpuProjection::panelsHoldTheMatrixAndThenZeros() {
    ThreadPool pool(1);
    constexpr std::int64_t kRows = 21;
    constexpr std::int64_t kColumns = 64;
    for (const DataType type : kTypes) {
        Matrix matrix(pool, type, kRows, kColumns, 1);
        const auto blockBytes = static_cast<std::int64_t>(info(type).blockBytes);
        const auto blocks = kColumns / static_cast<std::int64_t>(info(type).blockElements);
        const std::int64_t scaleBytes = inBlocks(type) ? 2 : 0;
        const std::int64_t pieceBytes = type == DataType::Q8_0   ? 2
                                        : type == DataType::Q4_0 ? 4
                                                                 : blockBytes;
        QCOMPARE(matrix.panels.bytes(), std::uint64_t{32} * storedBytes(type, kColumns));
        std::fill_n(matrix.panels.data(), matrix.panels.bytes(), std::byte{0xAA});
        const std::byte* at = matrix.projection().weights;
        const auto verifyPiece = [&](std::int64_t row, std::int64_t from, std::int64_t bytes) {
            for (std::int64_t i = 0; i < bytes; ++i, ++at)
                QCOMPARE(*at, row < kRows ? matrix.weights.data()[from + i] : std::byte{0});
        };
        for (std::int64_t panel = 0; panel < 32; panel += 16)
            for (std::int64_t block = 0; block < blocks; ++block)
                for (std::int64_t from = 0; from < blockBytes;) {
                    const std::int64_t bytes = from < scaleBytes ? scaleBytes : pieceBytes;
                    for (std::int64_t row = panel; row < panel + 16; ++row)
                        verifyPiece(row, (row * blocks + block) * blockBytes + from, bytes);
                    from += bytes;
                }
    }
}

/// As the activations of language models have them.
void TestCpuProjection::oneLargeInputSpoilsNoOther() {
    ThreadPool pool(2);
    for (const DataType type : kTypes)
        for (const std::int64_t batch : {1, 3, 8}) {
            Matrix matrix(pool, type, 64, 4096, batch);
            for (std::int64_t s = 0; s < batch; ++s)
                matrix.in[index(s * 4096 + 17)] = 1000;
            QVERIFY(project(pool, matrix.projection(), {}));
            QVERIFY(matrix.error() <= std::max(1e-3, boundOf(type)));
        }
}

void TestCpuProjection::zeroInputsGiveZero() {
    ThreadPool pool(1);
    for (const DataType type : kTypes) {
        Matrix matrix(pool, type, 5, 96, 2);
        std::fill(matrix.in.begin(), matrix.in.end(), 0.0F);
        QVERIFY(project(pool, matrix.projection(), {}));
        for (const float value : matrix.out)
            QCOMPARE(value, 0.0F);
    }
}

void TestCpuProjection::scratchOfTheCallersIsEnough() {
    ThreadPool pool(2);
    for (const DataType type : kTypes)
        for (const std::int64_t batch : {1, 5, 19}) {
            Matrix matrix(pool, type, 30, 1056, batch);
            const std::uint64_t bytes = projectionScratchBytes(type, 1056, batch);
            Buffer scratch(bytes + 64);
            std::fill_n(scratch.data(), scratch.bytes(), std::byte{0xAA});
            Projection projection = matrix.projection();
            projection.scratch = scratch.data();
            QVERIFY(project(pool, projection, {}));
            QVERIFY(matrix.error() <= boundOf(type));
            for (std::uint64_t i = bytes; i < scratch.bytes(); ++i)
                QCOMPARE(scratch.data()[i], std::byte{0xAA});
        }
}

void TestCpuProjection::activationsHoldTheirBound_data() {
    addTargets();
}

void TestCpuProjection::activationsHoldTheirBound() {
    QFETCH(qint64, target);
    hwy::SetSupportedTargetsForTest(target);
    for (const std::size_t count : {1, 2, 15, 130, 4096}) {
        std::vector<float> x(count);
        std::vector<float> y(count);
        std::vector<double> swi(count), gel(count), norm(count);
        double squares = 0;
        for (std::size_t i = 0; i < count; ++i) {
            x[i] = static_cast<float>(std::sin(static_cast<double>(i) + 1) * 12);
            y[i] = static_cast<float>(i % 7) - 3;
            squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
        }
        for (std::size_t i = 0; i < count; ++i) {
            const auto a = static_cast<double>(x[i]);
            swi[i] = a / (1 + std::exp(-a)) * static_cast<double>(y[i]);
            const double inner = std::sqrt(2 / 3.14159265358979323846) * (a + 0.044715 * a * a * a);
            gel[i] = a / 2 * (1 + std::tanh(inner));
            norm[i] = a / std::sqrt(squares / static_cast<double>(count) + 1e-6);
        }
        std::vector<float> out(count, std::numeric_limits<float>::quiet_NaN());
        const auto poisoned = out;
        swiGlu(x.data(), y.data(), static_cast<std::int64_t>(count), out.data());
        QVERIFY(relativeError(out, swi) <= 1e-6);
        out = poisoned;
        gelu(x.data(), static_cast<std::int64_t>(count), out.data());
        QVERIFY(relativeError(out, gel) <= 1e-6);
        out = poisoned;
        rmsNorm(x, out.data());
        QVERIFY(relativeError(out, norm) <= 1e-6);
    }
    const std::vector<float> far{-200, 200, -1e30F, 1e30F, 0};
    std::vector<float> out(far.size());
    gelu(far.data(), 5, out.data());
    QVERIFY(std::abs(out[0]) < 1e-30F && out[1] == 200 && out[3] == 1e30F && out[4] == 0);
    hwy::SetSupportedTargetsForTest(0);
}

void TestCpuProjection::randomBlocksAreSane() {
    ThreadPool one(1);
    ThreadPool two(2);
    constexpr std::int64_t kColumns = 4096;
    constexpr std::int64_t kRows = 2208;
    for (const DataType type : {DataType::Q8_0, DataType::Q4_0})
        for (const bool panels : {false, true}) {
            const auto fill = [&](ThreadPool& pool, Buffer& to) {
                return panels ? fillRandomPanels(pool, {to.data(), to.bytes()}, type, 3, -6, {})
                              : fillRandom(pool, to, type, 3, -6, {});
            };
            Buffer a(storedBytes(type, kRows * kColumns));
            Buffer b(a.bytes());
            QVERIFY(fill(one, a));
            QVERIFY(fill(two, b));
            QVERIFY(std::equal(a.data(), a.data() + a.bytes(), b.data()));
            double squares = 0;
            if (!panels) {
                for (const float value : decoded(type, a.data(), kRows * kColumns))
                    squares += static_cast<double>(value) * static_cast<double>(value);
            } else { // sums of so many weights by chance
                std::mt19937 random(7);
                std::vector<float> in(kColumns);
                for (float& value : in)
                    value = random() % 2 == 0 ? 1.0F : -1.0F;
                std::vector<float> out(kRows);
                QVERIFY(
                    project(one, {type, a.data(), kRows, kColumns, 1, in.data(), out.data()}, {}));
                for (const float value : out)
                    squares += static_cast<double>(value) * static_cast<double>(value);
            }
            const double rms = std::sqrt(squares / static_cast<double>(kRows * kColumns));
            QVERIFY2(rms > 0.008 && rms < 0.03, qPrintable(QString::number(rms)));
        }
}

QTEST_APPLESS_MAIN(TestCpuProjection)
#include "test_cpu_projection.moc"
