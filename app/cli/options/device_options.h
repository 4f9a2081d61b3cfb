// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "app/cli/backends.h"
#include "core/plan/plan.h"

namespace CLI {
class App;
}

namespace decodescope {

/// Which device, and how much of its memory.
struct DeviceOptions {
    std::string device = "auto";
    std::string memory;
    std::string efficiency; ///< of a catalogue device, for planning

    void add(CLI::App& command, bool catalogue);
    /// --memory in bytes; 0 where it was not given. Errors: BadUsage.
    [[nodiscard]] Result<std::uint64_t> memoryBytes() const;
    /// What to plan for: a local device with its stored calibration, or one of the catalogue.
    /// Errors: BadUsage, DeviceUnavailable.
    [[nodiscard]] Result<PlanDevice> planDevice(const Backends& backends) const;
};

} // namespace decodescope
