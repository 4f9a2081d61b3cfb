// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace decodescope {

/// A figure for people: three significant digits, whole numbers from 1,000 on, never an exponent;
/// a dash for what is not above zero or not finite.
[[nodiscard]] std::string rounded(double value);

} // namespace decodescope
