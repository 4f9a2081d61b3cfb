// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <cmath>

#include <nlohmann/json.hpp>

#include "core/plan/max_context.h"
#include "core/plan/plan.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

using namespace decodescope;

/// Plans of known models, against figures that can be worked out by hand.
class TestPlan : public QObject {
    Q_OBJECT

private slots:
    void theAnchorHoldsToTheByte();
    void aByteFloorAgreesWithTheKnownTokensPerSecond_data();
    void aByteFloorAgreesWithTheKnownTokensPerSecond();
    void attentionScopeCountsNoWeights();
    void expertsAreReadAsTheyArePicked();
    void exactBytesCountOnlyInTheFilesOwnType();
    void recurrentProjectionsAreReadToo();
    void withoutAShapeTheActiveParametersAreRead();
    void weightsBeyond64BitsSaturate();
    void workBeyond64BitsSaturates();
    void aSharedCacheIsReadByEachLayer();
    void theReserveIsKeptFree();
    void mlaAttentionIsNearTheRidge();
    void theRidgeSeparatesMemoryFromCompute();
    void theRidgeIsThatOfTheUnitThatWorks();
    void whatDoesNotFitSaysWhatWould();
    void anUnboundedCacheIsSaidToBeUnbounded();
    void theRecordHasEveryPromisedKey();
    void withoutRoofsNothingIsPredicted();
    void aDatasheetGivesARangeBelowItsPeaks();
    void aRangeIsReadAndWritten();
    void whatIsNoRangeIsRefused_data();
    void whatIsNoRangeIsRefused();
    void aMeasuredDeviceWithoutSpreadHasNoRange();
    void whatNobodyCheckedIsNamed();
    void noPublicTrapIsInTheCatalogue_data();
    void noPublicTrapIsInTheCatalogue();
    void noPublicTrapIsInThePresets();
};

static PlanDevice device(std::uint64_t bytes, Roofs roofs = {}) {
    return {"test", bytes, roofs};
}

static Workload workload(Scope scope) {
    Workload w;
    w.scope = scope;
    w.reserveFraction = 0;
    return w;
}

void TestPlan::theAnchorHoldsToTheByte() {
    const ModelSpec mha = modelByHand({.layers = 32, .nHeads = 32, .nKvHeads = 32, .headDim = 128});
    const Result<Variant> mqa = variantWithKvHeads(mha, 1);
    QVERIFY(mqa.ok());
    QCOMPARE(kvBytes(mha, {}, 1024), 512 * kMiB);
    QCOMPARE(kvBytes(mqa->model, {}, 1024), 16 * kMiB);
    const Plan plan = makePlan(*mqa, device(kGiB), workload(Scope::Attention), 1024, 1);
    QCOMPARE(plan.compressionVsMha, 32.0);
    QVERIFY(mqa->whatIf);
}

void TestPlan::aByteFloorAgreesWithTheKnownTokensPerSecond_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<qint64>("context");
    QTest::addColumn<double>("tokensPerSecond");
    // RTX 4090 at its theoretical 1008 GB/s, f16 weights.
    QTest::newRow("Llama 2 7B, 1k") << "llama-2-7b" << qint64{1024} << 71.9;
    QTest::newRow("Llama 2 7B, 32k") << "llama-2-7b" << qint64{32768} << 32.9;
    QTest::newRow("Falcon 7B, 1k") << "falcon-7b" << qint64{1024} << 72.8;
    QTest::newRow("Falcon 7B, 32k") << "falcon-7b" << qint64{32768} << 71.4;
}

void TestPlan::aByteFloorAgreesWithTheKnownTokensPerSecond() {
    QFETCH(QString, model);
    QFETCH(qint64, context);
    QFETCH(double, tokensPerSecond);
    const Result<ModelSpec> spec = findModelPreset(model.toStdString());
    QVERIFY(spec.ok());
    const Roofs roofs{1008e9, 165.2e12, false};
    const Forecast f = forecast(*spec, workload(Scope::Step), context, 1, Scope::Step, roofs);
    const double relative = f.tokensPerSecond / tokensPerSecond - 1;
    // The known figures count an untied input embedding too; a step reads one row of it.
    QVERIFY2(std::abs(relative) < 0.03, qPrintable(QString::number(f.tokensPerSecond)));
    QCOMPARE(f.bound, std::string("memory"));
}

void TestPlan::attentionScopeCountsNoWeights() {
    const ModelSpec model = *findModelPreset("llama-3.1-8b");
    const Plan attention =
        makePlan(asIs(model), device(64 * kGiB), workload(Scope::Attention), 8192, 1);
    const Plan step = makePlan(asIs(model), device(64 * kGiB), workload(Scope::Step), 8192, 1);
    QCOMPARE(attention.footprint.weightsBytes, std::uint64_t{0});
    QCOMPARE(step.footprint.weightsBytes, *model.weights.parameters * 2);
    QCOMPARE(attention.footprint.kvBytes, kGiB);
    QVERIFY(attention.maxContext > step.maxContext);
}

void TestPlan::expertsAreReadAsTheyArePicked() {
    const ModelSpec mixtral = *findModelPreset("mixtral-8x7b-v0.1");
    const std::uint64_t one = weightsBytesRead(mixtral, DataType::F16, 1);
    const std::uint64_t many = weightsBytesRead(mixtral, DataType::F16, 64);
    const std::uint64_t all = weightsBytes(mixtral, DataType::F16);
    QVERIFY(one < all / 3);       // two of eight experts
    QVERIFY(many > all * 9 / 10); // sixty-four tokens pick nearly all
    QVERIFY(many <= all);
}

void TestPlan::exactBytesCountOnlyInTheFilesOwnType() {
    ModelSpec model = *findModelPreset("llama-3.1-8b");
    model.weights.exactBytes = 4'920'734'272;
    model.weights.type = DataType::Q4_K;
    QCOMPARE(weightsBytes(model, DataType::Q4_K), std::uint64_t{4'920'734'272});
    QCOMPARE(weightsBytes(model, DataType::F16), *model.weights.parameters * 2);
}

/// The shape of a hybrid explains nine tenths of its parameters; the rest is read like the others.
void TestPlan::recurrentProjectionsAreReadToo() {
    const ModelSpec model = *findModelPreset("falcon-h1-7b");
    const auto embedding = static_cast<double>(embeddingParameters(model)) / 2;
    QVERIFY(!model.tiedEmbeddings);
    const auto all = static_cast<double>(*model.weights.parameters);
    QVERIFY(std::abs(parametersRead(model, 1) / (all - embedding) - 1) < 0.001);
}

void TestPlan::withoutAShapeTheActiveParametersAreRead() {
    ModelSpec model = modelByHand({.layers = 2, .nHeads = 4, .nKvHeads = 4, .headDim = 64});
    QCOMPARE(weightsBytesRead(model, DataType::F16, 1), std::uint64_t{0});
    model.weights.exactBytes = 1000;
    model.weights.type = DataType::F16;
    QCOMPARE(weightsBytesRead(model, DataType::F16, 1), std::uint64_t{1000});
    model.weights = {.parameters = 500, .activeParameters = 100, .exactBytes = {}, .type = {}};
    QCOMPARE(weightsBytesRead(model, DataType::F16, 1), std::uint64_t{200});
    QCOMPARE(forecastWork(model, workload(Scope::Step), 1, 3, Scope::Step).linearFlop,
             std::uint64_t{600});
}

void TestPlan::weightsBeyond64BitsSaturate() {
    ModelSpec model = *findModelPreset("llama-3.1-8b");
    model.weights.parameters = std::uint64_t{1} << 63;
    QCOMPARE(weightsBytes(model, DataType::F64), ~std::uint64_t{0});
    const Plan plan = makePlan(asIs(model), device(kGiB), workload(Scope::Step), 1024, 1);
    QVERIFY(!plan.fits);
    QCOMPARE(plan.maxContext, std::int64_t{0});
    QVERIFY(QString::fromStdString(doesNotFit(plan).sentence()).contains("Not even one token"));
}

void TestPlan::workBeyond64BitsSaturates() {
    const Plan plan = makePlan(asIs(*findModelPreset("llama-3.1-8b")), device(kGiB, {1, 1, true}),
                               workload(Scope::Step), 1'000'000'000'000'000, 1'000'000);
    QCOMPARE(plan.forecast.work.bytesRead(), ~std::uint64_t{0});
    QVERIFY(plan.forecast.kvReadShare > 0.99 && plan.forecast.kvReadShare <= 1);
    // The largest layers that validate() lets pass hold more than 2^64 weights together.
    ModelSpec huge = modelByHand({.layers = 4096, .nHeads = 1, .nKvHeads = 1, .headDim = 1});
    huge.hiddenSize = 1 << 20;
    huge.vocabSize = 1;
    for (LayerSpec& layer : huge.layers)
        layer.ffn = {.experts = 1 << 16, .expertsPerToken = 1 << 16, .expertHidden = 1 << 24};
    QVERIFY(validate(huge).ok());
    huge.weights.parameters = 1;
    QCOMPARE(forecastWork(huge, workload(Scope::Step), 1, 1, Scope::Step).linearFlop,
             ~std::uint64_t{0});
}

/// Gemma 3n: the last layers hold nothing, and still look back at all tokens of another's cache.
void TestPlan::aSharedCacheIsReadByEachLayer() {
    ModelSpec model = modelByHand({.layers = 4, .nHeads = 8, .nKvHeads = 2, .headDim = 64});
    const std::uint64_t all = kvBytes(model, {}, 1000);
    model.layers[3].ownsCache = false;
    QCOMPARE(kvBytes(model, {}, 1000), all / 4 * 3);
    const ForecastWork work =
        forecastWork(model, workload(Scope::Attention), 1000, 2, Scope::Attention);
    QCOMPARE(work.kvBytesRead, 2 * all);
}

void TestPlan::theReserveIsKeptFree() {
    const ModelSpec model = modelByHand({.layers = 32, .nHeads = 32, .nKvHeads = 8});
    Workload w = workload(Scope::Attention);
    w.reserveFraction = 0.25;
    const Plan plan = makePlan(asIs(model), device(8 * kGiB), w, 1024, 1);
    QCOMPARE(plan.reserveBytes, 2 * kGiB);
    const std::uint64_t longest =
        footprint(model, w, plan.maxContext, 1, Scope::Attention).totalBytes();
    QVERIFY(longest <= 6 * kGiB && longest > 6 * kGiB - 128 * kKiB);
}

/// Absorbed MLA is MQA with 128 heads over 576 and 512 values: about 242 FLOP a byte.
void TestPlan::mlaAttentionIsNearTheRidge() {
    const ModelSpec model = *findModelPreset("deepseek-v3");
    const Forecast f =
        forecast(model, workload(Scope::Attention), 8192, 1, Scope::Attention, Roofs{});
    QVERIFY(std::abs(f.intensity - 241.8) < 0.1);
    QCOMPARE(kvBytesPerToken(model, {}), std::uint64_t{70272});
}

void TestPlan::theRidgeSeparatesMemoryFromCompute() {
    const Roofs h100{3.35e12, 989e12, false};
    QVERIFY(std::abs(h100.ridge() - 295.2) < 0.1);
    QCOMPARE(roofBound(h100, 100, 29'000), std::string_view("memory"));
    QCOMPARE(roofBound(h100, 100, 30'000), std::string_view("compute"));
    QCOMPARE(attainableFlopPerSecond(h100, 1), 3.35e12);
    QCOMPARE(attainableFlopPerSecond(h100, 1000), 989e12);
    QCOMPARE(floorSeconds(h100, 3'350'000'000'000, 1), 1.0);
}

/// A unit of dot products ten times as fast as the multiply-adds moves the ridge of what it does.
void TestPlan::theRidgeIsThatOfTheUnitThatWorks() {
    Roofs roofs{1e10, 1e11, true}; // ridge: 10 FLOP a byte
    roofs.units = {{DataType::BF16, 8, 1e12}, {DataType::Q8_0, 1, 2e11}, {DataType::Int8, 1, 2e11}};
    const KvTypes bf16{DataType::BF16, DataType::BF16};
    QCOMPARE(roofs.attentionFlopPerSecond(bf16, 8), 1e12);
    QCOMPARE(roofs.attentionFlopPerSecond(bf16, 7), 1e11);
    QCOMPARE(roofs.attentionFlopPerSecond({DataType::F16, DataType::F16}, 32), 1e11);
    QCOMPARE(roofs.attentionFlopPerSecond({DataType::BF16, DataType::F16}, 32), 1e11);
    QCOMPARE(roofs.attentionFlopPerSecond({DataType::Q8_0, DataType::Int8}, 1), 2e11);
    QCOMPARE(roofs.attentionFlopPerSecond({DataType::Q8_0, DataType::BF16}, 32), 1e11);

    const ModelSpec mqa = modelByHand({.nHeads = 32, .nKvHeads = 1, .headDim = 128});
    Workload w = workload(Scope::Attention);
    const auto at = [&](const ModelSpec& model, DataType type, Scope scope) {
        w.kvTypes = {type, type};
        return forecast(model, w, 4096, 1, scope, roofs);
    };
    const Forecast f16 = at(mqa, DataType::F16, Scope::Attention);
    const Forecast byUnit = at(mqa, DataType::BF16, Scope::Attention);
    QCOMPARE(f16.intensity, 32.0);
    QCOMPARE(byUnit.intensity, 32.0);
    QCOMPARE(f16.bound, std::string("compute"));
    QCOMPARE(byUnit.bound, std::string("memory"));
    QCOMPARE(f16.roofs.ridge(), 10.0);
    QCOMPARE(byUnit.roofs.ridge(), 100.0);
    QCOMPARE(byUnit.seconds, static_cast<double>(byUnit.work.kvBytesRead) / 1e10);
    QVERIFY(f16.seconds > 3 * byUnit.seconds);
    // Four tokens at once are four times the heads of a KV head: of MHA's one head not enough.
    const ModelSpec mha = modelByHand({.nHeads = 32, .nKvHeads = 32, .headDim = 128});
    QCOMPARE(at(mha, DataType::BF16, Scope::Attention).roofs.ridge(), 10.0);
    w.kvTypes = bf16;
    QCOMPARE(forecast(mha, w, 4096, 1, Scope::Attention, roofs, {}, nullptr, 8).roofs.ridge(),
             100.0);
    // In a whole step the units take turns.
    const Forecast step = at(*findModelPreset("llama-3.1-8b"), DataType::Q8_0, Scope::Step);
    QCOMPARE(step.attentionFlopPerSecond, 2e11); // to a rounding
    const auto attention = static_cast<double>(step.work.attentionFlop);
    const auto linear = static_cast<double>(step.work.linearFlop);
    QVERIFY(std::abs(step.roofs.flopPerSecond -
                     (attention + linear) / (attention / 2e11 + linear / 1e11)) < 1);
}

void TestPlan::whatDoesNotFitSaysWhatWould() {
    const ModelSpec mha = modelByHand({.layers = 32, .nHeads = 32, .nKvHeads = 32, .headDim = 128});
    const Plan plan = makePlan(asIs(mha), device(kGiB), workload(Scope::Attention), 4096, 1);
    QVERIFY(!plan.fits);
    const Error error = doesNotFit(plan);
    QCOMPARE(error.code, ErrorCode::OutOfMemory);
    QCOMPARE(error.bytesAsked, plan.footprint.totalBytes());
    QCOMPARE(error.bytesFree, kGiB);
    QVERIFY(QString::fromStdString(error.sentence())
                .contains("needs 2.0 GiB, 1.0 GiB free; the longest context that fits is 2,047"));
}

void TestPlan::anUnboundedCacheIsSaidToBeUnbounded() {
    const ModelSpec local =
        modelByHand({.layers = 32, .nHeads = 32, .nKvHeads = 8, .headDim = 128, .window = 4096});
    const Plan plan = makePlan(asIs(local), device(8 * kGiB), workload(Scope::Attention), 1024, 1);
    QVERIFY(!plan.maxContextBounded);
    QCOMPARE(plan.maxContext, kUnboundedContext);
}

void TestPlan::theRecordHasEveryPromisedKey() {
    const ModelSpec model = *findModelPreset("gemma-3-4b");
    const nlohmann::json record = makePlan(asIs(model), device(24 * kGiB, {1e12, 1e14, true}),
                                           workload(Scope::Step), 8192, 2);
    for (const char* key : {"attention",
                            "layers",
                            "n_heads",
                            "n_kv_heads",
                            "head_dim",
                            "kv_dtype",
                            "weights_dtype",
                            "batch",
                            "context_tokens",
                            "device",
                            "memory_total_bytes",
                            "reserve_bytes",
                            "kv_bytes",
                            "kv_bytes_per_token",
                            "kv_bytes_per_token_per_layer",
                            "weights_bytes",
                            "workspace_bytes",
                            "total_bytes",
                            "fits",
                            "max_context_tokens",
                            "model_max_context_tokens",
                            "compression_vs_mha",
                            "predicted_tpot_ms",
                            "predicted_tokens_per_second",
                            "predicted_bound",
                            "kv_read_share"})
        QVERIFY2(record.contains(key), key);
    QVERIFY(record.at("kv_bytes").is_number_integer());
    QCOMPARE(record.at("kv_bytes_per_token_per_layer").get<std::uint64_t>(), std::uint64_t{4096});
}

void TestPlan::withoutRoofsNothingIsPredicted() {
    const nlohmann::json record = makePlan(asIs(*findModelPreset("llama-3.1-8b")),
                                           device(64 * kGiB), workload(Scope::Step), 8192, 1);
    QVERIFY(record.at("predicted_tpot_ms").is_null());
    QCOMPARE(record.at("predicted_bound").get<std::string>(), std::string("unknown"));
}

void TestPlan::aDatasheetGivesARangeBelowItsPeaks() {
    const PlanDevice h100 = planDevice(*findDevicePreset("h100-sxm"));
    QCOMPARE(h100.range, kDatasheetRange);
    const Plan plan =
        makePlan(asIs(*findModelPreset("llama-3.1-8b")), h100, workload(Scope::Step), 8192, 1);
    QCOMPARE(plan.forecast.bound, std::string("memory"));
    QVERIFY(std::abs(plan.range.leastSeconds * 0.85 / plan.forecast.seconds - 1) < 1e-9);
    QVERIFY(std::abs(plan.range.mostSeconds * 0.70 / plan.forecast.seconds - 1) < 1e-9);
    const nlohmann::json record = plan;
    QCOMPARE(record.at("predicted_tpot_low_ms").get<double>(), plan.range.leastSeconds * 1000);
    QCOMPARE(record.at("predicted_tpot_high_ms").get<double>(), plan.range.mostSeconds * 1000);
}

void TestPlan::aRangeIsReadAndWritten() {
    const RateRange range = *parseRateRange("60%-0.75");
    QVERIFY((range == RateRange{0.6, 0.75, 0.6, 0.75}));
    QCOMPARE(formatRateRange(range), std::string("60%-75%"));
    QCOMPARE(formatRateRange(*parseRateRange("62.5%")), std::string("62.5%"));
    QCOMPARE(describe(kDatasheetRange),
             std::string("70 to 85 % of the bandwidth, 51 to 87 % of the FLOP/s"));
    QCOMPARE(describe(*parseRateRange("80%")),
             std::string("80 % of the bandwidth, 80 % of the FLOP/s"));
}

void TestPlan::whatIsNoRangeIsRefused_data() {
    QTest::addColumn<QString>("text");
    for (const char* text : {"", "-", "70%-", "85%-70%", "0%-50%", "120%", "70%-85%-90%", "much"})
        QTest::newRow(text) << text;
}

void TestPlan::whatIsNoRangeIsRefused() {
    QFETCH(QString, text);
    const Result<RateRange> range = parseRateRange(text.toStdString());
    QVERIFY(!range.ok());
    QVERIFY(range.error().hint.find("70%-85%") != std::string::npos);
}

void TestPlan::aMeasuredDeviceWithoutSpreadHasNoRange() {
    const nlohmann::json record =
        makePlan(asIs(*findModelPreset("llama-3.1-8b")), device(64 * kGiB, {1e11, 1e12, true}),
                 workload(Scope::Step), 8192, 1);
    QVERIFY(record.at("predicted_tpot_ms").is_number());
    QVERIFY(record.at("predicted_tpot_low_ms").is_null());
    QVERIFY(record.at("predicted_tpot_high_ms").is_null());
    QVERIFY(record.at("unverified").empty());
}

/// Only fields the plan rests on: of a GPU not its f32 rate, its power or its cache.
void TestPlan::whatNobodyCheckedIsNamed() {
    DeviceSpec spec = *findDevicePreset("h100-sxm");
    spec.unverified = {"tdp_w", "fp32_tflops", "bandwidth_GBps"};
    ModelSpec model = *findModelPreset("llama-3.1-8b");
    model.unverified = {"ffn_hidden"};
    const Plan plan = makePlan(asIs(model), planDevice(spec), workload(Scope::Step), 8192, 1);
    QCOMPARE(unverifiedFields(plan),
             (std::vector<std::string>{"bandwidth_GBps", "model.ffn_hidden"}));
    QVERIFY(plan.device.speedUnverified() && !plan.device.memoryUnverified());
    spec.kind = "cpu";
    spec.unverified = {"fp16_dense_tflops", "memory_bytes"};
    QCOMPARE(planDevice(spec).unverified, std::vector<std::string>{"memory_bytes"});
}

/// Figures that public tables get wrong, and what is right.
void TestPlan::noPublicTrapIsInTheCatalogue_data() {
    QTest::addColumn<QString>("id");
    QTest::addColumn<double>("memoryGib");
    QTest::addColumn<double>("bandwidthGb");
    QTest::addColumn<double>("halfTera");
    QTest::newRow("A10 has 24 GB, not 28") << "a10" << 24.0 << 0.0 << 0.0;
    QTest::newRow("V100 16 GB is not the 32 GB one") << "v100-16gb" << 16.0 << 0.0 << 0.0;
    QTest::newRow("RTX 5060: 448, not 336 or 256") << "rtx-5060" << 8.0 << 448.0 << 0.0;
    QTest::newRow("RX 9070 XT: 640, not 624") << "rx-9070-xt" << 16.0 << 640.0 << 0.0;
    QTest::newRow("M3 Ultra: 819, not 800") << "apple-m3-ultra" << 0.0 << 819.0 << 0.0;
    QTest::newRow("GH200: 1,979 is fp8 or sparse") << "gh200-96gb" << 0.0 << 0.0 << 989.0;
    QTest::newRow("H100: dense") << "h100-sxm" << 80.0 << 3350.0 << 989.0;
    QTest::newRow("RTX 4090: f32 accumulate") << "rtx-4090" << 24.0 << 1008.0 << 165.0;
}

void TestPlan::noPublicTrapIsInTheCatalogue() {
    QFETCH(QString, id);
    QFETCH(double, memoryGib);
    QFETCH(double, bandwidthGb);
    QFETCH(double, halfTera);
    const Result<DeviceSpec> spec = findDevicePreset(id.toStdString());
    QVERIFY(spec.ok());
    const double gib = static_cast<double>(spec->memoryBytes) / static_cast<double>(kGiB);
    // A driver reports a little less than the marketed size; bandwidth is decimal.
    QVERIFY(memoryGib == 0 || (gib <= memoryGib && gib > 0.92 * memoryGib));
    QVERIFY(bandwidthGb == 0 ||
            std::abs(spec->bandwidthBytesPerSecond / 1e9 / bandwidthGb - 1) < 0.01);
    QVERIFY(halfTera == 0 || std::abs(*spec->halfFlopPerSecond / 1e12 / halfTera - 1) < 0.01);
}

void TestPlan::noPublicTrapIsInThePresets() {
    QCOMPARE(findModelPreset("llama-2-7b")->layers.front().ffn.hidden, std::int64_t{11008});
    const ModelSpec bloom = *findModelPreset("bloom-176b");
    QCOMPARE(bloom.layerCount(), std::int64_t{70});
    QCOMPARE(bloom.hiddenSize, std::int64_t{14336});
}

QTEST_APPLESS_MAIN(TestPlan)
#include "test_plan.moc"
