// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/plan/plan.h"
#include "core/profile/sample.h"
#include "core/report/markdown.h"

namespace decodescope {

/// How results are written. All but Markdown carry the records' own keys and raw numbers.
enum class ReportFormat { Markdown, Csv, Json, JsonLines };

/// "md", "csv", "json", "jsonl".
[[nodiscard]] std::optional<ReportFormat> parseReportFormat(std::string_view text);

/// Records in a format other than Markdown, ending with a line end. CSV has the columns `keys`.
[[nodiscard]] std::string recordsText(std::span<const std::string_view> keys,
                                      const std::vector<nlohmann::json>& records,
                                      ReportFormat format);

/// Samples or plans as one text, ending with a line end. Numbers are written in the C locale.
[[nodiscard]] std::string report(std::span<const Sample> samples, ReportFormat format);
[[nodiscard]] std::string report(std::span<const Plan> plans, ReportFormat format);

/// What the Markdown shows, for tables of another kind.
struct HumanTable {
    std::vector<MarkdownColumn> columns;
    std::vector<std::vector<std::string>> rows;
};
[[nodiscard]] HumanTable humanTable(std::span<const Sample> samples);
[[nodiscard]] HumanTable humanTable(std::span<const Plan> plans);

} // namespace decodescope
