// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace decodescope {

/// What a Decoder has allocated, by kind, in bytes. Kept by the code that allocates, so that it
/// can be laid beside what the system reports.
struct MemoryLedger {
    std::uint64_t weightsBytes = 0;
    std::uint64_t kvBytes = 0;
    std::uint64_t workspaceBytes = 0;

    [[nodiscard]] std::uint64_t totalBytes() const {
        return weightsBytes + kvBytes + workspaceBytes;
    }
    bool operator==(const MemoryLedger&) const = default;
};

/// What the system reports. Absent where there is no probe: never zero in its place.
struct MemoryReading {
    std::optional<std::uint64_t> totalBytes;     ///< of the device
    std::optional<std::uint64_t> availableBytes; ///< that could still be had without swapping
    std::optional<std::uint64_t> processBytes;   ///< resident in this process
    bool operator==(const MemoryReading&) const = default;
};

} // namespace decodescope
