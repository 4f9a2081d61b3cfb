// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/spec/result.h"

namespace decodescope {

/// RFC 4180 with a header of `keys` and a line a record. null is an empty field, a list its values
/// joined by ';', an object its JSON.
[[nodiscard]] std::string toCsv(std::span<const std::string_view> keys,
                                std::span<const nlohmann::json> records);

/// The fields of a CSV text, line by line. Errors: FileUnreadable for a quote that never closes.
[[nodiscard]] Result<std::vector<std::vector<std::string>>> parseCsv(std::string_view text);

} // namespace decodescope
