// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace decodescope {

/// What a datasheet (or a measurement) says of a device. Rates are per second.
struct DeviceSpec {
    std::string id;
    std::string name;
    std::string vendor;
    std::string kind; ///< "gpu-datacenter", "gpu-desktop", "cpu", …
    std::uint64_t memoryBytes = 0;
    bool unifiedMemory = false;
    double bandwidthBytesPerSecond = 0;      ///< theoretical; 0: unknown
    std::optional<double> halfFlopPerSecond; ///< dense 16-bit, f32 accumulate
    std::optional<double> floatFlopPerSecond;
    std::optional<std::uint64_t> lastLevelCacheBytes;
    bool verified = false;
    std::vector<std::string> unverified; ///< names of the fields without a checked source
    std::vector<std::string> citations;
    std::string notes;
    bool operator==(const DeviceSpec&) const = default;
};

} // namespace decodescope
