// SPDX-License-Identifier: Apache-2.0
#include "core/spec/csv_text.h"

#include <utility>

namespace decodescope {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class CsvReader {
public:
    explicit CsvReader(std::string_view text) : m_text(text) {}

    void read() {
        for (; m_at < m_text.size(); ++m_at)
            take(m_text[m_at]);
        endRecord();
    }
    [[nodiscard]] bool open() const { return m_quoted; }
    [[nodiscard]] std::size_t quoteLine() const { return m_quoteLine; }
    [[nodiscard]] std::vector<CsvRecord> records() && { return std::move(m_records); }

private:
    void take(char c) {
        if (c == '"') {
            takeQuote();
        } else if (m_quoted || (c != ',' && c != '\n' && c != '\r')) {
            m_field += c;
        } else if (c == ',') {
            m_record.fields.push_back(std::exchange(m_field, {}));
        } else if (c == '\n') {
            endRecord();
        }
        if (c == '\n') {
            ++m_line;
            if (!m_quoted)
                m_record.line = m_line;
        }
    }

    void takeQuote() {
        if (m_quoted && m_at + 1 < m_text.size() && m_text[m_at + 1] == '"') {
            m_field += '"';
            ++m_at;
            return;
        }
        m_quoted = !m_quoted;
        if (m_quoted)
            m_quoteLine = m_line;
    }

    void endRecord() {
        if (m_record.fields.empty() && m_field.empty())
            return;
        m_record.fields.push_back(std::exchange(m_field, {}));
        m_records.push_back(std::exchange(m_record, {}));
    }

    std::string_view m_text;
    std::size_t m_at = 0;
    std::size_t m_line = 1;
    std::size_t m_quoteLine = 1;
    bool m_quoted = false;
    std::string m_field;
    CsvRecord m_record;
    std::vector<CsvRecord> m_records;
};

} // namespace

Result<std::vector<CsvRecord>> readCsv(std::string_view text, const std::string& where) {
    if (text.starts_with(kByteOrderMark))
        text.remove_prefix(kByteOrderMark.size());
    CsvReader reader(text);
    reader.read();
    if (reader.open())
        return Error{ErrorCode::FileUnreadable,
                     "the quote that opens on line " + std::to_string(reader.quoteLine()) +
                         " never closes",
                     where, ""};
    return std::move(reader).records();
}

} // namespace decodescope
