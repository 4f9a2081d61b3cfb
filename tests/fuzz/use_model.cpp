// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/use_model.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/plan/max_context.h"
#include "core/plan/plan.h"
#include "core/spec/units.h"
#include "tests/fuzz/require.h"

namespace decodescope::fuzz {
namespace {

/// Takes one choice after the other out of a number.
class Choices {
public:
    explicit Choices(std::uint64_t number) : m_left(number) {}

    std::uint64_t below(std::uint64_t count) {
        const std::uint64_t chosen = m_left % count;
        m_left /= count;
        return chosen;
    }
    template <typename T>
    T of(std::span<const T> all) {
        return all[below(all.size())];
    }

private:
    std::uint64_t m_left;
};

constexpr std::int64_t kContexts[] = {1, 4096, 131072, 1'000'003, std::int64_t{1} << 40};
constexpr std::int64_t kBatches[] = {1, 8, 1024, 1'000'000};
constexpr std::uint64_t kCapacities[] = {kMiB, 8 * kGiB, 80 * kGiB, 1024 * kTiB};
constexpr std::int64_t kRanks[] = {1, 2, 7, 32};
/// Of more layers a fuzzer learns nothing that it could not of these, and less often.
constexpr std::size_t kUsedLayers = 32;

ModelSpec firstLayers(ModelSpec model) {
    model.layers.resize(std::min(model.layers.size(), kUsedLayers));
    return model;
}

KvTypes kvTypes(Choices& choices) {
    std::vector<DataType> all;
    for (const DataTypeInfo& type : dataTypes())
        if (type.kvCache)
            all.push_back(type.type);
    const std::span<const DataType> types = all;
    return {choices.of(types), choices.of(types)};
}

DataType weightsType(Choices& choices) {
    return dataTypes()[choices.below(dataTypes().size())].type;
}

void requireFinite(double value, const char* promise) {
    require(std::isfinite(value) && value >= 0, promise);
}

void requirePlan(const Plan& plan) {
    requireFinite(plan.compressionVsMha, "a compression is a number");
    requireFinite(plan.forecast.seconds, "a predicted time is a number");
    requireFinite(plan.forecast.tokensPerSecond, "a predicted rate is a number");
    requireFinite(plan.forecast.intensity, "an intensity is a number");
    requireFinite(plan.range.mostSeconds, "a range of times is a number");
    require(plan.forecast.kvReadShare >= 0 && plan.forecast.kvReadShare <= 1,
            "a share lies between 0 and 1");
    require(plan.fullestRank.totalBytes() <= plan.footprint.totalBytes(),
            "one rank needs no more than all of them");
    if (!plan.fits)
        require(!doesNotFit(plan).sentence().empty(), "what does not fit is told");
    const nlohmann::json json = plan;
    require(!json.dump().empty(), "a plan can be written");
}

/// The longest context that the plan names really is the longest.
void requireLongest(const Workload& workload, const Plan& plan) {
    const Engine engine = engineOn(plan.deployment, plan.device.cpu);
    const auto loads = rankLoads(plan.variant.model, workload, plan.deployment, workload.scope);
    const std::uint64_t capacity =
        plan.device.memoryBytes - std::min(plan.device.memoryBytes, plan.reserveBytes);
    const auto needs = [&](std::int64_t context) {
        return fullestRank(rankFootprints(loads, engine, context, plan.batch)).totalBytes();
    };
    require(!plan.maxContextBounded || plan.maxContext == 0 || needs(plan.maxContext) <= capacity,
            "the longest context fits");
    require(!plan.maxContextBounded || needs(plan.maxContext + 1) > capacity,
            "one token more than the longest context does not fit");
    require(needs(plan.context) >= needs(plan.context / 2), "more context never needs less");
}

} // namespace

void planUnder(const Engine& engine, const ModelSpec& model, std::uint64_t choice) {
    Choices choices(choice);
    const ModelSpec planned = firstLayers(model);
    Workload workload;
    workload.scope = choices.below(2) == 0 ? Scope::Step : Scope::Attention;
    workload.kvTypes = kvTypes(choices);
    workload.weightsType =
        choices.below(2) == 0 ? planned.weights.type.value_or(DataType::F16) : weightsType(choices);
    Deployment deployment;
    deployment.engine = engine;
    deployment.tensorParallel = choices.of(std::span<const std::int64_t>(kRanks));
    deployment.pipelineParallel =
        std::min(planned.layerCount(), choices.of(std::span<const std::int64_t>(kRanks)));
    require(validate(deployment, planned).ok(), "these ranks are valid");
    PlanDevice device;
    device.name = "device";
    device.memoryBytes = choices.of(std::span<const std::uint64_t>(kCapacities));
    device.roofs = {1e12, 1e14, false};
    device.range = kDatasheetRange;
    device.cpu = choices.below(2) == 0;
    const std::int64_t context = choices.of(std::span<const std::int64_t>(kContexts));
    const std::int64_t batch = choices.of(std::span<const std::int64_t>(kBatches));
    std::vector<Variant> variants = defaultVariants(planned);
    require(!variants.empty(), "a model is at least its own variant");
    const Variant& variant = variants[choices.below(variants.size())];
    require(validate(variant.model).ok(), "a variant is a valid model");
    const Plan plan = makePlan(variant, device, workload, context, batch, deployment);
    requirePlan(plan);
    requireLongest(workload, plan);
}

void useModel(const ModelSpec& model, std::uint64_t choice) {
    require(validate(model).ok(), "what a reader accepts is valid");
    const ModelSpec shorter = firstLayers(model);
    const nlohmann::json json = shorter;
    require(nlohmann::json::parse(json.dump()).get<ModelSpec>() == shorter,
            "a model reads back as it was written");
    Choices choices(choice);
    const Engine engine = choices.of(engines());
    planUnder(engine, shorter, choice / engines().size());
}

void useResult(const Result<ModelSpec>& result, std::uint64_t choice) {
    if (result)
        return useModel(*result, choice);
    const Error& error = result.error();
    require(!error.what.empty() && !error.where.empty(), "an error says what and where");
    require(error.sentence().size() < 64 * kKiB, "an error is short enough to be read");
}

} // namespace decodescope::fuzz
