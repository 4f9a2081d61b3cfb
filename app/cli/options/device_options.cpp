// SPDX-License-Identifier: Apache-2.0
#include "app/cli/options/device_options.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "core/profile/measured_device.h"
#include "core/spec/presets.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// "70%-85%" for bandwidth and FLOP/s alike; an empty text leaves the range as it is.
bool setEfficiency(RateRange& range, const std::string& text) {
    if (text.empty())
        return true;
    const std::size_t dash = text.find('-');
    const Result<double> low = parseFraction(text.substr(0, dash));
    const Result<double> high =
        parseFraction(dash == std::string::npos ? text : text.substr(dash + 1));
    if (!low || !high || *low <= 0 || *high < *low)
        return false;
    range = {*low, *high, *low, *high};
    return true;
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
        if (!setEfficiency(plan.range, efficiency))
            return Error{ErrorCode::BadUsage, fmt::format("\"{}\" is not a range", efficiency),
                         "--efficiency", "Write shares of the datasheet's rates, as in 70%-85%."};
    }
    if (*bytes > 0) {
        plan.memoryBytes = *bytes;
        std::erase(plan.unverified, "memory_bytes");
    }
    if (plan.memoryBytes == 0)
        return Error{ErrorCode::BadUsage,
                     fmt::format("{} comes with any amount of memory", plan.name), "--device",
                     "Say how much with --memory."};
    return plan;
}

} // namespace decodescope
