// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/spec/cache_law.h"
#include "core/spec/data_type.h"

namespace decodescope {

/// The arithmetic roof of attention over a cache of this type, from so many query heads of a KV
/// head on: that of a unit of dot products.
struct UnitRoof {
    DataType kvType = DataType::BF16;
    std::int64_t leastGroup = 1;
    double flopPerSecond = 0;
    bool operator==(const UnitRoof&) const = default;
};

/// The two roofs a kernel runs under, and whose word that is. Rates are per second; 0: unknown.
struct Roofs {
    double bandwidthBytesPerSecond = 0;
    double flopPerSecond = 0;
    bool measured = false;            ///< false: from a datasheet
    std::vector<UnitRoof> units = {}; ///< where attention does not run at flopPerSecond
    bool operator==(const Roofs&) const = default;

    [[nodiscard]] bool known() const { return bandwidthBytesPerSecond > 0 && flopPerSecond > 0; }
    /// FLOP per byte at which the roofs meet: left of it memory-bound, right of it compute-bound.
    [[nodiscard]] double ridge() const { return flopPerSecond / bandwidthBytesPerSecond; }
    /// The arithmetic roof of attention with `group` query heads on each KV head.
    [[nodiscard]] double attentionFlopPerSecond(const KvTypes& types, std::int64_t group) const;
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
