// SPDX-License-Identifier: Apache-2.0
#include "core/spec/kernel_rates.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "core/spec/json_field.h"
#include "core/spec/workload.h"

namespace decodescope {
namespace {

using Json = nlohmann::json;

double above(const Json& json, const char* key) {
    double value = 0;
    readField(json, key, value);
    if (!(value > 0) || !std::isfinite(value))
        throw BadField(std::string("\"") + key + "\" is not above zero");
    return value;
}

template <typename Integer>
Integer countAbove(const Json& json, const char* key) {
    Integer value = 0;
    readField(json, key, value);
    if (value < 1)
        throw BadField(std::string("\"") + key + "\" is not above zero");
    return value;
}

bool readBool(const Json& json, const char* key) {
    bool value = false;
    readField(json, key, value);
    return value;
}

std::int64_t roundUp(std::int64_t value, std::int64_t step) {
    return (value / step + (value % step == 0 ? 0 : 1)) * step;
}

/// Adds what `from` has to `into`: the shorter time where both have the point.
template <typename Rate, typename SamePoint>
void mergeTimes(std::vector<Rate>& into, const std::vector<Rate>& from, double Rate::*time,
                const SamePoint& same) {
    for (const Rate& each : from) {
        const auto held = std::find_if(into.begin(), into.end(),
                                       [&](const Rate& other) { return same(other, each); });
        if (held == into.end())
            into.push_back(each);
        else
            (*held).*time = std::min((*held).*time, each.*time);
    }
}

} // namespace

// Found by the JSON library beside their types.
static void to_json(Json& json, const AttentionUnits& units) {
    json = {{"tile_tokens", units.tileTokens},
            {"least_part_tokens", units.leastPartTokens},
            {"most_part_tokens", units.mostPartTokens},
            {"parts_per_thread", units.partsPerThread},
            {"launched", units.launched}};
}
static void from_json(const Json& json, AttentionUnits& units) {
    units.tileTokens = countAbove<std::int64_t>(json, "tile_tokens");
    units.leastPartTokens = countAbove<std::int64_t>(json, "least_part_tokens");
    units.mostPartTokens = countAbove<std::int64_t>(json, "most_part_tokens");
    units.partsPerThread = countAbove<std::int64_t>(json, "parts_per_thread");
    readFieldIfThere(json, "launched", units.launched);
}

static void to_json(Json& json, const AttentionRate& rate) {
    json = {{"dtype", name(rate.type)}, {"group", rate.group},
            {"head_dim", rate.headDim}, {"threads", rate.threads},
            {"cached", rate.cached},    {"seconds_per_row", rate.secondsPerRow}};
}
static void from_json(const Json& json, AttentionRate& rate) {
    rate.type = readDataType(json, "dtype");
    rate.group = countAbove<std::int64_t>(json, "group");
    rate.headDim = countAbove<std::int64_t>(json, "head_dim");
    rate.threads = countAbove<int>(json, "threads");
    rate.cached = readBool(json, "cached");
    rate.secondsPerRow = above(json, "seconds_per_row");
}

static void to_json(Json& json, const AttentionPartRate& rate) {
    json = {{"dtype", name(rate.type)},
            {"group", rate.group},
            {"seconds_per_part", rate.secondsPerPart}};
}
static void from_json(const Json& json, AttentionPartRate& rate) {
    if (json.contains("dtype")) // earlier versions measured one
        rate.type = readDataType(json, "dtype");
    rate.group = countAbove<std::int64_t>(json, "group");
    rate.secondsPerPart = above(json, "seconds_per_part");
}

static void to_json(Json& json, const LaunchRate& rate) {
    json = {{"dtype", name(rate.type)}, {"group", rate.group}, {"head_dim", rate.headDim},
            {"cached", rate.cached},    {"rows", rate.rows},   {"seconds", rate.seconds}};
}
static void from_json(const Json& json, LaunchRate& rate) {
    rate.type = readDataType(json, "dtype");
    rate.group = countAbove<std::int64_t>(json, "group");
    rate.headDim = countAbove<std::int64_t>(json, "head_dim");
    rate.cached = readBool(json, "cached");
    rate.rows = countAbove<std::int64_t>(json, "rows");
    rate.seconds = above(json, "seconds");
}

static void to_json(Json& json, const LinearRate& rate) {
    json = {{"dtype", name(rate.type)},
            {"batch", rate.batch},
            {"threads", rate.threads},
            {"cached", rate.cached},
            {"seconds_per_byte", rate.secondsPerByte}};
}
static void from_json(const Json& json, LinearRate& rate) {
    rate.type = readDataType(json, "dtype");
    rate.batch = countAbove<std::int64_t>(json, "batch");
    rate.threads = countAbove<int>(json, "threads");
    rate.cached = readBool(json, "cached");
    rate.secondsPerByte = above(json, "seconds_per_byte");
}

static void to_json(Json& json, const ActivationRate& rate) {
    json = {{"dtype", name(rate.type)},
            {"batch", rate.batch},
            {"threads", rate.threads},
            {"seconds_per_value", rate.secondsPerValue}};
}
static void from_json(const Json& json, ActivationRate& rate) {
    rate.type = readDataType(json, "dtype");
    rate.batch = countAbove<std::int64_t>(json, "batch");
    rate.threads = countAbove<int>(json, "threads");
    rate.secondsPerValue = above(json, "seconds_per_value");
}

static void to_json(Json& json, const LayerRate& rate) {
    json = {{"threads", rate.threads},
            {"attention_seconds", rate.attentionSeconds},
            {"step_seconds", rate.stepSeconds},
            {"start_seconds", rate.startSeconds}};
}
static void from_json(const Json& json, LayerRate& rate) {
    rate.threads = countAbove<int>(json, "threads");
    rate.attentionSeconds = above(json, "attention_seconds");
    rate.stepSeconds = above(json, "step_seconds");
    readFieldIfThere(json, "start_seconds", rate.startSeconds);
    if (!(rate.startSeconds >= 0) || !std::isfinite(rate.startSeconds))
        throw BadField("\"start_seconds\" is below zero");
}

static void to_json(Json& json, const ResidencyRate& rate) {
    json = {{"bytes", rate.bytes}, {"from_memory", rate.fromMemory}, {"threads", rate.threads}};
}
static void from_json(const Json& json, ResidencyRate& rate) {
    readField(json, "bytes", rate.bytes);
    readField(json, "from_memory", rate.fromMemory);
    if (!(rate.fromMemory >= 0 && rate.fromMemory <= 1))
        throw BadField("\"from_memory\" is not between 0 and 1");
    readFieldIfThere(json, "threads", rate.threads);
}

std::int64_t AttentionUnits::partTokens(std::int64_t heads, std::int64_t tokens,
                                        int threads) const {
    const std::int64_t wanted = std::max<std::int64_t>(1, partsPerThread * threads);
    const std::int64_t partsOfHead = roundUp(wanted, heads) / heads;
    const std::int64_t part = roundUp(tokens, partsOfHead) / partsOfHead;
    const std::int64_t clamped = std::clamp(part, leastPartTokens, mostPartTokens);
    return std::max<std::int64_t>(1, roundUp(clamped, tileTokens));
}

std::int64_t AttentionUnits::partsOfHead(std::int64_t heads, std::int64_t tokens,
                                         int threads) const {
    const std::int64_t part = partTokens(heads, tokens, threads);
    return roundUp(tokens, part) / part;
}

void to_json(Json& json, const KernelRates& rates) {
    json = {{"units", rates.units},
            {"attention", rates.attention},
            {"attention_parts", rates.parts},
            {"attention_launches", rates.launches},
            {"linear", rates.linear},
            {"activations", rates.activations},
            {"layers", rates.layers},
            {"residency", rates.residency},
            {"usual_slowdown", rates.usualSlowdown},
            {"most_slowdown", rates.mostSlowdown}};
}

void from_json(const Json& json, KernelRates& rates) {
    rates = KernelRates{};
    readField(json, "units", rates.units);
    readField(json, "attention", rates.attention);
    readField(json, "attention_parts", rates.parts);
    readFieldIfThere(json, "attention_launches", rates.launches);
    readField(json, "linear", rates.linear);
    readFieldIfThere(json, "activations", rates.activations);
    readField(json, "layers", rates.layers);
    readField(json, "residency", rates.residency);
    rates.usualSlowdown = above(json, "usual_slowdown");
    rates.mostSlowdown = above(json, "most_slowdown");
}

KernelRates bestOf(const KernelRates& a, const KernelRates& b) {
    KernelRates best = a;
    mergeTimes(best.attention, b.attention, &AttentionRate::secondsPerRow,
               [](const AttentionRate& x, const AttentionRate& y) {
                   return x.type == y.type && x.group == y.group && x.headDim == y.headDim &&
                          x.threads == y.threads && x.cached == y.cached;
               });
    mergeTimes(best.parts, b.parts, &AttentionPartRate::secondsPerPart,
               [](const AttentionPartRate& x, const AttentionPartRate& y) {
                   return x.type == y.type && x.group == y.group;
               });
    mergeTimes(best.launches, b.launches, &LaunchRate::seconds,
               [](const LaunchRate& x, const LaunchRate& y) {
                   return x.type == y.type && x.group == y.group && x.headDim == y.headDim &&
                          x.cached == y.cached && x.rows == y.rows;
               });
    mergeTimes(best.linear, b.linear, &LinearRate::secondsPerByte,
               [](const LinearRate& x, const LinearRate& y) {
                   return x.type == y.type && x.batch == y.batch && x.threads == y.threads &&
                          x.cached == y.cached;
               });
    mergeTimes(best.activations, b.activations, &ActivationRate::secondsPerValue,
               [](const ActivationRate& x, const ActivationRate& y) {
                   return x.type == y.type && x.batch == y.batch && x.threads == y.threads;
               });
    const auto sameThreads = [](const LayerRate& x, const LayerRate& y) {
        return x.threads == y.threads;
    };
    mergeTimes(best.layers, b.layers, &LayerRate::attentionSeconds, sameThreads);
    mergeTimes(best.layers, b.layers, &LayerRate::stepSeconds, sameThreads);
    mergeTimes(best.layers, b.layers, &LayerRate::startSeconds, sameThreads);
    return best;
}

} // namespace decodescope
