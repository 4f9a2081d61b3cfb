// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

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

std::string perDevice(const Plan& plan) {
    return plan.deployment.ranks() == 1 ? "" : fmt::format("{} × ", plan.deployment.ranks());
}

std::string overAll(const Plan& plan) {
    return plan.deployment.ranks() == 1 ? ""
                                        : fmt::format(" over {} devices", plan.deployment.ranks());
}

} // namespace

Answer smallestDeviceAnswer(const Plan& plan, const Workload& workload,
                            std::span<const DeviceSpec> catalogue) {
    const Footprint onGpu = neededOn(plan, workload, false);
    const Footprint onCpu = neededOn(plan, workload, true);
    const DeviceSpec* best = nullptr;
    for (const DeviceSpec& device : catalogue) {
        const Footprint& needed = device.kind == "cpu" ? onCpu : onGpu;
        if (device.memoryBytes > 0 && fitsOn(plan, workload, needed, device.memoryBytes) &&
            (best == nullptr || smaller(device, *best)))
            best = &device;
    }
    Answer answer{"smallest_device",
                  "Smallest device of the catalogue that fits",
                  "none",
                  nullptr,
                  "weights + cache + workspace + overhead ≤ memory − reserve, least memory first",
                  fmt::format("{} + {} + {} + {} = {}", formatBytes(onGpu.weightsBytes),
                              formatBytes(onGpu.kvBytes), formatBytes(onGpu.workspaceBytes),
                              formatBytes(onGpu.overheadBytes), formatBytes(onGpu.totalBytes()))};
    if (best == nullptr)
        return answer;
    answer.value = best->id;
    answer.text =
        fmt::format("{}{}, {}", perDevice(plan), best->name, formatBytes(best->memoryBytes));
    if (planDevice(*best).memoryUnverified())
        answer.text += " (unverified)";
    return answer;
}

Answer largestWeightTypeAnswer(const Plan& plan, const Workload& workload) {
    Answer answer{"largest_weight_type",
                  "Largest weight quantisation that fits",
                  "none",
                  nullptr,
                  "weights ≤ memory − reserve − cache − workspace − overhead, most bits first",
                  fmt::format("{} − {} − {} − {} − {}", formatBytes(plan.device.memoryBytes),
                              formatBytes(plan.reserveBytes), formatBytes(plan.fullestRank.kvBytes),
                              formatBytes(plan.fullestRank.workspaceBytes),
                              formatBytes(plan.fullestRank.overheadBytes))};
    Workload trial = workload;
    if (plan.scope != Scope::Step || weightsBytes(plan.variant.model, DataType::F16) == 0) {
        answer.text = "no weights are counted";
        return answer;
    }
    // More bits than the model comes with would hold nothing more.
    const ModelSpec& model = plan.variant.model;
    const std::uint64_t all =
        std::max(weightsBytes(model, model.weights.type.value_or(plan.weightsType)),
                 weightsBytes(model, plan.weightsType));
    std::uint64_t most = 0;
    for (const DataTypeInfo& type : dataTypes()) {
        trial.weightsType = type.type;
        const std::uint64_t bytes = weightsBytes(model, type.type);
        const bool preferred = bytes == most && model.weights.type == type.type;
        if (!type.weights || forComputation(type.type) || bytes > all ||
            (bytes <= most && !preferred) ||
            !fitsOn(plan, trial, neededOn(plan, trial, plan.device.cpu), plan.device.memoryBytes))
            continue;
        most = bytes;
        answer.value = std::string(type.name);
        answer.text = fmt::format("{}, {}{}", type.name, formatBytes(bytes), overAll(plan));
    }
    if (plan.device.memoryUnverified())
        answer.text += " (unverified)";
    return answer;
}

} // namespace decodescope
