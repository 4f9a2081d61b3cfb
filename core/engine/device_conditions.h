// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace decodescope {

/// How a device runs at one moment. Absent where nothing tells: never zero in its place.
struct DeviceConditions {
    std::optional<double> smClockMhz; ///< of the streaming multiprocessors
    std::optional<double> memoryClockMhz;
    std::optional<double> powerWatts;
    std::optional<double> temperatureCelsius;
    /// What holds its clocks down, in words: "power cap". Empty: nothing, or nothing tells.
    std::vector<std::string> throttleReasons;
    /// Of the whole device, counted up since its driver was loaded.
    std::optional<double> energyJoules;
    bool operator==(const DeviceConditions&) const = default;
};

} // namespace decodescope
