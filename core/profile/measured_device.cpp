// SPDX-License-Identifier: Apache-2.0
#include "core/profile/measured_device.h"

namespace decodescope {

Roofs roofsOf(const Ceilings& ceilings, const std::vector<UnitUse>& uses) {
    Roofs roofs{ceilings.bandwidthBytesPerSecond, ceilings.flopPerSecond, ceilings.measured};
    constexpr std::uint64_t kAll = 1'000'000; // FLOP; their number does not matter
    for (const UnitUse& use : uses) {
        const bool byInt8 = use.unit == DotUnit::Int8;
        const double dots =
            use.unit == DotUnit::SplitBf16 ? bf16DotsOfSplitFlop(use.kvType, use.kvType) : 1;
        roofs.units.push_back(
            {use.kvType, use.leastGroup,
             ceilings.flopPerSecondOf(kAll, byInt8 ? 0 : kAll, byInt8 ? kAll : 0, dots)});
    }
    return roofs;
}

PlanDevice measuredDevice(const DeviceInfo& device) {
    PlanDevice plan;
    plan.name = device.name;
    plan.memoryBytes = device.memoryTotalBytes.value_or(0);
    plan.cpu = device.backend == "cpu";
    if (!device.ceilings)
        return plan;
    plan.roofs = roofsOf(*device.ceilings, device.unitUses);
    if (device.ceilings->kernels)
        plan.kernels = std::make_shared<const KernelModel>(*device.ceilings->kernels);
    return plan;
}

} // namespace decodescope
