// SPDX-License-Identifier: Apache-2.0
#include "core/report/csv.h"

#include <cmath>
#include <utility>

#include "core/spec/csv_text.h"

namespace decodescope {
namespace {

/// JSON of any value: what is not UTF-8 (a name off a device) is replaced, never thrown at.
std::string dumped(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string fieldText(const nlohmann::json& value) {
    if (value.is_null() || (value.is_number_float() && !std::isfinite(value.get<double>())))
        return "";
    if (value.is_string())
        return value.get<std::string>();
    if (!value.is_array())
        return dumped(value);
    std::string joined;
    for (const nlohmann::json& each : value)
        joined += (joined.empty() ? "" : ";") +
                  (each.is_string() ? each.get<std::string>() : dumped(each));
    return joined;
}

std::string quoted(const std::string& field) {
    if (field.find_first_of(",\"\r\n") == std::string::npos)
        return field;
    std::string out = "\"";
    for (const char c : field)
        out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + '"';
}

} // namespace

std::string toCsv(std::span<const std::string_view> keys, std::span<const nlohmann::json> records) {
    std::string text;
    for (const std::string_view key : keys)
        text += (text.empty() ? "" : ",") + std::string(key);
    text += "\r\n";
    for (const nlohmann::json& record : records) {
        std::string line;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const auto value = record.find(std::string(keys[i]));
            line += (i == 0 ? "" : ",") +
                    quoted(value == record.end() ? std::string() : fieldText(*value));
        }
        text += line + "\r\n";
    }
    return text;
}

Result<std::vector<std::vector<std::string>>> parseCsv(std::string_view text) {
    Result<std::vector<CsvRecord>> records = readCsv(text, "CSV");
    if (!records)
        return records.error();
    std::vector<std::vector<std::string>> lines;
    for (CsvRecord& record : *records)
        lines.push_back(std::move(record.fields));
    return lines;
}

} // namespace decodescope
