// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/spec/result.h"

namespace decodescope {

/// The fields of one record, and the line of the text it begins on (from 1).
struct CsvRecord {
    std::size_t line = 1;
    std::vector<std::string> fields;
};

/// The records of a CSV text (RFC 4180; lines may end in LF alone, and a byte order mark is passed
/// over). Empty lines hold no record. Errors: FileUnreadable with the line of a quote that never
/// closes; `where` names the text in it.
[[nodiscard]] Result<std::vector<CsvRecord>> readCsv(std::string_view text,
                                                     const std::string& where);

} // namespace decodescope
