// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <cmath>

#include "core/plan/engines/engine_cache.h"
#include "core/plan/engines/engine_workspace.h"
#include "core/plan/engines/page_pool.h"
#include "core/plan/forecast.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

using namespace decodescope;

/// Engines against what they printed themselves: same model, same options, same bytes.
class TestEngines : public QObject {
    Q_OBJECT

private slots:
    void anEnginesOwnLogIsReproduced_data();
    void anEnginesOwnLogIsReproduced();
    void windowLayersHoldTheLoggedCells_data();
    void windowLayersHoldTheLoggedCells();
    void recurrentStatesAreKeptForEverySequence();
    void hybridPagesHoldAWholeState();
    void rareLayersDecideTheGroups();
    void theComputeBufferIsTheLoggedOne();
    void noEngineRepeatsAFigureKnownToBeWrong_data();
    void noEngineRepeatsAFigureKnownToBeWrong();
    void anEngineKeepsFreeWhatItSays();
    void optionsChangeOneConvention();
    void mlaIsReadAsItIsStored();
    void whatIsNoEngineIsRefused_data();
    void whatIsNoEngineIsRefused();
};

static std::uint64_t bytesOf(const Engine& engine, const ModelSpec& model, DataType type,
                             std::int64_t context, std::int64_t batch = 1, std::int64_t ranks = 1) {
    return engineCacheBytes(engine, engineLaws(engine, model.layers, {type, type}, ranks), context,
                            batch);
}

void TestEngines::anEnginesOwnLogIsReproduced_data() {
    QTest::addColumn<QString>("engine");
    QTest::addColumn<QString>("model");
    QTest::addColumn<int>("type");
    QTest::addColumn<qint64>("context");
    QTest::addColumn<qint64>("ranks");
    QTest::addColumn<double>("publishedBytes");
    QTest::addColumn<double>("tolerance");
    const auto row = [](const char* id, const char* engine, const char* model, DataType type,
                        qint64 context, double bytes, double tolerance = 0, qint64 ranks = 1) {
        QTest::newRow(id) << QString(engine) << QString(model) << static_cast<int>(type) << context
                          << ranks << bytes << tolerance;
    };
    constexpr double mib = 1 << 20;
    constexpr double gib = 1 << 30;
    const DataType f16 = DataType::F16;
    // Command R GGUF discussion #6: KV self sizes at 2,048 tokens.
    row("cr6-mixtral", "llama.cpp", "mixtral-8x7b-v0.1", f16, 2048, 256 * mib);
    row("cr6-llama3-8b", "llama.cpp", "llama-3-8b", f16, 2048, 256 * mib);
    row("cr6-llama3-70b", "llama.cpp", "llama-3-70b", f16, 2048, 640 * mib);
    row("cr6-qwen15-32b", "llama.cpp", "qwen1.5-32b", f16, 2048, 512 * mib);
    row("cr6-functionary", "llama.cpp", "mistral-7b-v0.3", f16, 2048, 256 * mib);
    row("window unused", "llama.cpp", "mistral-7b-v0.1", f16, 8192, 1024 * mib);
    row("lcpp2325", "llama.cpp", "llama-2-7b", f16, 2048, 1024 * mib);
    row("lcpp11200", "llama.cpp", "qwen2.5-32b", DataType::Q8_0, 32768, 4352 * mib);
    row("sharp1099", "llama.cpp", "qwen2.5-3b", f16, 4096, 144 * mib);
    row("lcpp10136", "llama.cpp", "llama-3-8b", f16, 4096, 512 * mib);
    row("ik259", "llama.cpp", "deepseek-v3", DataType::Q8_0, 32768, 1223289733, 1e-5);
    row("ollama8447", "ollama", "deepseek-v3", f16, 2048, 9760 * mib);
    row("ollama8447 latent", "ollama:mla=latent", "deepseek-v3", f16, 2048, 137.25 * mib);
    row("ollama9181", "ollama", "llama-3.1-70b", f16, 64000, 19.5 * gib, 0.003);
    row("vllm10517-a", "vllm", "llama-3.1-8b", DataType::BF16, 31232, 4090956349, 0.002);
    row("vllm34076", "vllm", "qwen3-30b-a3b", DataType::BF16, 262144, 24 * gib);
    row("vllm25350", "vllm", "qwen3-30b-a3b", DataType::FP8_E4M3, 221000, 10866267259, 0.001);
    row("tpu223", "vllm", "llama-3.1-8b", DataType::BF16, 131072, 16 * gib);
    row("vllm21348", "sglang", "qwen3-235b-a22b", DataType::BF16, 367404, 17673790423, 0.002, 4);
}

void TestEngines::anEnginesOwnLogIsReproduced() {
    QFETCH(QString, engine);
    QFETCH(QString, model);
    QFETCH(int, type);
    QFETCH(qint64, context);
    QFETCH(qint64, ranks);
    QFETCH(double, publishedBytes);
    QFETCH(double, tolerance);
    const Result<Engine> known = parseEngine(engine.toStdString());
    const Result<ModelSpec> preset = findModelPreset(model.toStdString());
    QVERIFY(known.ok() && preset.ok());
    const auto bytes = static_cast<double>(
        bytesOf(*known, *preset, static_cast<DataType>(type), context, 1, ranks));
    QVERIFY2(std::abs(bytes / publishedBytes - 1) <= tolerance,
             qPrintable(QString::number(bytes, 'f', 0)));
}

void TestEngines::windowLayersHoldTheLoggedCells_data() {
    QTest::addColumn<QString>("engine");
    QTest::addColumn<qint64>("window");
    QTest::addColumn<qint64>("context");
    QTest::addColumn<qint64>("batch");
    QTest::addColumn<qint64>("tokens");
    const auto row = [](const char* id, const char* engine, qint64 window, qint64 context,
                        qint64 batch, qint64 tokens) {
        QTest::newRow(id) << QString(engine) << window << context << batch << tokens;
    };
    row("llama.cpp PR #17609", "llama.cpp", 128, 131072, 1, 768);
    row("llama.cpp #18996", "llama.cpp", 128, 32768, 4, 1024);
    row("unsloth PR #7530", "llama.cpp", 512, 256, 4, 1024);
    row("a window for each", "llama.cpp:per-sequence", 128, 32768, 4, 4 * 768);
    row("swa-full", "llama.cpp:swa-full", 128, 32768, 4, 4 * 32768);
    row("never above the context", "llama.cpp", 4096, 1000, 1, 1024);
    row("vLLM, long context", "vllm", 1024, 131072, 1, 16 * (192 + 1));
    row("vLLM, short context", "vllm", 1024, 100, 3, 3 * 16 * (7 + 1));
    row("SGLang", "sglang", 128, 10000, 2, 16000);
    row("Ollama, one sequence", "ollama", 1024, 8192, 1, 1536);
    row("Ollama, several", "ollama", 1024, 8192, 4, 4864);
    row("transformers", "transformers", 1024, 8192, 4, 4096);
}

void TestEngines::windowLayersHoldTheLoggedCells() {
    QFETCH(QString, engine);
    QFETCH(qint64, window);
    QFETCH(qint64, context);
    QFETCH(qint64, batch);
    QFETCH(qint64, tokens);
    QCOMPARE(tokensHeld(*parseEngine(engine.toStdString()), window, context, batch),
             static_cast<std::uint64_t>(tokens));
}

/// 432.00 + 16.88 MiB for three sequences (llama.cpp PR #23792): 48 layers of 48 value heads of
/// 128 × 128 values and three columns of the convolution, in f32.
void TestEngines::recurrentStatesAreKeptForEverySequence() {
    ModelSpec model = modelByHand({.layers = 48});
    for (LayerSpec& layer : model.layers) {
        layer.attention = AttentionKind::Recurrent;
        layer.stateBytes = 4 * (48 * 128 * 128 + 3 * (2 * 16 * 128 + 48 * 128));
    }
    const double mib =
        static_cast<double>(bytesOf(*parseEngine("llama.cpp"), model, DataType::F16, 4096, 3)) /
        static_cast<double>(kMiB);
    QCOMPARE(mib, 432.0 + 16.875);
}

/// Attention blocks that vLLM set for hybrids, from the shapes.
void TestEngines::hybridPagesHoldAWholeState() {
    const Engine vllm = *parseEngine("vllm");
    // Nemotron-Nano-9B-v2, 672 tokens (#24280): 8 KV heads of 128 in bf16; a bf16 state of
    // 128 × 80 × 128 values and three columns of 128 × 80 + 2 × 8 × 128.
    const std::uint64_t nemotron = 2 * (128 * 80 * 128 + 3 * (128 * 80 + 2 * 8 * 128));
    const std::vector<CacheLaw> first = {{0, 4096, 0}, {nemotron, 0, 0}};
    QCOMPARE(unifiedPage(vllm, first).blockTokens, std::uint64_t{672});
    // 1,568 tokens: 4 KV heads of 256 in fp8; an f32 state of 48 × 128 × 128 values and three bf16
    // columns of 10,240.
    const std::vector<CacheLaw> second = {
        {0, 2048, 0}, {4 * 48 * 128 * 128 + 2 * 3 * (2 * 16 * 128 + 48 * 128), 0, 0}};
    QCOMPARE(unifiedPage(vllm, second).blockTokens, std::uint64_t{1568});
    // 12 attention layers and 36 states of one page each, whatever the context.
    std::vector<CacheLaw> laws(48, second[1]);
    std::fill_n(laws.begin(), 12, second[0]);
    const std::uint64_t page = 1568 * 2048;
    QCOMPARE(engineCacheBytes(vllm, laws, 1, 1), 48 * page);
    QCOMPARE(engineCacheBytes(vllm, laws, 1569, 2), 2 * (36 + 2 * 12) * page);
}

/// Gemma 3 27B: 10 full layers make groups of 10, so 52 window layers take 60 layers' pages.
void TestEngines::rareLayersDecideTheGroups() {
    const Engine vllm = *parseEngine("vllm");
    const ModelSpec model = *findModelPreset("gemma-3-27b");
    const std::uint64_t full = 131072 / 16;
    const std::uint64_t window = (1023 + 2048 + 15) / 16 + 1;
    QCOMPARE(bytesOf(vllm, model, DataType::BF16, 131072),
             (10 * full + 60 * window) * 16 * 16 * 2 * 128 * 2);
    // 12 and 13 layers are near enough to be padded to 13 of each instead of 24 and 12.
    std::vector<CacheLaw> laws(25, CacheLaw{0, 100, 0});
    std::fill_n(laws.begin(), 12, CacheLaw{0, 100, 64});
    const std::uint64_t blocks = 10 + (10 + 1);
    QCOMPARE(engineCacheBytes(vllm, laws, 160, 1), 13 * blocks * 16 * 100);
}

/// 105.00 MiB (mozilla-ai/llamafile PR #552): TriLM 3.9B, 512 tokens, no flash attention.
void TestEngines::theComputeBufferIsTheLoggedOne() {
    const ModelSpec model = modelByHand({.layers = 30,
                                         .nHeads = 24,
                                         .nKvHeads = 24,
                                         .headDim = 128,
                                         .hiddenSize = 3072,
                                         .ffnHidden = 9216,
                                         .vocabSize = 50688});
    const Engine engine = *parseEngine("llama.cpp");
    QCOMPARE(engineWorkspaceBytes(engine, stepWidths(model), 512, 1), 105 * kMiB);
    QCOMPARE(bytesOf(engine, model, DataType::F16, 512), 180 * kMiB); // the same log's cache
}

void TestEngines::noEngineRepeatsAFigureKnownToBeWrong_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<qint64>("context");
    QTest::addColumn<double>("wrongBytes");
    QTest::newRow("405B, 1k: heads of a sharded file")
        << "llama-3.1-405b" << qint64{1024} << 1056561955.0;
    QTest::newRow("405B, 16k") << "llama-3.1-405b" << qint64{16000} << 16514149253.0;
    QTest::newRow("405B, 128k") << "llama-3.1-405b" << qint64{128000} << 132123931443.0;
    QTest::newRow("SantaCoder: MQA stored as MHA") << "santacoder" << qint64{2048} << 805306368.0;
}

void TestEngines::noEngineRepeatsAFigureKnownToBeWrong() {
    QFETCH(QString, model);
    QFETCH(qint64, context);
    QFETCH(double, wrongBytes);
    const Result<ModelSpec> preset = findModelPreset(model.toStdString());
    QVERIFY(preset.ok());
    for (const Engine& engine : engines()) {
        const auto bytes = static_cast<double>(bytesOf(engine, *preset, DataType::F16, context));
        QVERIFY2(bytes < 0.55 * wrongBytes, std::string(engine.name).c_str());
    }
}

void TestEngines::anEngineKeepsFreeWhatItSays() {
    QCOMPARE(parseEngine("vllm")->reserveBytes(100 * kGiB), 10 * kGiB);
    QCOMPARE(parseEngine("vllm:utilization=75%")->reserveBytes(100 * kGiB), 25 * kGiB);
    QCOMPARE(parseEngine("llama.cpp")->reserveBytes(24 * kGiB), kGiB);
    QCOMPARE(parseEngine("llama.cpp:margin=0")->reserveBytes(24 * kGiB), std::uint64_t{0});
    QCOMPARE(parseEngine("llama.cpp")->reserveBytes(kMiB), kMiB); // not more than there is
}

void TestEngines::optionsChangeOneConvention() {
    Engine expected = *parseEngine("vllm");
    expected.blockTokens = 32;
    expected.memoryFraction = 0.85;
    expected.batchedTokens = 8192;
    QCOMPARE(*parseEngine("vllm:block=32,utilization=0.85,batched-tokens=8K") == expected, true);
    QVERIFY(!parseEngine("llama.cpp:per-sequence")->unified);
    QCOMPARE(parseEngine("ollama:mla=latent")->mla, MlaLayout::Latent);
    QCOMPARE(parseEngine("vllm:mla=fp8-row")->mla, MlaLayout::Fp8Row);
    QCOMPARE(parseEngine("transformers:overhead=1GiB")->overheadBytes, kGiB);
}

void TestEngines::mlaIsReadAsItIsStored() {
    const ModelSpec model = *findModelPreset("deepseek-v3");
    const auto work = [&](const char* engine) {
        Deployment deployment;
        deployment.engine = *parseEngine(engine);
        return forecastWork(model, Workload{}, 1000, 1, Scope::Attention, deployment);
    };
    QCOMPARE(work("vllm").kvBytesRead, std::uint64_t{61} * 1000 * (512 + 64) * 2);
    QCOMPARE(work("vllm:mla=fp8-row").kvBytesRead, std::uint64_t{61} * 1000 * 656);
    QCOMPARE(work("transformers").kvBytesRead, std::uint64_t{61} * 1000 * 128 * (192 + 128) * 2);
    // The latent is read by every head at its full width: MQA of 576 and 512.
    QCOMPARE(work("vllm").attentionFlop, std::uint64_t{61} * 1000 * 2 * 128 * (576 + 512));
    QCOMPARE(work("transformers").attentionFlop, std::uint64_t{61} * 1000 * 2 * 128 * (192 + 128));
}

void TestEngines::whatIsNoEngineIsRefused_data() {
    QTest::addColumn<QString>("text");
    for (const char* text : {"", "vLLM2", "vllm:", "vllm:block", "vllm:block=0", "vllm:block=x",
                             "vllm:block=32,", "vllm:mla=some", "vllm:utilization=120%",
                             "llama.cpp:swa-full=1", "ideal:block=2", "vllm:margin=-1"})
        QTest::newRow(*text ? text : "empty") << QString(text);
}

void TestEngines::whatIsNoEngineIsRefused() {
    QFETCH(QString, text);
    const Result<Engine> engine = parseEngine(text.toStdString());
    QVERIFY(!engine.ok());
    QCOMPARE(engine.error().code, ErrorCode::BadUsage);
    QVERIFY(!engine.error().hint.empty());
}

QTEST_APPLESS_MAIN(TestEngines)
#include "test_engines.moc"
