// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>
#include <set>

#include "core/engine/step_work.h"
#include "emulated_runtime.h"
#include "example_gpus.h"
#include "gpu/gpu_cache.h"
#include "gpu/random_fill.h"

using namespace decodescope;

/// Every key and every value of every layer has a place of its own, in what was allocated, whether
/// the cache lies in one piece or in slabs.
class TestGpuCache : public QObject {
    Q_OBJECT

private slots:
    void everyRowHasItsPlace_data();
    void everyRowHasItsPlace();
    void contentIsThatOfTheSeed();
};

namespace {

constexpr std::int64_t kBatch = 3;

/// Layers of three kinds: all of the context, a window, and another number of KV heads.
std::vector<LayerSpec> layers() {
    std::vector<LayerSpec> all =
        modelByHand({.layers = 5, .nHeads = 8, .nKvHeads = 2, .headDim = 80}).layers;
    all[1].window = all[3].window = 150;
    all[4].nKvHeads = 4;
    return all;
}

DecoderRequest request(std::int64_t context, std::int64_t pageTokens) {
    DecoderRequest request;
    request.batch = kBatch;
    request.context = context;
    request.pageTokens = pageTokens;
    return request;
}

std::shared_ptr<EmulatedRuntime> emulated() {
    EmulatedGpu gpu;
    gpu.properties = exampleGpu("H200");
    return std::make_shared<EmulatedRuntime>(gpu);
}

} // namespace

void TestGpuCache::everyRowHasItsPlace_data() {
    QTest::addColumn<int>("context");
    QTest::addColumn<int>("page");
    QTest::addRow("one piece") << 333 << 0;
    for (const int page : {16, 48, 128, 256})
        QTest::addRow("slabs of %d tokens", page) << page << page;
}

void TestGpuCache::everyRowHasItsPlace() {
    QFETCH(int, context);
    QFETCH(int, page);
    DecoderRequest asked = request(context, page);
    GpuCache cache(emulated(), asked);
    for (const LayerSpec& layer : layers())
        cache.addLayer(layer);
    QVERIFY(cache.allocate().ok());
    for (int i = 0; page > 0 && i < 4; ++i) {
        const std::uint64_t before = cache.bytes();
        asked.context += page;
        const std::uint64_t slab = cache.slabBytes(asked);
        QVERIFY(cache.grow(asked).ok());
        QCOMPARE(cache.bytes(), before + slab);
    }
    std::set<const std::byte*> rows;
    std::uint64_t bytes = 0;
    const std::vector<LayerSpec> specs = layers();
    for (std::size_t layer = 0; layer < specs.size(); ++layer) {
        const auto row = static_cast<std::size_t>(rowBytes(specs[layer], asked.kvTypes.key));
        gpu::AttentionArgs args;
        cache.address(layer, args); // the emulated GPU's memory is the host's
        for (int sequence = 0; sequence < kBatch; ++sequence)
            for (int head = 0; head < specs[layer].nKvHeads; ++head)
                for (int token = 0; token < tokensHeld(specs[layer], asked); ++token) {
                    const std::int64_t at = args.address.offset(sequence, head, token);
                    for (const std::byte* const from : {args.keys + at, args.values + at}) {
                        QVERIFY(rows.insert(from).second);
                        // Memory begins as 0xFF: what was filled is something else.
                        QVERIFY(std::any_of(from, from + row, [](std::byte each) {
                            return each != std::byte{0xFF};
                        }));
                        bytes += row;
                    }
                }
    }
    // No two overlap, and together they are all that was allocated.
    QCOMPARE(bytes, cache.bytes());
    const std::byte* end = nullptr;
    for (const std::byte* each : rows) {
        QVERIFY(each >= end);
        end = each + rowBytes(specs[0], asked.kvTypes.key);
    }
}

void TestGpuCache::contentIsThatOfTheSeed() {
    for (const DataType type :
         {DataType::F16, DataType::BF16, DataType::FP8_E4M3, DataType::Int8}) {
        DecoderRequest asked = request(64, 0);
        asked.kvTypes = {type, type};
        asked.seed = 77;
        GpuCache cache(emulated(), asked);
        cache.addLayer(layers()[0]);
        QVERIFY(cache.allocate().ok());
        gpu::AttentionArgs args;
        cache.address(0, args);
        const auto* const words = reinterpret_cast<const std::uint64_t*>(args.keys);
        const gpu::RandomContent content = randomContent(type, 78);
        for (std::uint64_t i = 0; i < cache.bytes() / sizeof(std::uint64_t); ++i)
            QCOMPARE(words[i], content.word(i));
    }
}

QTEST_APPLESS_MAIN(TestGpuCache)
#include "test_gpu_cache.moc"
