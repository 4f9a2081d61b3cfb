// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/import/byte_reader.h"
#include "core/spec/result.h"

namespace decodescope {

/// What is refused in JSON of the outside world, before any of it is kept.
inline constexpr std::size_t kMaxJsonDepth = 64;
inline constexpr std::uint64_t kMaxJsonTokenBytes = 1024 * 1024;
inline constexpr std::uint64_t kMaxConfigBytes = 8 * 1024 * 1024;
inline constexpr std::uint64_t kMaxConfigValues = 200'000;

/// One event of a JSON text read in passing. Values below `path` are told one by one; nothing of
/// the text is kept, so a header of many megabytes costs one token of memory.
struct JsonEvent {
    enum class Kind : std::uint8_t { Open, Close, Integer, Text, Other };
    Kind kind = Kind::Other;
    const std::vector<std::string>* path = nullptr; ///< keys from the root; "" inside arrays
    std::int64_t integer = 0;                       ///< Kind::Integer
    std::string_view text = {};                     ///< Kind::Text
    bool array = false;                             ///< Kind::Open, Kind::Close
};

/// Called for each event; an Error ends the reading. Only what and hint need be filled.
using JsonListener = std::function<Status(const JsonEvent&)>;

/// Reads the JSON object in the `length` bytes at the reader's offset.
/// Errors: FileUnreadable with the byte offset: no JSON, not UTF-8, nested deeper than
/// kMaxJsonDepth, a token longer than kMaxJsonTokenBytes, a key twice in one object, no object.
[[nodiscard]] Status streamJson(ByteReader& reader, std::uint64_t length,
                                const JsonListener& listener);

/// A whole JSON object in memory, for small files; the same checks, and at most kMaxConfigBytes
/// bytes and kMaxConfigValues values.
[[nodiscard]] Result<nlohmann::json> readJsonObject(const std::filesystem::path& path);

} // namespace decodescope
