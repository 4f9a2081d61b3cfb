// SPDX-License-Identifier: Apache-2.0
#include "core/plan/engines/engine.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/plan/engines/known_engines.h"
#include "core/spec/units.h"

namespace decodescope {

std::uint64_t Engine::reserveBytes(std::uint64_t memoryBytes) const {
    const double shareLeft = memoryFraction > 0 ? 1 - memoryFraction : 0;
    const auto left =
        static_cast<std::uint64_t>(std::ceil(static_cast<double>(memoryBytes) * shareLeft));
    return std::min(memoryBytes, saturatingAdd(left, marginBytes));
}

std::span<const Engine> engines() {
    static const std::array all = {Engine{},       vllmEngine(),   llamaCppEngine(),
                                   sglangEngine(), ollamaEngine(), transformersEngine()};
    return all;
}

} // namespace decodescope
