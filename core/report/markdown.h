// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace decodescope {

/// A column of a table for people.
struct MarkdownColumn {
    std::string title;
    bool number = false; ///< aligned to the right
};

/// A Markdown table whose source is aligned too, so that it reads well in a terminal. Rows shorter
/// than the columns are filled with empty cells.
[[nodiscard]] std::string toMarkdown(const std::vector<MarkdownColumn>& columns,
                                     const std::vector<std::vector<std::string>>& rows);

} // namespace decodescope
