// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/self_test.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <random>

#include <fmt/format.h>

#include "core/cpu/attention.h"
#include "core/cpu/projection_kernel.h"
#include "core/cpu/random_fill.h"
#include "core/cpu/topology.h"
#include "core/cpu/weight_panels.h"
#include "core/engine/float_bits.h"
#include "core/engine/reference.h"

namespace decodescope {
namespace {

enum class Content : std::uint8_t { Random, Flat, Extreme, Dominated };

struct Case {
    Content content = Content::Random;
    DataType type = DataType::F16;
    std::int64_t headDim = 128;
    std::int64_t group = 1;
    std::int64_t nKvHeads = 1;
    std::vector<std::int64_t> contexts; ///< of each sequence of the batch
    AttentionArithmetic unit = AttentionArithmetic::F32;
    std::optional<DataType> values = {}; ///< where they are of another type than the keys

    [[nodiscard]] DataType valueType() const { return values.value_or(type); }
};

std::size_t index(std::int64_t n) {
    return static_cast<std::size_t>(n);
}

const char* nameOf(Content content) {
    switch (content) {
    case Content::Random:
        break;
    case Content::Flat:
        return ", flat scores";
    case Content::Extreme:
        return ", scores of ±80";
    case Content::Dominated:
        return ", one token dominates";
    }
    return "";
}

const char* nameOf(AttentionArithmetic unit) {
    switch (unit) {
    case AttentionArithmetic::F32:
        break;
    case AttentionArithmetic::Bf16Dot:
    case AttentionArithmetic::Int8Dot:
        return " by dot products";
    case AttentionArithmetic::Bf16Matrix:
    case AttentionArithmetic::SplitMatrix:
        return " by matrix products";
    case AttentionArithmetic::Bf16MatrixEmulated:
    case AttentionArithmetic::SplitMatrixEmulated:
        return " by emulated matrix products";
    case AttentionArithmetic::Bf16DotEmulated:
    case AttentionArithmetic::Int8DotEmulated:
        return " by emulated dot products";
    }
    return "";
}

/// Against the double reference on the inputs as the kernel reads them.
double attentionBound(DataType type, AttentionArithmetic unit, std::int64_t context,
                      Content content) {
    constexpr std::int64_t kFew = 32; // of fewer tokens each has a weight of 16 bits
    switch (unit) {
    case AttentionArithmetic::F32:
        return type == DataType::F32 ? 1e-6 : 5e-6;
    case AttentionArithmetic::SplitMatrix:
    case AttentionArithmetic::SplitMatrixEmulated:
        if (type == DataType::F16)
            return 5e-6;
        // 16 bits of queries and keys: a score of 80 is off by as much as its weight then is.
        return content == Content::Extreme ? 1e-3 : 1e-4;
    case AttentionArithmetic::Bf16Dot:
    case AttentionArithmetic::Bf16DotEmulated:
    case AttentionArithmetic::Bf16Matrix:
    case AttentionArithmetic::Bf16MatrixEmulated:
        return context < kFew ? 2e-5 : 2e-3; // many have weights of bf16
    case AttentionArithmetic::Int8Dot:
    case AttentionArithmetic::Int8DotEmulated:
        break;
    }
    // Queries and weights are whole numbers of 16 bits, 32639 or more for the largest of a head (of
    // a head and a round of tokens): what rounding does to a score of normal queries and keys is
    // 3e-5, and to a round's sum 5e-5 of its largest term where that is the sum.
    return 1e-4;
}

/// Keys, values and queries of one case, as the cache holds them.
struct Data {
    std::vector<float> queries;                   ///< [sequence][head][headDim]
    std::vector<std::vector<float>> keys, values; ///< of each sequence and KV head
};

/// One number of a key, value or query for the case's content.
class Source {
public:
    Source(const Case& test, std::uint64_t seed) : m_case(test), m_random(seed) {}

    float query(std::int64_t d) {
        // With this element alone the score is kReach times the key's first element exactly.
        if (m_case.content == Content::Random)
            return m_normal(m_random);
        if (m_case.content == Content::Flat)
            return 0;
        return d == 0 ? kReach * std::sqrt(static_cast<float>(m_case.headDim)) : 0;
    }
    float key(std::int64_t token, std::int64_t d) {
        if (d == 0 && m_case.content == Content::Extreme)
            return (token % 3 == 0 ? 80.0F : -80.0F) / kReach;
        if (d == 0 && m_case.content == Content::Dominated)
            return token == 5 ? 60.0F / kReach : 0.0F;
        return m_normal(m_random);
    }
    float value() {
        const float mean = m_case.content == Content::Flat ? 0.5F : 0.0F;
        return mean + m_normal(m_random) * (mean > 0 ? 0.1F : 1.0F);
    }

private:
    static constexpr float kReach = 32; // keeps keys within what an int8 cache holds

    const Case& m_case;
    std::mt19937_64 m_random;
    std::normal_distribution<float> m_normal;
};

Data makeData(const Case& test, KvCache& cache, std::uint64_t seed) {
    Source source(test, seed);
    Data data;
    const std::int64_t dim = test.headDim;
    for (std::size_t s = 0; s < test.contexts.size(); ++s)
        for (std::int64_t head = 0; head < test.nKvHeads; ++head) {
            auto& keys = data.keys.emplace_back(index(test.contexts[s] * dim));
            auto& values = data.values.emplace_back(keys.size());
            for (std::int64_t t = 0; t < test.contexts[s]; ++t) {
                const std::span<float> key(&keys[index(t * dim)], index(dim));
                const std::span<float> value(&values[index(t * dim)], index(dim));
                for (std::int64_t d = 0; d < dim; ++d) {
                    key[index(d)] = source.key(t, d);
                    value[index(d)] = source.value();
                }
                cache.put(static_cast<std::int64_t>(s), head, t, key.data(), value.data());
                // What the cache gives back is what the reference attends to.
                roundRow(test.type, key);
                roundRow(test.valueType(), value);
            }
            for (std::int64_t i = 0; i < test.group * dim; ++i)
                data.queries.push_back(source.query(i % dim));
        }
    return data;
}

/// Queries as the unit reads them: products of bf16 take them as a cache of bf16 would hold them.
std::vector<float> queriesRead(const Case& test, const Data& data) {
    std::vector<float> queries = data.queries;
    if (roundsToBf16(test.unit))
        roundRow(DataType::BF16, queries);
    return queries;
}

/// ‖out − reference‖ / ‖reference‖ over all heads. Long cases look at a few heads: each is computed
/// alike, and the scalar reference of all of them would take minutes.
double errorOf(const Case& test, const Data& data, std::span<const float> out) {
    const std::int64_t dim = test.headDim;
    const std::vector<float> queries = queriesRead(test, data);
    std::vector<float> measured;
    std::vector<double> expected;
    for (std::size_t kv = 0; kv < data.keys.size(); ++kv) {
        const auto tokens = static_cast<std::int64_t>(data.keys[kv].size()) / dim;
        const std::int64_t stride =
            std::max<std::int64_t>(1, tokens * test.group * dim / 8'000'000);
        for (std::int64_t h = 0; h < test.group; h += stride) {
            const std::size_t at = index((static_cast<std::int64_t>(kv) * test.group + h) * dim);
            const auto reference = referenceAttention(std::span(queries).subspan(at, index(dim)),
                                                      data.keys[kv], data.values[kv], dim);
            const auto head = out.subspan(at, index(dim));
            measured.insert(measured.end(), head.begin(), head.end());
            expected.insert(expected.end(), reference.begin(), reference.end());
        }
    }
    return relativeError(measured, expected);
}

SelfTestResult runCase(const Case& test, ThreadPool& pool, std::uint64_t seed,
                       const std::stop_token& stop) {
    const auto batch = static_cast<std::int64_t>(test.contexts.size());
    const std::int64_t longest = *std::max_element(test.contexts.begin(), test.contexts.end());
    SelfTestResult result{
        fmt::format("attention{}{}{}", nameOf(test.unit), nameOf(test.content),
                    test.values ? fmt::format(", values {}", name(*test.values)) : ""),
        test.type,
        test.headDim,
        test.group,
        longest,
        batch,
        std::numeric_limits<double>::infinity(),
        attentionBound(test.type, test.unit, longest, test.content),
        0,
        0};
    KvCache cache(
        {{test.type, test.valueType()}, batch, test.nKvHeads, test.headDim, test.headDim, longest});
    Attention attention;
    const Attention::Shape shape{
        batch, test.nKvHeads * test.group, test.nKvHeads, test.headDim, test.headDim, longest};
    const std::int64_t heads = test.nKvHeads * test.group;
    if (!cache.valid() || !attention.grow({&shape, 1}, pool.threads()))
        return result;
    // Poison: slots that no token fills, and every output.
    std::fill_n(cache.buffer().data(), cache.bytes(), std::byte{0xFF});
    const Data data = makeData(test, cache, seed);
    std::vector<float> out(data.queries.size(), std::numeric_limits<float>::quiet_NaN());
    if (attention.run(pool, cache, test.unit, heads, test.contexts, data.queries.data(), out.data(),
                      stop))
        result.error = errorOf(test, data, out);
    return result;
}

constexpr DataType kTypes[] = {DataType::F32,  DataType::F16,  DataType::BF16,
                               DataType::Int8, DataType::Q8_0, DataType::Q4_0};
constexpr std::int64_t kHeadDims[] = {64, 80, 96, 128, 256};
constexpr std::int64_t kContexts[] = {1, 7, 15, 16, 17, 63, 64, 65, 1023, 4097};

constexpr std::int64_t kFewGroups[] = {1, 4, 7, 32};
constexpr std::int64_t kManyGroups[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 32, 48, 64, 71, 128};

/// A type, and what multiplies what a cache of it holds.
struct Kernel {
    DataType type;
    AttentionArithmetic unit;
};

/// Sums of whole numbers are the same in a unit and emulated.
AttentionArithmetic int8Unit() {
    return dotUnits().int8 ? AttentionArithmetic::Int8Dot : AttentionArithmetic::Int8DotEmulated;
}

/// Every one that this CPU runs, whether or not it would choose it.
std::vector<Kernel> kernels() {
    std::vector<Kernel> all;
    for (const DataType type : kTypes)
        all.push_back({type, AttentionArithmetic::F32});
    all.push_back({DataType::BF16, AttentionArithmetic::Bf16DotEmulated});
    all.push_back({DataType::BF16, AttentionArithmetic::Bf16MatrixEmulated});
    if (dotUnits().bf16)
        all.push_back({DataType::BF16, AttentionArithmetic::Bf16Dot});
    if (dotUnits().bf16Matrix)
        all.push_back({DataType::BF16, AttentionArithmetic::Bf16Matrix});
    for (const DataType type : {DataType::F16, DataType::Int8, DataType::Q8_0, DataType::Q4_0}) {
        all.push_back({type, AttentionArithmetic::SplitMatrixEmulated});
        if (dotUnits().bf16Matrix)
            all.push_back({type, AttentionArithmetic::SplitMatrix});
    }
    for (const DataType type : {DataType::Int8, DataType::Q8_0, DataType::Q4_0})
        all.push_back({type, int8Unit()});
    return all;
}

std::vector<Case> casesOf(bool full) {
    const std::span<const std::int64_t> groups = full ? std::span<const std::int64_t>(kManyGroups)
                                                      : std::span<const std::int64_t>(kFewGroups);
    std::vector<Case> cases;
    for (const auto& [type, unit] : kernels()) {
        const auto add = [&cases, unit = unit](Case each) {
            each.unit = unit;
            cases.push_back(std::move(each));
        };
        for (const std::int64_t headDim : kHeadDims)
            for (const std::int64_t context : kContexts)
                for (const std::int64_t group : groups)
                    if (full || context < 1000 || group == 4)
                        add({Content::Random, type, headDim, group, 1, {context}});
        for (std::int64_t group = 1; group <= 128; group += full ? 1 : 9)
            add({Content::Random, type, 128, group, 1, {65}});
        add({Content::Random, type, 64, 3, 5, {1, 300, 64, 1023, 33}});
        add({Content::Random, type, 64, 1, 16, {4100, 1025, 3000}}); // long parts, one head each
        add({Content::Random, type, 72, 5, 2, {100, 7}});
        add({Content::Random, type, 160, 5, 2, {100, 7}});
        for (const std::int64_t headDim : {std::int64_t{64}, std::int64_t{256}}) {
            add({Content::Extreme, type, headDim, 8, 1, {1023}});
            add({Content::Dominated, type, headDim, 8, 1, {4097}});
        }
        add({Content::Flat, type, 64, full ? 32 : 2, 1, {131072}});
    }
    for (const auto& [keys, values] : {std::pair{DataType::Q8_0, DataType::Q4_0},
                                       {DataType::Q4_0, DataType::Int8},
                                       {DataType::Int8, DataType::Q8_0},
                                       {DataType::Q8_0, DataType::F16}})
        for (const std::int64_t headDim : {std::int64_t{72}, std::int64_t{128}})
            cases.push_back({Content::Random,
                             keys,
                             headDim,
                             9,
                             1,
                             {77},
                             values == DataType::F16 ? AttentionArithmetic::F32 : int8Unit(),
                             values});
    return cases;
}

struct ProjectionCase {
    DataType type = DataType::F16;
    std::int64_t rows = 1;
    std::int64_t columns = 1;
    std::int64_t batch = 1;
};

/// Against the weights as stored. 4-bit weights meet inputs of 8 bits, 8-bit ones of 16.
double projectionBound(DataType type) {
    if (type == DataType::F32)
        return 1e-6;
    return type == DataType::F16 || type == DataType::BF16 ? 5e-6 : 2e-2;
}

SelfTestResult runCase(const ProjectionCase& test, ThreadPool& pool, std::uint64_t seed,
                       const std::stop_token& stop) {
    SelfTestResult result;
    result.kernel = "projection";
    result.type = test.type;
    result.rows = test.rows;
    result.columns = test.columns;
    result.batch = test.batch;
    result.error = std::numeric_limits<double>::infinity();
    result.bound = projectionBound(test.type);
    const std::int64_t elements = test.rows * test.columns;
    Buffer weights(storedBytes(test.type, static_cast<std::uint64_t>(elements)));
    Buffer panels(panelBytes(test.type, test.rows, test.columns));
    if (!weights.valid() || !panels.valid() ||
        !fillRandom(pool, weights, test.type, seed, -4, stop))
        return result;
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> in(index(test.batch * test.columns));
    for (float& value : in)
        value = normal(random);
    std::vector<float> out(index(test.batch * test.rows), std::numeric_limits<float>::quiet_NaN());
    packPanels(test.type, weights.data(), test.rows, test.columns, panels.data());
    if (project(
            pool,
            {test.type, panels.data(), test.rows, test.columns, test.batch, in.data(), out.data()},
            stop))
        result.error =
            relativeError(out, referenceProjection(decoded(test.type, weights.data(), elements), in,
                                                   test.columns));
    return result;
}

std::vector<ProjectionCase> projectionCases(bool full) {
    std::vector<ProjectionCase> cases;
    for (const DataType type :
         {DataType::F32, DataType::F16, DataType::BF16, DataType::Q8_0, DataType::Q4_0})
        for (const std::int64_t columns : {1, 31, 32, 33, 96, 4096, 14336})
            for (const std::int64_t batch : {1, 2, 3, 5, 16, 65})
                if (columns % info(type).blockElements == 0 && (full || batch * columns < 20'000))
                    cases.push_back({type, 61, columns, batch});
    return cases;
}

} // namespace

std::vector<SelfTestResult> runCpuSelfTest(const SelfTestOptions& options,
                                           const SelfTestProgress& progress,
                                           const std::stop_token& stop) {
    ThreadPool pool(options.threads > 0 ? options.threads : cpuTopology().threads);
    const std::vector<Case> cases = casesOf(options.full);
    const std::vector<ProjectionCase> projections = projectionCases(options.full);
    const std::size_t total = cases.size() + projections.size();
    std::vector<SelfTestResult> results;
    for (std::size_t i = 0; i < total && !stop.stop_requested(); ++i) {
        const std::uint64_t seed = options.seed + i;
        SelfTestResult result = i < cases.size()
                                    ? runCase(cases[i], pool, seed, stop)
                                    : runCase(projections[i - cases.size()], pool, seed, stop);
        if (stop.stop_requested())
            break;
        results.push_back(std::move(result));
        if (progress)
            progress(results.back(), static_cast<double>(i + 1) / static_cast<double>(total));
    }
    return results;
}

} // namespace decodescope
