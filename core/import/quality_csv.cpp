// SPDX-License-Identifier: Apache-2.0
#include "core/import/quality_csv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/import/byte_reader.h"
#include "core/spec/csv_text.h"

namespace decodescope {
namespace {

constexpr std::uint64_t kMaxBytes = 8 * 1024 * 1024;
constexpr std::size_t kColumns = std::size(kQualityColumns);
constexpr std::size_t kShown = 40; ///< bytes of a wrong value in a message
enum Column : std::size_t { Study, Citation, Note, Metric, Better, Model, Attention, Bytes, Value };

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string shown(std::string_view text) {
    return text.empty() ? "nothing" : fmt::format("\"{}\"", text.substr(0, kShown));
}

template <typename T>
std::optional<T> number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty())
        return std::nullopt;
    return value;
}

/// Turns the lines into studies; each line may refuse what contradicts the ones before.
class QualityReader {
public:
    explicit QualityReader(std::string where) : m_where(std::move(where)) {}

    Result<std::vector<QualityStudy>> read(const std::vector<CsvRecord>& records) {
        if (records.empty())
            return fail("the file is empty", "It needs " + header());
        if (const Status status = readHeader(records.front()); !status)
            return status.error();
        if (records.size() == 1)
            return fail("there is a header and no line below it", "Each line is one number");
        for (std::size_t i = 1; i < records.size(); ++i) {
            m_record = &records[i];
            if (const Status status = readLine(); !status)
                return status.error();
        }
        return std::move(m_studies);
    }

private:
    [[nodiscard]] Error fail(std::string what, std::string hint = {}) const {
        return {ErrorCode::FileUnreadable, std::move(what), m_where, std::move(hint)};
    }
    [[nodiscard]] Error failAt(Column column, const std::string& expected) const {
        return fail(fmt::format("line {}, column {} ({}): expected {}, found {}", m_record->line,
                                m_place[column] + 1, kQualityColumns[column], expected,
                                shown(at(column))));
    }
    [[nodiscard]] static std::string header() {
        return fmt::format("the columns {}", fmt::join(kQualityColumns, ", "));
    }

    Status readHeader(const CsvRecord& record) {
        m_place.fill(kAbsent);
        m_width = record.fields.size();
        for (std::size_t i = 0; i < m_width; ++i) {
            const std::string_view title = trimmed(record.fields[i]);
            const auto* const known =
                std::find(std::begin(kQualityColumns), std::end(kQualityColumns), title);
            if (known == std::end(kQualityColumns))
                return fail(fmt::format("line {}, column {}: {} is no column of this table",
                                        record.line, i + 1, shown(title)),
                            "It has " + header() + ", separated by commas");
            std::size_t& place = m_place[static_cast<std::size_t>(known - kQualityColumns)];
            if (place != kAbsent)
                return fail(
                    fmt::format("line {}: the column {} stands in it twice", record.line, title));
            place = i;
        }
        for (std::size_t i = 0; i < kColumns; ++i)
            if (m_place[i] == kAbsent &&
                std::find(std::begin(kOptionalQualityColumns), std::end(kOptionalQualityColumns),
                          kQualityColumns[i]) == std::end(kOptionalQualityColumns))
                return fail(fmt::format("line {}: the column {} is missing", record.line,
                                        kQualityColumns[i]),
                            "The table has " + header());
        return Done{};
    }

    [[nodiscard]] std::string_view at(Column column) const {
        return m_place[column] == kAbsent ? std::string_view()
                                          : trimmed(m_record->fields[m_place[column]]);
    }

    Status readLine() {
        if (m_record->fields.size() != m_width)
            return fail(fmt::format("line {}: expected {} columns as in the header, found {}",
                                    m_record->line, m_width, m_record->fields.size()),
                        "A value that holds a comma needs quotes");
        for (const Column column : {Study, Citation, Metric, Model})
            if (at(column).empty())
                return failAt(column, "a text");
        const std::optional<bool> higher = parseBetter(at(Better));
        if (!higher)
            return failAt(Better, "higher or lower");
        const auto bytes = number<std::uint64_t>(at(Bytes));
        if (!bytes || *bytes == 0)
            return failAt(Bytes, "a whole number of bytes above 0");
        const auto value = number<double>(at(Value));
        if (!value || !std::isfinite(*value))
            return failAt(Value, "a number with a decimal point");
        return add(*higher, *bytes, *value);
    }

    Status add(bool higher, std::uint64_t bytes, double value) {
        QualityStudy& study = studyAt();
        if (study.citation != at(Citation))
            return failAt(Citation, fmt::format("one citation for all of a study ({})",
                                                shown(study.citation)));
        if (study.note.empty())
            study.note = at(Note);
        else if (!at(Note).empty() && study.note != at(Note))
            return failAt(Note, "one note for all of a study, or nothing");
        const std::size_t metric = metricAt(study, higher);
        if (study.metrics[metric].higherIsBetter != higher)
            return failAt(Better, fmt::format("{}, as on the lines before",
                                              betterName(study.metrics[metric].higherIsBetter)));
        QualityPoint& point = pointAt(study, bytes);
        if (point.kvBytesPerToken != bytes)
            return failAt(Bytes, fmt::format("{}, as on the lines before of this model",
                                             point.kvBytesPerToken));
        if (point.attention.empty())
            point.attention = at(Attention);
        else if (!at(Attention).empty() && point.attention != at(Attention))
            return failAt(Attention, fmt::format("{}, as on the lines before of this model",
                                                 shown(point.attention)));
        if (point.values[metric])
            return failAt(Value, fmt::format("one {} of {}, and there is one already",
                                             study.metrics[metric].name, point.model));
        point.values[metric] = value;
        return Done{};
    }

    QualityStudy& studyAt() {
        const auto found = std::find_if(m_studies.begin(), m_studies.end(),
                                        [&](const auto& each) { return each.title == at(Study); });
        if (found != m_studies.end())
            return *found;
        QualityStudy& study = m_studies.emplace_back();
        study.title = at(Study);
        study.citation = at(Citation);
        study.own = true;
        return study;
    }

    std::size_t metricAt(QualityStudy& study, bool higher) const {
        const auto found = std::find_if(study.metrics.begin(), study.metrics.end(),
                                        [&](const auto& each) { return each.name == at(Metric); });
        if (found != study.metrics.end())
            return static_cast<std::size_t>(found - study.metrics.begin());
        study.metrics.push_back({std::string(at(Metric)), higher});
        for (QualityPoint& point : study.points)
            point.values.emplace_back();
        return study.metrics.size() - 1;
    }

    QualityPoint& pointAt(QualityStudy& study, std::uint64_t bytes) const {
        const auto found = std::find_if(study.points.begin(), study.points.end(),
                                        [&](const auto& each) { return each.model == at(Model); });
        if (found != study.points.end())
            return *found;
        QualityPoint& point = study.points.emplace_back();
        point.model = at(Model);
        point.kvBytesPerToken = bytes;
        point.values.resize(study.metrics.size());
        return point;
    }

    static constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
    std::string m_where;
    std::array<std::size_t, kColumns> m_place{};
    std::size_t m_width = 0;
    const CsvRecord* m_record = nullptr;
    std::vector<QualityStudy> m_studies;
};

} // namespace

Result<std::vector<QualityStudy>> parseQualityCsv(std::string_view text, const std::string& where) {
    if (const auto wrong = invalidUtf8At(text))
        return Error{ErrorCode::FileUnreadable, fmt::format("byte {} is not UTF-8", *wrong), where,
                     "Save the table as CSV in UTF-8"};
    const Result<std::vector<CsvRecord>> records = readCsv(text, where);
    if (!records)
        return records.error();
    return QualityReader(where).read(*records);
}

Result<std::vector<QualityStudy>> readQualityCsv(const std::filesystem::path& path) {
    std::error_code code;
    if (!std::filesystem::is_regular_file(path, code))
        return fileError(path, "there is no such file", "Check the path");
    if (std::filesystem::file_size(path, code) > kMaxBytes)
        return fileError(path, "it is larger than 8 MiB, which no table of quality numbers is");
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file.is_open() || file.bad())
        return fileError(path, "it cannot be read", "Check its permissions");
    return parseQualityCsv(text, path.string());
}

} // namespace decodescope
