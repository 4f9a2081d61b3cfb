// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QTest>

#include <nlohmann/json.hpp>

#include "core/import/kept_modules.h"
#include "core/plan/footprint.h"
#include "core/spec/presets.h"
#include "files.h"

using namespace decodescope;

/// Bytes of quantised weights, tensor by tensor: what a quantisation leaves out is counted in the
/// type it was in.
class TestKeptWeights : public QObject {
    Q_OBJECT

private slots:
    void gptOssHasTheBytesOfItsFiles_data();
    void gptOssHasTheBytesOfItsFiles();
    void aStepReadsWhatIsKeptInItsOwnType();
    void anotherTypeIsThatOfAllTensors();
    void aModuleIsListedByNameGlobOrExpression_data();
    void aModuleIsListedByNameGlobOrExpression();
    void aLayerIsListedByItsNumber();
    void eachMethodKeepsWhatItsListSays_data();
    void eachMethodKeepsWhatItsListSays();
    void aRecordKeepsWhatIsKept();
    void aShareOutsideOneIsRefused();
    void aLongListTakesNoLongTime();

private:
    /// A model of four layers of 8 experts, with these keys in its configuration.
    Result<ModelSpec> read(const QByteArray& keys) {
        return readModelFile(m_files.write(
            "config.json", R"({"model_type":"qwen3_moe","hidden_size":1024,"num_hidden_layers":4,
            "num_attention_heads":8,"num_key_value_heads":2,"head_dim":128,"num_experts":8,
            "num_experts_per_tok":2,"moe_intermediate_size":512,"intermediate_size":2048,
            "vocab_size":32000,"torch_dtype":"bfloat16","tie_word_embeddings":false,)" +
                               keys + "}"));
    }

    Files m_files;
};

void TestKeptWeights::gptOssHasTheBytesOfItsFiles_data() {
    QTest::addColumn<int>("layers");
    QTest::addColumn<int>("experts");
    QTest::addColumn<quint64>("bytes");
    // "total_size" of the index of openai/gpt-oss-20b; of the larger one the same sum of tensors.
    QTest::newRow("gpt-oss-20b") << 24 << 32 << quint64{13761264768};
    QTest::newRow("gpt-oss-120b") << 36 << 128 << quint64{65248815744};
}

void TestKeptWeights::gptOssHasTheBytesOfItsFiles() {
    QFETCH(int, layers);
    QFETCH(int, experts);
    QFETCH(quint64, bytes);
    QFile file(QStringLiteral(TEST_DATA_DIR "/hf_configs/gpt-oss-20b.json"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    nlohmann::json config = nlohmann::json::parse(file.readAll().toStdString());
    config.erase("layer_types"); // of 24 layers
    config["num_hidden_layers"] = layers;
    config["num_local_experts"] = experts;
    const auto model =
        readModelFile(m_files.write("config.json", QByteArray::fromStdString(config.dump())));
    QCOMPARE(saidOf(model), QString("ok"));
    QCOMPARE(quint64(weightsBytes(*model, DataType::MXFP4)), bytes);
    const auto preset = findModelPreset(QTest::currentDataTag());
    QVERIFY(preset.ok());
    QCOMPARE(quint64(weightsBytes(*preset, DataType::MXFP4)), bytes);
}

void TestKeptWeights::aStepReadsWhatIsKeptInItsOwnType() {
    const auto model = findModelPreset("gpt-oss-20b");
    QVERIFY(model.ok());
    // One token: head, attention and routers in 16 bit, 4 experts of 32 in 17/32 of a byte.
    const std::uint64_t kept = 2880ULL * 201088 + 24ULL * 2880 * (9216 + 32);
    const std::uint64_t experts = 24ULL * 4 * 3 * 2880 * 2880;
    QCOMPARE(weightsBytesRead(*model, DataType::MXFP4, 1), 2 * kept + experts * 17 / 32);
    // Without end all experts are read, and the input's embedding still is not.
    const std::uint64_t all = weightsBytesRead(*model, DataType::MXFP4, 1 << 20);
    QCOMPARE(all, 2 * kept + 8 * experts * 17 / 32);
    QVERIFY(all < weightsBytes(*model, DataType::MXFP4));
}

void TestKeptWeights::anotherTypeIsThatOfAllTensors() {
    const auto model = findModelPreset("gpt-oss-20b");
    QCOMPARE(weightsBytes(*model, DataType::BF16), std::uint64_t{2} * 20914757184);
}

void TestKeptWeights::aModuleIsListedByNameGlobOrExpression_data() {
    QTest::addColumn<QString>("pattern");
    QTest::addColumn<bool>("listed");
    const auto row = [](const char* pattern, bool listed) {
        QTest::newRow(pattern) << QString(pattern) << listed;
    };
    row("self_attn", true);
    row("self_attn.q_proj", true);
    row("q_proj", true);
    row("model.layers.*.self_attn", true);
    row("model.language_model.layers.*.self_attn.q_proj", true);
    row("re:.*self_attn.*", true);
    row(R"(re:.*\.self_attn\.q_proj$)", true);
    row(R"(re:^model\.layers\..*\.self_attn)", true);
    row("*", true);
    row("attn", false);
    row("q_pro", false);
    row("self_attn.k_proj", false);
    row("mlp", false);
    row("lm_head", false);
    row("", false);
}

void TestKeptWeights::aModuleIsListedByNameGlobOrExpression() {
    QFETCH(QString, pattern);
    QFETCH(bool, listed);
    QCOMPARE(KeptModules({pattern.toStdString()}).containInAll("self_attn.q_proj"), listed);
}

void TestKeptWeights::aLayerIsListedByItsNumber() {
    const KeptModules list({"model.layers.3.self_attn*", "model.layers.12", "lm_head"});
    QVERIFY(list.containIn(3, "self_attn.q_proj"));
    QVERIFY(!list.containIn(3, "mlp.down_proj"));
    QVERIFY(list.containIn(12, "mlp.down_proj"));
    QVERIFY(!list.containIn(1, "self_attn.q_proj"));
    QVERIFY(!list.containInAll("self_attn.q_proj"));
    QVERIFY(list.contain("lm_head"));
    QVERIFY(!list.contain("embed_tokens"));
}

void TestKeptWeights::eachMethodKeepsWhatItsListSays_data() {
    QTest::addColumn<QByteArray>("quantisation");
    QTest::addColumn<double>("attention");
    QTest::addColumn<double>("experts");
    QTest::addColumn<double>("head");
    const auto row = [](const char* name, const char* quantisation, double attention,
                        double experts, double head) {
        QTest::newRow(name) << QByteArray(quantisation) << attention << experts << head;
    };
    row("GPTQ", R"({"quant_method":"gptq","bits":4})", 0, 0, 1);
    row("GPTQ with its head", R"({"quant_method":"gptq","bits":4,"lm_head":true})", 0, 0, 0);
    row("AWQ", R"({"quant_method":"awq","bits":4,"modules_to_not_convert":["gate"]})", 0, 0, 1);
    row("fp8 of two layers' attention", R"({"quant_method":"fp8","modules_to_not_convert":
        ["lm_head","model.layers.0.self_attn","model.layers.3.self_attn.q_proj"]})",
        0.5, 0, 1);
    row("compressed-tensors", R"({"quant_method":"compressed-tensors","ignore":
        ["re:.*self_attn.*","re:.*router"],"config_groups":{"g":{"weights":{"num_bits":8,
        "type":"float"}}}})",
        1, 0, 0);
    row("ModelOpt", R"({"quant_method":"modelopt","quant_algo":"NVFP4","exclude_modules":
        ["lm_head","model.layers.1.mlp.experts*"]})",
        0, 0.25, 1);
    row("mxfp4", R"({"quant_method":"mxfp4"})", 1, 0, 1);
}

void TestKeptWeights::eachMethodKeepsWhatItsListSays() {
    QFETCH(QByteArray, quantisation);
    const auto model = read("\"quantization_config\":" + quantisation);
    QCOMPARE(saidOf(model), QString("ok"));
    const KeptWeights kept = model->weights.kept.value();
    QCOMPARE(kept.type, DataType::BF16);
    QTEST(kept.attention, "attention");
    QTEST(kept.experts, "experts");
    QTEST(kept.head, "head");
    QCOMPARE(kept.embedding, 1.0);
    QVERIFY(!read("\"use_cache\":true")->weights.kept);
}

void TestKeptWeights::aRecordKeepsWhatIsKept() {
    const auto model = read(R"("quantization_config":{"quant_method":"fp8",
        "modules_to_not_convert":["model.layers.0.self_attn"]})");
    const auto again = nlohmann::json::parse(nlohmann::json(*model).dump()).get<ModelSpec>();
    QVERIFY(again.weights.kept == model->weights.kept);
    QCOMPARE(again.weights.kept->attention, 0.25);
    nlohmann::json older = *model;
    older.erase("weights_kept");
    QVERIFY(!older.get<ModelSpec>().weights.kept);
}

void TestKeptWeights::aShareOutsideOneIsRefused() {
    nlohmann::json json = *findModelPreset("gpt-oss-20b");
    json["weights_kept"]["attention"] = 1.5;
    QVERIFY_THROWS_EXCEPTION(nlohmann::json::exception, static_cast<void>(json.get<ModelSpec>()));
    json["weights_kept"]["attention"] = 1;
    json["weights_kept"]["dtype"] = "bf17";
    QVERIFY_THROWS_EXCEPTION(nlohmann::json::exception, static_cast<void>(json.get<ModelSpec>()));
}

void TestKeptWeights::aLongListTakesNoLongTime() {
    // Patterns that match late or never, many of them, and many layers: read in well under the
    // time that a test may take.
    QByteArray list;
    for (int i = 0; i < 20000; ++i)
        list += (i ? ",\"" : "\"") + QByteArray("*a*a*a*a*a*a*a*b").repeated(8) + "\"";
    const auto model = readModelFile(m_files.write(
        "config.json", R"({"model_type":"llama","hidden_size":64,"num_hidden_layers":4096,
        "num_attention_heads":1,"intermediate_size":64,"vocab_size":32,"quantization_config":
        {"quant_method":"fp8","modules_to_not_convert":[)" +
                           list + "]}}"));
    QCOMPARE(saidOf(model), QString("ok"));
    QCOMPARE(model->weights.kept->attention, 0.0);
}

QTEST_GUILESS_MAIN(TestKeptWeights)
#include "test_kept_weights.moc"
