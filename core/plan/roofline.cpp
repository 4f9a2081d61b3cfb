// SPDX-License-Identifier: Apache-2.0
#include "core/plan/roofline.h"

#include <algorithm>

namespace decodescope {
namespace {

/// What is stored as whole numbers one unit multiplies, whichever type it is.
bool asWholeNumbers(DataType type) {
    return type == DataType::Int8 || info(type).blockElements > 1;
}

} // namespace

double Roofs::attentionFlopPerSecond(const KvTypes& types, std::int64_t group) const {
    if (types.key != types.value && !(asWholeNumbers(types.key) && asWholeNumbers(types.value)))
        return flopPerSecond;
    const auto of = [&](DataType type) {
        const auto found = std::find_if(units.begin(), units.end(), [&](const UnitRoof& each) {
            return each.kvType == type && group >= each.leastGroup;
        });
        return found == units.end() ? flopPerSecond : found->flopPerSecond;
    };
    return std::min(of(types.key), of(types.value));
}

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
