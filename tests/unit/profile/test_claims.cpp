// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>

#include "core/profile/claims.h"
#include "core/spec/presets.h"
#include "example_events.h"

using namespace decodescope;
using namespace decodescope::test;

namespace {

constexpr const char* kIds[] = {
    "one_kv_head",  "cache_factor",      "example_bytes",           "cards_of_24_gb",
    "edge_devices", "faster_steps",      "compute_bound_attention", "compute_bound_step",
    "quality_cost", "long_context_cost", "far_end_of_frontier",     "less_diversity"};

PlanDevice deviceOf(double bandwidth, double flop) {
    PlanDevice device;
    device.name = "Some CPU";
    device.memoryBytes = 64ULL << 30;
    device.cpu = true;
    device.roofs = {bandwidth, flop, true};
    return device;
}

/// A model, a device and what was measured, as the claims take them.
struct Case {
    ModelSpec model = *findModelPreset("llama-3.1-8b");
    PlanDevice device = deviceOf(38e9, 267e9); // ridge point 7.03
    Workload workload;
    Deployment deployment;
    std::vector<Sample> samples;
    std::vector<PublishedPair> published;

    [[nodiscard]] std::vector<Claim> all() const {
        return claims(
            {model, device, workload, deployment, 8192, samples, devicePresets(), published});
    }
    [[nodiscard]] Claim of(const char* id) const {
        const std::vector<Claim> list = all();
        const auto found = std::find_if(list.begin(), list.end(),
                                        [id](const Claim& claim) { return claim.id == id; });
        Q_ASSERT(found != list.end());
        return *found;
    }
    /// Twenty repetitions about `ms` of this model with so many KV heads.
    Sample& measure(std::int64_t kvHeads, Scope scope, std::int64_t context, double ms) {
        const LayerSpec& layer = *model.attentionLayer();
        Sample sample = exampleSample();
        sample.model = model.name;
        sample.variant = kvHeads == 1 ? "MQA" : "MHA";
        sample.layers = sample.layersMeasured = model.layerCount();
        sample.nHeads = layer.nHeads;
        sample.nKvHeads = kvHeads;
        sample.headDim = layer.headDimK;
        sample.kvTypes = workload.kvTypes;
        sample.weightsType = workload.weightsType;
        sample.scope = scope;
        sample.context = context;
        sample.batch = 1;
        sample.quickLook = sample.cacheResident = false;
        sample.peer.clear();
        sample.kvBytes = static_cast<std::uint64_t>(512 * kvHeads * context * sample.layers);
        sample.repetitionsMs.clear();
        for (int i = 0; i < 20; ++i)
            sample.repetitionsMs.push_back(ms * (1 + 0.001 * (i - 9.5)));
        sample.tpotP50Ms = ms;
        samples.push_back(sample);
        return samples.back();
    }
    void bound(Sample& sample, const char* word, std::optional<BottleneckEvidence> by) const {
        sample.bound = word;
        sample.boundBy = by;
    }
};

bool has(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

constexpr BottleneckEvidence kPure{0.1, 0.85, 0.0, 0.05, 0.95};
constexpr BottleneckEvidence kCompute{0.2, 0.6, 0.0, 0.15, 0.85};
constexpr BottleneckEvidence kInstructions{0.1, 0.4, 0.0, 0.05, 0.95};
constexpr BottleneckEvidence kMemory{0.95, 0.1, 0.0, 0.95, 0.05};

} // namespace

/// What the claims make of shapes, of Samples and of publications.
class TestClaims : public QObject {
    Q_OBJECT

private slots:
    void everyClaimSaysWhatItRestsOn_data() {
        QTest::addColumn<QByteArray>("model");
        for (const char* model : {"llama-3.1-8b", "falcon-7b", "llama-7b", "deepseek-v3"})
            QTest::newRow(model) << QByteArray(model);
    }
    void everyClaimSaysWhatItRestsOn() {
        QFETCH(QByteArray, model);
        Case given;
        given.model = *findModelPreset(model.toStdString());
        const std::vector<Claim> all = given.all();
        QCOMPARE(all.size(), std::size(kIds));
        for (std::size_t i = 0; i < all.size(); ++i) {
            const Claim& claim = all[i];
            QCOMPARE(claim.id, std::string(kIds[i]));
            QVERIFY2(claim.statement.back() == '.', claim.id.c_str());
            QVERIFY2(!claim.because.empty() && claim.because.back() == '.', claim.id.c_str());
            QVERIFY2(claim.verdict != ClaimVerdict::NotTested || !claim.needs.empty(),
                     claim.id.c_str());
            QVERIFY2(claim.verdict == ClaimVerdict::NotTested || !claim.evidence.empty(),
                     claim.id.c_str());
        }
    }

    void bytesFollowFromTheShape() {
        const Case llama;
        QCOMPARE(llama.of("one_kv_head").verdict, ClaimVerdict::Supported);
        QCOMPARE(llama.of("one_kv_head").numbers, std::string("32 / 1 = 32"));
        QCOMPARE(llama.of("cache_factor").verdict, ClaimVerdict::Supported);
        QVERIFY(has(llama.of("cache_factor").numbers, "4.0 GiB / 128 MiB = 32, 32 query heads"));
        const Claim example = llama.of("example_bytes");
        QCOMPARE(example.verdict, ClaimVerdict::Supported);
        QVERIFY(has(example.numbers, "32 × (128 + 128) f16 = 16,384 B"));
        QVERIFY(has(example.numbers, "1 × (128 + 128) f16 = 512 B"));
        QVERIFY(has(example.numbers, "512 MiB and 16.0 MiB"));
        Case falcon;
        falcon.model = *findModelPreset("falcon-7b"); // 71 query heads, one KV head
        QVERIFY(has(falcon.of("cache_factor").numbers, "= 71, 71 query heads"));
        QCOMPARE(falcon.of("example_bytes").verdict, ClaimVerdict::WithConditions);
    }

    void eightBitCachesAreNotTheExample() {
        Case eight;
        eight.workload.kvTypes = {DataType::Q8_0, DataType::Q8_0};
        QCOMPARE(eight.of("example_bytes").verdict, ClaimVerdict::WithConditions);
        QCOMPARE(eight.of("cache_factor").verdict, ClaimVerdict::Supported);
    }

    void tensorRanksTakeOfTheFactor() {
        Case ranks;
        ranks.deployment.tensorParallel = 8;
        const Claim claim = ranks.of("cache_factor");
        QCOMPARE(claim.verdict, ClaimVerdict::WithConditions);
        QVERIFY2(has(claim.because, "a factor of 4, not 32"), claim.because.c_str());
        QCOMPARE(ranks.of("one_kv_head").verdict, ClaimVerdict::WithConditions);
    }

    void latentsHaveNoHeadsToShare() {
        Case latent;
        latent.model = *findModelPreset("deepseek-v3");
        for (const char* id : {"one_kv_head", "cache_factor", "example_bytes", "cards_of_24_gb",
                               "faster_steps", "compute_bound_step", "far_end_of_frontier"}) {
            const Claim claim = latent.of(id);
            QCOMPARE(claim.verdict, ClaimVerdict::NotTested);
            QVERIFY(has(claim.because, "no KV heads"));
            QVERIFY(!claim.test);
        }
    }

    void allocationsAreHeldAgainstTheFormula() {
        Case given;
        QVERIFY(given.of("cache_factor").test);
        given.measure(32, Scope::Attention, 1024, 10);
        given.measure(1, Scope::Attention, 1024, 5);
        Claim claim = given.of("cache_factor");
        QCOMPARE(claim.verdict, ClaimVerdict::Supported);
        QVERIFY2(has(claim.evidence, "16.0 MiB and 512 KiB a layer"), claim.evidence.c_str());
        QVERIFY(!claim.test);
        given.samples.back().kvBytes *= 2;
        claim = given.of("cache_factor");
        QCOMPARE(claim.verdict, ClaimVerdict::WithConditions);
        QVERIFY(has(claim.because, "differs by 16"));
    }

    void roomIsAskedOfTheCatalogue() {
        Case given; // 16 GB of weights: room on 24 GB cards, but not for 131,072 tokens of MHA
        const Claim cards = given.of("cards_of_24_gb");
        QCOMPARE(cards.verdict, ClaimVerdict::Supported);
        QVERIFY2(has(cards.numbers, "131,072 are wanted"), cards.numbers.c_str());
        QVERIFY2(has(cards.numbers, "as it is (GQA-8)"), cards.numbers.c_str());
        const Claim edge = given.of("edge_devices"); // 16 GB of weights leave most no room
        QCOMPARE(edge.verdict, ClaimVerdict::WithConditions);
        QVERIFY2(has(edge.because, "On 1 of 5 edge devices"), edge.because.c_str());
        given.model = modelByHand({}); // nothing but a cache, 8,192 tokens of it
        QVERIFY(has(given.of("cards_of_24_gb").because, "MHA fits them too"));
        QCOMPARE(given.of("cards_of_24_gb").verdict, ClaimVerdict::NotSupported);
        given.model = *findModelPreset("llama-3.1-405b");
        QVERIFY(has(given.of("cards_of_24_gb").because, "leave no room"));
        QCOMPARE(given.of("cards_of_24_gb").verdict, ClaimVerdict::NotSupported);
    }

    void speedIsJudgedByIntervals() {
        Case given;
        QCOMPARE(given.of("faster_steps").verdict, ClaimVerdict::NotTested);
        QCOMPARE(given.of("faster_steps").test->scope, Scope::Step);
        given.measure(32, Scope::Step, 8192, 20);
        given.measure(1, Scope::Step, 8192, 10);
        Claim claim = given.of("faster_steps");
        QCOMPARE(claim.verdict, ClaimVerdict::Supported);
        QVERIFY2(has(claim.numbers, "8,192 tokens: 20.0 / 10.0 ms = 2.00 ("),
                 claim.numbers.c_str());
        QVERIFY(!claim.test);
        given.measure(32, Scope::Step, 1024, 10);
        given.measure(1, Scope::Step, 1024, 9.999);
        claim = given.of("faster_steps");
        QCOMPARE(claim.verdict, ClaimVerdict::WithConditions);
        QVERIFY2(has(claim.because, "At 8,192 tokens"), claim.because.c_str());
        Case slower;
        slower.measure(32, Scope::Step, 8192, 10);
        slower.measure(1, Scope::Step, 8192, 11);
        QCOMPARE(slower.of("faster_steps").verdict, ClaimVerdict::NotSupported);
    }

    void theAttentionAloneIsACondition() {
        Case given;
        given.measure(32, Scope::Attention, 8192, 20);
        given.measure(1, Scope::Attention, 8192, 2);
        const Claim claim = given.of("faster_steps");
        QCOMPARE(claim.verdict, ClaimVerdict::WithConditions);
        QVERIFY(has(claim.because, "attention alone"));
        QVERIFY(claim.test);
    }

    void whatBoundsItIsMeasured_data() {
        QTest::addColumn<QByteArray>("word");
        QTest::addColumn<int>("evidence");
        QTest::addColumn<QByteArray>("verdict");
        QTest::newRow("purely") << QByteArray("compute") << 0 << QByteArray("supported");
        QTest::newRow("compute") << QByteArray("compute") << 1 << QByteArray("with_conditions");
        QTest::newRow("instructions")
            << QByteArray("instructions") << 2 << QByteArray("with_conditions");
        QTest::newRow("memory") << QByteArray("memory") << 3 << QByteArray("not_supported");
        QTest::newRow("mixed") << QByteArray("mixed") << 3 << QByteArray("not_supported");
        QTest::newRow("nearer") << QByteArray("compute") << -1 << QByteArray("with_conditions");
    }
    void whatBoundsItIsMeasured() {
        QFETCH(QByteArray, word);
        QFETCH(int, evidence);
        QFETCH(QByteArray, verdict);
        const BottleneckEvidence all[] = {kPure, kCompute, kInstructions, kMemory};
        for (const Scope scope : {Scope::Attention, Scope::Step}) {
            Case given;
            Sample& sample = given.measure(1, scope, 8192, 5);
            given.bound(sample, word.constData(),
                        evidence < 0 ? std::nullopt : std::optional(all[evidence]));
            const Claim claim =
                given.of(scope == Scope::Step ? "compute_bound_step" : "compute_bound_attention");
            QCOMPARE(std::string(name(claim.verdict)), verdict.toStdString());
            QCOMPARE(claim.test.has_value(), evidence < 0);
            const char* other =
                scope == Scope::Step ? "compute_bound_attention" : "compute_bound_step";
            QCOMPARE(given.of(other).verdict, ClaimVerdict::NotTested);
        }
    }

    void contextsOfDifferentBoundsAreTold() {
        Case given;
        given.bound(given.measure(1, Scope::Attention, 4096, 5), "compute", kPure);
        given.bound(given.measure(1, Scope::Attention, 1024, 5), "memory", kMemory);
        const Claim claim = given.of("compute_bound_attention");
        QCOMPARE(claim.verdict, ClaimVerdict::WithConditions);
        QCOMPARE(claim.because, std::string("Measured: memory-bound at 1,024 tokens; purely "
                                            "compute-bound at 4,096 tokens."));
        QVERIFY(has(claim.numbers, "at 4,096 tokens e_F = 0.95, e_B = 0.05, 85 % of the peak"));
    }

    void paperKnowsTheUnitThatMultiplies() {
        Case given;
        given.device.roofs.units = {{DataType::F16, 8, 2670e9}};
        const Claim claim = given.of("compute_bound_attention");
        QVERIFY(has(claim.because, "left of the ridge"));
        QVERIFY2(has(claim.numbers, "= 32.0 FLOP/byte < 2,670 GFLOP/s / 38.0 GB/s = 70.3"),
                 claim.numbers.c_str());
    }

    void paperIsNoTest() {
        Case given;
        Claim claim = given.of("compute_bound_attention");
        QCOMPARE(claim.verdict, ClaimVerdict::NotTested);
        QVERIFY(has(claim.because, "right of the ridge"));
        QVERIFY2(has(claim.numbers, "= 32.0 FLOP/byte ≥ 267 GFLOP/s / 38.0 GB/s = 7.03"),
                 claim.numbers.c_str());
        QCOMPARE(claim.test, std::optional(ClaimTest{Scope::Attention, {1024, 8192}, 1, 20}));
        claim = given.of("compute_bound_step");
        QVERIFY(has(claim.because, "left of the ridge"));
        given.device.roofs = {4800e9, 989e12, false}; // an H200: 206 FLOP/byte
        claim = given.of("compute_bound_attention");
        QVERIFY2(has(claim.because, "until 7 new tokens a step"), claim.because.c_str());
        given.device.roofs = {};
        QVERIFY(has(given.of("compute_bound_attention").numbers, "not known yet"));
    }

    void samplesThatTellNothingArePassedOver() {
        Case given;
        given.bound(given.measure(1, Scope::Step, 8192, 5), "compute", kPure);
        given.samples.back().quickLook = true;
        QCOMPARE(given.of("compute_bound_step").verdict, ClaimVerdict::NotTested);
        given.samples.back().quickLook = false;
        given.samples.back().cacheResident = true;
        QCOMPARE(given.of("compute_bound_step").verdict, ClaimVerdict::NotTested);
        const Claim resident = given.of("compute_bound_step");
        QVERIFY(has(resident.evidence, "caches"));
        QCOMPARE(resident.test->contexts,
                 std::vector<std::int64_t>{4 * 8192}); // not the same again
        given.samples.back().cacheResident = false;
        given.samples.back().peer = "cudnn"; // other people's kernels
        QCOMPARE(given.of("compute_bound_step").verdict, ClaimVerdict::NotTested);
        given.samples.back().peer.clear();
        given.samples.back().weightsType = DataType::Q8_0;
        QCOMPARE(given.of("compute_bound_step").verdict, ClaimVerdict::NotTested);
        given.samples.back().weightsType = given.workload.weightsType;
        QCOMPARE(given.of("compute_bound_step").verdict, ClaimVerdict::Supported);
        given.bound(given.measure(1, Scope::Step, 8192, 5), "memory", kMemory); // the later counts
        QCOMPARE(given.of("compute_bound_step").verdict, ClaimVerdict::NotSupported);
    }

    void testsAskForWhatFits() {
        Case given;
        given.device.memoryBytes = 5ULL << 30;
        const Claim claim = given.of("compute_bound_attention"); // MHA's 4.5 GiB hold 8,192 tokens
        QVERIFY(claim.test);
        given.device.memoryBytes = 1ULL << 30;
        const std::optional<ClaimTest> test = given.of("compute_bound_attention").test;
        QVERIFY(test && test->contexts == std::vector<std::int64_t>{1024});
        QVERIFY(!given.of("compute_bound_step").test); // the weights alone do not fit
        given.device.memoryBytes = 0;
        QVERIFY(!given.of("compute_bound_attention").test);
    }

    void publicationsAreCountedNotAveraged() {
        Case given;
        QCOMPARE(given.of("quality_cost").verdict, ClaimVerdict::NotTested);
        given.published = {{"one", "Paper 1", "MMLU", 45.2, 37.9, true, 0},
                           {"one", "Paper 1", "perplexity", 13.15, 13.54, false, 0}};
        Claim claim = given.of("quality_cost");
        QCOMPARE(claim.verdict, ClaimVerdict::Supported);
        QVERIFY(has(claim.because, "1 published study MQA is worse in 2 of 2"));
        QVERIFY(has(claim.numbers, "MMLU: 45.2 with MHA, 37.9 with MQA"));
        QCOMPARE(claim.evidence, std::string("Paper 1."));
        given.published.push_back({"two", "Paper 2", "NQ", 12.4, 14.5, true, 0});
        claim = given.of("quality_cost");
        QCOMPARE(claim.verdict, ClaimVerdict::WithConditions);
        QVERIFY(has(claim.because, "2 of 3"));
        QCOMPARE(given.of("long_context_cost").verdict, ClaimVerdict::NotTested);
        given.published.push_back({"three", "Paper 3", "RULER", 80, 60, true, 65536});
        QCOMPARE(given.of("long_context_cost").verdict, ClaimVerdict::Supported);
    }

    void pairsAreOfOneStudy() {
        QualityStudy study;
        study.title = "one";
        study.citation = "Paper 1";
        study.metrics = {{"MMLU", true}, {"perplexity", false}};
        study.points = {{"A", "mqa", 512, {37.9, 13.54}},
                        {"B", "mha", 16384, {45.2, std::nullopt}},
                        {"C", "mqa", 256, {30.0, 14.0}}};
        QualityStudy alone = study;
        alone.points.erase(alone.points.begin() + 1); // without MHA there is nothing to lose
        const std::vector<QualityStudy> studies = {study, alone};
        const std::vector<PublishedPair> pairs = publishedPairs(studies);
        QCOMPARE(pairs.size(), std::size_t{1});
        QCOMPARE(pairs[0].measure, std::string("MMLU"));
        QCOMPARE(pairs[0].mha, 45.2);
        QCOMPARE(pairs[0].mqa, 37.9);
        QVERIFY(publishedPairs(publishedQuality()).size() > 10);
        for (const PublishedPair& pair : publishedPairs(publishedQuality()))
            QVERIFY(!pair.citation.empty() && pair.mha != 0);
    }

    void theFarEndIsOfHeadsAlone() {
        Case given;
        QCOMPARE(given.of("far_end_of_frontier").verdict, ClaimVerdict::WithConditions);
        QVERIFY(has(given.of("far_end_of_frontier").numbers,
                    "MHA 512 KiB, MQA 16.0 KiB; MQA with caches shared by pairs of layers 8.0"));
        given.model = modelByHand({1, 32, 32, 128});
        QCOMPARE(given.of("far_end_of_frontier").verdict, ClaimVerdict::Supported);
        given.model = modelByHand({4, 1, 1, 128});
        QCOMPARE(given.of("less_diversity").verdict, ClaimVerdict::NotSupported);
    }

    void theListIsMarkdown() {
        const Case given;
        const std::vector<Claim> all = given.all();
        const std::string text = claimsList(all);
        QVERIFY(has(text, ("### Claims: " + summary(all)).c_str()));
        QVERIFY(text.back() == '\n');
        for (const Claim& claim : all)
            QVERIFY(has(text, claim.statement.c_str()));
        QVERIFY(has(summary(all), "not tested"));
    }
};

QTEST_GUILESS_MAIN(TestClaims)
#include "test_claims.moc"
