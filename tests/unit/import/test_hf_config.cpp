// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>

#include "files.h"

using namespace decodescope;

namespace {

/// A llama of 4 layers; `more` adds keys or, standing later in the text, is refused for double
/// ones.
QByteArray config(const QByteArray& more, const QByteArray& modelType = "llama") {
    return R"({"model_type":")" + modelType +
           R"(","hidden_size":64,"intermediate_size":256,"num_hidden_layers":4,
              "num_attention_heads":8,"vocab_size":100)" +
           (more.isEmpty() ? "" : "," + more) + "}";
}

} // namespace

/// What is read from a config.json beyond the plain shape, and what is concluded.
class TestHfConfig : public QObject {
    Q_OBJECT

private slots:
    void whatIsMissingIsInferredByConventionAndNamed();
    void whatStandsInTheFileIsNotInferred();
    void anUnknownFamilyIsReadByItsLlamaStyleKeys();
    void slidingLayersFollowTheRuleOfTheFamily_data();
    void slidingLayersFollowTheRuleOfTheFamily();
    void aWindowBeyondTheLimitIsNone();
    void recurrentLayersKeepAFixedState();
    void aStateMayStandBesideAttention();
    void expertsStandWhereTheFileSays();
    void theNestedLanguageModelIsRead();
    void theWeightsTypeIsTheQuantisationOrTheDeclaredOne();
    void aStretchedLimitIsTakenAsWritten();
    void theNameIsThatOfTheRepositoryOrTheFolder();
    void aByteOrderMarkIsNoObstacle();

private:
    ModelSpec model(const QByteArray& text) {
        const auto result = readModelFile(m_files.write("config.json", text));
        if (!result)
            qWarning("%s", qPrintable(saidOf(result)));
        return result ? *result : ModelSpec{};
    }
    static bool inferred(const ModelSpec& spec, const char* name) {
        return std::find(spec.inferred.begin(), spec.inferred.end(), name) != spec.inferred.end();
    }
    Files m_files;
};

void TestHfConfig::whatIsMissingIsInferredByConventionAndNamed() {
    const ModelSpec spec = model(config(""));
    QCOMPARE(spec.layers[0].nKvHeads, 8);
    QCOMPARE(spec.layers[0].headDimK, 8);
    QCOMPARE(spec.maxPosition.value(), 2048);
    QVERIFY(!spec.tiedEmbeddings);
    for (const char* name : {"n_kv_heads", "head_dim", "max_position", "tied_embeddings"})
        QVERIFY2(inferred(spec, name), name);
}

void TestHfConfig::whatStandsInTheFileIsNotInferred() {
    const ModelSpec spec = model(config(R"("num_key_value_heads":2,"head_dim":16,
        "max_position_embeddings":4096,"tie_word_embeddings":true)"));
    QCOMPARE(spec.layers[0].nKvHeads, 2);
    QCOMPARE(spec.layers[0].headDimK, 16);
    QCOMPARE(spec.maxPosition.value(), 4096);
    QVERIFY(spec.tiedEmbeddings);
    QVERIFY(spec.inferred.empty());
}

void TestHfConfig::anUnknownFamilyIsReadByItsLlamaStyleKeys() {
    const ModelSpec spec = model(config(R"("num_key_value_heads":4)", "brandnew"));
    QCOMPARE(spec.layers[0].nKvHeads, 4);
    QVERIFY(inferred(spec, "family"));
    QVERIFY(spec.notes.find("brandnew") != std::string::npos);
    QVERIFY(!spec.maxPosition);
}

void TestHfConfig::slidingLayersFollowTheRuleOfTheFamily_data() {
    QTest::addColumn<QByteArray>("family");
    QTest::addColumn<QByteArray>("keys");
    QTest::addColumn<QByteArray>("windows");
    const auto row = [](const char* name, const char* family, const char* keys,
                        const char* windows) {
        QTest::newRow(name) << QByteArray(family) << QByteArray(keys) << QByteArray(windows);
    };
    row("mistral", "mistral", R"("sliding_window":128)", "wwww");
    row("mistral without", "mistral", R"("sliding_window":null)", "ffff");
    row("llama has none", "llama", R"("sliding_window":128)", "ffff");
    row("qwen2 off", "qwen2", R"("sliding_window":128,"use_sliding_window":false)", "ffff");
    row("qwen2 silent", "qwen2", R"("sliding_window":128)", "ffff");
    row("qwen2 on", "qwen2",
        R"("sliding_window":128,"use_sliding_window":true,"max_window_layers":3)", "fffw");
    row("gemma2", "gemma2", R"("sliding_window":128,"head_dim":8)", "wfwf");
    row("gemma3 pattern", "gemma3_text", R"("sliding_window":128,"sliding_window_pattern":3)",
        "wwfw");
    row("gpt-oss", "gpt_oss", R"("sliding_window":128)", "wfwf");
    row("letters", "exaone4", R"("sliding_window":128,"sliding_window_pattern":"LLG")", "wwfw");
    row("layer types", "llama",
        R"("sliding_window":128,"layer_types":["full_attention","sliding_attention",
           "full_attention","sliding_attention"])",
        "fwfw");
    row("chunks", "llama4_text", R"("attention_chunk_size":128)", "wwwf");
}

void TestHfConfig::slidingLayersFollowTheRuleOfTheFamily() {
    QFETCH(QByteArray, family);
    QFETCH(QByteArray, keys);
    QFETCH(QByteArray, windows);
    const ModelSpec spec = model(config(keys + R"(,"max_position_embeddings":4096)", family));
    QByteArray found;
    for (const LayerSpec& layer : spec.layers)
        found += layer.window == 128 ? 'w' : layer.window == 0 ? 'f' : '?';
    QCOMPARE(found, windows);
}

void TestHfConfig::aWindowBeyondTheLimitIsNone() {
    const ModelSpec spec =
        model(config(R"("sliding_window":262144,"max_position_embeddings":131072)", "phi3"));
    QCOMPARE(spec.layers[0].window, 0);
}

void TestHfConfig::recurrentLayersKeepAFixedState() {
    const ModelSpec spec = model(R"({"model_type":"qwen3_next","hidden_size":2048,
        "intermediate_size":5120,"num_hidden_layers":48,"num_attention_heads":16,
        "num_key_value_heads":2,"head_dim":256,"vocab_size":151936,
        "full_attention_interval":4,"linear_num_key_heads":16,"linear_key_head_dim":128,
        "linear_num_value_heads":32,"linear_value_head_dim":128,"linear_conv_kernel_dim":4,
        "num_experts":512,"num_experts_per_tok":10,"moe_intermediate_size":512,
        "shared_expert_intermediate_size":512,"decoder_sparse_step":1,"mlp_only_layers":[],
        "max_position_embeddings":262144,"tie_word_embeddings":false})");
    QCOMPARE(std::count_if(spec.layers.begin(), spec.layers.end(),
                           [](const LayerSpec& layer) {
                               return layer.attention == AttentionKind::Recurrent;
                           }),
             36);
    QCOMPARE(spec.layers[0].stateBytes, std::uint64_t{2097152 + 24576 * 4});
    QCOMPARE(spec.layers[3].nKvHeads, 2);
    const ModelSpec lfm = model(config(R"("conv_L_cache":3,
        "layer_types":["conv","full_attention","conv","conv"])",
                                       "lfm2"));
    QCOMPARE(lfm.layers[0].stateBytes, std::uint64_t{4 * 2 * 64});
    QCOMPARE(lfm.layers[1].nKvHeads, 8);
    // LFM2 1.2B as published, down to the last tensor.
    const QByteArray keys = R"({"model_type":"lfm2","block_auto_adjust_ff_dim":true,
        "block_ff_dim":12288,"block_ffn_dim_multiplier":1.0,"block_multiple_of":256,
        "conv_L_cache":3,"hidden_size":2048,"num_attention_heads":32,"num_hidden_layers":16,
        "num_key_value_heads":8,"vocab_size":65536,"full_attn_idxs":)";
    const ModelSpec small = model(keys + "[2,5,8,10,12,14]}");
    QCOMPARE(small.layers[2].nKvHeads, 8);
    QCOMPARE(small.layers[0].stateBytes, std::uint64_t{4 * 2 * 2048});
    QCOMPARE(small.layers[0].ffn.hidden, 8192);
    QCOMPARE(*small.weights.parameters, std::uint64_t{1'170'340'608});
    const ModelSpec mixture = model(R"({"model_type":"lfm2_moe","conv_L_cache":3,
        "full_attn_idxs":[2,6,10,14,18,21],"hidden_size":2048,"intermediate_size":7168,
        "moe_intermediate_size":1792,"num_attention_heads":32,"num_dense_layers":2,
        "num_experts":32,"num_experts_per_tok":4,"num_hidden_layers":24,"num_key_value_heads":8,
        "vocab_size":65536})");
    QCOMPARE(*mixture.weights.parameters / 10'000'000, std::uint64_t{833}); // sold as 8.3 billion
    const auto beyond = readModelFile(m_files.write("config.json", keys + "[2,16]}"));
    QVERIFY2(saidOf(beyond).contains("layer 16 is not one of 16"), qPrintable(saidOf(beyond)));
    QCOMPARE(spec.layers[0].ffn.sharedHidden, 512);
    // Sold as 80 billion, of which 3 are active (the sale leaves the embedding out).
    QVERIFY(*spec.weights.parameters > 79'000'000'000 && *spec.weights.parameters < 81'000'000'000);
    QVERIFY(*spec.weights.activeParameters < 4'200'000'000);
}

void TestHfConfig::aStateMayStandBesideAttention() {
    const ModelSpec spec = model(R"({"model_type":"falcon_h1","hidden_size":3072,
        "intermediate_size":12288,"num_hidden_layers":44,"num_attention_heads":12,
        "num_key_value_heads":2,"head_dim":128,"vocab_size":130048,"mamba_d_conv":4,
        "mamba_d_head":128,"mamba_d_ssm":3072,"mamba_d_state":256,"mamba_expand":2,
        "mamba_n_groups":1,"mamba_n_heads":24,"max_position_embeddings":262144,
        "tie_word_embeddings":false})");
    QCOMPARE(spec.layers[0].nKvHeads, 2);
    QCOMPARE(spec.layers[0].stateBytes, std::uint64_t{4} * (3 * (3072 + 2 * 256) + 786432));
    QVERIFY2(qAbs(static_cast<double>(*spec.weights.parameters) - 7.59e9) < 0.1e9,
             QByteArray::number(quint64(*spec.weights.parameters)));
}

void TestHfConfig::expertsStandWhereTheFileSays() {
    const auto experts = [&](const QByteArray& keys) {
        QByteArray found;
        const QByteArray moe =
            R"("num_experts":8,"num_experts_per_tok":2,"moe_intermediate_size":32)";
        for (const LayerSpec& layer : model(config(moe + keys, "qwen3_moe")).layers)
            found += layer.ffn.experts == 8 ? 'e' : 'd';
        return found;
    };
    QCOMPARE(experts(""), QByteArray("eeee"));
    QCOMPARE(experts(R"(,"first_k_dense_replace":1)"), QByteArray("deee"));
    QCOMPARE(experts(R"(,"decoder_sparse_step":2)"), QByteArray("dede"));
    QCOMPARE(experts(R"(,"mlp_only_layers":[0,3])"), QByteArray("deed"));
}

void TestHfConfig::theNestedLanguageModelIsRead() {
    // As LLaVA 1.5 is published: whatever is the default of LlamaConfig is left out.
    const ModelSpec spec = model(R"({"model_type":"llava","tie_word_embeddings":false,
        "text_config":{"model_type":"llama","max_position_embeddings":4096,"vocab_size":32064,
        "torch_dtype":"float16"},"vision_config":{"hidden_size":1024,"num_hidden_layers":24}})");
    QCOMPARE(spec.family, std::string("llama"));
    QCOMPARE(spec.layerCount(), 32);
    QCOMPARE(spec.layers[0].nHeads, 32);
    QCOMPARE(spec.hiddenSize, 4096);
    QCOMPARE(spec.vocabSize, 32064);
    for (const char* name : {"layers", "hidden_size", "n_heads", "ffn_hidden"})
        QVERIFY2(inferred(spec, name), name);
    QCOMPARE(spec.weights.type.value(), DataType::F16);
}

void TestHfConfig::theWeightsTypeIsTheQuantisationOrTheDeclaredOne() {
    const auto type = [&](const QByteArray& keys) { return model(config(keys)).weights.type; };
    QVERIFY(!type(""));
    QCOMPARE(type(R"("torch_dtype":"bfloat16")").value(), DataType::BF16);
    QCOMPARE(type(R"("dtype":"float16")").value(), DataType::F16);
    QCOMPARE(type(R"("torch_dtype":"float16",
                     "quantization_config":{"quant_method":"awq","bits":4})")
                 .value(),
             DataType::Int4);
    QCOMPARE(type(R"("quantization_config":{"quant_method":"mxfp4"})").value(), DataType::MXFP4);
    QCOMPARE(type(R"("dtype":"bfloat16","quantization_config":{"quant_method":"compressed-tensors",
        "config_groups":{"group_0":{"weights":{"num_bits":8,"type":"float"}}}})")
                 .value(),
             DataType::FP8_E4M3);
    QVERIFY(!type(R"("dtype":"bfloat16","quantization_config":{"quant_method":"brandnew"})"));
}

void TestHfConfig::aStretchedLimitIsTakenAsWritten() {
    const ModelSpec spec = model(config(R"("max_position_embeddings":32768,
        "rope_scaling":{"type":"yarn","factor":4.0,"original_max_position_embeddings":32768})"));
    QCOMPARE(spec.maxPosition.value(), 32768);
    QVERIFY(spec.notes.find("yarn") != std::string::npos);
    QCOMPARE(model(config(R"("max_position_embeddings":8192,"model_max_length":131072)", "cohere"))
                 .maxPosition.value(),
             131072);
}

void TestHfConfig::theNameIsThatOfTheRepositoryOrTheFolder() {
    QCOMPARE(model(config(R"("_name_or_path":"owner/Some Model-7B")")).id,
             std::string("some-model-7b"));
    const ModelSpec spec = model(config(""));
    QCOMPARE(spec.name, m_files.folder().filename().string());
    QCOMPARE(spec.source.format, std::string("hf_config"));
    const auto cache = m_files.folder() / "models--meta--Llama-9" / "snapshots" / "0123abcd";
    std::filesystem::create_directories(cache);
    std::filesystem::copy_file(m_files.folder() / "config.json", cache / "config.json");
    const auto cached = readModelFile(cache);
    QCOMPARE(saidOf(cached), QString("ok"));
    QCOMPARE(cached->name, std::string("Llama-9"));
}

void TestHfConfig::aByteOrderMarkIsNoObstacle() {
    QCOMPARE(model("\xEF\xBB\xBF" + config("")).layerCount(), 4);
}

QTEST_GUILESS_MAIN(TestHfConfig)
#include "test_hf_config.moc"
