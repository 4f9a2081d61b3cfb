// SPDX-License-Identifier: Apache-2.0
#include "core/report/figures.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/spec/units.h"

namespace decodescope {

std::string rounded(double value) {
    if (!(value > 0) || !std::isfinite(value))
        return "–";
    if (value >= 1000 && value < 1e15)
        return formatCount(std::llround(value));
    const int whole = static_cast<int>(std::floor(std::log10(value))) + 1;
    return fmt::format("{:.{}f}", value, std::clamp(3 - whole, 0, 9));
}

} // namespace decodescope
