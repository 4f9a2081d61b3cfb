// SPDX-License-Identifier: Apache-2.0
#include "core/spec/workload.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/spec/json_field.h"

namespace decodescope {
namespace {

constexpr std::int64_t kUsualGqaHeads = 8;

std::string labelFor(const std::string& attention, std::int64_t nKvHeads) {
    if (attention == "gqa")
        return fmt::format("GQA-{}", nKvHeads);
    std::string label = attention;
    std::transform(label.begin(), label.end(), label.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return label;
}

} // namespace

std::string_view name(Scope scope) {
    return scope == Scope::Attention ? "attention" : "step";
}

std::optional<Scope> parseScope(std::string_view text) {
    if (text == "attention")
        return Scope::Attention;
    if (text == "step")
        return Scope::Step;
    return std::nullopt;
}

Status checkThreads(int threads, const char* where) {
    if (threads >= 0 && threads <= kMaxThreads)
        return Done{};
    return Error{ErrorCode::BadUsage, fmt::format("{} threads cannot be run", threads), where,
                 fmt::format("Choose 1 to {}, or 0 for all the device has.", kMaxThreads)};
}

Variant asIs(const ModelSpec& model) {
    const LayerSpec* layer = model.attentionLayer();
    const std::string attention = layer ? attentionName(*layer) : "recurrent";
    return {labelFor(attention, layer ? layer->nKvHeads : 0), attention, false, model};
}

Result<Variant> variantWithKvHeads(const ModelSpec& model, std::int64_t nKvHeads) {
    Result<ModelSpec> changed = withKvHeads(model, nKvHeads);
    if (!changed)
        return changed.error();
    Variant variant = asIs(*changed);
    variant.whatIf = !(variant.model == model);
    return variant;
}

std::vector<Variant> defaultVariants(const ModelSpec& model) {
    const LayerSpec* layer = model.attentionLayer();
    if (!layer || layer->attention != AttentionKind::Softmax)
        return {asIs(model)};
    std::vector<std::int64_t> counts = {layer->nHeads, layer->nKvHeads, 1};
    const bool isGqa = layer->nKvHeads > 1 && layer->nKvHeads < layer->nHeads;
    if (!isGqa && layer->nHeads > kUsualGqaHeads && layer->nHeads % kUsualGqaHeads == 0)
        counts.push_back(kUsualGqaHeads);
    std::sort(counts.begin(), counts.end(), std::greater<>());
    counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
    std::vector<Variant> variants;
    for (const std::int64_t count : counts)
        if (count == layer->nKvHeads) // as it is, even where other layers have other counts
            variants.push_back(asIs(model));
        else if (Result<Variant> variant = variantWithKvHeads(model, count); variant)
            variants.push_back(std::move(*variant));
    return variants;
}

DataType readDataType(const nlohmann::json& json, const char* key) {
    std::string text;
    readField(json, key, text);
    const std::optional<DataType> type = parseDataType(text);
    if (!type)
        throw BadField(fmt::format("\"{}\": \"{}\" is no data type this version knows", key, text));
    return *type;
}

Scope readScope(const nlohmann::json& json, const char* key) {
    std::string text;
    readField(json, key, text);
    const std::optional<Scope> scope = parseScope(text);
    if (!scope)
        throw BadField(
            fmt::format("\"{}\" should be \"attention\" or \"step\", but is \"{}\"", key, text));
    return *scope;
}

Result<KvTypes> parseKvTypes(std::string_view text) {
    const auto typeOf = [](std::string_view part) -> Result<DataType> {
        const std::optional<DataType> type = parseDataType(part);
        if (type && info(*type).kvCache)
            return *type;
        std::string names;
        for (const DataTypeInfo& each : dataTypes())
            if (each.kvCache)
                names += (names.empty() ? "" : ", ") + std::string(each.name);
        return Error{ErrorCode::BadUsage, fmt::format("\"{}\" is not a type for a KV cache", part),
                     "",
                     fmt::format("Choose from {}; two, as in q8_0/q4_0, are those of keys and "
                                 "values.",
                                 names)};
    };
    const std::size_t slash = text.find('/');
    const Result<DataType> key = typeOf(text.substr(0, slash));
    if (!key)
        return key.error();
    if (slash == std::string_view::npos)
        return KvTypes{*key, *key};
    const Result<DataType> value = typeOf(text.substr(slash + 1));
    if (!value)
        return value.error();
    return KvTypes{*key, *value};
}

std::string cacheInWords(KvTypes types) {
    const std::string key(name(types.key));
    return types.key == types.value ? key : key + "/" + std::string(name(types.value));
}

void writeKvTypes(nlohmann::json& json, KvTypes types) {
    json["kv_dtype"] = name(types.key);
    if (types.value != types.key)
        json["value_dtype"] = name(types.value);
}

KvTypes readKvTypes(const nlohmann::json& json) {
    KvTypes types;
    types.key = types.value = readDataType(json, "kv_dtype");
    if (json.contains("value_dtype"))
        types.value = readDataType(json, "value_dtype");
    return types;
}

void to_json(nlohmann::json& json, const Workload& workload) {
    json = {{"contexts", workload.contexts},
            {"batches", workload.batches},
            {"scope", name(workload.scope)},
            {"weights_dtype", name(workload.weightsType)},
            {"reserve_fraction", workload.reserveFraction},
            {"max_seconds", workload.maxSeconds},
            {"target_error", workload.targetError},
            {"seed", workload.seed},
            {"threads", workload.threads}};
    writeKvTypes(json, workload.kvTypes);
}

void from_json(const nlohmann::json& json, Workload& workload) {
    workload = Workload{};
    readField(json, "contexts", workload.contexts);
    readField(json, "batches", workload.batches);
    workload.scope = readScope(json, "scope");
    workload.kvTypes = readKvTypes(json);
    workload.weightsType = readDataType(json, "weights_dtype");
    readField(json, "reserve_fraction", workload.reserveFraction);
    readField(json, "max_seconds", workload.maxSeconds);
    readField(json, "target_error", workload.targetError);
    readField(json, "seed", workload.seed);
    readField(json, "threads", workload.threads);
}

void to_json(nlohmann::json& json, const Variant& variant) {
    json = {{"label", variant.label},
            {"attention", variant.attention},
            {"what_if", variant.whatIf},
            {"model", variant.model}};
}

void from_json(const nlohmann::json& json, Variant& variant) {
    readField(json, "label", variant.label);
    readField(json, "attention", variant.attention);
    readField(json, "what_if", variant.whatIf);
    readField(json, "model", variant.model);
}

} // namespace decodescope
