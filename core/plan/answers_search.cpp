// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "core/plan/answer_numbers.h"
#include "core/plan/answers.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// The fullest rank of the same plan with other weights or on a CPU or GPU.
Footprint neededOn(const Plan& plan, const Workload& workload, bool cpu) {
    const Engine engine = engineOn(plan.deployment, cpu);
    const auto loads = rankLoads(plan.variant.model, workload, plan.deployment, plan.scope);
    return fullestRank(rankFootprints(loads, engine, plan.context, plan.batch));
}

bool fitsOn(const Plan& plan, const Workload& workload, const Footprint& needed,
            std::uint64_t memoryBytes) {
    const std::uint64_t reserve = reserveBytes(plan.deployment, workload, memoryBytes);
    return needed.totalBytes() <= memoryBytes - std::min(memoryBytes, reserve);
}

bool smaller(const DeviceSpec& a, const DeviceSpec& b) {
    return a.memoryBytes != b.memoryBytes ? a.memoryBytes < b.memoryBytes
                                          : a.bandwidthBytesPerSecond > b.bandwidthBytesPerSecond;
}

/// Nobody publishes weights in these: they are what a computation passes through.
bool forComputation(DataType type) {
    return type == DataType::F64 || type == DataType::Q8_1 || type == DataType::Q8_K;
}

std::string severalOf(const Plan& plan) {
    return plan.deployment.ranks() == 1 ? "" : fmt::format("{} × ", plan.deployment.ranks());
}

std::string overAll(const Plan& plan) {
    return plan.deployment.ranks() == 1 ? ""
                                        : fmt::format("over {} devices", plan.deployment.ranks());
}

} // namespace

Answer smallestDeviceAnswer(const Plan& plan, const Workload& workload,
                            std::span<const DeviceSpec> catalogue) {
    const Footprint onGpu = neededOn(plan, workload, false);
    const Footprint onCpu = neededOn(plan, workload, true);
    const DeviceSpec* best = nullptr;
    std::uint64_t most = 0;
    for (const DeviceSpec& device : catalogue) {
        const Footprint& needed = device.kind == "cpu" ? onCpu : onGpu;
        most = std::max(most, device.memoryBytes);
        if (device.memoryBytes > 0 && fitsOn(plan, workload, needed, device.memoryBytes) &&
            (best == nullptr || smaller(device, *best)))
            best = &device;
    }
    const Footprint& needed = best != nullptr && best->kind == "cpu" ? onCpu : onGpu;
    Answer answer;
    answer.id = "smallest_device";
    answer.question = "Smallest device of the catalogue that fits";
    answer.figure = "none";
    answer.remark = fmt::format("the largest has {}", formatBytes(most));
    answer.formula =
        "weights + cache + workspace + overhead ≤ memory − reserve, least memory first";
    answer.numbers = fmt::format("{} = {}", sumInNumbers(needed), formatBytes(needed.totalBytes()));
    if (best == nullptr)
        return answer;
    answer.value = best->id;
    answer.unverified = planDevice(*best).memoryUnverified();
    answer.figure =
        fmt::format("{}{}, {}", severalOf(plan), best->name, formatBytes(best->memoryBytes));
    answer.remark = "";
    answer.numbers +=
        " ≤ " + capacityInNumbers(best->memoryBytes,
                                  reserveBytes(plan.deployment, workload, best->memoryBytes));
    return answer;
}

Answer largestWeightTypeAnswer(const Plan& plan, const Workload& workload) {
    Answer answer;
    answer.id = "largest_weight_type";
    answer.question = "Largest weight quantisation that fits";
    answer.figure = "none";
    answer.unverified = plan.device.memoryUnverified();
    answer.formula = "weights + cache + workspace + overhead ≤ memory − reserve, most bits first";
    const ModelSpec& model = plan.variant.model;
    if (plan.scope != Scope::Step || weightsBytes(model, DataType::F16) == 0) {
        answer.remark = "no weights are counted";
        return answer;
    }
    const std::string capacity = capacityInNumbers(plan.device.memoryBytes, plan.reserveBytes);
    const auto inNumbers = [&](std::string_view type, const Footprint& needed,
                               const char* compared) {
        return fmt::format("{}: {} = {} {} {}", type, sumInNumbers(needed),
                           formatBytes(needed.totalBytes()), compared, capacity);
    };
    // More bits than the model comes with would hold nothing more.
    const std::uint64_t all =
        std::max(weightsBytes(model, model.weights.type.value_or(plan.weightsType)),
                 weightsBytes(model, plan.weightsType));
    Workload trial = workload;
    std::uint64_t most = 0;
    std::uint64_t least = 0;
    for (const DataTypeInfo& type : dataTypes()) {
        if (!type.weights || forComputation(type.type))
            continue;
        trial.weightsType = type.type;
        const std::uint64_t bytes = weightsBytes(model, type.type);
        const bool preferred = bytes == most && model.weights.type == type.type;
        if (bytes > all || (bytes <= most && !preferred))
            continue;
        const Footprint needed = neededOn(plan, trial, plan.device.cpu);
        if (fitsOn(plan, trial, needed, plan.device.memoryBytes)) {
            most = bytes;
            answer.value = std::string(type.name);
            answer.figure = fmt::format("{}, {}", type.name, formatBytes(bytes));
            answer.remark = overAll(plan);
            answer.numbers = inNumbers(type.name, needed, "≤");
        } else if (most == 0 && (least == 0 || bytes < least)) {
            least = bytes;
            answer.remark = fmt::format("{} is still too large", type.name);
            answer.numbers = inNumbers(type.name, needed, ">");
        }
    }
    return answer;
}

} // namespace decodescope
