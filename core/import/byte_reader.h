// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "core/spec/result.h"

namespace decodescope {

/// Reads a regular file forward through one small buffer, so that the header of a file of any size
/// costs the header alone. The first failure sticks: later reads return zeros and change nothing,
/// and error() tells file and byte offset of what went wrong. Loops must ask ok().
class ByteReader {
public:
    /// Errors: FileUnreadable for what is missing, empty, unreadable, or no regular file.
    [[nodiscard]] static Result<ByteReader> open(const std::filesystem::path& path);

    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }
    [[nodiscard]] std::uint64_t size() const { return m_size; }
    [[nodiscard]] std::uint64_t offset() const { return m_offset; }
    [[nodiscard]] std::uint64_t remaining() const { return m_size - m_offset; }
    [[nodiscard]] bool ok() const { return !m_error; }
    [[nodiscard]] const Error& error() const { return *m_error; } ///< precondition: !ok()

    void seek(std::uint64_t offset);
    /// Steps over bytes without reading them; a failure if the file ends before.
    void skip(std::uint64_t count, const std::string& what);
    /// Copies `count` bytes; a failure that names `what` if the file ends before.
    void read(char* out, std::size_t count, const std::string& what);
    /// Little-endian integers.
    [[nodiscard]] std::uint32_t u32(const std::string& what);
    [[nodiscard]] std::uint64_t u64(const std::string& what);
    /// The little-endian integer of `width` (1 to 8) bytes.
    [[nodiscard]] std::uint64_t unsignedOf(unsigned width, const std::string& what);
    /// The next byte, or -1 at the end of the file.
    [[nodiscard]] int next();

    /// Records the failure (the first one stays), at `at` or at the present offset.
    void fail(std::string what, std::string hint = {}, std::optional<std::uint64_t> at = {});

private:
    ByteReader() = default;
    bool fill();

    std::filesystem::path m_path;
    std::ifstream m_file;
    std::vector<char> m_buffer;
    std::uint64_t m_size = 0;
    std::uint64_t m_offset = 0;       ///< of the next byte to hand out
    std::uint64_t m_bufferOffset = 0; ///< of m_buffer[0]
    std::size_t m_bufferBytes = 0;
    std::optional<Error> m_error;
};

/// An Error about a file as a whole.
[[nodiscard]] Error fileError(const std::filesystem::path& path, std::string what,
                              std::string hint = {});

/// Byte offset of the first byte that is not UTF-8 (RFC 3629), if any.
[[nodiscard]] std::optional<std::size_t> invalidUtf8At(std::string_view text);

} // namespace decodescope
