// SPDX-License-Identifier: Apache-2.0
#include "core/plan/roofline.h"

#include <algorithm>

namespace decodescope {

double arithmeticIntensity(std::uint64_t flop, std::uint64_t bytes) {
    return bytes == 0 ? 0 : static_cast<double>(flop) / static_cast<double>(bytes);
}

double attainableFlopPerSecond(const Roofs& roofs, double intensity) {
    return std::min(roofs.flopPerSecond, intensity * roofs.bandwidthBytesPerSecond);
}

double floorSeconds(const Roofs& roofs, std::uint64_t bytes, std::uint64_t flop) {
    return std::max(static_cast<double>(bytes) / roofs.bandwidthBytesPerSecond,
                    static_cast<double>(flop) / roofs.flopPerSecond);
}

std::string_view roofBound(const Roofs& roofs, std::uint64_t bytes, std::uint64_t flop) {
    if (!roofs.known())
        return "unknown";
    return arithmeticIntensity(flop, bytes) < roofs.ridge() ? "memory" : "compute";
}

} // namespace decodescope
