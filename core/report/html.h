// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/report/report.h"

namespace decodescope {

/// Text for HTML, between tags or in an attribute in quotes.
[[nodiscard]] std::string htmlEscaped(std::string_view text);

/// <table> with its header; numbers are aligned to the right.
[[nodiscard]] std::string htmlTable(const HumanTable& table);

/// <dl> of names and what belongs to them; empty without any.
[[nodiscard]] std::string
htmlList(const std::vector<std::pair<std::string, std::string>>& namesAndTexts);

} // namespace decodescope
