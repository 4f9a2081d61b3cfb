// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QTest>

#include <algorithm>

#include "core/spec/cache_law.h"
#include "files.h"

using namespace decodescope;

namespace {

/// A configuration of tests/data/hf_configs, in the keys its publisher writes, and what is known of
/// the model: the layers one after the other (f: full attention, w: with a window, s: a state, b: a
/// state beside attention, n: none of these; capitals: of experts), and its parameters.
struct Published {
    const char* file;
    const char* layers; ///< the first ones; the rest repeats them
    std::int64_t count, window;
    std::uint64_t kvBytesPerToken; ///< 16 bit, all layers that own a cache, no window
    std::uint64_t stateBytes;      ///< of one layer that has a state
    double parameters, activeParameters;
    DataType weights;
};

// clang-format off
constexpr Published kPublished[] = {
    // 109 billion with the vision tower, 17 of them active: 16 experts and one that all pass.
    {"llama-4-scout", "WWWF", 48, 8192, 196608, 0, 107.77e9, 17.17e9, DataType::BF16},
    // 400 billion: 128 experts in every other layer, fp8 by compressed-tensors.
    {"llama-4-maverick", "wWwF", 48, 8192, 196608, 0, 400.71e9, 17.17e9, DataType::FP8_E4M3},
    // 6.87 billion of text, a third of them embeddings of the layers; 20 of 35 layers own a cache.
    {"gemma-3n-e4b", "wwwwf", 35, 512, 40960, 0, 6.87e9, 4.52e9, DataType::BF16},
    {"qwen3-next-80b-a3b", "SSSF", 48, 0, 24576, 2195456, 79.67e9, 3.87e9, DataType::BF16},
    {"gpt-oss-20b", "WF", 24, 128, 49152, 0, 20.91e9, 4.19e9, DataType::MXFP4},
    {"deepseek-v3", nullptr, 61, 0, 70272, 0, 671.03e9, 37.55e9, DataType::FP8_E4M3},
    // 52 billion, 12 active: one layer of eight attends, every other has 16 experts.
    {"jamba-v0.1", "sSsSfSsS", 32, 0, 16384, 622592, 51.5e9, 12.0e9, DataType::BF16},
    {"falcon-h1-7b", "b", 44, 0, 45056, 3188736, 7.59e9, 7.59e9, DataType::BF16},
    // 8.9 billion: each layer is a state, a feed-forward of two matrices or attention, alone.
    {"nemotron-nano-9b-v2", "snsnsnssnsnsnsfnsnsnsfnsnsnsnsfnsnsnsnsfnsnssnsnsnsnsnsn", 56, 0, 16384, 5390336, 8.89e9, 8.89e9,
     DataType::BF16},
    {"olmo-3-7b", "wwwf", 32, 4096, 524288, 0, 7.30e9, 7.30e9, DataType::BF16},
    // 80 billion, 13 active; numbers of experts and widths as lists of one for each layer.
    {"hunyuan-a13b", "F", 32, 0, 131072, 0, 80.4e9, 12.75e9, DataType::BF16},
};
// clang-format on

char letterOf(const LayerSpec& layer) {
    const bool state = layer.stateBytes > 0;
    char letter = 'n';
    if (layer.attention == AttentionKind::Recurrent)
        letter = state ? 's' : '?';
    else if (layer.attention != AttentionKind::None)
        letter = state ? 'b' : layer.window > 0 ? 'w' : 'f';
    return layer.ffn.experts > 0 ? static_cast<char>(std::toupper(letter)) : letter;
}

bool isNear(std::uint64_t value, double expected) {
    return qAbs(static_cast<double>(value) - expected) < 0.005 * expected;
}

} // namespace

/// Files as they are published: nested, with lists, with hybrids of attention and states.
class TestHfFiles : public QObject {
    Q_OBJECT

private slots:
    void aPublishedFileIsReadRight_data();
    void aPublishedFileIsReadRight();
    void theFirstLayersOfDeepSeekAreDense();
    void sharingLayersStandAtTheEnd();
    void kvHeadsMayBeListedByLayer();
    void queryHeadsMayBeListedByLayer();
    void blocksOfAnArchitectureSearchAreRead();
    void whatIsListedWrongIsNamed_data();
    void whatIsListedWrongIsNamed();
    void aLinearLayerOfMiniMaxKeepsOneMatrixAHead();
    void miniMaxIsReadInTheKeysOfTransformersToo();
    void quantisationsAreRead_data();
    void quantisationsAreRead();

private:
    Result<ModelSpec> read(const QByteArray& text) {
        return readModelFile(m_files.write("config.json", text));
    }
    ModelSpec model(const QByteArray& text) {
        const auto result = read(text);
        if (!result)
            qWarning("%s", qPrintable(saidOf(result)));
        return result ? *result : ModelSpec{};
    }
    Files m_files;
};

static ModelSpec fileNamed(const QString& name) {
    const auto result = readModelFile(
        (QStringLiteral(TEST_DATA_DIR "/hf_configs/") + name + ".json").toStdString());
    if (!result)
        qWarning("%s", qPrintable(saidOf(result)));
    return result ? *result : ModelSpec{};
}

static QByteArray config(const QByteArray& more) {
    return R"({"model_type":"llama","hidden_size":64,"num_hidden_layers":3,"vocab_size":100,)" +
           more + "}";
}

void TestHfFiles::aPublishedFileIsReadRight_data() {
    QTest::addColumn<int>("row");
    for (int row = 0; row < static_cast<int>(std::size(kPublished)); ++row)
        QTest::newRow(kPublished[row].file) << row;
}

void TestHfFiles::aPublishedFileIsReadRight() {
    QFETCH(int, row);
    const Published& expected = kPublished[row];
    const ModelSpec spec = fileNamed(expected.file);
    QCOMPARE(spec.layerCount(), expected.count);
    const QByteArray pattern = expected.layers;
    std::uint64_t kvBytes = 0;
    for (std::size_t i = 0; i < spec.layers.size(); ++i) {
        const LayerSpec& layer = spec.layers[i];
        if (!pattern.isEmpty())
            QCOMPARE(letterOf(layer), pattern[static_cast<qsizetype>(i) % pattern.size()]);
        QVERIFY(layer.window == 0 || layer.window == expected.window);
        QVERIFY(layer.stateBytes == 0 || layer.stateBytes == expected.stateBytes);
        kvBytes += cacheLaw(layer, {}).bytesPerToken;
    }
    QCOMPARE(kvBytes, expected.kvBytesPerToken);
    const quint64 parameters = spec.weights.parameters.value_or(0);
    QVERIFY2(isNear(parameters, expected.parameters), QByteArray::number(parameters));
    const quint64 active = spec.weights.activeParameters.value_or(0);
    QVERIFY2(isNear(active, expected.activeParameters), QByteArray::number(active));
    QCOMPARE(spec.weights.type.value(), expected.weights);
}

void TestHfFiles::theFirstLayersOfDeepSeekAreDense() {
    const ModelSpec spec = fileNamed("deepseek-v3");
    for (std::size_t i = 0; i < spec.layers.size(); ++i) {
        QVERIFY(spec.layers[i].attention == AttentionKind::Mla);
        QCOMPARE(spec.layers[i].ffn.experts, std::int64_t{i < 3 ? 0 : 256});
    }
}

void TestHfFiles::sharingLayersStandAtTheEnd() {
    const ModelSpec spec = fileNamed("gemma-3n-e4b");
    std::int64_t local = 0;
    for (std::size_t i = 0; i < spec.layers.size(); ++i) {
        QCOMPARE(spec.layers[i].ownsCache, i < 20);
        local += spec.layers[i].ownsCache && spec.layers[i].window > 0;
        QCOMPARE(spec.layers[i].ffn.hidden, std::int64_t{16384});
    }
    QCOMPARE(local, std::int64_t{16});
    QVERIFY(spec.tiedEmbeddings);
}

void TestHfFiles::kvHeadsMayBeListedByLayer() {
    const QByteArray rest = R"("num_attention_heads":8,"intermediate_size":[256,0,128])";
    for (const char* key : {"num_key_value_heads", "num_key_value_heads_per_layer"}) {
        const ModelSpec spec = model(config(rest + ",\"" + key + "\":[4,1,0]"));
        QCOMPARE(spec.layers.size(), std::size_t{3});
        QCOMPARE(attentionName(spec.layers[0]), std::string("gqa"));
        QCOMPARE(spec.layers[0].nKvHeads, 4);
        QCOMPARE(attentionName(spec.layers[1]), std::string("mqa"));
        QCOMPARE(attentionName(spec.layers[2]), std::string("none"));
        QCOMPARE(cacheLaw(spec.layers[2], {}).bytesPerToken, std::uint64_t{0});
        QCOMPARE(spec.layers[0].ffn.hidden, 256);
        QCOMPARE(spec.layers[1].ffn.hidden, 0);
        QCOMPARE(spec.layers[2].ffn.hidden, 128);
    }
}

void TestHfFiles::queryHeadsMayBeListedByLayer() {
    // OpenELM grows from layer to layer, and has names of its own for nearly everything.
    const ModelSpec spec = model(R"({"model_type":"openelm","model_dim":1280,"head_dim":64,
        "num_transformer_layers":3,"num_query_heads":[12,16,20],"num_kv_heads":[3,4,5],
        "vocab_size":32000,"max_context_length":2048})");
    QCOMPARE(spec.layers.size(), std::size_t{3});
    QCOMPARE(spec.hiddenSize, 1280);
    for (std::size_t i = 0; i < 3; ++i) {
        QCOMPARE(spec.layers[i].nHeads, 12 + 4 * static_cast<std::int64_t>(i));
        QCOMPARE(spec.layers[i].nKvHeads, 3 + static_cast<std::int64_t>(i));
        QCOMPARE(spec.layers[i].headDimK, 64);
    }
    QCOMPARE(spec.maxPosition.value(), 2048);
}

void TestHfFiles::blocksOfAnArchitectureSearchAreRead() {
    // Llama-3_1-Nemotron-51B: 64 query heads; ffn_mult 2.625 is 14,336 of a width of 8,192.
    const ModelSpec spec = model(R"({"model_type":"nemotron-nas","hidden_size":8192,
        "num_attention_heads":64,"num_key_value_heads":null,"intermediate_size":null,
        "num_hidden_layers":3,"vocab_size":128256,"block_configs":[
        {"attention":{"n_heads_in_group":8,"no_op":false,"replace_with_linear":false},
         "ffn":{"ffn_mult":2.625,"no_op":false,"replace_with_linear":false}},
        {"attention":{"n_heads_in_group":null,"no_op":true,"replace_with_linear":false},
         "ffn":{"ffn_mult":5.25,"no_op":false,"replace_with_linear":false}},
        {"attention":{"n_heads_in_group":16,"no_op":false,"replace_with_linear":false},
         "ffn":{"ffn_mult":null,"no_op":true,"replace_with_linear":false}}]})");
    QCOMPARE(spec.layers.size(), std::size_t{3});
    QCOMPARE(spec.layers[0].nKvHeads, 8);
    QCOMPARE(spec.layers[0].ffn.hidden, 14336);
    QCOMPARE(attentionName(spec.layers[1]), std::string("none"));
    QCOMPARE(spec.layers[1].ffn.hidden, 28672);
    QCOMPARE(spec.layers[2].nKvHeads, 4);
    QCOMPARE(spec.layers[2].ffn.hidden, 0);
    QCOMPARE(spec.layers[2].headDimK, 128);
}

void TestHfFiles::whatIsListedWrongIsNamed_data() {
    QTest::addColumn<QByteArray>("keys");
    QTest::addColumn<QStringList>("says");
    const auto row = [](const char* name, const char* keys, const QStringList& says) {
        QTest::newRow(name) << QByteArray(keys) << says;
    };
    row("too few KV heads", R"("num_attention_heads":8,"num_key_value_heads":[4,1])",
        {"num_key_value_heads", "2 values", "3 layers"});
    row("heads do not divide", R"("num_attention_heads":8,"num_key_value_heads":[4,3,4])",
        {"num_key_value_heads", "3 KV heads"});
    row("a text among heads", R"("num_attention_heads":8,"num_key_value_heads":[4,"1",4])",
        {"num_key_value_heads[1]", "whole number"});
    row("heads beyond reason", R"("num_attention_heads":8,"num_key_value_heads":[4,99999,4])",
        {"num_key_value_heads", "99999"});
    row("an empty list of heads", R"("num_attention_heads":[],"num_key_value_heads":4)",
        {"num_attention_heads", "whole number"});
    row("experts that differ", R"("num_attention_heads":8,"num_experts":[4,8,4],"moe_topk":2)",
        {"num_experts", "differs from layer to layer"});
    row("too few blocks", R"("num_attention_heads":8,"block_configs":[{}])",
        {"block_configs", "1 values", "3 layers"});
    row("group does not divide", R"("num_attention_heads":8,"block_configs":[
        {"attention":{"n_heads_in_group":3}},{},{}])",
        {"block_configs[0].attention.n_heads_in_group", "3"});
    row("a linear block", R"("num_attention_heads":8,"block_configs":[{},
        {"attention":{"replace_with_linear":true}},{}])",
        {"block_configs[1].attention.replace_with_linear"});
    row("too few letters", R"("num_attention_heads":8,"hybrid_override_pattern":"*-")",
        {"hybrid_override_pattern", "2 letters", "3 layers"});
    row("an unknown letter", R"("num_attention_heads":8,"hybrid_override_pattern":"*-?")",
        {"hybrid_override_pattern", "letter 3"});
    row("a width without bounds", R"("num_attention_heads":8,"block_configs":[
        {"ffn":{"ffn_mult":1e300}},{},{}])",
        {"block_configs[0].ffn.ffn_mult", "out of range"});
}

void TestHfFiles::whatIsListedWrongIsNamed() {
    QFETCH(QByteArray, keys);
    QFETCH(QStringList, says);
    const auto result = read(config(keys));
    QVERIFY(!result);
    for (const QString& part : says)
        QVERIFY2(saidOf(result).contains(part), qPrintable(saidOf(result)));
}

void TestHfFiles::aLinearLayerOfMiniMaxKeepsOneMatrixAHead() {
    const ModelSpec spec = model(R"({"model_type":"minimax_text_01","hidden_size":6144,
        "num_attention_heads":64,"num_key_value_heads":8,"head_dim":128,"num_hidden_layers":3,
        "attn_type_list":[0,0,1],"intermediate_size":9216,"vocab_size":200064})");
    QCOMPARE(spec.layers.size(), std::size_t{3});
    QCOMPARE(letterOf(spec.layers[0]), 's');
    QCOMPARE(spec.layers[0].stateBytes, std::uint64_t{4} * 64 * 128 * 128);
    QCOMPARE(letterOf(spec.layers[2]), 'f');
    QCOMPARE(spec.layers[2].nKvHeads, 8);
}

void TestHfFiles::miniMaxIsReadInTheKeysOfTransformersToo() {
    const QByteArray shape = R"({"model_type":"minimax","hidden_size":6144,
        "num_attention_heads":64,"num_key_value_heads":8,"head_dim":128,"num_hidden_layers":3,
        "intermediate_size":9216,"vocab_size":200064,"num_local_experts":32,
        "num_experts_per_tok":2,"block_size":256,"sliding_window":null,)";
    const ModelSpec spec = model(shape + R"("layer_types":["linear_attention","linear_attention",
        "full_attention"]})");
    for (const std::size_t linear : {0, 1}) {
        QCOMPARE(letterOf(spec.layers[linear]), 'S');
        QCOMPARE(spec.layers[linear].stateBytes, std::uint64_t{4} * 64 * 128 * 128);
    }
    QCOMPARE(letterOf(spec.layers[2]), 'F');
    QCOMPARE(spec.layers[2].nKvHeads, 8);
    // The published model in the keys of its own code: the same layers, the same weights.
    const ModelSpec own = model(R"({"model_type":"minimax_text_01","hidden_size":6144,
        "num_attention_heads":64,"num_key_value_heads":8,"head_dim":128,"num_hidden_layers":3,
        "attn_type_list":[0,0,1],"intermediate_size":9216,"vocab_size":200064,
        "num_local_experts":32,"num_experts_per_tok":2})");
    QVERIFY(spec.layers == own.layers);
    QCOMPARE(spec.weights.parameters.value(), own.weights.parameters.value());
    // Where nothing is said, every other layer is full, the first one too.
    const ModelSpec silent = model(shape + R"("use_cache":true})");
    QCOMPARE(letterOf(silent.layers[0]), 'F');
    QCOMPARE(letterOf(silent.layers[1]), 'S');
    QCOMPARE(letterOf(silent.layers[2]), 'F');
}

void TestHfFiles::quantisationsAreRead_data() {
    QTest::addColumn<QByteArray>("quantisation");
    QTest::addColumn<QString>("type");
    const auto row = [](const char* name, const char* quantisation, const char* type) {
        QTest::newRow(name) << QByteArray(quantisation) << QString(type);
    };
    row("GPTQ", R"({"quant_method":"gptq","bits":4,"group_size":128,"desc_act":false})", "int4");
    row("GPTQ of 8 bits", R"({"quant_method":"gptq","bits":8,"group_size":128})", "int8");
    row("AWQ", R"({"quant_method":"awq","w_bit":4,"q_group_size":128,"version":"gemm"})", "int4");
    row("fp8", R"({"quant_method":"fp8","fmt":"e4m3","weight_block_size":[128,128]})", "fp8_e4m3");
    row("fbgemm", R"({"quant_method":"fbgemm_fp8","activation_scale_ub":1200.0})", "fp8_e4m3");
    row("bitsandbytes", R"({"quant_method":"bitsandbytes","load_in_4bit":true,
        "bnb_4bit_quant_type":"nf4"})",
        "int4");
    row("compressed-tensors, fp8", R"({"quant_method":"compressed-tensors","config_groups":
        {"group_0":{"weights":{"num_bits":8,"type":"float","strategy":"channel"}}}})",
        "fp8_e4m3");
    row("compressed-tensors, W4A16", R"({"quant_method":"compressed-tensors","config_groups":
        {"group_0":{"weights":{"num_bits":4,"type":"int","group_size":128}}}})",
        "int4");
    row("compressed-tensors, NVFP4", R"({"quant_method":"compressed-tensors","config_groups":
        {"group_0":{"weights":{"num_bits":4,"type":"float","group_size":16}}}})",
        "nvfp4");
    row("compressed-tensors, MXFP4, named otherwise", R"({"quant_method":"compressed-tensors",
        "config_groups":{"MXFP4":{"weights":{"num_bits":4,"type":"float","group_size":32}}}})",
        "mxfp4");
    row("ModelOpt, FP8", R"({"quant_method":"modelopt","quant_algo":"FP8"})", "fp8_e4m3");
    row("ModelOpt, NVFP4", R"({"quant_method":"modelopt","quant_algo":"NVFP4",
        "config_groups":{"group_0":{"weights":{"num_bits":4,"type":"float","group_size":16}}}})",
        "nvfp4");
}

void TestHfFiles::quantisationsAreRead() {
    QFETCH(QByteArray, quantisation);
    QFETCH(QString, type);
    const QByteArray keys = R"("num_attention_heads":8,"torch_dtype":"bfloat16",)"
                            R"("quantization_config":)" +
                            quantisation;
    const ModelSpec spec = model(config(keys));
    QVERIFY(spec.weights.type.has_value());
    QCOMPARE(QString::fromUtf8(name(*spec.weights.type).data()), type);
    // The same, written beside the language model and within it.
    const QByteArray nested = config(keys);
    QCOMPARE(model(R"({"model_type":"some_vision","text_config":)" + nested + "}").weights.type,
             spec.weights.type);
}

QTEST_GUILESS_MAIN(TestHfFiles)
#include "test_hf_files.moc"
