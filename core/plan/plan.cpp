// SPDX-License-Identifier: Apache-2.0
#include "core/plan/plan.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/plan/engines/engine_cache.h"
#include "core/plan/max_context.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// KV bytes of the same model with as many KV heads as query heads, over its own.
double compressionVsMha(const ModelSpec& model, KvTypes types, std::int64_t tensorParallel) {
    ModelSpec mha = model;
    for (LayerSpec& layer : mha.layers)
        if (layer.attention == AttentionKind::Softmax)
            layer.nKvHeads = layer.nHeads;
    const std::uint64_t own = kvBytesPerToken(model, types, tensorParallel);
    return own == 0 ? 1
                    : static_cast<double>(kvBytesPerToken(mha, types, tensorParallel)) /
                          static_cast<double>(own);
}

/// As the engine keeps the caches where they are not divided.
std::vector<CacheLaw> lawsOnOneRank(const Plan& plan) {
    return engineLaws(plan.deployment.engine, plan.variant.model.layers, plan.kvTypes, 1);
}

/// A value only where all layers agree on it.
nlohmann::json perTokenPerLayer(const Plan& plan) {
    nlohmann::json value;
    for (const CacheLaw& law : lawsOnOneRank(plan)) {
        const nlohmann::json bytes = law.bytesPerToken;
        if (!value.is_null() && value != bytes)
            return nullptr;
        value = bytes;
    }
    return value;
}

} // namespace

std::uint64_t kvBytesPerToken(const Plan& plan) {
    std::uint64_t bytes = 0;
    for (const CacheLaw& law : lawsOnOneRank(plan))
        bytes = saturatingAdd(bytes, law.bytesPerToken);
    return bytes;
}

std::uint64_t capacityBytes(const Plan& plan) {
    return plan.device.memoryBytes - std::min(plan.device.memoryBytes, plan.reserveBytes);
}

Plan makePlan(const Variant& variant, const PlanDevice& device, const Workload& workload,
              std::int64_t context, std::int64_t batch, const Deployment& deployment) {
    Plan plan;
    plan.deployment = deployment;
    plan.variant = variant;
    plan.context = context;
    plan.batch = batch;
    plan.scope = workload.scope;
    plan.kvTypes = workload.kvTypes;
    plan.weightsType = workload.weightsType;
    plan.device = device;
    plan.reserveBytes = reserveBytes(plan.deployment, workload, device.memoryBytes);
    const ModelSpec& model = variant.model;
    const Engine engine = engineOn(deployment, device.cpu);
    const auto loads = rankLoads(model, workload, plan.deployment, workload.scope);
    const auto ranks = rankFootprints(loads, engine, context, batch);
    plan.footprint = allRanks(ranks, plan.deployment);
    plan.fullestRank = fullestRank(ranks);
    plan.fits = plan.fullestRank.totalBytes() <= capacityBytes(plan);
    plan.maxContext = maxContext(loads, engine, batch, capacityBytes(plan));
    plan.maxContextBounded = plan.maxContext < kUnboundedContext;
    if (!plan.maxContextBounded)
        plan.maxContext = model.maxPosition.value_or(kUnboundedContext);
    plan.compressionVsMha = compressionVsMha(model, workload.kvTypes,
                                             engine.splitsCache ? deployment.tensorParallel : 1);
    plan.forecast = forecast(model, workload, context, batch, workload.scope, device.roofs,
                             plan.deployment, device.kernels.get());
    plan.range = plan.forecast.fromKernels
                     ? plan.forecast.range
                     : forecastRange(plan.forecast, device.roofs, device.range);
    return plan;
}

std::string predictedSpeed(const Plan& plan) {
    std::string text = formatRounded(plan.forecast.tokensPerSecond);
    const auto batch = static_cast<double>(plan.batch);
    if (plan.range.known())
        text += fmt::format(" ({}–{})", formatRounded(batch / plan.range.mostSeconds),
                            formatRounded(batch / plan.range.leastSeconds));
    return text;
}

std::string rangeInWords(const Plan& plan) {
    if (!plan.range.known())
        return {};
    return plan.forecast.fromKernels ? "from as slow as nine in ten measured steps to undisturbed"
                                     : describe(plan.device.range);
}

std::vector<std::string> unverifiedFields(const Plan& plan) {
    std::vector<std::string> names = plan.device.unverified;
    for (const std::string& field : plan.variant.model.unverified)
        names.push_back("model." + field);
    return names;
}

Error doesNotFit(const Plan& plan) {
    const std::uint64_t needed = plan.fullestRank.totalBytes();
    const std::uint64_t capacity = capacityBytes(plan);
    Error error{ErrorCode::OutOfMemory,
                fmt::format("needs {}, {} free", formatBytes(needed), formatBytes(capacity)),
                fmt::format("{} at {} tokens", plan.variant.label, formatCount(plan.context)),
                "",
                needed,
                capacity};
    if (plan.maxContext > 0)
        error.what +=
            fmt::format("; the longest context that fits is {}", formatCount(plan.maxContext));
    else
        error.hint = "Not even one token fits: choose a smaller type, batch or model.";
    return error;
}

void to_json(nlohmann::json& json, const Plan& plan) {
    const ModelSpec& model = plan.variant.model;
    const LayerSpec* layer = model.attentionLayer();
    const Forecast& predicted = plan.forecast;
    json = {{"variant", plan.variant.label},
            {"attention", plan.variant.attention},
            {"what_if", plan.variant.whatIf},
            {"model", model.name},
            {"layers", model.layers.size()},
            {"n_heads", layer ? layer->nHeads : 0},
            {"n_kv_heads", layer ? layer->nKvHeads : 0},
            {"head_dim", layer ? layer->headDimK : 0},
            {"weights_dtype", name(plan.weightsType)},
            {"scope", name(plan.scope)},
            {"batch", plan.batch},
            {"context_tokens", plan.context},
            {"device", plan.device.name},
            {"memory_total_bytes", plan.device.memoryBytes},
            {"reserve_bytes", plan.reserveBytes},
            {"kv_bytes", plan.footprint.kvBytes},
            {"kv_bytes_per_token", kvBytesPerToken(plan)},
            {"kv_bytes_per_token_per_layer", perTokenPerLayer(plan)},
            {"weights_bytes", plan.footprint.weightsBytes},
            {"workspace_bytes", plan.footprint.workspaceBytes},
            {"total_bytes", plan.footprint.totalBytes()},
            {"fits", plan.fits},
            {"max_context_tokens", plan.maxContext},
            {"max_context_bounded", plan.maxContextBounded},
            {"model_max_context_tokens", nullptr},
            {"compression_vs_mha", plan.compressionVsMha},
            {"intensity", predicted.intensity},
            {"roofs_measured", plan.device.roofs.measured},
            {"kernels_measured", predicted.fromKernels},
            {"predicted_tpot_ms", nullptr},
            {"predicted_tpot_low_ms", nullptr},
            {"predicted_tpot_high_ms", nullptr},
            {"predicted_tokens_per_second", nullptr},
            {"predicted_bound", predicted.bound},
            {"kv_read_share", predicted.kvReadShare},
            {"engine", plan.deployment.engine.name},
            {"tp", plan.deployment.tensorParallel},
            {"pp", plan.deployment.pipelineParallel},
            {"overhead_bytes", plan.footprint.overheadBytes},
            {"rank_kv_bytes", plan.fullestRank.kvBytes},
            {"rank_weights_bytes", plan.fullestRank.weightsBytes},
            {"rank_total_bytes", plan.fullestRank.totalBytes()},
            {"notes", deploymentNotes(plan)},
            {"unverified", unverifiedFields(plan)}};
    writeKvTypes(json, plan.kvTypes);
    if (model.maxPosition)
        json["model_max_context_tokens"] = *model.maxPosition;
    if (predicted.seconds > 0) {
        json["predicted_tpot_ms"] = predicted.seconds * 1000;
        json["predicted_tokens_per_second"] = predicted.tokensPerSecond;
    }
    if (plan.range.known()) {
        json["predicted_tpot_low_ms"] = plan.range.leastSeconds * 1000;
        json["predicted_tpot_high_ms"] = plan.range.mostSeconds * 1000;
    }
}

} // namespace decodescope
