// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace decodescope {

/// The two roofs a kernel runs under, and whose word that is. Rates are per second; 0: unknown.
struct Roofs {
    double bandwidthBytesPerSecond = 0;
    double flopPerSecond = 0;
    bool measured = false; ///< false: from a datasheet
    bool operator==(const Roofs&) const = default;

    [[nodiscard]] bool known() const { return bandwidthBytesPerSecond > 0 && flopPerSecond > 0; }
    /// FLOP per byte at which the roofs meet: left of it memory-bound, right of it compute-bound.
    [[nodiscard]] double ridge() const { return flopPerSecond / bandwidthBytesPerSecond; }
};

/// FLOP per byte of memory traffic.
[[nodiscard]] double arithmeticIntensity(std::uint64_t flop, std::uint64_t bytes);
/// Highest FLOP/s reachable at this intensity.
[[nodiscard]] double attainableFlopPerSecond(const Roofs& roofs, double intensity);
/// max(bytes / bandwidth, flop / peak), in seconds. Precondition: roofs.known().
[[nodiscard]] double floorSeconds(const Roofs& roofs, std::uint64_t bytes, std::uint64_t flop);
/// "memory" or "compute": the larger term of floorSeconds(); "unknown" without roofs.
[[nodiscard]] std::string_view roofBound(const Roofs& roofs, std::uint64_t bytes,
                                         std::uint64_t flop);

} // namespace decodescope
