// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace decodescope {

/// The text with every control character replaced by U+FFFD: names out of a file must not command
/// the terminal they are shown on. What is not UTF-8 stays as it is.
[[nodiscard]] std::string printable(std::string_view text);

} // namespace decodescope
