// SPDX-License-Identifier: Apache-2.0
#include "core/profile/measured_device.h"

namespace decodescope {

Roofs roofsOf(const Ceilings& ceilings) {
    return {ceilings.bandwidthBytesPerSecond, ceilings.flopPerSecond, ceilings.measured};
}

PlanDevice measuredDevice(const DeviceInfo& device) {
    PlanDevice plan;
    plan.name = device.name;
    plan.memoryBytes = device.memoryTotalBytes.value_or(0);
    plan.cpu = device.backend == "cpu";
    if (!device.ceilings)
        return plan;
    plan.roofs = roofsOf(*device.ceilings);
    if (device.ceilings->kernels)
        plan.kernels = std::make_shared<const KernelModel>(*device.ceilings->kernels);
    return plan;
}

} // namespace decodescope
