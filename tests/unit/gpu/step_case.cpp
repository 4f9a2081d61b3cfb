// SPDX-License-Identifier: Apache-2.0
#include "step_case.h"

#include <algorithm>
#include <cmath>

namespace decodescope {

std::vector<float> normalValues(std::size_t count, std::mt19937_64& random) {
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    std::generate(values.begin(), values.end(), [&] { return normal(random); });
    return values;
}

float e4m3Value(std::uint8_t bits) {
    const int exponent = bits >> 3 & 15;
    const int mantissa = bits & 7;
    const float magnitude = exponent == 0
                                ? std::ldexp(static_cast<float>(mantissa), -9)
                                : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
    return (bits & 0x80) != 0 ? -magnitude : magnitude;
}

} // namespace decodescope
