// SPDX-License-Identifier: Apache-2.0
#include "core/plan/plan_device.h"

#include <algorithm>
#include <string_view>

namespace decodescope {
namespace {

constexpr std::string_view kMemory = "memory_bytes";
constexpr std::string_view kBandwidth = "bandwidth_GBps";
constexpr std::string_view kHalfRate = "fp16_dense_tflops";
constexpr std::string_view kFloatRate = "fp32_tflops";

bool anyOf(const std::vector<std::string>& names, std::initializer_list<std::string_view> wanted) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return std::find(wanted.begin(), wanted.end(), name) != wanted.end();
    });
}

} // namespace

bool PlanDevice::memoryUnverified() const {
    return anyOf(unverified, {kMemory});
}

bool PlanDevice::speedUnverified() const {
    return anyOf(unverified, {kBandwidth, kHalfRate, kFloatRate});
}

PlanDevice planDevice(const DeviceSpec& spec) {
    PlanDevice device;
    device.name = spec.name;
    device.memoryBytes = spec.memoryBytes;
    device.cpu = spec.kind == "cpu";
    const std::optional<double>& flop =
        device.cpu ? spec.floatFlopPerSecond : spec.halfFlopPerSecond;
    device.roofs = {spec.bandwidthBytesPerSecond, flop.value_or(0), false};
    device.range = kDatasheetRange;
    for (const std::string& field : spec.unverified)
        if (field == kMemory || field == kBandwidth ||
            field == (device.cpu ? kFloatRate : kHalfRate))
            device.unverified.push_back(field);
    return device;
}

} // namespace decodescope
