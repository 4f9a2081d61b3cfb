// SPDX-License-Identifier: Apache-2.0
#include "core/report/markdown.h"

#include <algorithm>

#include "core/spec/printable_text.h"

namespace decodescope {
namespace {

/// Characters on screen, not bytes: UTF-8 continuation bytes take no place.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0U) != 0x80U; }));
}

std::string padded(const std::string& text, std::size_t to, bool right) {
    const std::string space(to - std::min(to, width(text)), ' ');
    return right ? space + text : text + space;
}

/// What would end the cell or the row is escaped, and what would command a terminal replaced.
std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '|')
            out += '\\';
        out += c == '\n' || c == '\r' ? ' ' : c;
    }
    return printable(out);
}

std::string cell(const std::vector<std::string>& row, std::size_t column) {
    return column < row.size() ? escaped(row[column]) : std::string();
}

} // namespace

std::string toMarkdown(const std::vector<MarkdownColumn>& columns,
                       const std::vector<std::vector<std::string>>& rows) {
    std::string header = "|";
    std::string rule = "|";
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        std::size_t most = std::max<std::size_t>(3, width(columns[i].title));
        for (const auto& row : rows)
            most = std::max(most, width(cell(row, i)));
        widths.push_back(most);
        header += ' ' + padded(columns[i].title, most, columns[i].number) + " |";
        rule += columns[i].number ? std::string(most + 1, '-') + ":|"
                                  : std::string(most + 2, '-') + '|';
    }
    std::string text = header + '\n' + rule + '\n';
    for (const auto& row : rows) {
        text += '|';
        for (std::size_t i = 0; i < columns.size(); ++i)
            text += ' ' + padded(cell(row, i), widths[i], columns[i].number) + " |";
        text += '\n';
    }
    return text;
}

} // namespace decodescope
