// SPDX-License-Identifier: Apache-2.0
#include "app/cli/options/workload_options.h"

#include <algorithm>
#include <cmath>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "core/spec/units.h"

namespace decodescope {
namespace {

Error bad(std::string what, const char* option, std::string hint) {
    return {ErrorCode::BadUsage, std::move(what), option, std::move(hint)};
}

Result<DataType> weightsTypeOf(const std::string& text) {
    const std::optional<DataType> type = parseDataType(text);
    if (type && info(*type).weights)
        return *type;
    std::string names;
    for (const DataTypeInfo& each : dataTypes())
        if (each.weights)
            names += (names.empty() ? "" : ", ") + std::string(each.name);
    return bad(fmt::format("\"{}\" is not a type for weights", text), "--weights-type",
               fmt::format("Choose from {}.", names));
}

Result<std::vector<std::int64_t>> positiveList(const std::string& text, const char* option) {
    Result<std::vector<std::int64_t>> list = parseTokenList(text);
    if (!list)
        return bad(list.error().what, option, list.error().hint);
    if (std::any_of(list->begin(), list->end(), [](std::int64_t value) { return value < 1; }))
        return bad("every value must be at least 1", option, "");
    return list;
}

} // namespace

void WorkloadOptions::add(CLI::App& command, Use use) {
    const char* group = "Workload";
    const auto option = [&](const char* name, auto& value, const char* text) {
        command.add_option(name, value, text)->group(group);
    };
    if (use != Use::Probing)
        option("-c,--context", contexts,
               "Tokens cached: list or range, as in 4K,32K or 1024-1048576*2");
    option("-b,--batch", batches,
           use == Use::Probing ? "Sequences that decode together"
                               : "Sequences that decode together (list)");
    option("--scope", scope, "attention (of all layers alone) or step (the whole decode step)");
    option("--kv-type", kvType,
           "Type of the KV cache, or of its keys and values, as in q8_0/q4_0 (default f16)");
    option("--weights-type", weightsType, "Type of the weights (default: the model's own)");
    option("--reserve", reserve, "Share of the memory kept free (default 10%)");
    if (use == Use::Planning)
        return;
    option("-t,--threads", threads, "Threads (default: all)");
    option("--seed", seed, "Of the random weights, caches and queries");
    if (use == Use::Probing)
        return;
    option("--max-time", maxTime, "Seconds the whole run may take (default 60)");
    option("--target-error", targetError, "Stop a point at this relative error (default 2%)");
}

Result<Workload> WorkloadOptions::resolve(const ModelSpec& model, Scope defaultScope,
                                          const std::string& defaultContexts) const {
    Workload workload;
    const auto contextList =
        positiveList(contexts.empty() ? defaultContexts : contexts, "--context");
    const auto batchList = positiveList(batches, "--batch");
    for (const auto* list : {&contextList, &batchList})
        if (!list->ok())
            return list->error();
    workload.contexts = *contextList;
    workload.batches = *batchList;
    const std::optional<Scope> known = scope.empty() ? defaultScope : parseScope(scope);
    if (!known)
        return bad(fmt::format("\"{}\" is not a scope", scope), "--scope",
                   "Choose attention or step.");
    workload.scope = *known;
    const Result<KvTypes> kv = parseKvTypes(kvType);
    if (!kv)
        return bad(kv.error().what, "--kv-type", kv.error().hint);
    workload.kvTypes = *kv;
    workload.weightsType = model.weights.type.value_or(DataType::F16);
    if (!weightsType.empty()) {
        const Result<DataType> weights = weightsTypeOf(weightsType);
        if (!weights)
            return weights.error();
        workload.weightsType = *weights;
    }
    const Result<double> reserved = parseFraction(reserve);
    if (!reserved)
        return bad(reserved.error().what, "--reserve", reserved.error().hint);
    const Result<double> error = parseFraction(targetError);
    if (!error)
        return bad(error.error().what, "--target-error", error.error().hint);
    if (!(maxTime > 0) || !std::isfinite(maxTime))
        return bad("must be a number of seconds above zero", "--max-time", "");
    if (const Status status = checkThreads(threads, "--threads"); !status)
        return status.error();
    workload.reserveFraction = *reserved;
    workload.targetError = *error;
    workload.maxSeconds = maxTime;
    workload.seed = seed;
    workload.threads = threads;
    return workload;
}

} // namespace decodescope
