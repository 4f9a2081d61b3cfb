// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>

#include "core/engine/reference.h"
#include "core/engine/rotary_table.h"
#include "core/spec/count.h"
#include "emulated_runtime.h"
#include "example_gpus.h"
#include "gpu/attention_check.h"
#include "gpu/page_table.h"
#include "gpu/step_check.h"

using namespace decodescope;
using gpu::Activation;
using gpu::KvFormat;
using gpu::WeightFormat;

/// The source of the kernels that surround attention in a decode step, run on the host lane by lane
/// (block_emulator.h) against double references.
class TestStepKernels : public QObject {
    Q_OBJECT

private slots:
    void projectionsAreThoseOfTheReference_data();
    void projectionsAreThoseOfTheReference();
    void shortMatricesAreSplit();
    void normsAddPartsToTheResidual();
    void sumsBecomeInputs();
    void newTokensAreAppended_data();
    void newTokensAreAppended();
    void aSharedCacheIsLeftAlone();
};

namespace {

constexpr float kPoison = std::numeric_limits<float>::quiet_NaN();

double roundingBound(KvFormat format) {
    return format == KvFormat::BF16 ? 4e-3 : 5e-4;
}

const char* nameOf(WeightFormat format) {
    constexpr std::array kNames = {"f16", "bf16", "q8_0", "q4_0"};
    return kNames[static_cast<std::size_t>(format)];
}

std::shared_ptr<EmulatedRuntime> emulated() {
    EmulatedGpu gpu;
    gpu.properties = exampleGpu("H200");
    return std::make_shared<EmulatedRuntime>(gpu);
}

/// Runs a kernel on the host, whose pointers `args` has.
template <typename Args>
void launch(const KernelLaunch& what, const Args& args) {
    const Status done = emulated()->launch(what, args);
    QVERIFY2(done.ok(), done.ok() ? "" : done.error().sentence().c_str());
}

void check(const ProjectionShape& shape) {
    const Projector projector{shape, planProjection(exampleGpu("H200"), shape), nullptr};
    const Result<double> error = ProjectionData(shape, 7).errorOn(emulated(), projector);
    QVERIFY2(error.ok(), error.ok() ? "" : error.error().sentence().c_str());
    QVERIFY2(*error <= allowedError(projector),
             qPrintable(QString("%1 of %2 × %3, batch %4: off by %5")
                            .arg(nameOf(shape.format))
                            .arg(shape.rows)
                            .arg(shape.columns)
                            .arg(shape.batch)
                            .arg(*error)));
}

} // namespace

void TestStepKernels::projectionsAreThoseOfTheReference_data() {
    QTest::addColumn<int>("format");
    for (const WeightFormat format :
         {WeightFormat::F16, WeightFormat::BF16, WeightFormat::Q8, WeightFormat::Q4})
        QTest::addRow("%s", nameOf(format)) << static_cast<int>(format);
}

void TestStepKernels::projectionsAreThoseOfTheReference() {
    QFETCH(int, format);
    for (const ProjectionShape& shape : projectionChecks(false))
        if (shape.format == static_cast<WeightFormat>(format)) {
            check(shape);
            if (QTest::currentTestFailed())
                return;
        }
    for (const int rows : {1, 2, 7}) // fewer than a warp has
        check({static_cast<WeightFormat>(format), rows, 32, 1});
}

void TestStepKernels::shortMatricesAreSplit() {
    for (const WeightFormat format : {WeightFormat::F16, WeightFormat::Q4}) {
        const ProjectionShape shape{format, 10, 32768, 1};
        const ProjectionPlan plan = planProjection(exampleGpu("H200"), shape);
        QVERIFY(plan.parts > 1);
        QCOMPARE(plan.sharers, 4);
        check(shape);
    }
}

void TestStepKernels::normsAddPartsToTheResidual() {
    std::mt19937_64 random(5);
    for (const KvFormat format : {KvFormat::F16, KvFormat::BF16})
        for (const int width : {8, 64, 1000})
            for (const int parts : {0, 1, 3}) {
                constexpr int kBatch = 2;
                const std::vector<float> from = normalValues(count(kBatch * width), random);
                const std::vector<float> sums = normalValues(count(parts * kBatch * width), random);
                std::vector<float> residual(from.size(), kPoison);
                std::vector<std::uint16_t> out(from.size(), 0xFFFF);
                gpu::NormArgs args;
                args.from = from.data();
                args.added = {sums.data(), parts, width, kBatch};
                args.residual = residual.data();
                args.out = out.data();
                args.width = width;
                launch(normLaunch(format, kBatch), args);
                std::vector<double> added(from.begin(), from.end());
                for (std::size_t i = 0; i < sums.size(); ++i)
                    added[i % added.size()] += static_cast<double>(sums[i]);
                QVERIFY(relativeError(residual, added) <= 1e-6);
                std::vector<double> expected;
                for (std::size_t i = 0; i < added.size(); ++i) {
                    const std::size_t row = i / count(width) * count(width);
                    double squares = 0;
                    for (std::size_t j = row; j < row + count(width); ++j)
                        squares += added[j] * added[j];
                    expected.push_back(added[i] / std::sqrt(squares / width + 1e-6));
                }
                QVERIFY(relativeError(fromHalves(format, out), expected) <= roundingBound(format));
            }
}

void TestStepKernels::sumsBecomeInputs() {
    std::mt19937_64 random(6);
    constexpr int kBatch = 3;
    constexpr int kWidth = 300;
    for (const KvFormat format : {KvFormat::F16, KvFormat::BF16})
        for (const Activation activation :
             {Activation::None, Activation::SwiGlu, Activation::Gelu}) {
            const bool gated = activation == Activation::SwiGlu;
            const int columns = gated ? 2 * kWidth : kWidth;
            const std::vector<float> sums = normalValues(count(2 * kBatch * columns), random);
            std::vector<std::uint16_t> out(count(kBatch * kWidth), 0xFFFF);
            gpu::ActivationArgs args;
            args.in = {sums.data(), 2, columns, kBatch};
            args.out = out.data();
            args.width = kWidth;
            args.activation = activation;
            launch(activationLaunch(format, args), args);
            std::vector<double> expected;
            for (int i = 0; i < kBatch * kWidth; ++i) {
                const int at = i / kWidth * columns + i % kWidth;
                const auto sum = [&](int column) {
                    return static_cast<double>(sums[count(column)]) +
                           static_cast<double>(sums[count(kBatch * columns + column)]);
                };
                expected.push_back(gated ? referenceSwiGlu(sum(at), sum(at + kWidth))
                                   : activation == Activation::Gelu ? referenceGelu(sum(at))
                                                                    : sum(at));
            }
            QVERIFY(relativeError(fromHalves(format, out), expected) <= roundingBound(format));
        }
}

namespace {

/// New tokens of two sequences, a cache for them, and what it must hold afterwards.
struct Append {
    static constexpr int kHeads = 6, kKvHeads = 2, kParts = 2, kWidth = kHeads + 2 * kKvHeads;

    KvFormat format;
    int headDim;
    std::vector<std::int32_t> contexts = {17, 5};
    CacheLayout layout;
    std::vector<float> sums, rotary;
    std::vector<float> scales = {0.05F, 0.02F};
    std::vector<std::uint16_t> queries;
    std::vector<std::byte> keys, values;
    gpu::AppendArgs args;

    Append(KvFormat wished, int dim, int pageTokens, bool scaled)
        : format(wished), headDim(dim),
          layout(layOutCache({kKvHeads, dim * gpu::elementBytes(wished), pageTokens}, contexts)) {
        std::mt19937_64 random(9);
        const int batch = static_cast<int>(contexts.size());
        sums = normalValues(count(kParts * batch * kWidth * dim), random);
        rotary.resize(count(dim));
        rotaryTable(dim, 1234, rotary.data());
        queries.assign(count(batch * kHeads * dim), 0xFFFF);
        keys.assign(count(layout.bytes), std::byte{0xFF});
        values = keys;
        args.qkv = {sums.data(), kParts, kWidth * dim, batch};
        args.rotary = rotary.data();
        args.queries = queries.data();
        args.keys = keys.data();
        args.values = values.data();
        args.address = layout.address;
        args.address.pages = pageTokens > 0 ? layout.pages.data() : nullptr;
        args.contexts = contexts.data();
        if (scaled)
            args.keyScales = args.valueScales = scales.data();
        args.nHeads = kHeads;
        args.nKvHeads = kKvHeads;
        args.headDim = dim;
        args.sequences = batch;
    }

    /// Head `head` of all heads of a sequence, rotated where it is a query or a key.
    [[nodiscard]] std::vector<float> head(int sequence, int head) const {
        std::vector<float> out;
        out.reserve(static_cast<std::size_t>(headDim));
        for (int d = 0; d < headDim; ++d)
            out.push_back(args.qkv.at(sequence, head * headDim + d));
        if (head >= kHeads + kKvHeads)
            return out;
        const std::size_t half = out.size() / 2;
        for (std::size_t i = 0; i < half; ++i) {
            const std::complex<double> turned = std::complex<double>(out[i], out[half + i]) *
                                                std::complex<double>(rotary[i], rotary[half + i]);
            out[i] = static_cast<float>(turned.real());
            out[half + i] = static_cast<float>(turned.imag());
        }
        return out;
    }
    [[nodiscard]] bool scaled() const { return args.keyScales != nullptr; }

    /// Element d of what a slot of the cache holds, with its scale.
    [[nodiscard]] float held(const std::vector<std::byte>& cache, std::int64_t row, int kvHead,
                             int d) const {
        const float scale = scaled() ? scales[count(kvHead)] : 1.0F;
        if (gpu::elementBytes(format) == 2) {
            std::uint16_t half = 0;
            std::memcpy(&half, &cache[count(row + 2 * d)], sizeof(half));
            return fromHalves(format, {&half, 1})[0];
        }
        const auto byte = static_cast<std::uint8_t>(cache[count(row + d)]);
        return scale * (format == KvFormat::E4M3
                            ? e4m3Value(byte)
                            : static_cast<float>(static_cast<std::int8_t>(byte)));
    }
    /// The nearest number to `value` that the cache can hold.
    [[nodiscard]] float within(float value, int kvHead) const {
        const float most = format == KvFormat::Int8 ? 127 * (scaled() ? scales[count(kvHead)] : 1)
                                                    : std::numeric_limits<float>::max();
        return std::clamp(value, -most, most);
    }
    /// What a number may be off by in the cache, with its scale.
    [[nodiscard]] float allowed(float value, int kvHead) const {
        const float scale = scaled() ? scales[count(kvHead)] : 1.0F;
        if (format == KvFormat::Int8)
            return scale * 0.501F;
        if (format == KvFormat::E4M3)
            return std::max(std::abs(value) / 16, scale / 1024) * 1.001F;
        return std::abs(value) * (format == KvFormat::BF16 ? 0x1p-8F : 0x1p-11F) * 1.001F + 1e-6F;
    }
};

} // namespace

void TestStepKernels::newTokensAreAppended_data() {
    QTest::addColumn<int>("format");
    QTest::addColumn<int>("pageTokens");
    QTest::addColumn<bool>("scaled");
    for (const int pageTokens : {0, 16})
        for (const KvFormat format :
             {KvFormat::F16, KvFormat::BF16, KvFormat::E4M3, KvFormat::Int8})
            for (const bool scaled : {false, true})
                if (gpu::elementBytes(format) == 1 || !scaled)
                    QTest::addRow("format %d, %d tokens a page%s", static_cast<int>(format),
                                  pageTokens, scaled ? ", scales" : "")
                        << static_cast<int>(format) << pageTokens << scaled;
}

void TestStepKernels::newTokensAreAppended() {
    QFETCH(int, format);
    QFETCH(int, pageTokens);
    QFETCH(bool, scaled);
    for (const int headDim : {16, 64, 80, 256}) {
        Append test(static_cast<KvFormat>(format), headDim, pageTokens, scaled);
        launch(appendLaunch(test.format, test.args), test.args);
        const KvFormat query = test.format == KvFormat::BF16 ? KvFormat::BF16 : KvFormat::F16;
        const std::vector<float> queries = fromHalves(query, test.queries);
        std::size_t written = 0;
        for (int sequence = 0; sequence < 2; ++sequence) {
            for (int head = 0; head < Append::kHeads; ++head) {
                const std::vector<float> expected = test.head(sequence, head);
                const std::size_t at = count((sequence * Append::kHeads + head) * headDim);
                for (std::size_t d = 0; d < expected.size(); ++d)
                    QVERIFY(std::abs(queries[at + d] - expected[d]) <=
                            std::abs(expected[d]) * roundingBound(query) + 1e-6);
            }
            for (int kvHead = 0; kvHead < Append::kKvHeads; ++kvHead) {
                const std::int64_t row =
                    test.args.address.offset(sequence, kvHead, test.contexts[count(sequence)] - 1);
                const auto keys = test.head(sequence, Append::kHeads + kvHead);
                const auto values = test.head(sequence, Append::kHeads + Append::kKvHeads + kvHead);
                for (int d = 0; d < headDim; ++d) {
                    const float key = test.within(keys[count(d)], kvHead);
                    const float value = test.within(values[count(d)], kvHead);
                    QVERIFY(std::abs(test.held(test.keys, row, kvHead, d) - key) <=
                            test.allowed(key, kvHead));
                    QVERIFY(std::abs(test.held(test.values, row, kvHead, d) - value) <=
                            test.allowed(value, kvHead));
                }
                written += count(headDim * gpu::elementBytes(test.format));
            }
        }
        // Nothing else was touched: what is left is as it was.
        const auto untouched = static_cast<std::size_t>(
            std::count(test.keys.begin(), test.keys.end(), std::byte{0xFF}));
        QVERIFY(untouched >= test.keys.size() - written);
    }
}

void TestStepKernels::aSharedCacheIsLeftAlone() {
    Append test(KvFormat::F16, 64, 0, false);
    test.args.sequences = 0;
    const std::vector<std::byte> before = test.keys;
    launch(appendLaunch(test.format, test.args), test.args);
    QVERIFY(test.keys == before && test.values == before);
    QVERIFY(std::find(test.queries.begin(), test.queries.end(), 0xFFFF) == test.queries.end());
}

QTEST_APPLESS_MAIN(TestStepKernels)
#include "test_step_kernels.moc"
