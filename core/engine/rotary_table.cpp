// SPDX-License-Identifier: Apache-2.0
#include "core/engine/rotary_table.h"

#include <cmath>

namespace decodescope {

void rotaryTable(std::int64_t headDim, std::int64_t position, float* cosSin) {
    const std::int64_t half = headDim / 2;
    for (std::int64_t i = 0; i < half; ++i) {
        const double angle =
            static_cast<double>(position) *
            std::pow(10000.0, -2.0 * static_cast<double>(i) / static_cast<double>(headDim));
        cosSin[i] = static_cast<float>(std::cos(angle));
        cosSin[half + i] = static_cast<float>(std::sin(angle));
    }
}

} // namespace decodescope
