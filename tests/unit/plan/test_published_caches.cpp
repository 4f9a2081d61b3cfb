// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QTest>

#include <cmath>

#include <nlohmann/json.hpp>

#include "core/plan/engines/engine_cache.h"
#include "core/plan/footprint.h"
#include "core/spec/presets.h"

using namespace decodescope;
using nlohmann::json;

/// Cache sizes that others printed (logs of llama.cpp, vLLM, SGLang, …): ours must agree with the
/// right ones and must not repeat the wrong ones.
class TestPublishedCaches : public QObject {
    Q_OBJECT

private slots:
    void theShapeGivesThePublishedBytes_data();
    void theShapeGivesThePublishedBytes();
    void thePresetGivesThePublishedBytes_data();
    void thePresetGivesThePublishedBytes();
    void noEngineReproducesAWrongFigure();
    void everyPresetHasTheKnownBytesPerToken();
};

/// Padding moves a figure by less; the wrong ones are twice the right one or more.
static constexpr double kFarOff = 0.1;

static json readData(const char* name) {
    QFile file(QString::fromLatin1(TEST_DATA_DIR "/") + QString::fromLatin1(name));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    return json::parse(file.readAll().toStdString());
}

static const json& rows() {
    static const json all = readData("published_kv_bytes.json");
    return all;
}

void TestPublishedCaches::theShapeGivesThePublishedBytes_data() {
    QTest::addColumn<int>("index");
    QVERIFY(rows().size() >= 33);
    for (std::size_t i = 0; i < rows().size(); ++i)
        QTest::newRow(rows()[i].at("id").get<std::string>().c_str()) << static_cast<int>(i);
}

/// The row's own shape as a model of ours.
static ModelSpec modelOf(const json& row) {
    const std::string kind = row.at("kind");
    ModelSpec model = modelByHand({.layers = row.at("layers"),
                                   .nHeads = row.at("n_kv_heads"),
                                   .nKvHeads = row.at("n_kv_heads"),
                                   .headDim = row.at("head_dim")});
    for (LayerSpec& layer : model.layers) {
        if (kind == "mla-decompressed")
            layer.headDimV = 128;
        if (kind == "mla-latent") {
            layer.attention = AttentionKind::Mla;
            layer.mla = {512, 64, 128, 128, 1536};
        }
    }
    return model;
}

static std::uint64_t bytesOf(const ModelSpec& model, const json& row) {
    if (row.at("kind") == "mla-fp8-row")
        return mlaFp8RowBytes({512, 64, 128, 128, 1536});
    const DataType type = parseDataType(row.at("kv_type").get<std::string>()).value();
    return kvBytes(model, {type, type}, row.at("cells"), row.at("sequences"), row.at("devices"));
}

static double differenceToPublished(const json& row, std::uint64_t bytes) {
    const double published = row.at("published_bytes");
    return std::abs(static_cast<double>(bytes) - published) / published;
}

/// The right figure is exact; what was published is rounded, or wrong.
static void compare(const json& row, std::uint64_t bytes) {
    QCOMPARE(bytes, row.at("right_bytes").get<std::uint64_t>());
    const double difference = differenceToPublished(row, bytes);
    if (row.at("counterexample"))
        QVERIFY2(difference > kFarOff, "a figure known to be wrong was reproduced");
    else
        QVERIFY2(difference <= row.at("tolerance").get<double>(),
                 qPrintable(QString::number(difference)));
}

void TestPublishedCaches::theShapeGivesThePublishedBytes() {
    QFETCH(int, index);
    const json& row = rows()[static_cast<std::size_t>(index)];
    compare(row, bytesOf(modelOf(row), row));
}

/// Rows of a cache that is not the model's own (one part of it, or stored another way) are left
/// out.
void TestPublishedCaches::thePresetGivesThePublishedBytes_data() {
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < rows().size(); ++i) {
        const json& row = rows()[i];
        const bool own = row.at("kind") == "kv" || row.at("kind") == "mla-latent";
        if (own && !row.at("model").is_null())
            QTest::newRow(row.at("id").get<std::string>().c_str()) << static_cast<int>(i);
    }
}

void TestPublishedCaches::thePresetGivesThePublishedBytes() {
    QFETCH(int, index);
    const json& row = rows()[static_cast<std::size_t>(index)];
    const Result<ModelSpec> preset = findModelPreset(row.at("model").get<std::string>());
    QVERIFY2(preset.ok(), "there is no such preset");
    compare(row, bytesOf(*preset, row));
}

void TestPublishedCaches::noEngineReproducesAWrongFigure() {
    int wrong = 0;
    for (const json& row : rows()) {
        if (!row.at("counterexample"))
            continue;
        ++wrong;
        const ModelSpec model = *findModelPreset(row.at("model").get<std::string>());
        const DataType type = *parseDataType(row.at("kv_type").get<std::string>());
        for (const Engine& engine : engines()) {
            const auto laws = engineLaws(engine, model.layers, {type, type}, 1);
            const std::uint64_t bytes =
                engineCacheBytes(engine, laws, row.at("cells"), row.at("sequences"));
            QVERIFY2(differenceToPublished(row, bytes) > kFarOff, std::string(engine.name).c_str());
        }
    }
    QCOMPARE(wrong, 4);
}

void TestPublishedCaches::everyPresetHasTheKnownBytesPerToken() {
    const json known = readData("preset_kv_bytes_per_token.json");
    QCOMPARE(modelPresets().size(), known.size());
    for (const ModelSpec& model : modelPresets()) {
        QVERIFY2(validate(model).ok(), model.id.c_str());
        const std::uint64_t expected = known.at(model.id);
        QVERIFY2(kvBytesPerToken(model, KvTypes{}) == expected, model.id.c_str());
    }
}

QTEST_APPLESS_MAIN(TestPublishedCaches)
#include "test_published_caches.moc"
