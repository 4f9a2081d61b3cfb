// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>

#include "core/spec/cache_law.h"
#include "core/spec/presets.h"
#include "files.h"

using namespace decodescope;

namespace {

/// One published model: its configuration in the keys of its family, and what is known of it.
/// Parameter counts are sums over the published tensors, to the last one.
struct Published {
    const char* id; ///< of the preset
    const char* config;
    std::int64_t layers, nHeads, nKvHeads, headDim;
    std::uint64_t kvBytesPerToken; ///< 16 bit, all layers, no window
    std::uint64_t parameters;
    std::uint64_t activeParameters; ///< 0: all
};

// clang-format off
constexpr Published kPublished[] = {
    {"llama-3.1-8b", R"({"model_type":"llama","hidden_size":4096,"intermediate_size":14336,
      "num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"vocab_size":128256,
      "max_position_embeddings":131072,"tie_word_embeddings":false,"torch_dtype":"bfloat16",
      "rope_scaling":{"factor":8.0,"rope_type":"llama3"}})",
     32, 32, 8, 128, 131072, 8030261248, 0},
    {"llama-7b", R"({"model_type":"llama","hidden_size":4096,"intermediate_size":11008,
      "num_hidden_layers":32,"num_attention_heads":32,"vocab_size":32000})",
     32, 32, 32, 128, 524288, 6738415616, 0},
    {"mistral-7b-v0.3", R"({"model_type":"mistral","hidden_size":4096,"intermediate_size":14336,
      "num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"vocab_size":32768,
      "sliding_window":null,"tie_word_embeddings":false})",
     32, 32, 8, 128, 131072, 7248023552, 0},
    {"mixtral-8x7b-v0.1", R"({"model_type":"mixtral","hidden_size":4096,"intermediate_size":14336,
      "num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"vocab_size":32000,
      "num_local_experts":8,"num_experts_per_tok":2,"sliding_window":null})",
     32, 32, 8, 128, 131072, 46702792704, 12879925248},
    {"qwen2-0.5b", R"({"model_type":"qwen2","hidden_size":896,"intermediate_size":4864,
      "num_hidden_layers":24,"num_attention_heads":14,"num_key_value_heads":2,"vocab_size":151936,
      "sliding_window":32768,"use_sliding_window":false,"max_window_layers":24,
      "tie_word_embeddings":true})",
     24, 14, 2, 64, 12288, 494032768, 0},
    {"qwen3-0.6b", R"({"model_type":"qwen3","head_dim":128,"hidden_size":1024,
      "intermediate_size":3072,"num_hidden_layers":28,"num_attention_heads":16,
      "num_key_value_heads":8,"vocab_size":151936,"tie_word_embeddings":true})",
     28, 16, 8, 128, 114688, 596049920, 0},
    {"qwen3-30b-a3b", R"({"model_type":"qwen3_moe","head_dim":128,"hidden_size":2048,
      "intermediate_size":6144,"moe_intermediate_size":768,"num_experts":128,
      "num_experts_per_tok":8,"decoder_sparse_step":1,"mlp_only_layers":[],
      "num_hidden_layers":48,"num_attention_heads":32,"num_key_value_heads":4,
      "vocab_size":151936,"tie_word_embeddings":false})",
     48, 32, 4, 128, 98304, 30532122624, 3353032704},
    {"gemma-2b", R"({"model_type":"gemma","head_dim":256,"hidden_size":2048,
      "intermediate_size":16384,"num_hidden_layers":18,"num_attention_heads":8,
      "num_key_value_heads":1,"vocab_size":256000})",
     18, 8, 1, 256, 18432, 2506172416, 0},
    {"gemma-2-9b", R"({"model_type":"gemma2","head_dim":256,"hidden_size":3584,
      "intermediate_size":14336,"num_hidden_layers":42,"num_attention_heads":16,
      "num_key_value_heads":8,"vocab_size":256000,"sliding_window":4096})",
     42, 16, 8, 256, 344064, 9241705984, 0},
    {"gemma-3-4b", R"({"model_type":"gemma3","text_config":{"model_type":"gemma3_text",
      "hidden_size":2560,"intermediate_size":10240,"num_hidden_layers":34,"sliding_window":1024},
      "vision_config":{"hidden_size":1152,"num_hidden_layers":27}})",
     34, 8, 4, 256, 139264, 3880263168, 0},
    {"gemma-3-1b", R"({"model_type":"gemma3_text","head_dim":256,"hidden_size":1152,
      "intermediate_size":6912,"num_hidden_layers":26,"num_attention_heads":4,
      "num_key_value_heads":1,"vocab_size":262144,"sliding_window":512,"sliding_window_pattern":6,
      "max_position_embeddings":32768})",
     26, 4, 1, 256, 26624, 999885952, 0},
    {"phi-2", R"({"model_type":"phi","hidden_size":2560,"intermediate_size":10240,
      "num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":32,
      "vocab_size":51200})",
     32, 32, 32, 80, 327680, 2779683840, 0},
    {"phi-3-mini-4k", R"({"model_type":"phi3","hidden_size":3072,"intermediate_size":8192,
      "num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":32,
      "vocab_size":32064,"sliding_window":2047,"max_position_embeddings":4096})",
     32, 32, 32, 96, 393216, 3821079552, 0},
    {"gpt2", R"({"model_type":"gpt2","n_embd":768,"n_head":12,"n_layer":12,"n_positions":1024,
      "n_ctx":1024,"vocab_size":50257})",
     12, 12, 12, 64, 36864, 124439808, 0},
    {"gpt-j-6b", R"({"model_type":"gptj","n_embd":4096,"n_head":16,"n_layer":28,"n_inner":null,
      "n_positions":2048,"vocab_size":50400,"tie_word_embeddings":false})",
     28, 16, 16, 256, 458752, 6050882784, 0},
    {"pythia-6.9b", R"({"model_type":"gpt_neox","hidden_size":4096,"intermediate_size":16384,
      "num_hidden_layers":32,"num_attention_heads":32,"vocab_size":50432,
      "max_position_embeddings":2048})",
     32, 32, 32, 128, 524288, 6857302016, 0},
    {"opt-125m", R"({"model_type":"opt","hidden_size":768,"ffn_dim":3072,"num_hidden_layers":12,
      "num_attention_heads":12,"vocab_size":50272,"max_position_embeddings":2048,
      "word_embed_proj_dim":768})",
     12, 12, 12, 64, 36864, 125239296, 0},
    {"bloom-7b1", R"({"model_type":"bloom","hidden_size":4096,"n_head":32,"n_layer":30,
      "seq_length":2048,"vocab_size":250880})",
     30, 32, 32, 128, 491520, 7069016064, 0},
    {"mpt-7b", R"({"model_type":"mpt","d_model":4096,"n_heads":32,"n_layers":32,
      "expansion_ratio":4,"max_seq_len":2048,"vocab_size":50432,
      "attn_config":{"attn_type":"multihead_attention","alibi":true}})",
     32, 32, 32, 128, 524288, 6649286656, 0},
    {"falcon-7b", R"({"model_type":"falcon","hidden_size":4544,"num_attention_heads":71,
      "num_hidden_layers":32,"num_kv_heads":71,"multi_query":true,
      "new_decoder_architecture":false,"vocab_size":65024})",
     32, 71, 1, 64, 8192, 6921720704, 0},
    {"falcon-40b", R"({"model_type":"RefinedWeb","hidden_size":8192,"n_head":128,"n_head_kv":8,
      "n_layer":60,"vocab_size":65024,"torch_dtype":"bfloat16"})",
     60, 128, 8, 64, 122880, 41303293952, 0},
    {"falcon-180b", R"({"model_type":"falcon","hidden_size":14848,"num_attention_heads":232,
      "num_hidden_layers":80,"num_kv_heads":8,"multi_query":true,
      "new_decoder_architecture":true,"vocab_size":65024})",
     80, 232, 8, 64, 163840, 178557088768, 0},
    {"starcoder-15b", R"({"model_type":"gpt_bigcode","n_embd":6144,"n_head":48,"n_layer":40,
      "n_inner":24576,"n_positions":8192,"multi_query":true,"vocab_size":49152})",
     40, 48, 1, 128, 20480, 15517456384, 0},
    {"santacoder", R"({"model_type":"gpt2","attention_head_type":"multiquery","n_embd":2048,
      "n_head":16,"n_layer":24,"n_inner":8192,"n_positions":2048,"vocab_size":49280})",
     24, 16, 1, 128, 12288, 1124886528, 0},
    {"starcoder2-7b", R"({"model_type":"starcoder2","hidden_size":4608,"intermediate_size":18432,
      "num_hidden_layers":32,"num_attention_heads":36,"num_key_value_heads":4,"vocab_size":49152,
      "sliding_window":4096,"max_position_embeddings":16384})",
     32, 36, 4, 128, 65536, 7173923840, 0},
    {"deepseek-v2-lite", R"({"model_type":"deepseek_v2","hidden_size":2048,
      "intermediate_size":10944,"moe_intermediate_size":1408,"num_hidden_layers":27,
      "num_attention_heads":16,"num_key_value_heads":16,"kv_lora_rank":512,"q_lora_rank":null,
      "qk_nope_head_dim":128,"qk_rope_head_dim":64,"v_head_dim":128,"n_routed_experts":64,
      "n_shared_experts":2,"num_experts_per_tok":6,"first_k_dense_replace":1,"moe_layer_freq":1,
      "vocab_size":102400,"max_position_embeddings":163840})",
     27, 16, 16, 192, 31104, 15706484224, 2661150208},
    {"deepseek-v3", R"({"model_type":"deepseek_v3","hidden_size":7168,"intermediate_size":18432,
      "moe_intermediate_size":2048,"num_hidden_layers":61,"num_attention_heads":128,
      "num_key_value_heads":128,"kv_lora_rank":512,"q_lora_rank":1536,"qk_nope_head_dim":128,
      "qk_rope_head_dim":64,"v_head_dim":128,"n_routed_experts":256,"n_shared_experts":1,
      "num_experts_per_tok":8,"first_k_dense_replace":3,"moe_layer_freq":1,"topk_method":"noaux_tc",
      "vocab_size":129280,
      "max_position_embeddings":163840,"num_nextn_predict_layers":1,
      "quantization_config":{"quant_method":"fp8","fmt":"e4m3"}})",
     61, 128, 128, 192, 70272, 671026419200, 37552297472},
    {"deepseek-moe-16b", R"({"model_type":"deepseek","hidden_size":2048,
      "intermediate_size":10944,"moe_intermediate_size":1408,"num_hidden_layers":28,
      "num_attention_heads":16,"num_key_value_heads":16,"n_routed_experts":64,
      "n_shared_experts":2,"num_experts_per_tok":6,"first_k_dense_replace":1,"moe_layer_freq":1,
      "vocab_size":102400})",
     28, 16, 16, 128, 229376, 16375728128, 2828650496},
    {"gpt-oss-20b", R"({"model_type":"gpt_oss","head_dim":64,"hidden_size":2880,
      "intermediate_size":2880,"num_hidden_layers":24,"num_attention_heads":64,
      "num_key_value_heads":8,"num_local_experts":32,"num_experts_per_tok":4,
      "vocab_size":201088,"sliding_window":128,"max_position_embeddings":131072,
      "quantization_config":{"quant_method":"mxfp4","modules_to_not_convert":["lm_head"]}})",
     24, 64, 8, 64, 49152, 20914757184, 4187440704},
    {"command-r-v01", R"({"model_type":"cohere","hidden_size":8192,"intermediate_size":22528,
      "num_hidden_layers":40,"num_attention_heads":64,"num_key_value_heads":64,
      "vocab_size":256000,"max_position_embeddings":8192,"model_max_length":131072})",
     40, 64, 64, 128, 1310720, 34980831232, 0},
    {"olmo2-32b", R"({"model_type":"olmo2","hidden_size":5120,"intermediate_size":27648,
      "num_hidden_layers":64,"num_attention_heads":40,"num_key_value_heads":8,
      "vocab_size":100352})",
     64, 40, 8, 128, 262144, 32234279936, 0},
    {"internlm2-7b", R"({"model_type":"internlm2","hidden_size":4096,"intermediate_size":14336,
      "num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,
      "vocab_size":92544})",
     32, 32, 8, 128, 131072, 7737708544, 0},
    {"stablelm-2-1.6b", R"({"model_type":"stablelm","hidden_size":2048,"intermediate_size":5632,
      "num_hidden_layers":24,"num_attention_heads":32,"num_key_value_heads":32,
      "vocab_size":100352,"use_qkv_bias":true})",
     24, 32, 32, 64, 196608, 1644515328, 0},
    {"minicpm-2b", R"({"model_type":"minicpm","hidden_size":2304,"intermediate_size":5760,
      "num_hidden_layers":40,"num_attention_heads":36,"num_key_value_heads":36,
      "vocab_size":122753})",
     40, 36, 36, 64, 368640, 2724880896, 0},
};

/// Published models whose switches or conventions change what norms and biases there are.
struct Counted {
    const char* name;
    const char* config;
    std::uint64_t parameters;
};
constexpr Counted kCounted[] = {
    {"Qwen 7B: the width written is that of both halves", R"({"model_type":"qwen",
      "hidden_size":4096,"intermediate_size":22016,"num_hidden_layers":32,
      "num_attention_heads":32,"kv_channels":128,"vocab_size":151936,"seq_length":8192})",
     7721324544},
    {"Command R+: norms of each head", R"({"model_type":"cohere","hidden_size":12288,
      "intermediate_size":33792,"num_hidden_layers":64,"num_attention_heads":96,
      "num_key_value_heads":8,"vocab_size":256000,"use_qk_norm":true})",
     103810674688},
    {"GLM-4 9B: four norms, biases of queries, keys and values", R"({"model_type":"glm4",
      "hidden_size":4096,"intermediate_size":13696,"num_hidden_layers":40,
      "num_attention_heads":32,"num_key_value_heads":2,"head_dim":128,"vocab_size":151552,
      "attention_bias":true,"tie_word_embeddings":false})",
     9400279040},
    {"OLMo 7B: norms without weights", R"({"model_type":"olmo","hidden_size":4096,
      "intermediate_size":11008,"num_hidden_layers":32,"num_attention_heads":32,
      "vocab_size":50304,"tie_word_embeddings":false})",
     6888095744},
    {"Gemma 3 27B", R"({"model_type":"gemma3","text_config":{"model_type":"gemma3_text",
      "hidden_size":5376,"intermediate_size":21504,"num_hidden_layers":62,
      "num_attention_heads":32,"num_key_value_heads":16,"head_dim":128,"sliding_window":1024}})",
     27009346304},
    {"Qwen2.5 72B", R"({"model_type":"qwen2","hidden_size":8192,"intermediate_size":29568,
      "num_hidden_layers":80,"num_attention_heads":64,"num_key_value_heads":8,
      "vocab_size":152064,"tie_word_embeddings":false})",
     72706203648},
    {"Qwen3 235B-A22B", R"({"model_type":"qwen3_moe","head_dim":128,"hidden_size":4096,
      "intermediate_size":12288,"moe_intermediate_size":1536,"num_experts":128,
      "num_experts_per_tok":8,"decoder_sparse_step":1,"num_hidden_layers":94,
      "num_attention_heads":64,"num_key_value_heads":4,"vocab_size":151936,
      "tie_word_embeddings":false})",
     235093634560},
    {"DeepSeek-V2", R"({"model_type":"deepseek_v2","hidden_size":5120,"intermediate_size":12288,
      "moe_intermediate_size":1536,"num_hidden_layers":60,"num_attention_heads":128,
      "num_key_value_heads":128,"kv_lora_rank":512,"q_lora_rank":1536,"qk_nope_head_dim":128,
      "qk_rope_head_dim":64,"v_head_dim":128,"n_routed_experts":160,"n_shared_experts":2,
      "num_experts_per_tok":6,"first_k_dense_replace":1,"moe_layer_freq":1,
      "topk_method":"group_limited_greedy","vocab_size":102400,"tie_word_embeddings":false})",
     235741434880},
    {"BLOOM 176B: a norm of the embedding", R"({"model_type":"bloom","hidden_size":14336,
      "n_head":112,"n_layer":70,"seq_length":2048,"vocab_size":250880})",
     176247271424},
    {"OPT 30B: two positions more", R"({"model_type":"opt","hidden_size":7168,"ffn_dim":28672,
      "num_hidden_layers":48,"num_attention_heads":56,"vocab_size":50272,
      "max_position_embeddings":2048})",
     29974540288},
};
// clang-format on

std::uint64_t kvBytesPerToken(const ModelSpec& spec) {
    std::uint64_t sum = 0;
    for (const LayerSpec& layer : spec.layers)
        sum += cacheLaw(layer, {}).bytesPerToken;
    return sum;
}

} // namespace

/// The configuration of each family gives the published shape, cache and parameter count.
class TestHfFamilies : public QObject {
    Q_OBJECT

private slots:
    void aPublishedConfigGivesThePublishedModel_data();
    void aPublishedConfigGivesThePublishedModel();
    void normsAndBiasesAreCountedToTheLastOne_data();
    void normsAndBiasesAreCountedToTheLastOne();
    void aFileAndAPresetAgreeLayerByLayer_data();
    void aFileAndAPresetAgreeLayerByLayer();
};

void TestHfFamilies::aPublishedConfigGivesThePublishedModel_data() {
    QTest::addColumn<int>("row");
    for (int row = 0; row < static_cast<int>(std::size(kPublished)); ++row)
        QTest::newRow(kPublished[row].id) << row;
}

void TestHfFamilies::aPublishedConfigGivesThePublishedModel() {
    QFETCH(int, row);
    const Published& expected = kPublished[row];
    Files files;
    const auto result = readModelFile(files.write("config.json", expected.config));
    QCOMPARE(saidOf(result), QString("ok"));
    const ModelSpec& spec = *result;
    QCOMPARE(spec.layerCount(), expected.layers);
    const LayerSpec& layer = *spec.attentionLayer();
    QCOMPARE(layer.nHeads, expected.nHeads);
    QCOMPARE(layer.nKvHeads, expected.nKvHeads);
    QCOMPARE(layer.headDimK, expected.headDim);
    QCOMPARE(kvBytesPerToken(spec), expected.kvBytesPerToken);
    QCOMPARE(spec.weights.parameters.value_or(0), expected.parameters);
    QCOMPARE(spec.weights.activeParameters.value_or(0),
             expected.activeParameters > 0 ? expected.activeParameters : expected.parameters);
}

void TestHfFamilies::normsAndBiasesAreCountedToTheLastOne_data() {
    QTest::addColumn<int>("row");
    for (int row = 0; row < static_cast<int>(std::size(kCounted)); ++row)
        QTest::newRow(kCounted[row].name) << row;
}

void TestHfFamilies::normsAndBiasesAreCountedToTheLastOne() {
    QFETCH(int, row);
    Files files;
    const auto model = readModelFile(files.write("config.json", kCounted[row].config));
    QCOMPARE(saidOf(model), QString("ok"));
    QCOMPARE(model->weights.parameters.value_or(0), kCounted[row].parameters);
}

void TestHfFamilies::aFileAndAPresetAgreeLayerByLayer_data() {
    aPublishedConfigGivesThePublishedModel_data();
}

void TestHfFamilies::aFileAndAPresetAgreeLayerByLayer() {
    QFETCH(int, row);
    Files files;
    const auto file = readModelFile(files.write("config.json", kPublished[row].config));
    const auto preset = findModelPreset(kPublished[row].id);
    QCOMPARE(saidOf(file), QString("ok"));
    QCOMPARE(saidOf(preset), QString("ok"));
    QCOMPARE(file->layers.size(), preset->layers.size());
    for (std::size_t i = 0; i < file->layers.size(); ++i) {
        const LayerSpec& read = file->layers[i];
        const LayerSpec& known = preset->layers[i];
        QCOMPARE(cacheLaw(read, {}).bytesPerToken, cacheLaw(known, {}).bytesPerToken);
        QCOMPARE(read.window, known.window);
        QCOMPARE(layerParameters(*file, read), layerParameters(*preset, known));
        QCOMPARE(activeLayerParameters(*file, read), activeLayerParameters(*preset, known));
    }
    // Some files pad the vocabulary (Gemma 3 by 64 rows).
    QVERIFY(file->vocabSize >= preset->vocabSize && file->vocabSize < preset->vocabSize + 128);
    QCOMPARE(file->tiedEmbeddings, preset->tiedEmbeddings);
}

QTEST_GUILESS_MAIN(TestHfFamilies)
#include "test_hf_families.moc"
