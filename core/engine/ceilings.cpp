// SPDX-License-Identifier: Apache-2.0
#include "core/engine/ceilings.h"

#include <algorithm>
#include <iterator>
#include <string>

#include <nlohmann/json.hpp>

#include "core/spec/json_field.h"

namespace decodescope {
namespace {

using Json = nlohmann::json;

constexpr const char* kBf16Dot = "bf16_dot";
constexpr const char* kInt8Dot = "int8_dot";
constexpr DotUnit kUnits[] = {DotUnit::Bf16, DotUnit::SplitBf16, DotUnit::Int8};

const char* keyOf(DotUnit unit) {
    switch (unit) {
    case DotUnit::Bf16:
        return kBf16Dot;
    case DotUnit::SplitBf16:
        return "split_bf16_dot";
    case DotUnit::Int8:
        return kInt8Dot;
    case DotUnit::None:
        break;
    }
    return "none";
}

void needAboveZero(const char* key, double value) {
    if (!(value > 0))
        throw BadField(std::string("\"") + key + "\" is not above zero");
}

template <typename T>
void writeIfThere(Json& json, const char* key, const std::optional<T>& value) {
    if (value)
        json[key] = *value;
}

template <typename T>
void readIfThere(const Json& json, const char* key, std::optional<T>& value) {
    if (const auto found = json.find(key); found != json.end() && !found->is_null())
        readField(json, key, value.emplace());
}

std::optional<ArithmeticPeak> bestPeak(const std::optional<ArithmeticPeak>& a,
                                       const std::optional<ArithmeticPeak>& b) {
    if (!a || !b)
        return a ? a : b;
    return ArithmeticPeak{std::max(a->oneThreadPerSecond, b->oneThreadPerSecond),
                          std::max(a->allThreadsPerSecond, b->allThreadsPerSecond)};
}

/// Adds what `from` has to `into`: the higher rate where both have an entry of one `key`.
template <typename T, typename Key>
void mergeRates(std::vector<T>& into, const std::vector<T>& from, Key T::*key) {
    for (const T& each : from) {
        const auto same = std::find_if(into.begin(), into.end(),
                                       [&](const T& held) { return held.*key == each.*key; });
        if (same == into.end())
            into.push_back(each);
        else
            same->bytesPerSecond = std::max(same->bytesPerSecond, each.bytesPerSecond);
    }
    std::sort(into.begin(), into.end(), [key](const T& a, const T& b) { return a.*key < b.*key; });
}

} // namespace

// Found by the JSON library beside their types.
static void to_json(Json& json, const BandwidthAtThreads& rate) {
    json = {{"threads", rate.threads}, {"bytes_per_second", rate.bytesPerSecond}};
}
static void from_json(const Json& json, BandwidthAtThreads& rate) {
    readField(json, "threads", rate.threads);
    readField(json, "bytes_per_second", rate.bytesPerSecond);
    needAboveZero("threads", rate.threads);
    needAboveZero("bytes_per_second", rate.bytesPerSecond);
}

static void to_json(Json& json, const CacheLevel& cache) {
    json = {{"level", cache.level},
            {"bytes", cache.bytes},
            {"threads", cache.threads},
            {"bytes_per_second", cache.bytesPerSecond}};
}
static void from_json(const Json& json, CacheLevel& cache) {
    readField(json, "level", cache.level);
    readField(json, "bytes", cache.bytes);
    readField(json, "threads", cache.threads);
    readField(json, "bytes_per_second", cache.bytesPerSecond);
    needAboveZero("bytes", static_cast<double>(cache.bytes));
    needAboveZero("bytes_per_second", cache.bytesPerSecond);
}

static void to_json(Json& json, const ArithmeticPeak& peak) {
    json = {{"one_thread_per_second", peak.oneThreadPerSecond},
            {"all_threads_per_second", peak.allThreadsPerSecond}};
}
static void from_json(const Json& json, ArithmeticPeak& peak) {
    readField(json, "one_thread_per_second", peak.oneThreadPerSecond);
    readField(json, "all_threads_per_second", peak.allThreadsPerSecond);
    needAboveZero("one_thread_per_second", peak.oneThreadPerSecond);
    needAboveZero("all_threads_per_second", peak.allThreadsPerSecond);
}

double bf16DotsOfSplitFlop(DataType key, DataType value) {
    const auto dots = [](DataType type, double ofF16) {
        return type == DataType::F16 ? ofF16 : type == DataType::Int8 ? 2 : 3;
    };
    return (dots(key, 5) + dots(value, 4)) / 2; // keys and values have as many FLOP
}

void to_json(Json& json, const UnitUse& use) {
    json = {
        {"kv_dtype", name(use.kvType)}, {"least_group", use.leastGroup}, {"unit", keyOf(use.unit)}};
}

void from_json(const Json& json, UnitUse& use) {
    std::string type;
    std::string unit;
    readField(json, "kv_dtype", type);
    readField(json, "least_group", use.leastGroup);
    readField(json, "unit", unit);
    const std::optional<DataType> known = parseDataType(type);
    if (!known)
        throw BadField("\"kv_dtype\" is no type of a cache");
    if (use.leastGroup < 1)
        throw BadField("\"least_group\" is not above zero");
    const auto* const found = std::find_if(std::begin(kUnits), std::end(kUnits),
                                           [&](DotUnit each) { return unit == keyOf(each); });
    if (found == std::end(kUnits))
        throw BadField("\"unit\" is no unit of dot products");
    use.kvType = *known;
    use.unit = *found;
}

double Ceilings::flopPerSecondOf(std::uint64_t flop, std::uint64_t bf16DotFlop,
                                 std::uint64_t int8DotFlop, double bf16DotsOfFlop) const {
    const auto byBf16 = bf16Dot ? static_cast<double>(bf16DotFlop) : 0;
    const auto byInt8 = int8Dot ? static_cast<double>(int8DotFlop) : 0;
    if (byBf16 + byInt8 <= 0 || flopPerSecond <= 0)
        return flopPerSecond;
    const auto all = static_cast<double>(flop);
    double seconds = (all - byBf16 - byInt8) / flopPerSecond;
    if (bf16Dot)
        seconds += bf16DotsOfFlop * byBf16 / bf16Dot->allThreadsPerSecond;
    if (int8Dot)
        seconds += kInt8DotsOfFlop * byInt8 / int8Dot->allThreadsPerSecond;
    return all / seconds;
}

std::optional<CacheLevel> Ceilings::fastCache() const {
    constexpr double kNotably = 1.5;
    const double memory =
        bandwidthAtThreads.empty() ? 0 : bandwidthAtThreads.front().bytesPerSecond;
    const auto found =
        std::find_if(caches.rbegin(), caches.rend(), [memory](const CacheLevel& cache) {
            return memory > 0 && cache.bytesPerSecond >= kNotably * memory;
        });
    return found == caches.rend() ? std::nullopt : std::optional(*found);
}

bool Ceilings::complete() const {
    return measured && !bandwidthAtThreads.empty() && f32 && barrierSeconds;
}

void to_json(Json& json, const Ceilings& ceilings) {
    json = {{"bandwidth_bytes_per_second", ceilings.bandwidthBytesPerSecond},
            {"flop_per_second", ceilings.flopPerSecond},
            {"threads", ceilings.threads},
            {"measured", ceilings.measured}};
    if (!ceilings.bandwidthAtThreads.empty())
        json["bandwidth_at_threads"] = ceilings.bandwidthAtThreads;
    if (!ceilings.caches.empty())
        json["caches"] = ceilings.caches;
    writeIfThere(json, "f32_multiply_add", ceilings.f32);
    writeIfThere(json, kBf16Dot, ceilings.bf16Dot);
    writeIfThere(json, kInt8Dot, ceilings.int8Dot);
    writeIfThere(json, "fp8_dot", ceilings.fp8Dot);
    writeIfThere(json, "kernels", ceilings.kernels);
    if (ceilings.barrierSeconds)
        json["barrier_ms"] = *ceilings.barrierSeconds * 1000;
}

void from_json(const Json& json, Ceilings& ceilings) {
    ceilings = Ceilings{};
    readField(json, "bandwidth_bytes_per_second", ceilings.bandwidthBytesPerSecond);
    readField(json, "flop_per_second", ceilings.flopPerSecond);
    readField(json, "threads", ceilings.threads);
    readField(json, "measured", ceilings.measured);
    readFieldIfThere(json, "bandwidth_at_threads", ceilings.bandwidthAtThreads);
    readFieldIfThere(json, "caches", ceilings.caches);
    readIfThere(json, "f32_multiply_add", ceilings.f32);
    readIfThere(json, kBf16Dot, ceilings.bf16Dot);
    readIfThere(json, kInt8Dot, ceilings.int8Dot);
    readIfThere(json, "fp8_dot", ceilings.fp8Dot);
    readIfThere(json, "kernels", ceilings.kernels);
    std::optional<double> barrierMs;
    readIfThere(json, "barrier_ms", barrierMs);
    if (!barrierMs)
        return;
    needAboveZero("barrier_ms", *barrierMs);
    ceilings.barrierSeconds = *barrierMs / 1000;
}

Ceilings bestOf(const Ceilings& a, const Ceilings& b) {
    Ceilings best = a;
    best.bandwidthBytesPerSecond = std::max(a.bandwidthBytesPerSecond, b.bandwidthBytesPerSecond);
    best.flopPerSecond = std::max(a.flopPerSecond, b.flopPerSecond);
    best.fillBytesPerSecond = std::max(a.fillBytesPerSecond, b.fillBytesPerSecond);
    mergeRates(best.bandwidthAtThreads, b.bandwidthAtThreads, &BandwidthAtThreads::threads);
    mergeRates(best.caches, b.caches, &CacheLevel::level);
    best.f32 = bestPeak(a.f32, b.f32);
    if (best.f32) // one thing in two places, of which a short calibration has only the one
        best.flopPerSecond = best.f32->allThreadsPerSecond =
            std::max(best.flopPerSecond, best.f32->allThreadsPerSecond);
    best.bf16Dot = bestPeak(a.bf16Dot, b.bf16Dot);
    best.int8Dot = bestPeak(a.int8Dot, b.int8Dot);
    best.fp8Dot = bestPeak(a.fp8Dot, b.fp8Dot);
    if (a.kernels && b.kernels)
        best.kernels = bestOf(*a.kernels, *b.kernels);
    else if (b.kernels)
        best.kernels = b.kernels;
    if (b.barrierSeconds)
        best.barrierSeconds =
            std::min(a.barrierSeconds.value_or(*b.barrierSeconds), *b.barrierSeconds);
    return best;
}

} // namespace decodescope
