// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <cmath>

#include <nlohmann/json.hpp>

#include "core/plan/deployment.h"
#include "files.h"

using namespace decodescope;

namespace {

using Bytes = std::uint64_t;

/// What one method stores of a matrix of inputs × outputs, written down as its tensors are.
using Tensors = Bytes (*)(Bytes inputs, Bytes outputs);

Bytes up(Bytes a, Bytes b) {
    return (a + b - 1) / b;
}

// qweight i32 [in × bits / 32, out], qzeros i32 [groups, out × bits / 32], scales f16 [groups,
// out], g_idx i32 [in].
template <Bytes Bits, Bytes Group>
Bytes gptq(Bytes in, Bytes out) {
    const Bytes groups = Group > 0 ? up(in, Group) : 1;
    return 4 * (in * Bits / 32 * out + groups * up(out * Bits, 32) + in) + 2 * groups * out;
}

Bytes marlin(Bytes in, Bytes out) {
    return in * out / 2 + 2 * in / 128 * out;
}

// qweight i32 [in, out / 8], qzeros i32 [groups, out / 8], scales f16 [groups, out].
Bytes awq(Bytes in, Bytes out) {
    return 4 * (in * out / 8 + in / 64 * out / 8) + 2 * in / 64 * out;
}

// weight_packed i32 [out, in / 8], weight_scale bf16 [out, groups], weight_shape i64 [2].
Bytes packed(Bytes in, Bytes out) {
    return 4 * out * in / 8 + 2 * out * in / 128 + 16;
}

// … and weight_zero_point i32 [out / 8, groups], weight_g_idx i32 [in].
Bytes packedWithZeroPoints(Bytes in, Bytes out) {
    return 4 * out * in / 8 + 2 * out * in / 32 + 16 + 4 * up(out, 8) * in / 32 + 4 * in;
}

// weight i8 or fp8 [out, in], weight_scale bf16 [out, 1].
Bytes byChannel(Bytes in, Bytes out) {
    return out * in + 2 * out;
}

// The same of 8 bits in i32, weight_shape i64 [2].
Bytes packedInts(Bytes in, Bytes out) {
    return out * in + 2 * out + 16;
}

// … with one scale, and input_scale.
Bytes byTensor(Bytes in, Bytes out) {
    return out * in + 2 + 2;
}

// weight fp8 [out, in], weight_scale_inv f32 [out / 128, in / 128].
Bytes deepSeek(Bytes in, Bytes out) {
    return out * in + 4 * up(out, 128) * up(in, 128);
}

// weight fp8, weight_scale f32, input_scale f32.
Bytes oneScale(Bytes in, Bytes out) {
    return out * in + 4 + 4;
}

// weight fp8, weight_scale f32 [out, 1], input_scale_ub f32 [1].
Bytes fbgemm(Bytes in, Bytes out) {
    return out * in + 4 * out + 4;
}

// weight_packed u8 [out, in / 2], weight_scale fp8 [out, in / 16], two global scales in f32.
Bytes nvfp4(Bytes in, Bytes out) {
    return out * in / 2 + out * in / 16 + 8;
}

// u8, absmax f32 of each 64, quant_map f32 [16].
Bytes nf4(Bytes in, Bytes out) {
    return out * in / 2 + 4 * out * in / 64 + 64;
}

// absmax u8 of each 64, nested_absmax f32 of each 256 of those, both maps.
Bytes nf4Twice(Bytes in, Bytes out) {
    return out * in / 2 + out * in / 64 + 4 * out * in / 64 / 256 + 64 + 1024;
}

// i8 [out, in], SCB f32 [out], weight_format.
Bytes int8Rows(Bytes in, Bytes out) {
    return out * in + 4 * out + 1;
}

struct Method {
    const char* name;
    const char* quantisation;
    Tensors tensors;
};

// clang-format off
constexpr Method kMethods[] = {
    {"GPTQ", R"({"quant_method":"gptq","bits":4,"group_size":128,"sym":true})", gptq<4, 128>},
    {"GPTQ, uneven groups", R"({"quant_method":"gptq","bits":4,"group_size":96})", gptq<4, 96>},
    {"GPTQ, columns", R"({"quant_method":"gptq","bits":4,"group_size":-1})", gptq<4, 0>},
    {"GPTQ of 2 bits", R"({"quant_method":"gptq","bits":2,"group_size":64})", gptq<2, 64>},
    {"GPTQ of 3 bits", R"({"quant_method":"gptq","bits":3,"group_size":128})", gptq<3, 128>},
    {"GPTQ of 8 bits", R"({"quant_method":"gptq","bits":8,"group_size":32})", gptq<8, 32>},
    {"Marlin", R"({"quant_method":"gptq","bits":4,"group_size":128,"checkpoint_format":"marlin"})",
     marlin},
    {"AWQ", R"({"quant_method":"awq","w_bit":4,"q_group_size":64,"zero_point":true,
      "version":"gemm"})", awq},
    {"compressed-tensors", R"({"quant_method":"compressed-tensors","format":"pack-quantized",
      "ignore":["lm_head"],"config_groups":{"group_0":{"weights":{"num_bits":4,"type":"int",
      "symmetric":true,"strategy":"group","group_size":128,"actorder":null}}}})", packed},
    {"compressed-tensors with zero points", R"({"quant_method":"compressed-tensors",
      "ignore":["lm_head"],"config_groups":{"group_0":{"weights":{"num_bits":4,"type":"int",
      "symmetric":false,"strategy":"group","group_size":32,"actorder":"group"}}}})",
     packedWithZeroPoints},
    {"compressed-tensors, int8", R"({"quant_method":"compressed-tensors","ignore":["lm_head"],
      "config_groups":{"group_0":{"weights":{"num_bits":8,"type":"int","symmetric":true,
      "strategy":"channel"},"input_activations":{"dynamic":true}}}})", byChannel},
    {"compressed-tensors, int8 packed", R"({"quant_method":"compressed-tensors",
      "format":"pack-quantized","ignore":["lm_head"],"config_groups":{"group_0":{"weights":{
      "num_bits":8,"type":"int","symmetric":true,"strategy":"channel"}}}})", packedInts},
    {"compressed-tensors, fp8", R"({"quant_method":"compressed-tensors","ignore":["lm_head"],
      "config_groups":{"group_0":{"weights":{"num_bits":8,"type":"float","symmetric":true,
      "strategy":"tensor"},"input_activations":{"dynamic":false}}}})", byTensor},
    {"compressed-tensors, nvfp4", R"({"quant_method":"compressed-tensors","ignore":["lm_head"],
      "config_groups":{"group_0":{"weights":{"num_bits":4,"type":"float","group_size":16,
      "strategy":"tensor_group"}}}})", nvfp4},
    {"fp8 in blocks", R"({"quant_method":"fp8","weight_block_size":[128,128]})", deepSeek},
    {"fp8 of whole matrices", R"({"quant_method":"fp8","activation_scheme":"static"})", oneScale},
    {"fbgemm", R"({"quant_method":"fbgemm_fp8","modules_to_not_convert":["lm_head"]})", fbgemm},
    {"ModelOpt, fp8", R"({"quant_method":"modelopt","quant_algo":"FP8",
      "exclude_modules":["lm_head"]})", oneScale},
    {"ModelOpt, nvfp4", R"({"quant_method":"modelopt","quant_algo":"NVFP4",
      "exclude_modules":["lm_head"]})", nvfp4},
    {"bitsandbytes", R"({"quant_method":"bitsandbytes","load_in_4bit":true})", nf4},
    {"bitsandbytes, scales scaled", R"({"quant_method":"bitsandbytes","load_in_4bit":true,
      "bnb_4bit_use_double_quant":true})", nf4Twice},
    {"bitsandbytes, int8", R"({"quant_method":"bitsandbytes","load_in_8bit":true})", int8Rows},
};
// clang-format on

constexpr Bytes kHidden = 256, kVocab = 1000, kFfn = 640, kLayers = 2, kHeads = 4, kKvHeads = 2,
                kHeadDim = 64;

constexpr char kSmall[] = R"({"model_type":"FAMILY","hidden_size":256,"intermediate_size":640,
    "num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":64,
    "vocab_size":1000,"tie_word_embeddings":false,"torch_dtype":"bfloat16",)";

/// The matrices of a layer of the small model.
Bytes layerBytes(Tensors tensors) {
    return 2 * tensors(kHidden, kHeads * kHeadDim) + 2 * tensors(kHidden, kKvHeads * kHeadDim) +
           2 * tensors(kHidden, kFfn) + tensors(kFfn, kHidden);
}

} // namespace

/// Scales, zero points and indices of quantised matrices, to the byte.
class TestWeightScales : public QObject {
    Q_OBJECT

private slots:
    void eachMethodStoresWhatItsTensorsAre_data();
    void eachMethodStoresWhatItsTensorsAre();
    void aQuantisedHeadHasScalesToo();
    void llama3IsAsLargeAsItsAwqIndexSays();
    void deepSeekIsAsLargeAsItsAwqIndexSays();
    void expertsHaveScalesEach();
    void modulesThatGptqLeavesOutAreNamedByRules();
    void anUnknownMethodSaysThatItIs();
    void aStageHoldsItsOwnTypes();
    void aRecordKeepsTheScales();
    void scalesOutOfRangeAreRefused();

private:
    ModelSpec read(const QByteArray& quantisation, const QByteArray& family = "llama",
                   const QByteArray& more = {}) {
        return model(QByteArray(kSmall).replace("FAMILY", family) + more +
                     "\"quantization_config\":" + quantisation + "}");
    }
    ModelSpec model(const QByteArray& config) {
        const auto result = readModelFile(m_files.write("config.json", config));
        if (!result)
            qFatal("%s", qPrintable(saidOf(result)));
        return *result;
    }
    static quint64 ownBytes(const ModelSpec& model) {
        return weightsBytes(model, model.weights.type.value());
    }

    Files m_files;
};

void TestWeightScales::eachMethodStoresWhatItsTensorsAre_data() {
    QTest::addColumn<int>("row");
    for (int row = 0; row < static_cast<int>(std::size(kMethods)); ++row)
        QTest::newRow(kMethods[row].name) << row;
}

void TestWeightScales::eachMethodStoresWhatItsTensorsAre() {
    QFETCH(int, row);
    const Method& method = kMethods[row];
    const Bytes norms = kHidden * (2 * kLayers + 1);
    const Bytes plain = 2 * (2 * kHidden * kVocab + norms); // both tables and the norms in 16 bit
    QCOMPARE(ownBytes(read(method.quantisation)),
             quint64(plain + kLayers * layerBytes(method.tensors)));
}

void TestWeightScales::aQuantisedHeadHasScalesToo() {
    const quint64 without = ownBytes(read(R"({"quant_method":"gptq","bits":4,"group_size":128})"));
    const quint64 with =
        ownBytes(read(R"({"quant_method":"gptq","bits":4,"group_size":128,"lm_head":true})"));
    QCOMPARE(without - with, quint64(2 * kHidden * kVocab - gptq<4, 128>(kHidden, kVocab)));
}

void TestWeightScales::llama3IsAsLargeAsItsAwqIndexSays() {
    // "total_size" in the model.safetensors.index.json of Llama 3 70B Instruct AWQ (9 parts).
    const ModelSpec llama = model(R"({"model_type":"llama","hidden_size":8192,
        "intermediate_size":28672,"num_hidden_layers":80,"num_attention_heads":64,
        "num_key_value_heads":8,"vocab_size":128256,"tie_word_embeddings":false,
        "torch_dtype":"float16","quantization_config":{"quant_method":"awq","bits":4,
        "group_size":128,"version":"gemm","zero_point":true}})");
    QCOMPARE(ownBytes(llama), quint64{39'767'785'472});
}

void TestWeightScales::deepSeekIsAsLargeAsItsAwqIndexSays() {
    // "total_size" in the model.safetensors.index.json of DeepSeek-R1 AWQ (74 parts).
    const ModelSpec deepSeek = model(R"({"model_type":"deepseek_v3","hidden_size":7168,
        "intermediate_size":18432,"moe_intermediate_size":2048,"num_hidden_layers":61,
        "num_attention_heads":128,"num_key_value_heads":128,"kv_lora_rank":512,
        "q_lora_rank":1536,"qk_nope_head_dim":128,"qk_rope_head_dim":64,"v_head_dim":128,
        "n_routed_experts":256,"n_shared_experts":1,"num_experts_per_tok":8,
        "first_k_dense_replace":3,"moe_layer_freq":1,"topk_method":"noaux_tc",
        "vocab_size":129280,"tie_word_embeddings":false,"torch_dtype":"float16",
        "quantization_config":{"quant_method":"awq","bits":4,"group_size":64,"version":"gemm",
        "zero_point":true,"modules_to_not_convert":["gate"]}})");
    QCOMPARE(ownBytes(deepSeek), quint64{364'589'799'936});
}

void TestWeightScales::expertsHaveScalesEach() {
    const ModelSpec experts = read(R"({"quant_method":"gptq","bits":4,"group_size":128})",
                                   "mixtral", R"("num_local_experts":8,"num_experts_per_tok":2,)");
    const Bytes expert = 2 * gptq<4, 128>(kHidden, kFfn) + gptq<4, 128>(kFfn, kHidden);
    const Bytes attention = 2 * gptq<4, 128>(kHidden, kHeads * kHeadDim) +
                            2 * gptq<4, 128>(kHidden, kKvHeads * kHeadDim);
    const Bytes plain = 2 * (2 * kHidden * kVocab + kHidden * (2 * kLayers + 1));
    const Bytes router = 2 * kHidden * 8;
    QCOMPARE(ownBytes(experts), quint64(plain + kLayers * (attention + 8 * expert + router)));
    // One token reads two experts of each layer, the head and no embedding.
    QCOMPARE(quint64(weightsBytesRead(experts, DataType::Int4, 1)),
             quint64(2 * kHidden * kVocab + kLayers * (attention + 2 * expert + router)));
}

void TestWeightScales::modulesThatGptqLeavesOutAreNamedByRules() {
    const ModelSpec model = read(R"({"quant_method":"gptq","bits":4,"group_size":128,
        "dynamic":{"-:.*self_attn.*":{},"+:.*down_proj":{"bits":8}}})");
    QCOMPARE(model.weights.kept->attention, 1.0);
    QCOMPARE(model.weights.kept->feedForward, 0.0);
}

void TestWeightScales::anUnknownMethodSaysThatItIs() {
    const ModelSpec model = read(R"({"quant_method":"brandnew","bits":4})");
    QVERIFY(!model.weights.scales);
    QVERIFY(model.notes.find("not known") != std::string::npos);
}

void TestWeightScales::aStageHoldsItsOwnTypes() {
    const ModelSpec model = read(R"({"quant_method":"awq","bits":4,"group_size":64})");
    Deployment two;
    two.pipelineParallel = 2;
    const Bytes table = 2 * kHidden * kVocab;
    const Bytes first = weightsOnRank(model, DataType::Int4, two, 0);
    // The norms, which are not told apart, go with the rest in proportion.
    const Bytes norms = 2 * kHidden * (2 * kLayers + 1);
    QVERIFY(first >= table + layerBytes(awq));
    QVERIFY(first <= table + layerBytes(awq) + norms);
}

void TestWeightScales::aRecordKeepsTheScales() {
    const ModelSpec model = read(R"({"quant_method":"bitsandbytes","load_in_4bit":true,
        "bnb_4bit_use_double_quant":true})");
    const auto again = nlohmann::json::parse(nlohmann::json(model).dump()).get<ModelSpec>();
    QVERIFY(again.weights.scales == model.weights.scales);
    QCOMPARE(again.weights.scales->scaleBytes, 1 + 1 / 64.0);
    nlohmann::json older = model;
    older.erase("weights_scales");
    QVERIFY(!older.get<ModelSpec>().weights.scales);
}

void TestWeightScales::scalesOutOfRangeAreRefused() {
    nlohmann::json json = read(R"({"quant_method":"awq","bits":4,"group_size":64})");
    json["weights_scales"]["inputs_per_scale"] = -1;
    QVERIFY_THROWS_EXCEPTION(nlohmann::json::exception, static_cast<void>(json.get<ModelSpec>()));
    json["weights_scales"]["inputs_per_scale"] = 64;
    json["weights_scales"]["bytes_per_scale"] = 1e9;
    QVERIFY_THROWS_EXCEPTION(nlohmann::json::exception, static_cast<void>(json.get<ModelSpec>()));
}

QTEST_GUILESS_MAIN(TestWeightScales)
#include "test_weight_scales.moc"
