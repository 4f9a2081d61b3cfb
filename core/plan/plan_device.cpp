// SPDX-License-Identifier: Apache-2.0
#include "core/plan/plan_device.h"

#include <algorithm>

namespace decodescope {

bool PlanDevice::isUnverified(std::string_view field) const {
    return std::find(unverified.begin(), unverified.end(), field) != unverified.end();
}

bool PlanDevice::memoryUnverified() const {
    return isUnverified(kMemoryField);
}

bool PlanDevice::speedUnverified() const {
    return isUnverified(kBandwidthField) || isUnverified(kHalfRateField) ||
           isUnverified(kFloatRateField);
}

void PlanDevice::setMemory(std::uint64_t bytes) {
    memoryBytes = bytes;
    std::erase(unverified, kMemoryField);
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
        if (field == PlanDevice::kMemoryField || field == PlanDevice::kBandwidthField ||
            field == (device.cpu ? PlanDevice::kFloatRateField : PlanDevice::kHalfRateField))
            device.unverified.push_back(field);
    return device;
}

} // namespace decodescope
