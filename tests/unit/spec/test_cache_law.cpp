// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "core/spec/cache_law.h"
#include "core/spec/model_spec.h"
#include "core/spec/units.h"

using namespace decodescope;

/// The law of the KV cache, held to the byte by the article's own case.
class TestCacheLaw : public QObject {
    Q_OBJECT

private slots:
    void aTokenOfTheAnchorCostsWhatTheArticleSays();
    void aWindowStopsTheGrowth();
    void quantisedRowsAreCountedInWholeBlocks();
    void tensorParallelReplicatesTheOneHead();
    void aSharedCacheHoldsNothingMoreAndIsReadAllTheSame();
    void tensorParallelDividesAState();
};

static LayerSpec anchorLayer(std::int64_t nKvHeads) {
    return modelByHand({.layers = 32, .nHeads = 32, .nKvHeads = nKvHeads, .headDim = 128})
        .layers.front();
}

void TestCacheLaw::aTokenOfTheAnchorCostsWhatTheArticleSays() {
    const CacheLaw mha = cacheLaw(anchorLayer(32), KvTypes{});
    const CacheLaw mqa = cacheLaw(anchorLayer(1), KvTypes{});
    QCOMPARE(mha.bytesPerToken, std::uint64_t{16384});
    QCOMPARE(mqa.bytesPerToken, std::uint64_t{512});
    QCOMPARE(32 * mha.bytes(1024), 512 * kMiB);
    QCOMPARE(32 * mqa.bytes(1024), 16 * kMiB);
}

void TestCacheLaw::aWindowStopsTheGrowth() {
    LayerSpec layer = anchorLayer(8);
    layer.window = 4096;
    const CacheLaw law = cacheLaw(layer, KvTypes{});
    QVERIFY(law.bytes(4095) < law.bytes(4096));
    QCOMPARE(law.bytes(4096), law.bytes(1'000'000));
}

void TestCacheLaw::aSharedCacheHoldsNothingMoreAndIsReadAllTheSame() {
    LayerSpec layer = anchorLayer(8);
    const std::uint64_t owned = cacheBytesRead(layer, KvTypes{}, 1000);
    QCOMPARE(owned, cacheLaw(layer, KvTypes{}).bytes(1000));
    layer.ownsCache = false;
    QCOMPARE(cacheLaw(layer, KvTypes{}).bytes(1000), std::uint64_t{0});
    QCOMPARE(cacheBytesRead(layer, KvTypes{}, 1000), owned);
}

void TestCacheLaw::quantisedRowsAreCountedInWholeBlocks() {
    LayerSpec layer = anchorLayer(1);
    const KvTypes q8{DataType::Q8_0, DataType::Q8_0};
    QCOMPARE(cacheLaw(layer, q8).bytesPerToken, std::uint64_t{2 * 4 * 34});
    layer.headDimK = layer.headDimV = 80; // two and a half blocks: three
    QCOMPARE(cacheLaw(layer, q8).bytesPerToken, std::uint64_t{2 * 3 * 34});
}

void TestCacheLaw::tensorParallelReplicatesTheOneHead() {
    const KvTypes f16;
    QCOMPARE(cacheLaw(anchorLayer(32), f16, 8).bytesPerToken, std::uint64_t{16384 / 8});
    QCOMPARE(cacheLaw(anchorLayer(8), f16, 16).bytesPerToken, std::uint64_t{512});
    QCOMPARE(cacheLaw(anchorLayer(1), f16, 8).bytesPerToken, std::uint64_t{512});
}

void TestCacheLaw::tensorParallelDividesAState() {
    LayerSpec layer;
    layer.attention = AttentionKind::Recurrent;
    layer.stateBytes = 1001;
    QCOMPARE(cacheLaw(layer, {}, 1).fixedBytes, std::uint64_t{1001});
    QCOMPARE(cacheLaw(layer, {}, 2).fixedBytes, std::uint64_t{501});
}

QTEST_APPLESS_MAIN(TestCacheLaw)
#include "test_cache_law.moc"
