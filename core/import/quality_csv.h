// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/spec/quality.h"
#include "core/spec/result.h"

namespace decodescope {

/// Quality numbers out of a CSV table: a header with the names of kQualityColumns in any order,
/// then one line a number. Lines of the same `study` make one study; a model has one size and a
/// metric one direction all through it. Numbers have a decimal point, whatever the locale. Errors:
/// FileUnreadable with file, line and column, and what was expected there.
[[nodiscard]] Result<std::vector<QualityStudy>> readQualityCsv(const std::filesystem::path& path);
/// The same of a text; `where` names it in errors.
[[nodiscard]] Result<std::vector<QualityStudy>> parseQualityCsv(std::string_view text,
                                                                const std::string& where);

} // namespace decodescope
