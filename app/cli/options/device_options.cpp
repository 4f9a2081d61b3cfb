// SPDX-License-Identifier: Apache-2.0
#include "app/cli/options/device_options.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "core/profile/measured_device.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

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
    if (catalogue)
        command
            .add_option("--efficiency", efficiency,
                        "Share of a datasheet's rates that is reached, as in 70%-85% (default: "
                        "70-85% of the bandwidth, 51-87% of the FLOP/s)")
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
                plan = measuredDevice(each);
                found = true;
            }
        if (!found) {
            const Result<Backends::Found> usable = backends.usable(device);
            if (!usable)
                return usable.error();
            plan = measuredDevice(usable->device);
        }
    } else {
        const Result<DeviceSpec> preset = findDevicePreset(device);
        if (!preset)
            return Error{ErrorCode::BadUsage, preset.error().what, "--device", preset.error().hint};
        plan = decodescope::planDevice(*preset);
        if (!efficiency.empty()) {
            const Result<RateRange> range = parseRateRange(efficiency);
            if (!range)
                return Error{ErrorCode::BadUsage, range.error().what, "--efficiency",
                             range.error().hint};
            plan.range = *range;
        }
    }
    if (*bytes > 0)
        plan.setMemory(*bytes);
    if (plan.memoryBytes == 0)
        return Error{ErrorCode::BadUsage,
                     fmt::format("{} comes with any amount of memory", plan.name), "--device",
                     "Say how much with --memory."};
    return plan;
}

} // namespace decodescope
