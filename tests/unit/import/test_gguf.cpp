// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>

#include "core/spec/cache_law.h"
#include "files.h"
#include "gguf_builder.h"

using namespace decodescope;

/// What a good GGUF file says of its model.
class TestGguf : public QObject {
    Q_OBJECT

private slots:
    void theShapeComesFromTheMetadata();
    void versionTwoReadsLikeThree();
    void theWeightsAreExactBytesInWholeBlocks();
    void ofExpertsATokenReadsItsShare();
    void headsMayDifferFromLayerToLayer();
    void slidingLayersFollowTheArchitectureOrTheFile();
    void latentAttentionReadsOldAndNewFiles();
    void statesStandInPlaceOfAttentionOrBesideIt();
    void predictingLayersDoNotDecode();
    void theLastLayersMayShareACache();
    void aFileLargerThanMemoryIsReadByItsHeader();
    void aSplitModelIsReadFromAllItsParts();
    void theFolderOfOneFileIsTheFile();
    void whatIsNotReadIsNamedAsInferred();
    void tensorsOfAnotherModelAreNoted();

private:
    ModelSpec model(const GgufBuilder& gguf) {
        const auto path = m_files.writeSparse("model.gguf", gguf.head(), gguf.fileBytes());
        const Result<ModelSpec> result = readModelFile(path);
        if (!result)
            qWarning("%s", qPrintable(saidOf(result)));
        return result ? *result : ModelSpec{};
    }
    Files m_files;
};

void TestGguf::theShapeComesFromTheMetadata() {
    const ModelSpec spec = model(smallLlama());
    QCOMPARE(spec.layers.size(), std::size_t{2});
    const LayerSpec& layer = spec.layers[1];
    QCOMPARE(layer.nHeads, 8);
    QCOMPARE(layer.nKvHeads, 2);
    QCOMPARE(layer.headDimK, 8);
    QCOMPARE(layer.headDimV, 8);
    QCOMPARE(layer.ffn.hidden, 256);
    QVERIFY(layer.ffn.gated);
    QCOMPARE(spec.hiddenSize, 64);
    QCOMPARE(spec.vocabSize, 32);
    QCOMPARE(spec.maxPosition.value(), 4096);
    QCOMPARE(spec.name, std::string("Small Llama"));
    QCOMPARE(spec.id, std::string("small-llama"));
    QCOMPARE(spec.family, std::string("llama"));
    QCOMPARE(spec.source.format, std::string("gguf"));
    QCOMPARE(spec.source.version, std::string("3"));
    QVERIFY(!spec.weights.exactBytes);
}

void TestGguf::versionTwoReadsLikeThree() {
    const ModelSpec three = model(smallLlama());
    ModelSpec two = model(smallLlama().version(2));
    QCOMPARE(two.source.version, std::string("2"));
    two.source = three.source;
    QVERIFY(two == three);
}

void TestGguf::theWeightsAreExactBytesInWholeBlocks() {
    GgufBuilder gguf = smallLlama();
    gguf.tensor("token_embd.weight", {64, 40}, 8, 64 / 32 * 34 * 40) // q8_0
        .tensor("blk.0.ffn_gate.weight", {256, 64}, 12, 144 * 64)    // q4_k
        .tensor("blk.1.attn_norm.weight", {64}, 0, 256);             // f32
    const ModelSpec spec = model(gguf);
    QCOMPARE(spec.weights.exactBytes.value(), std::uint64_t{2720 + 9216 + 256});
    QCOMPARE(spec.weights.parameters.value(), std::uint64_t{64 * 40 + 256 * 64 + 64});
    QCOMPARE(spec.weights.type.value(), DataType::Q4_K);
    QCOMPARE(spec.vocabSize, 40); // the table is wider than the tokens: padding
    QVERIFY(spec.tiedEmbeddings);
    gguf.tensor("output.weight", {64, 40}, 1, 64 * 40 * 2);
    QVERIFY(!model(gguf).tiedEmbeddings);
}

void TestGguf::ofExpertsATokenReadsItsShare() {
    GgufBuilder gguf;
    gguf.string("general.architecture", "qwen3moe")
        .number("qwen3moe.block_count", 1)
        .number("qwen3moe.embedding_length", 64)
        .number("qwen3moe.feed_forward_length", 256)
        .number("qwen3moe.expert_feed_forward_length", 32)
        .number("qwen3moe.expert_count", 8)
        .number("qwen3moe.expert_used_count", 2)
        .number("qwen3moe.attention.head_count", 4)
        .number("qwen3moe.attention.head_count_kv", 2)
        .number("qwen3moe.attention.key_length", 32)
        .number("qwen3moe.attention.value_length", 32)
        .tensor("token_embd.weight", {64, 10}, 1, 1280)
        .tensor("blk.0.ffn_up_exps.weight", {64, 32, 8}, 1, std::uint64_t{64} * 32 * 8 * 2)
        .tensor("blk.0.ffn_gate_exps.weight", {64, 32, 8}, 1, std::uint64_t{64} * 32 * 8 * 2);
    const ModelSpec spec = model(gguf);
    QCOMPARE(spec.weights.parameters.value(), std::uint64_t{640 + 2 * 64 * 32 * 8});
    QCOMPARE(spec.weights.activeParameters.value(), std::uint64_t{640 + 2 * 64 * 32 * 2});
    QCOMPARE(spec.layers[0].ffn.experts, 8);
    QCOMPARE(spec.layers[0].ffn.expertHidden, 32);
    QCOMPARE(spec.layers[0].headDimK, 32);
    QVERIFY(spec.layers[0].ffn.gated);
}

void TestGguf::headsMayDifferFromLayerToLayer() {
    GgufBuilder gguf;
    gguf.string("general.architecture", "deci")
        .number("deci.block_count", 3)
        .number("deci.embedding_length", 64)
        .numbers("deci.feed_forward_length", {128, 0, 64})
        .numbers("deci.attention.head_count", {8, 0, 8})
        .numbers("deci.attention.head_count_kv", {2, 0, 1});
    const ModelSpec spec = model(gguf);
    QCOMPARE(spec.layers.size(), std::size_t{3});
    QCOMPARE(attentionName(spec.layers[0]), std::string("gqa"));
    QCOMPARE(attentionName(spec.layers[1]), std::string("none"));
    QCOMPARE(attentionName(spec.layers[2]), std::string("mqa"));
    QCOMPARE(spec.layers[2].ffn.hidden, 64);
    QCOMPARE(cacheLaw(spec.layers[1], {}).bytes(4096), std::uint64_t{0});
}

static GgufBuilder windowed(const QByteArray& architecture, int layers) {
    GgufBuilder gguf;
    gguf.string("general.architecture", architecture)
        .number(architecture + ".block_count", static_cast<std::uint32_t>(layers))
        .number(architecture + ".embedding_length", 64)
        .number(architecture + ".attention.head_count", 4)
        .number(architecture + ".attention.sliding_window", 128);
    return gguf;
}

static QByteArray windows(const ModelSpec& spec) {
    QByteArray out;
    for (const LayerSpec& layer : spec.layers)
        out += layer.window == 128 ? 'w' : layer.window == 0 ? 'f' : '?';
    return out;
}

void TestGguf::slidingLayersFollowTheArchitectureOrTheFile() {
    QCOMPARE(windows(model(windowed("phi3", 3))), QByteArray("www"));
    QCOMPARE(windows(model(windowed("gpt-oss", 4))), QByteArray("wfwf"));
    QCOMPARE(windows(model(windowed("gemma3", 8))), QByteArray("wwwwwfww"));
    QCOMPARE(
        windows(model(windowed("gemma3", 4).number("gemma3.attention.sliding_window_pattern", 2))),
        QByteArray("wfwf"));
    const ModelSpec listed =
        model(windowed("gemma4", 3)
                  .number("gemma4.attention.key_length", 32)
                  .number("gemma4.attention.value_length", 32)
                  .number("gemma4.attention.key_length_swa", 16)
                  .number("gemma4.attention.value_length_swa", 16)
                  .flags("gemma4.attention.sliding_window_pattern", {true, false, true}));
    QCOMPARE(windows(listed), QByteArray("wfw"));
    QCOMPARE(listed.layers[0].headDimK, 16);
    QCOMPARE(listed.layers[1].headDimK, 32);
}

void TestGguf::latentAttentionReadsOldAndNewFiles() {
    const auto deepseek = [] {
        GgufBuilder gguf;
        gguf.string("general.architecture", "deepseek2")
            .number("deepseek2.block_count", 2)
            .number("deepseek2.embedding_length", 2048)
            .number("deepseek2.feed_forward_length", 10944)
            .number("deepseek2.expert_feed_forward_length", 1408)
            .number("deepseek2.expert_count", 64)
            .number("deepseek2.expert_used_count", 6)
            .number("deepseek2.expert_shared_count", 2)
            .number("deepseek2.leading_dense_block_count", 1)
            .number("deepseek2.attention.head_count", 16)
            .number("deepseek2.attention.kv_lora_rank", 512)
            .number("deepseek2.rope.dimension_count", 64);
        return gguf;
    };
    const ModelSpec older = model(deepseek()
                                      .number("deepseek2.attention.head_count_kv", 16)
                                      .number("deepseek2.attention.key_length", 192)
                                      .number("deepseek2.attention.value_length", 128));
    const ModelSpec newer = model(deepseek()
                                      .number("deepseek2.attention.head_count_kv", 1)
                                      .number("deepseek2.attention.key_length", 576)
                                      .number("deepseek2.attention.value_length", 512)
                                      .number("deepseek2.attention.key_length_mla", 192)
                                      .number("deepseek2.attention.value_length_mla", 128));
    QVERIFY(older.layers == newer.layers);
    QCOMPARE(older.layers[0].mla.qkNopeHeadDim, 128);
    QCOMPARE(cacheLaw(older.layers[0], {}).bytesPerToken, std::uint64_t{1152});
    QCOMPARE(older.layers[0].ffn.experts, 0);
    QCOMPARE(older.layers[1].ffn.experts, 64);
    QCOMPARE(older.layers[1].ffn.sharedHidden, 2816);
}

void TestGguf::statesStandInPlaceOfAttentionOrBesideIt() {
    GgufBuilder next;
    next.string("general.architecture", "qwen3next")
        .number("qwen3next.block_count", 4)
        .number("qwen3next.embedding_length", 2048)
        .number("qwen3next.attention.head_count", 16)
        .number("qwen3next.attention.head_count_kv", 2)
        .number("qwen3next.attention.key_length", 256)
        .number("qwen3next.attention.value_length", 256)
        .number("qwen3next.ssm.conv_kernel", 4)
        .number("qwen3next.ssm.state_size", 128)
        .number("qwen3next.ssm.group_count", 16)
        .number("qwen3next.ssm.time_step_rank", 32)
        .number("qwen3next.ssm.inner_size", 4096);
    const ModelSpec hybrid = model(next);
    QCOMPARE(attentionName(hybrid.layers[0]), std::string("recurrent"));
    QCOMPARE(hybrid.layers[0].stateBytes, std::uint64_t{2097152 + 24576 * 4});
    QCOMPARE(attentionName(hybrid.layers[3]), std::string("gqa"));
    QCOMPARE(hybrid.layers[3].stateBytes, std::uint64_t{0});

    GgufBuilder falcon;
    falcon.string("general.architecture", "falcon-h1")
        .number("falcon-h1.block_count", 1)
        .number("falcon-h1.embedding_length", 3072)
        .number("falcon-h1.attention.head_count", 12)
        .number("falcon-h1.attention.head_count_kv", 2)
        .number("falcon-h1.attention.key_length", 128)
        .number("falcon-h1.attention.value_length", 128)
        .number("falcon-h1.ssm.conv_kernel", 4)
        .number("falcon-h1.ssm.state_size", 256)
        .number("falcon-h1.ssm.group_count", 1)
        .number("falcon-h1.ssm.time_step_rank", 24)
        .number("falcon-h1.ssm.inner_size", 3072);
    const ModelSpec parallel = model(falcon);
    QCOMPARE(attentionName(parallel.layers[0]), std::string("gqa"));
    QCOMPARE(parallel.layers[0].stateBytes, std::uint64_t{4} * (3 * (3072 + 2 * 256) + 256 * 3072));

    GgufBuilder mamba;
    mamba.string("general.architecture", "mamba")
        .number("mamba.block_count", 2)
        .number("mamba.embedding_length", 768)
        .number("mamba.attention.head_count", 0)
        .number("mamba.ssm.conv_kernel", 4)
        .number("mamba.ssm.state_size", 16)
        .number("mamba.ssm.inner_size", 1536);
    QCOMPARE(model(mamba).layers[1].stateBytes, std::uint64_t{4} * (3 * 1536 + 16 * 1536));
}

void TestGguf::predictingLayersDoNotDecode() {
    QCOMPARE(model(smallLlama().number("llama.nextn_predict_layers", 1)).layers.size(),
             std::size_t{1});
}

void TestGguf::theLastLayersMayShareACache() {
    const ModelSpec spec = model(smallLlama().number("llama.attention.shared_kv_layers", 1));
    QVERIFY(spec.layers[0].ownsCache);
    QVERIFY(!spec.layers[1].ownsCache);
}

void TestGguf::tensorsOfAnotherModelAreNoted() {
    GgufBuilder gguf = smallLlama();
    gguf.number("llama.vocab_size", 100).tensor("output_norm.weight", {64}, 0, 256);
    QVERIFY(model(gguf).notes.find("64 weights") != std::string::npos);
}

void TestGguf::aFileLargerThanMemoryIsReadByItsHeader() {
    GgufBuilder gguf = smallLlama();
    gguf.texts("tokenizer.ggml.merges", 200'000);
    for (std::uint64_t i = 0; i < 20; ++i) // 20 × 1 GiB
        gguf.tensor("big." + QByteArray::number(i), {1 << 20, 512}, 1, std::uint64_t{1} << 30);
    const ModelSpec spec = model(gguf);
    QCOMPARE(spec.weights.exactBytes.value(), std::uint64_t{20} << 30);
}

void TestGguf::aSplitModelIsReadFromAllItsParts() {
    Files files;
    const auto one = files.write("m-00001-of-00002.gguf", llamaPart(0).bytes());
    const QString missing = saidOf(readModelFile(one));
    QVERIFY2(missing.contains("m-00002-of-00002.gguf") && missing.contains("missing"),
             qPrintable(missing));
    const auto two = files.write("m-00002-of-00002.gguf", llamaPart(1).bytes());
    for (const auto& path : {one, two, files.folder()}) {
        const auto spec = readModelFile(path);
        QCOMPARE(saidOf(spec), QString("ok"));
        QCOMPARE(spec->weights.exactBytes.value(), std::uint64_t{8192});
        QCOMPARE(spec->hiddenSize, 64);
        QVERIFY(!spec->tiedEmbeddings);
        QCOMPARE(spec->name, std::string("m"));
    }
}

void TestGguf::theFolderOfOneFileIsTheFile() {
    Files files;
    files.write("mmproj-small.gguf", "GGUF");
    files.write("small.gguf", smallLlama().bytes());
    QCOMPARE(saidOf(readModelFile(files.folder())), QString("ok"));
    files.write("other.gguf", smallLlama().bytes());
    QVERIFY(saidOf(readModelFile(files.folder())).contains("2 GGUF files"));
}

void TestGguf::whatIsNotReadIsNamedAsInferred() {
    GgufBuilder gguf;
    gguf.string("general.architecture", "gpt2")
        .number("gpt2.block_count", 1)
        .number("gpt2.embedding_length", 768)
        .number("gpt2.feed_forward_length", 3072)
        .number("gpt2.attention.head_count", 12);
    const ModelSpec spec = model(gguf);
    QCOMPARE(spec.layers[0].nKvHeads, 12);
    QVERIFY(!spec.layers[0].ffn.gated);
    const auto inferred = [&](const char* name) {
        return std::find(spec.inferred.begin(), spec.inferred.end(), name) != spec.inferred.end();
    };
    QVERIFY(inferred("n_kv_heads"));
    QVERIFY(inferred("head_dim"));
    QVERIFY(!spec.maxPosition);
}

QTEST_GUILESS_MAIN(TestGguf)
#include "test_gguf.moc"
