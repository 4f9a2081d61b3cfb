// SPDX-License-Identifier: Apache-2.0
#include "core/report/html.h"

#include <fmt/format.h>

#include "core/spec/printable_text.h"

namespace decodescope {

std::string htmlEscaped(std::string_view text) {
    std::string out;
    for (const char c : printable(std::string(text))) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::string htmlTable(const HumanTable& table) {
    const auto line = [&table](std::string_view tag, const auto& textOf) {
        std::string cells;
        for (std::size_t i = 0; i < table.columns.size(); ++i)
            cells += fmt::format("<{0}{1}>{2}</{0}>", tag,
                                 table.columns[i].number ? R"( class="number")" : "",
                                 htmlEscaped(textOf(i)));
        return "<tr>" + cells + "</tr>\n";
    };
    std::string html =
        "<table>\n<thead>" + line("th", [&](std::size_t i) { return table.columns[i].title; });
    html += "</thead>\n<tbody>\n";
    for (const std::vector<std::string>& row : table.rows)
        html +=
            line("td", [&row](std::size_t i) { return i < row.size() ? row[i] : std::string(); });
    return html + "</tbody>\n</table>\n";
}

std::string htmlList(const std::vector<std::pair<std::string, std::string>>& namesAndTexts) {
    std::string html;
    for (const auto& [name, text] : namesAndTexts)
        html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", htmlEscaped(name), htmlEscaped(text));
    return html.empty() ? html : "<dl>\n" + html + "</dl>\n";
}

} // namespace decodescope
