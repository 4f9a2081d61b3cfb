// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <cmath>

#include <nlohmann/json.hpp>

#include "core/spec/layer_matrices.h"
#include "core/spec/model_spec.h"
#include "core/spec/presets.h"

using namespace decodescope;

/// Shapes: what they count, what they refuse, and how they travel.
class TestModelSpec : public QObject {
    Q_OBJECT

private slots:
    void everyPresetSurvivesJson();
    void theShapeExplainsTheParametersOfEveryPreset();
    void otherKvHeadsMoveTheParametersOfTheirProjections();
    void aFilesBytesKeepTheirMixWithOtherKvHeads();
    void enormousCountsSaturateWithOtherKvHeads();
    void aNumberThatIsNoCountIsNamed();
    void aShapeByHandHasWeightsOnlyWhenItIsWhole();
    void aTokenPassesTheExpertsItPicks();
    void aLayerCountByHandIsRefusedByItsLimit();
    void shapesThatMakeNoSenseAreRefused_data();
    void shapesThatMakeNoSenseAreRefused();
};

void TestModelSpec::everyPresetSurvivesJson() {
    for (const ModelSpec& model : modelPresets()) {
        const nlohmann::json json = nlohmann::json::parse(nlohmann::json(model).dump());
        QVERIFY2(json.get<ModelSpec>() == model, model.id.c_str());
    }
}

/// An independent check of head counts, widths, experts and tied embeddings: added up, they give
/// the published parameter count. Recurrent projections are no part of a shape, and in the smallest
/// models position embeddings and biases weigh.
void TestModelSpec::theShapeExplainsTheParametersOfEveryPreset() {
    for (const ModelSpec& model : modelPresets()) {
        double all = static_cast<double>(embeddingParameters(model));
        double active = all;
        bool recurrent = false;
        for (const LayerSpec& layer : model.layers) {
            all += static_cast<double>(layerParameters(model, layer));
            active += static_cast<double>(activeLayerParameters(model, layer));
            recurrent |= layer.stateBytes > 0;
        }
        const auto published = static_cast<double>(*model.weights.parameters);
        const double tolerance = recurrent ? 0.15 : published < 2e8 ? 0.015 : 0.005;
        QVERIFY2(std::abs(all / published - 1) < tolerance, model.id.c_str());
        const auto publishedActive = static_cast<double>(*model.weights.activeParameters);
        QVERIFY2(std::abs(active / publishedActive - 1) < tolerance, model.id.c_str());
    }
}

void TestModelSpec::otherKvHeadsMoveTheParametersOfTheirProjections() {
    const ModelSpec model = *findModelPreset("llama-3.1-8b");
    const Result<ModelSpec> mqa = withKvHeads(model, 1);
    QVERIFY(mqa.ok());
    // 32 layers, hidden 4096: seven heads fewer of 128-wide keys and values each.
    const std::uint64_t fewer = 32ULL * 4096 * 7 * 2 * 128;
    QCOMPARE(*model.weights.parameters - *mqa->weights.parameters, fewer);
    QCOMPARE(*model.weights.activeParameters - *mqa->weights.activeParameters, fewer);
    QVERIFY(*withKvHeads(*mqa, 8) == model);
}

/// Counted at the nominal size of the commonest type instead, a file of mixed types would shrink as
/// MQA by more than the heads it loses, and seem to have room for more context than it has.
void TestModelSpec::aFilesBytesKeepTheirMixWithOtherKvHeads() {
    ModelSpec model = *findModelPreset("llama-3.1-8b");
    model.weights.exactBytes = 4'920'734'272; // a Q4_K_M file: 4.9 bits a weight, not 4.5
    model.weights.type = DataType::Q4_K;
    const ModelSpec mqa = *withKvHeads(model, 1);
    const double bitsBefore = 8.0 * 4'920'734'272 / static_cast<double>(*model.weights.parameters);
    const double bitsAfter = 8.0 * static_cast<double>(mqa.weights.exactBytes.value()) /
                             static_cast<double>(*mqa.weights.parameters);
    QVERIFY(std::abs(bitsBefore - bitsAfter) < 1e-6);
    QVERIFY(std::find(mqa.inferred.begin(), mqa.inferred.end(), "weights_exact_bytes") !=
            mqa.inferred.end());
    QVERIFY(*withKvHeads(model, 8) == model);
}

/// Counts that only a damaged file has, but that a file may have.
void TestModelSpec::enormousCountsSaturateWithOtherKvHeads() {
    ModelSpec model = *findModelPreset("llama-3.1-8b");
    model.weights.exactBytes = ~std::uint64_t{0};
    model.weights.parameters = ~std::uint64_t{0};
    model.weights.activeParameters = std::uint64_t{1} << 63;
    const ModelSpec mha = *withKvHeads(model, 32);
    QCOMPARE(*mha.weights.parameters, ~std::uint64_t{0});
    QVERIFY(*mha.weights.activeParameters > std::uint64_t{1} << 63);
    QCOMPARE(*mha.weights.exactBytes, ~std::uint64_t{0});
    const ModelSpec mqa = *withKvHeads(model, 1);
    QVERIFY(*mqa.weights.activeParameters < std::uint64_t{1} << 63);
    QVERIFY(*mqa.weights.activeParameters > std::uint64_t{1} << 62);
}

void TestModelSpec::aNumberThatIsNoCountIsNamed() {
    const nlohmann::json good = *findModelPreset("deepseek-v3");
    const auto said = [](const nlohmann::json& json) -> std::string {
        try {
            (void)json.get<ModelSpec>();
        } catch (const nlohmann::json::exception& failure) {
            return failure.what();
        }
        return "nothing";
    };
    QCOMPARE(said(good), std::string("nothing"));
    for (const nlohmann::json& wrong :
         {nlohmann::json(1e300), nlohmann::json(~std::uint64_t{0}), nlohmann::json("4")}) {
        for (const char* path : {"/hidden_size", "/layers/7/n_heads", "/layers/7/mla/q_lora_rank",
                                 "/layers/7/moe/experts", "/layers/7/window"}) {
            nlohmann::json json = good;
            json[nlohmann::json::json_pointer(path)] = wrong;
            const std::string key = std::string(path).substr(std::string(path).rfind('/') + 1);
            QVERIFY2(said(json).find(key) != std::string::npos, path);
        }
    }
}

void TestModelSpec::aShapeByHandHasWeightsOnlyWhenItIsWhole() {
    const ShapeByHand shape{.layers = 2, .nHeads = 4, .nKvHeads = 2, .headDim = 8};
    QVERIFY(!modelByHand(shape).weights.parameters);
    ShapeByHand whole = shape;
    whole.hiddenSize = 32;
    whole.ffnHidden = 64;
    whole.vocabSize = 100;
    // A layer: q and o 32×32, k and v 32×16, gate, up and down 32×64. Embedding and head 32×100.
    QCOMPARE(*modelByHand(whole).weights.parameters,
             std::uint64_t{2 * (2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 64) + 2 * 32 * 100});
}

void TestModelSpec::aTokenPassesTheExpertsItPicks() {
    ModelSpec model = modelByHand({.layers = 1,
                                   .nHeads = 4,
                                   .nKvHeads = 2,
                                   .headDim = 8,
                                   .hiddenSize = 64,
                                   .ffnHidden = 100,
                                   .vocabSize = 1000});
    // Queries and output of 32, keys and values of 16, and the feed-forward layer's three.
    constexpr double kAttention = 2 * (64 + 32) + 2 * (64 + 16);
    QCOMPARE(valuesPassed(model), kAttention + 3 * (64 + 100));
    FfnShape& ffn = model.layers.front().ffn;
    ffn.hidden = 0;
    ffn.experts = 8;
    ffn.expertsPerToken = 2;
    ffn.expertHidden = 40;
    QCOMPARE(valuesPassed(model), kAttention + 2 * 3 * (64 + 40) + (64 + 8));
}

void TestModelSpec::aLayerCountByHandIsRefusedByItsLimit() {
    for (const std::int64_t layers : {std::int64_t{1} << 60, std::int64_t{4097}}) {
        const Status status = validate(modelByHand({.layers = layers}));
        QVERIFY(!status.ok());
        QCOMPARE(status.error().what, std::string("a model has at most 4096 layers"));
    }
    for (const std::int64_t layers : {0, -5})
        QVERIFY(!validate(modelByHand({.layers = layers})).ok());
    QVERIFY(validate(modelByHand({.layers = 4096})).ok());
}

void TestModelSpec::shapesThatMakeNoSenseAreRefused_data() {
    QTest::addColumn<QString>("change");
    for (const char* change :
         {"no layers", "too many layers", "no heads", "no KV heads", "heads not divided",
          "no width", "negative window", "negative hidden", "negative vocabulary", "no position",
          "a state beyond reason", "heads beyond reason beside a state",
          "widths beyond reason of MLA", "more experts picked than there are"})
        QTest::newRow(change) << QString::fromLatin1(change);
}

void TestModelSpec::shapesThatMakeNoSenseAreRefused() {
    QFETCH(QString, change);
    ModelSpec model = *findModelPreset("llama-3.1-8b");
    QVERIFY(validate(model).ok());
    LayerSpec& layer = model.layers[7];
    if (change == "no layers")
        model.layers.clear();
    else if (change == "too many layers")
        model.layers.resize(100'000, layer);
    else if (change == "no heads")
        layer.nHeads = 0;
    else if (change == "no KV heads")
        layer.nKvHeads = 0;
    else if (change == "heads not divided")
        layer.nKvHeads = 5;
    else if (change == "no width")
        layer.headDimV = 0;
    else if (change == "negative window")
        layer.window = -1;
    else if (change == "negative hidden")
        model.hiddenSize = -1;
    else if (change == "negative vocabulary")
        model.vocabSize = -1;
    else if (change == "no position")
        model.maxPosition = 0;
    else if (change == "a state beyond reason")
        layer.stateBytes = ~std::uint64_t{0};
    else if (change == "heads beyond reason beside a state")
        layer.attention = AttentionKind::Recurrent, layer.nHeads = std::int64_t{1} << 62;
    else if (change == "widths beyond reason of MLA")
        layer.attention = AttentionKind::Mla, layer.mla = {512, 64, 128, 128, 0},
        layer.headDimV = std::int64_t{1} << 40;
    else
        layer.ffn.expertsPerToken = layer.ffn.experts + 1;
    const Status status = validate(model);
    QVERIFY(!status.ok());
    QVERIFY(!status.error().what.empty() && !status.error().where.empty());
}

QTEST_APPLESS_MAIN(TestModelSpec)
#include "test_model_spec.moc"
