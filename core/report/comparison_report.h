// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/profile/comparison.h"
#include "core/report/report.h"

namespace decodescope {

/// Keys of a comparison's records, in the order people read them. What is of A ends in "_a", what
/// is of B in "_b"; "tpot_ratio" is B's time per output token over A's.
[[nodiscard]] std::span<const std::string_view> comparisonKeys();
/// One record a configuration, in A, in B or in both; what is not known is null.
[[nodiscard]] std::vector<nlohmann::json> records(const Comparison& comparison);

/// A Markdown table and notes, for people. Ends with a line end.
[[nodiscard]] std::string comparisonTable(const Comparison& comparison);

/// The comparison as one text, ending with a line end.
[[nodiscard]] std::string report(const Comparison& comparison, ReportFormat format);

} // namespace decodescope
