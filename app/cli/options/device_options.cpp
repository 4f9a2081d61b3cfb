// SPDX-License-Identifier: Apache-2.0
#include "app/cli/options/device_options.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "core/spec/presets.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

PlanDevice localDevice(const DeviceInfo& device) {
    PlanDevice plan{device.name, device.memoryTotalBytes.value_or(0), {}, device.backend == "cpu"};
    if (device.ceilings)
        plan.roofs = {device.ceilings->bandwidthBytesPerSecond, device.ceilings->flopPerSecond,
                      device.ceilings->measured};
    return plan;
}

bool isLocalName(const std::string& text) {
    return text == "auto" || text == "cpu" || text.rfind("cuda:", 0) == 0;
}

} // namespace

void DeviceOptions::add(CLI::App& command, bool catalogue) {
    command
        .add_option("-d,--device", device,
                    catalogue ? "auto, cpu, cuda:N or a name from the catalogue"
                              : "auto, cpu or cuda:N")
        ->group("Device");
    command.add_option("--memory", memory, "Capacity instead of the detected one, as in 24GiB")
        ->group("Device");
}

Result<std::uint64_t> DeviceOptions::memoryBytes() const {
    if (memory.empty())
        return std::uint64_t{0};
    Result<std::uint64_t> bytes = parseBytes(memory);
    if (!bytes)
        return Error{ErrorCode::BadUsage, bytes.error().what, "--memory", bytes.error().hint};
    if (*bytes == 0)
        return Error{ErrorCode::BadUsage, "must be above zero", "--memory", ""};
    return bytes;
}

Result<PlanDevice> DeviceOptions::planDevice(const Backends& backends) const {
    const Result<std::uint64_t> bytes = memoryBytes();
    if (!bytes)
        return bytes.error();
    PlanDevice plan;
    if (isLocalName(device)) {
        // A GPU that cannot be measured can still be planned for, so availability is not asked.
        bool found = false;
        for (const DeviceInfo& each : backends.devices())
            if (!found && (each.id == device || (device == "auto" && each.available)) &&
                each.memoryTotalBytes) {
                plan = localDevice(each);
                found = true;
            }
        if (!found) {
            const Result<Backends::Found> usable = backends.usable(device);
            if (!usable)
                return usable.error();
            plan = localDevice(usable->device);
        }
    } else {
        const Result<DeviceSpec> preset = findDevicePreset(device);
        if (!preset)
            return Error{ErrorCode::BadUsage, preset.error().what, "--device", preset.error().hint};
        const bool cpu = preset->kind == "cpu";
        plan = {preset->name,
                preset->memoryBytes,
                {preset->bandwidthBytesPerSecond,
                 (cpu ? preset->floatFlopPerSecond : preset->halfFlopPerSecond).value_or(0), false},
                cpu};
    }
    if (*bytes > 0)
        plan.memoryBytes = *bytes;
    if (plan.memoryBytes == 0)
        return Error{ErrorCode::BadUsage,
                     fmt::format("{} comes with any amount of memory", plan.name), "--device",
                     "Say how much with --memory."};
    return plan;
}

} // namespace decodescope
