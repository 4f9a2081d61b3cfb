// SPDX-License-Identifier: Apache-2.0
#include "core/import/json_text.h"

#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_set>

#include <fmt/format.h>

#include "core/spec/units.h"

namespace decodescope {
namespace {

using Json = nlohmann::json;

/// Hands the bytes of a file to the parser. Ends early where a token grows beyond all reason, so
/// that one string cannot fill the memory.
struct Feed {
    ByteReader* reader = nullptr;
    std::uint64_t end = 0;
    std::uint64_t tokenStart = 0;
    bool tokenTooLong = false;

    [[nodiscard]] int take() {
        if (reader->offset() >= end)
            return -1;
        if (reader->offset() - tokenStart > kMaxJsonTokenBytes) {
            tokenTooLong = true;
            return -1;
        }
        return reader->next();
    }
};

/// The input iterator nlohmann::json asks for; all copies share one Feed.
class FeedIterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    FeedIterator() = default;
    explicit FeedIterator(Feed* feed) : m_feed(feed) { ++*this; }
    const char& operator*() const { return m_current; }
    FeedIterator& operator++() {
        const int byte = m_feed->take();
        m_current = static_cast<char>(byte);
        if (byte < 0)
            m_feed = nullptr;
        return *this;
    }
    FeedIterator operator++(int) {
        FeedIterator before = *this;
        ++*this;
        return before;
    }
    bool operator==(const FeedIterator& other) const { return m_feed == other.m_feed; }
    bool operator!=(const FeedIterator& other) const { return m_feed != other.m_feed; }

private:
    Feed* m_feed = nullptr;
    char m_current = 0;
};

/// Follows the parser: keeps the path, refuses what is too deep or double, tells the listener.
class Walker : public nlohmann::json_sax<Json> {
public:
    Walker(Feed& feed, const JsonListener& listener) : m_feed(feed), m_listener(listener) {
        m_start = feed.reader->offset();
    }

    bool null() override { return tell({}); }
    bool boolean(bool /*value*/) override { return tell({}); }
    bool number_integer(number_integer_t value) override { return integer(value); }
    bool number_unsigned(number_unsigned_t value) override {
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return tell({});
        return integer(static_cast<std::int64_t>(value));
    }
    bool number_float(number_float_t /*value*/, const string_t& /*text*/) override {
        return tell({});
    }
    bool string(string_t& value) override {
        return tell({.kind = JsonEvent::Kind::Text, .text = value});
    }
    bool binary(binary_t& /*value*/) override { return tell({}); }
    bool start_object(std::size_t /*size*/) override { return open(false); }
    bool start_array(std::size_t /*size*/) override { return open(true); }
    bool end_object() override { return close(false); }
    bool end_array() override { return close(true); }

    bool key(string_t& value) override {
        // A hash stands for the key: a header may hold hundreds of thousands.
        if (!m_levels.back().insert(std::hash<std::string>{}(value)).second)
            return refuse({ErrorCode::FileUnreadable,
                           fmt::format("the key \"{}\" stands twice", value), "", ""});
        m_path.back() = std::move(value);
        m_feed.tokenStart = m_feed.reader->offset();
        return true;
    }

    bool parse_error(std::size_t position, const std::string& /*token*/,
                     const nlohmann::detail::exception& exception) override {
        if (m_feed.tokenTooLong)
            return refuse({ErrorCode::FileUnreadable, "one value is longer than 1 MiB", "", ""});
        const bool utf8 = std::string_view(exception.what()).find("UTF-8") != std::string::npos;
        m_error = Error{ErrorCode::FileUnreadable,
                        utf8 ? "the text is not UTF-8" : "the text is not JSON",
                        at(m_start + (position > 0 ? position - 1 : 0)),
                        utf8 ? "Save the file as UTF-8." : "It is damaged: download it again."};
        return false;
    }

    [[nodiscard]] const std::optional<Error>& error() const { return m_error; }

private:
    bool integer(std::int64_t value) {
        return tell({.kind = JsonEvent::Kind::Integer, .integer = value});
    }

    bool tell(JsonEvent event) {
        m_feed.tokenStart = m_feed.reader->offset();
        if (m_levels.empty())
            return refuse({ErrorCode::FileUnreadable, "a JSON object was expected", "", ""});
        event.path = &m_path;
        if (Status status = m_listener(event); !status)
            return refuse(status.error());
        return true;
    }

    bool open(bool array) {
        m_feed.tokenStart = m_feed.reader->offset();
        if (m_levels.empty() && array)
            return refuse({ErrorCode::FileUnreadable, "a JSON object was expected", "", ""});
        if (m_levels.size() >= kMaxJsonDepth)
            return refuse({ErrorCode::FileUnreadable,
                           fmt::format("the JSON is nested deeper than {}", kMaxJsonDepth), "",
                           "This is no model file."});
        if (Status status =
                m_listener({.kind = JsonEvent::Kind::Open, .path = &m_path, .array = array});
            !status)
            return refuse(status.error());
        m_levels.emplace_back();
        m_path.emplace_back();
        return true;
    }

    bool close(bool array) {
        m_feed.tokenStart = m_feed.reader->offset();
        m_levels.pop_back();
        m_path.pop_back();
        if (Status status =
                m_listener({.kind = JsonEvent::Kind::Close, .path = &m_path, .array = array});
            !status)
            return refuse(status.error());
        return true;
    }

    bool refuse(Error error) {
        if (error.where.empty())
            error.where = at(m_feed.reader->offset());
        m_error = std::move(error);
        return false;
    }

    [[nodiscard]] std::string at(std::uint64_t offset) const {
        return fmt::format("{}, byte {}", m_feed.reader->path().string(), offset);
    }

    Feed& m_feed;
    const JsonListener& m_listener;
    std::uint64_t m_start = 0;
    std::vector<std::unordered_set<std::size_t>> m_levels; ///< keys seen, by depth
    std::vector<std::string> m_path;
    std::optional<Error> m_error;
};

} // namespace

Status streamJson(ByteReader& reader, std::uint64_t length, const JsonListener& listener) {
    const std::uint64_t start = reader.offset();
    Feed feed{&reader, saturatingAdd(start, length), start, false};
    Walker walker(feed, listener);
    const bool parsed = Json::sax_parse(FeedIterator(&feed), FeedIterator(), &walker);
    if (walker.error())
        return *walker.error();
    if (!reader.ok())
        return reader.error();
    if (!parsed)
        return fileError(reader.path(), "the text is not JSON");
    return Done{};
}

Result<nlohmann::json> readJsonObject(const std::filesystem::path& path) {
    Result<ByteReader> reader = ByteReader::open(path);
    if (!reader)
        return reader.error();
    if (reader->size() > kMaxConfigBytes)
        return fileError(
            path, fmt::format("{} of JSON are no model configuration", formatBytes(reader->size())),
            "Give the config.json of the model.");
    std::uint64_t values = 0;
    const Status checked = streamJson(*reader, reader->size(), [&](const JsonEvent& event) {
        if (event.kind != JsonEvent::Kind::Close && ++values > kMaxConfigValues)
            return Status(Error{ErrorCode::FileUnreadable, "it holds too many values", "",
                                "Give the config.json of the model."});
        return Status(Done{});
    });
    if (!checked)
        return checked.error();
    std::string text(static_cast<std::size_t>(reader->size()), '\0');
    reader->seek(0);
    reader->read(text.data(), text.size(), "the text");
    if (!reader->ok())
        return reader->error();
    nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    if (json.is_discarded())
        return fileError(path, "the text is not JSON");
    return json;
}

} // namespace decodescope
