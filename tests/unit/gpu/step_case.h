// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace decodescope {

/// `count` normal values.
[[nodiscard]] std::vector<float> normalValues(std::size_t count, std::mt19937_64& random);

/// The value of one E4M3 by its definition: sign, four bits of exponent (bias 7), three of
/// mantissa.
[[nodiscard]] float e4m3Value(std::uint8_t bits);

} // namespace decodescope
