// SPDX-License-Identifier: Apache-2.0
// Decode attention beside the machine's own roofs, one JSON object a line.
// bench_cpu_attention [WORD]: only the cases whose name contains WORD, as "MQA-32" or "q8_0".
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench_timing.h"
#include "core/cpu/attention.h"
#include "core/cpu/attention_arithmetic.h"
#include "core/cpu/kv_cache.h"
#include "core/cpu/roof_kernels.h"
#include "core/cpu/topology.h"
#include "core/engine/ceilings.h"
#include "core/spec/units.h"

using namespace decodescope;
using bench::median;
using bench::secondsOf;

namespace {

constexpr int kRepeats = 21;
constexpr std::uint64_t kCachesToOutrun = 4;

struct Case {
    std::string name;
    DataType type = DataType::F16;
    std::int64_t nKvHeads = 1, group = 1, headDim = 128, context = 4096;
    std::optional<double> oneThread = {},
                          allThreads = {}; ///< what is asked of the floor's fraction
    std::string against = {};              ///< a case before, which this should outrun …
    double times = 1;                      ///< … so many times
    AttentionArithmetic unit = AttentionArithmetic::F32;
};

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const std::int64_t context : {4096, 32768, 131072}) {
        const std::string at = formatTokensShort(context);
        all.push_back({"MHA f16 " + at, DataType::F16, 32, 1, 128, context, 0.90, 0.88, "", 1});
        all.push_back({"GQA-4 f16 " + at, DataType::F16, 8, 4, 128, context, 0.85, 0.80, "", 1});
        all.push_back({"GQA-8 f16 " + at, DataType::F16, 4, 8, 128, context, 0.75, 0.75, "", 1});
        all.push_back({"MQA-32 f16 " + at, DataType::F16, 1, 32, 128, context, 0.80, 0.78, "", 1});
    }
    all.push_back({"MHA bf16 4K", DataType::BF16, 32, 1, 128, 4096, 0.90, 0.88, "", 1});
    all.push_back({"MQA-64 f16 32K", DataType::F16, 1, 64, 128, 32768, 0.80, 0.78, "", 1});
    all.push_back({"MQA-32 f16 1M", DataType::F16, 1, 32, 128, 1048576, 0.80, 0.78, "", 1});
    const auto both = [&](DataType type, const char* shape, std::int64_t kv, std::int64_t group,
                          double times) {
        all.push_back({fmt::format("{} {} 4K", shape, name(type)), type, kv, group, 128, 4096,
                       std::nullopt, std::nullopt, fmt::format("{} f16 4K", shape), times,
                       attentionArithmetic({type, type}, group, dotUnits())});
    };
    for (const DataType type : {DataType::Int8, DataType::Q8_0}) {
        both(type, "MHA", 32, 1, 1.6);
        both(type, "GQA-4", 8, 4, 1);
        both(type, "GQA-8", 4, 8, 1);
        both(type, "MQA-32", 1, 32, 1);
    }
    all.push_back({"MHA q4_0 4K", DataType::Q4_0, 32, 1, 128, 4096, std::nullopt, std::nullopt,
                   "MHA q8_0 4K", 1,
                   attentionArithmetic({DataType::Q4_0, DataType::Q4_0}, 1, dotUnits())});
    for (const std::int64_t group : {32, 64}) {
        if (!dotUnits().bf16)
            break;
        const std::string shape = fmt::format("MQA-{} bf16 32K", group);
        all.push_back({shape + " by f32", DataType::BF16, 1, group, 128, 32768, 0.80, 0.78, "", 1});
        all.push_back({shape + " by dot products", DataType::BF16, 1, group, 128, 32768,
                       std::nullopt, std::nullopt, shape + " by f32", 1.5,
                       AttentionArithmetic::Bf16Dot});
        if (dotUnits().bf16Matrix)
            all.push_back({shape + " by matrix products", DataType::BF16, 1, group, 128, 32768,
                           0.80, 0.78, shape + " by f32", 1.5, AttentionArithmetic::Bf16Matrix});
    }
    for (const std::int64_t headDim : {64, 80, 96, 256})
        all.push_back({fmt::format("MHA f16 4K, head_dim {}", headDim), DataType::F16, 32, 1,
                       headDim, 4096, 0.81, 0.79, "", 1});
    const std::map<std::int64_t, double> odd{{3, 0.76},  {5, 0.76},  {6, 0.68}, {7, 0.68},
                                             {12, 0.72}, {48, 0.72}, {71, 0.72}};
    for (const auto& [group, limit] : odd)
        all.push_back({fmt::format("group of {}, f16 16K", group), DataType::F16, 4, group, 128,
                       16384, limit, limit * 0.94, "", 1});
    // Of a cache of f16 what is chosen for it, beside the peak of f32 either way: matrix products
    // are as exact.
    for (Case& each : all)
        if (each.type == DataType::F16)
            each.unit = attentionArithmetic({each.type, each.type}, each.group, dotUnits());
    for (const std::int64_t group : {16, 32}) // what matrix products took the place of
        if (attentionArithmetic({DataType::F16, DataType::F16}, group, dotUnits()) !=
            AttentionArithmetic::F32)
            all.push_back(
                {fmt::format("MQA-{} f16 32K by f32", group), DataType::F16, 1, group, 128, 32768});
    return all;
}

/// What is measured side by side, so that a machine whose pace changes changes all of it.
struct Measured {
    double seconds = 0;   ///< of one step over all caches: median
    double bandwidth = 0; ///< median, bytes a second of the same memory read as a stream
    double flop = 0;      ///< median, what the case's unit does beside each repetition
    double fraction = 0;  ///< median over the repetitions of floor / time
    double best = 0;      ///< of the repetitions
    double bareLoop =
        0; ///< median: what a loop of the case's reads and multiply-adds alone reaches
    double tokensPerSecond = 0; ///< tokens of the context attended to
};

class Bench {
public:
    explicit Bench(int threads) : m_pool(threads) {}

    std::optional<Measured> run(const Case& test) {
        const KvLayout layout{{test.type, test.type}, 1,           test.nKvHeads, test.headDim,
                              test.headDim,           test.context};
        const std::uint64_t outrun =
            kCachesToOutrun * cpuTopology().lastLevelCacheBytes.value_or(32 * kMiB);
        std::vector<KvCache> caches(outrun / std::max<std::uint64_t>(1, layout.bytes()) + 1);
        std::uint64_t seed = 0;
        for (KvCache& cache : caches) {
            cache = KvCache(layout);
            if (!cache.valid() || !cache.fill(m_pool, ++seed, {}))
                return std::nullopt;
        }
        const std::int64_t heads = test.nKvHeads * test.group;
        Attention attention;
        const Attention::Shape shape{1,           heads, test.nKvHeads, test.headDim, test.headDim,
                                     test.context};
        if (!attention.grow({&shape, 1}, m_pool.threads()))
            return std::nullopt;
        std::vector<float> queries(static_cast<std::size_t>(heads * test.headDim));
        std::vector<float> out(queries.size());
        for (std::size_t i = 0; i < queries.size(); ++i)
            queries[i] = static_cast<float>(i * 7919 % 2001) / 1000 - 1;

        const double count = static_cast<double>(caches.size());
        const double bytes = static_cast<double>(layout.bytes()) * count;
        const double flop = 4.0 * static_cast<double>(heads * test.headDim * test.context) * count;
        std::vector<double> seconds, bandwidths, flops, fractions, bareLoops;
        for (int i = 0; i <= kRepeats; ++i) {
            const double bandwidth = bytes / streamSeconds(caches);
            const double before = peak(test.unit);
            const double taken = secondsOf([&] {
                for (KvCache& cache : caches)
                    static_cast<void>(attention.run(m_pool, cache, test.unit, heads,
                                                    {&test.context, 1}, queries.data(), out.data(),
                                                    {}));
            });
            const double rate = (before + peak(test.unit)) / 2;
            if (i == 0)
                continue; // warm-up
            seconds.push_back(taken);
            bandwidths.push_back(bandwidth);
            flops.push_back(rate);
            const double floor = std::max(bytes / bandwidth, flop / rate);
            fractions.push_back(floor / taken);
            if (test.type == DataType::F16 && test.unit == AttentionArithmetic::F32)
                bareLoops.push_back(floor /
                                    std::max(bytes / bandwidth, flop / fedPeak(test.group)));
        }
        Measured result;
        result.seconds = median(seconds);
        result.bandwidth = median(bandwidths);
        result.flop = median(flops);
        result.fraction = median(fractions);
        result.best = *std::max_element(fractions.begin(), fractions.end());
        result.bareLoop = bareLoops.empty() ? 0 : median(bareLoops);
        result.tokensPerSecond = static_cast<double>(test.context) * count / result.seconds;
        return result;
    }

private:
    double streamSeconds(const std::vector<KvCache>& caches) {
        constexpr std::uint64_t kUnit = kMiB;
        const auto readOne = [&](const KvCache& cache) {
            const std::byte* data = cache.head(0, 0);
            const auto units = static_cast<std::int64_t>((cache.bytes() + kUnit - 1) / kUnit);
            m_pool.run(units, {}, [&](std::int64_t unit, int) {
                const std::uint64_t at = static_cast<std::uint64_t>(unit) * kUnit;
                const std::uint64_t bytes = std::min(kUnit, cache.bytes() - at);
                m_sink = readStream(reinterpret_cast<const float*>(data + at),
                                    static_cast<std::int64_t>(bytes / sizeof(float)));
            });
        };
        return secondsOf([&] { std::for_each(caches.begin(), caches.end(), readOne); });
    }

    double peak(AttentionArithmetic unit) {
        constexpr std::int64_t kRounds = 20'000;
        const bool int8 = unit == AttentionArithmetic::Int8Dot;
        const PeakLoop loop = int8                                      ? int8DotLoop()
                              : unit == AttentionArithmetic::Bf16Matrix ? bf16MatrixLoop()
                              : unit == AttentionArithmetic::Bf16Dot    ? bf16DotLoop()
                                                                        : f32Loop();
        return operationsPerSecond(loop, kRounds) / (int8 ? kInt8DotsOfFlop : 1);
    }

    double fedPeak(std::int64_t group) {
        constexpr std::int64_t kRounds = 50;
        return operationsPerSecond(f16FedLoop(group), kRounds);
    }

    double operationsPerSecond(PeakLoop loop, std::int64_t rounds) {
        std::atomic<double> done{0};
        const double seconds = secondsOf([&] {
            m_pool.run(8 * m_pool.threads(), {}, [&](std::int64_t, int) {
                float sink = 0;
                done.fetch_add(loop(rounds, 1.0F, sink));
                m_sink = sink;
            });
        });
        return done.load() / seconds;
    }

    ThreadPool m_pool;
    std::atomic<float> m_sink{0};
};

void print(const Case& test, const Measured& result, int threads, double value,
           const std::optional<double>& limit, const char* unit) {
    const std::string asked = limit ? fmt::format("{:.2f}", *limit) : "null";
    const std::string bare =
        result.bareLoop > 0 ? fmt::format(R"("bare_loop": {:.3f}, )", result.bareLoop) : "";
    const char* pass = !limit ? "null" : value >= *limit ? "true" : "false";
    fmt::print(R"({{"case": "{}", "threads": {}, "value": {:.3f}, "limit": {}, "unit": "{}", )"
               R"("best": {:.3f}, {}"median_ms": {:.3f}, "tokens_per_second": {:.4g}, )"
               R"("roof_gb_per_s": {:.2f}, "roof_gflop_per_s": {:.1f}, "pass": {}}})"
               "\n",
               test.name, threads, value, asked, unit, result.best, bare, result.seconds * 1e3,
               result.tokensPerSecond, result.bandwidth * 1e-9, result.flop * 1e-9, pass);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    const std::string word = argc > 1 ? argv[1] : "";
    std::vector<int> threadCounts{1};
    if (cpuTopology().threads > 1)
        threadCounts.push_back(cpuTopology().threads);
    for (const int threads : threadCounts) {
        Bench bench(threads);
        std::map<std::string, Measured> done;
        for (const Case& test : cases()) {
            const bool asked = test.name.find(word) != std::string::npos;
            if (!asked)
                continue;
            const std::optional<Measured> result = bench.run(test);
            if (!result) {
                fmt::print(stderr, "{}: not enough memory\n", test.name);
                continue;
            }
            done[test.name] = *result;
            const auto other = done.find(test.against);
            if (other != done.end())
                print(test, *result, threads,
                      result->tokensPerSecond / other->second.tokensPerSecond, test.times,
                      ("times the speed of " + test.against).c_str());
            if (other == done.end() || test.oneThread)
                print(test, *result, threads, result->fraction,
                      threads == 1 ? test.oneThread : test.allThreads, "floor fraction");
        }
    }
    return 0;
}
