// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace decodescope {

/// Version of the project, as both programs report it: "0.1.0".
[[nodiscard]] std::string_view toolVersion();

} // namespace decodescope
