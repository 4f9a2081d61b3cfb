// SPDX-License-Identifier: Apache-2.0
#include "core/import/gguf_metadata.h"

#include <bit>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "core/spec/units.h"

namespace decodescope {
namespace {

/// Generous limits: above them a count is a mistake or an attack.
constexpr std::uint64_t kMaxPairs = 65536;
constexpr std::uint64_t kMaxKeyBytes = 65535; ///< of the format
constexpr std::uint64_t kMaxKeptString = 64 * 1024;
constexpr std::uint64_t kMaxKeptArray = 4096; ///< one number a layer
constexpr std::uint64_t kMaxKeptBytes = 8 * 1024 * 1024;
constexpr std::uint64_t kMaxStrings = 1 << 21; ///< in arrays, over the whole file
constexpr int kMaxArrayDepth = 4;

/// Value types, with the bytes of one of fixed size.
enum class Type : std::uint32_t {
    UInt8,
    Int8,
    UInt16,
    Int16,
    UInt32,
    Int32,
    Float32,
    Bool,
    String,
    Array,
    UInt64,
    Int64,
    Float64,
};
constexpr unsigned kWidths[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

unsigned width(Type type) {
    return kWidths[static_cast<std::uint32_t>(type)];
}

bool isInteger(Type type) {
    return width(type) > 0 && type != Type::Float32 && type != Type::Float64;
}

class MetadataReader {
public:
    explicit MetadataReader(ByteReader& reader) : m_reader(reader) {}

    std::map<std::string, GgufValue> pairs(std::uint64_t count) {
        std::map<std::string, GgufValue> out;
        for (std::uint64_t i = 0; i < count && m_reader.ok(); ++i) {
            const std::uint64_t start = m_reader.offset();
            m_what = fmt::format("metadata key {}", i);
            const std::string key = readGgufString(m_reader, kMaxKeyBytes, m_what);
            if (m_reader.ok() && key.empty())
                m_reader.fail(m_what + " is empty", "The file is damaged: download it again.",
                              start);
            m_what = fmt::format("the value of \"{}\"", key.substr(0, 200));
            GgufValue value = this->value();
            keep(key.size() + 128, start);
            if (m_reader.ok() && !out.emplace(key, std::move(value)).second)
                m_reader.fail(fmt::format("the key \"{}\" stands twice", key.substr(0, 200)),
                              "The file is damaged: download it again.", start);
        }
        return out;
    }

private:
    Type type() {
        const std::uint64_t start = m_reader.offset();
        const std::uint32_t type = m_reader.u32(m_what);
        if (m_reader.ok() && type > static_cast<std::uint32_t>(Type::Float64))
            m_reader.fail(fmt::format("{} has the unknown type {}", m_what, type),
                          "The file is damaged or of a later version.", start);
        return m_reader.ok() ? static_cast<Type>(type) : Type::UInt8;
    }

    GgufValue value() {
        const Type type = this->type();
        GgufValue out;
        out.offset = m_reader.offset();
        if (type == Type::Array)
            readArray(out);
        else if (type == Type::String)
            readText(out);
        else if (type == Type::Float32)
            out.value = static_cast<double>(std::bit_cast<float>(m_reader.u32(m_what)));
        else if (type == Type::Float64)
            out.value = std::bit_cast<double>(m_reader.u64(m_what));
        else if (type == Type::Bool)
            out.value = m_reader.unsignedOf(1, m_what) != 0;
        else if (const auto number = integer(type))
            out.value = *number;
        return out;
    }

    /// Nothing for what does not fit in 63 bits.
    std::optional<std::int64_t> integer(Type type) {
        const std::uint64_t raw = m_reader.unsignedOf(width(type), m_what);
        switch (type) {
        case Type::Int8:
            return static_cast<std::int8_t>(raw);
        case Type::Int16:
            return static_cast<std::int16_t>(raw);
        case Type::Int32:
            return static_cast<std::int32_t>(raw);
        case Type::Int64:
            return static_cast<std::int64_t>(raw);
        default:
            break;
        }
        if (raw > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return std::nullopt;
        return static_cast<std::int64_t>(raw);
    }

    void readText(GgufValue& out) {
        const std::uint64_t start = m_reader.offset();
        const std::uint64_t length = m_reader.u64(m_what);
        if (length > kMaxKeptString) // chat templates may be long, and are not needed
            return m_reader.skip(length, m_what);
        m_reader.seek(start);
        out.value = readGgufString(m_reader, kMaxKeptString, m_what);
        keep(length, start);
    }

    void readArray(GgufValue& out) {
        const std::uint64_t start = m_reader.offset();
        const Type element = type();
        const std::uint64_t length = m_reader.u64(m_what);
        out.array = true;
        out.arrayLength = length;
        if (!isInteger(element) || length > kMaxKeptArray) {
            stepOver(element, length, start, 1);
            return;
        }
        if (length > m_reader.remaining() / width(element))
            return m_reader.skip(saturatingMultiply(length, width(element)), m_what);
        std::vector<std::int64_t> numbers;
        numbers.reserve(static_cast<std::size_t>(length));
        bool all = true;
        for (std::uint64_t i = 0; i < length && m_reader.ok(); ++i) {
            const auto number = integer(element);
            all = all && number.has_value();
            numbers.push_back(number.value_or(0));
        }
        keep(length * sizeof(std::int64_t), start);
        if (all)
            out.value = std::move(numbers);
    }

    void stepOver(Type element, std::uint64_t length, std::uint64_t start, int depth) {
        if (!m_reader.ok())
            return;
        if (width(element) > 0)
            return m_reader.skip(saturatingMultiply(length, width(element)), m_what);
        if (depth >= kMaxArrayDepth && element == Type::Array)
            return m_reader.fail(fmt::format("{} is nested deeper than {}", m_what, kMaxArrayDepth),
                                 "This is no model file.", start);
        // A string or an array is at least its length: a count beyond that is a lie.
        const std::uint64_t smallest = element == Type::String ? 8 : 12;
        m_strings = saturatingAdd(m_strings, length);
        if (length > m_reader.remaining() / smallest || m_strings > kMaxStrings)
            return m_reader.fail(
                fmt::format("{} claims {} elements, more than a model file holds", m_what, length),
                "The file is truncated or damaged: download it again.", start);
        for (std::uint64_t i = 0; i < length && m_reader.ok(); ++i) {
            if (element == Type::String) {
                m_reader.skip(m_reader.u64(m_what), m_what);
            } else {
                const Type inner = type();
                stepOver(inner, m_reader.u64(m_what), start, depth + 1);
            }
        }
    }

    /// Counts what stays in memory.
    void keep(std::uint64_t bytes, std::uint64_t start) {
        m_kept += bytes;
        if (m_kept > kMaxKeptBytes)
            m_reader.fail(fmt::format("the metadata up to {} is larger than {}", m_what,
                                      formatBytes(kMaxKeptBytes)),
                          "This is no model file.", start);
    }

    ByteReader& m_reader;
    std::string m_what;
    std::uint64_t m_kept = 0;
    std::uint64_t m_strings = 0;
};

} // namespace

std::string readGgufString(ByteReader& reader, std::uint64_t most, const std::string& what) {
    const std::uint64_t start = reader.offset();
    const std::uint64_t length = reader.u64(what);
    if (!reader.ok())
        return {};
    if (length > reader.remaining() || length > most) {
        reader.fail(fmt::format("{} claims {} bytes, more than {}", what, length,
                                length > most ? "allowed" : "the file holds"),
                    "The file is truncated or damaged: download it again.", start);
        return {};
    }
    std::string text(static_cast<std::size_t>(length), '\0');
    reader.read(text.data(), text.size(), what);
    if (const auto bad = invalidUtf8At(text); bad && reader.ok()) {
        reader.fail(what + " is not UTF-8", "The file is damaged: download it again.",
                    start + 8 + *bad);
        return {};
    }
    return text;
}

std::map<std::string, GgufValue> readGgufMetadata(ByteReader& reader, std::uint64_t count) {
    constexpr std::uint64_t kSmallestPair = 8 + 1 + 4 + 1;
    if (reader.ok() && (count > kMaxPairs || count > reader.remaining() / kSmallestPair))
        reader.fail(
            fmt::format("the header claims {} metadata keys, more than the file can hold", count),
            "The file is truncated or damaged: download it again.", 16);
    if (!reader.ok())
        return {};
    return MetadataReader(reader).pairs(count);
}

} // namespace decodescope
