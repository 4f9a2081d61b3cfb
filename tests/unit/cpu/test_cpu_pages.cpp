// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <thread>

#include <sys/resource.h>

#include "core/cpu/attention.h"
#include "core/cpu/cpu_backend.h"
#include "core/cpu/kv_cache.h"
#include "core/spec/units.h"

using namespace decodescope;

namespace {

constexpr std::int64_t kPage = 64;

DecoderRequest request(Scope scope, std::int64_t window = 0) {
    DecoderRequest request;
    request.model = modelByHand({.layers = 3,
                                 .nHeads = 8,
                                 .nKvHeads = 2,
                                 .headDim = 64,
                                 .window = window,
                                 .hiddenSize = 512,
                                 .ffnHidden = 1024,
                                 .vocabSize = 1000});
    request.scope = scope;
    request.batch = 2;
    request.context = kPage;
    request.pageTokens = kPage;
    request.budgetBytes = kGiB;
    request.threads = 2;
    return request;
}

std::unique_ptr<Decoder> made(const DecoderRequest& request) {
    Result<std::unique_ptr<Decoder>> decoder = makeCpuBackend()->makeDecoder("cpu", request, {});
    if (!decoder)
        qFatal("%s", decoder.error().sentence().c_str());
    return std::move(*decoder);
}

std::vector<float> normalValues(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    std::generate(values.begin(), values.end(), [&] { return normal(random); });
    return values;
}

} // namespace

/// A cache in pages holds and computes what one in a single piece does.
class TestCpuPages : public QObject {
    Q_OBJECT

private slots:
    void attentionOverPagesIsThatOverOnePiece_data() {
        QTest::addColumn<int>("type");
        QTest::addColumn<qint64>("page");
        for (const DataType type : {DataType::F32, DataType::BF16, DataType::Q8_0, DataType::Q4_0})
            for (const qint64 page : {32, 96, 320})
                QTest::addRow("%s, %lld tokens", name(type).data(), page)
                    << static_cast<int>(type) << page;
    }
    void attentionOverPagesIsThatOverOnePiece() {
        QFETCH(int, type);
        QFETCH(qint64, page);
        constexpr std::int64_t kDim = 64;
        constexpr std::int64_t kTokens = 640 + 17; // the last page is partly filled
        const std::vector<std::int64_t> held = {kTokens, 33};
        KvLayout layout{
            {static_cast<DataType>(type), static_cast<DataType>(type)}, 2, 2, kDim, kDim, kTokens};
        KvCache piece(layout);
        layout.tokens = page;
        KvCache pages = KvCache::inPages(layout);
        std::vector<Buffer> memory;
        while (pages.layout().tokens < kTokens) {
            memory.emplace_back(pages.pageBytes());
            pages.addPage(memory.back().data());
        }
        QVERIFY(pages.paged() && !piece.paged());
        QCOMPARE(pages.bytes(), pages.pageBytes() * memory.size());
        std::vector<float> rows = normalValues(2 * kDim, 5);
        unsigned seed = 1;
        for (std::int64_t sequence = 0; sequence < 2; ++sequence)
            for (std::int64_t head = 0; head < 2; ++head)
                for (std::int64_t t = 0; t < held[static_cast<std::size_t>(sequence)]; ++t) {
                    rows = normalValues(2 * kDim, ++seed);
                    for (KvCache* cache : {&piece, &pages})
                        cache->put(sequence, head, t, rows.data(), rows.data() + kDim);
                }
        ThreadPool pool(2);
        const std::vector<float> queries = normalValues(2 * 8 * kDim, 77);
        std::vector<std::vector<float>> out;
        for (const KvCache* cache : {&piece, &pages}) {
            Attention attention;
            const Attention::Shape shape{
                2, 8, 2, kDim, kDim, cache->layout().tokens, cache->paged()};
            QVERIFY(attention.grow({&shape, 1}, pool.threads()));
            out.emplace_back(queries.size(), std::nanf(""));
            QVERIFY(attention.run(pool, *cache, AttentionArithmetic::F32, 8, held, queries.data(),
                                  out.back().data(), {}));
        }
        for (std::size_t i = 0; i < queries.size(); ++i)
            QVERIFY2(std::abs(out[0][i] - out[1][i]) < 1e-5F,
                     qPrintable(QString::number(out[0][i] - out[1][i])));
    }

    void everyPageIsInTheLedgerAsItWasForetold() {
        for (const Scope scope : {Scope::Attention, Scope::Step}) {
            const auto decoder = made(request(scope));
            const std::uint64_t page = decoder->ledger().kvBytes;
            QCOMPARE(page, std::uint64_t{3 * 2 * kPage * 2 * 2 * 64 * 2}); // 3 layers, batch of 2
            for (int pages = 2; pages <= 40; ++pages) {
                const MemoryLedger foretold = decoder->ledgerGrown();
                QVERIFY(decoder->grow({}).ok());
                QVERIFY(decoder->ledger() == foretold);
                QCOMPARE(decoder->ledger().kvBytes, page * static_cast<std::uint64_t>(pages));
            }
            QVERIFY(decoder->step({}).ok());
            QCOMPARE(decoder->work().kvBytesRead, 40 * page);
            QCOMPARE(decoder->layersMeasured(), std::int64_t{3});
        }
    }

    void windowsEndTheGrowth() {
        const auto decoder = made(request(Scope::Attention, 100)); // two pages of 64
        const std::uint64_t page = decoder->ledger().kvBytes;
        for (int i = 0; i < 3; ++i)
            QVERIFY(decoder->grow({}).ok());
        QCOMPARE(decoder->ledger().kvBytes, 2 * page);
        QVERIFY(decoder->ledgerGrown() == decoder->ledger());
        QVERIFY(decoder->step({}).ok());
    }

    void weightsThatNoStepReadsAreHeldToo() {
        DecoderRequest wanted = request(Scope::Step);
        const std::uint64_t read = made(wanted)->ledger().weightsBytes;
        wanted.residentWeightsBytes = read + 12345;
        QCOMPARE(made(wanted)->ledger().weightsBytes, read + 12345);
        wanted.residentWeightsBytes = read / 2;
        QCOMPARE(made(wanted)->ledger().weightsBytes, read);
    }

    void whatDoesNotFitIsRefused() {
        DecoderRequest wanted = request(Scope::Attention);
        wanted.budgetBytes = 100 * kKiB; // a layer's page has 64 KiB
        const auto refused = makeCpuBackend()->makeDecoder("cpu", wanted, {});
        QCOMPARE(refused.error().code, ErrorCode::OutOfMemory);
        wanted = request(Scope::Attention);
        wanted.pageTokens = 50;
        QCOMPARE(makeCpuBackend()->makeDecoder("cpu", wanted, {}).error().where,
                 std::string("--page-tokens"));
        wanted = request(Scope::Attention);
        wanted.pageTokens = 0;
        QCOMPARE(made(wanted)->grow({}).error().code, ErrorCode::BadUsage);
    }

    void aRefusedPageLeavesAllAsItWas() {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
        QSKIP("a sanitizer needs address space of its own");
#endif
        DecoderRequest wanted = request(Scope::Attention);
        wanted.context = wanted.pageTokens = 32768; // 96 MiB a page
        const auto decoder = made(wanted);
        const MemoryLedger before = decoder->ledger();
        rlimit old{};
        QVERIFY(getrlimit(RLIMIT_AS, &old) == 0);
        rlimit tight = old;
        tight.rlim_cur = 64 * kMiB; // below what is there already: nothing more is given
        QVERIFY(setrlimit(RLIMIT_AS, &tight) == 0);
        const Status grown = decoder->grow({});
        QVERIFY(setrlimit(RLIMIT_AS, &old) == 0);
        QVERIFY(!grown);
        QCOMPARE(grown.error().code, ErrorCode::OutOfMemory);
        QCOMPARE(decoder->ledger().kvBytes, before.kvBytes);
        QVERIFY(decoder->step({}).ok());
        QVERIFY(decoder->grow({}).ok());
    }

    void aStopInTheGrowthIsHeardAndNothingIsLost() {
        DecoderRequest wanted = request(Scope::Attention);
        const auto decoder = made(wanted);
        QVERIFY(decoder->grow({}).ok());
        const MemoryLedger before = decoder->ledger();
        std::stop_source stop;
        stop.request_stop();
        QCOMPARE(decoder->grow(stop.get_token()).error().code, ErrorCode::Interrupted);
        QCOMPARE(decoder->ledger().kvBytes, before.kvBytes);
        QVERIFY(decoder->step({}).ok());
        QVERIFY(decoder->grow({}).ok());
    }

    void aLongGrowthStopsSoonAfterTheRequest() {
        DecoderRequest wanted = request(Scope::Attention);
        wanted.batch = 1;
        wanted.context = wanted.pageTokens = 1 << 18; // 384 MiB a page
        wanted.budgetBytes = 4 * kGiB;
        const auto decoder = made(wanted);
        std::stop_source stop;
        std::chrono::steady_clock::time_point asked;
        const std::jthread asker([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            asked = std::chrono::steady_clock::now();
            stop.request_stop();
        });
        const Status grown = decoder->grow(stop.get_token());
        if (grown)
            QSKIP("the page was filled before the stop");
        const std::chrono::duration<double> late = std::chrono::steady_clock::now() - asked;
        QCOMPARE(grown.error().code, ErrorCode::Interrupted);
        QVERIFY2(late.count() < 1, qPrintable(QString::number(late.count())));
    }
};

QTEST_GUILESS_MAIN(TestCpuPages)
#include "test_cpu_pages.moc"
