// SPDX-License-Identifier: Apache-2.0
#include "core/import/byte_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

namespace decodescope {
namespace {

constexpr std::uint64_t kBufferBytes = 64 * 1024;

/// Bytes that follow a lead byte of UTF-8, and the range the first of them must lie in (RFC 3629,
/// table 3-7 of Unicode): overlong forms, surrogates and values above U+10FFFF are excluded.
struct Lead {
    unsigned first, last, following, low, high;
};
constexpr Lead kLeads[] = {
    {0x00, 0x7F, 0, 0, 0},       {0xC2, 0xDF, 1, 0x80, 0xBF}, {0xE0, 0xE0, 2, 0xA0, 0xBF},
    {0xE1, 0xEC, 2, 0x80, 0xBF}, {0xED, 0xED, 2, 0x80, 0x9F}, {0xEE, 0xEF, 2, 0x80, 0xBF},
    {0xF0, 0xF0, 3, 0x90, 0xBF}, {0xF1, 0xF3, 3, 0x80, 0xBF}, {0xF4, 0xF4, 3, 0x80, 0x8F},
};

/// Length of the UTF-8 sequence at the front of `text`; 0 if there is none.
std::size_t sequenceLength(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const Lead* lead = std::find_if(std::begin(kLeads), std::end(kLeads), [&](const Lead& l) {
        return byte(0) >= l.first && byte(0) <= l.last;
    });
    if (lead == std::end(kLeads) || text.size() <= lead->following)
        return 0;
    for (unsigned i = 1; i <= lead->following; ++i)
        if (byte(i) < (i == 1 ? lead->low : 0x80U) || byte(i) > (i == 1 ? lead->high : 0xBFU))
            return 0;
    return lead->following + 1;
}

} // namespace

Error fileError(const std::filesystem::path& path, std::string what, std::string hint) {
    return {ErrorCode::FileUnreadable, std::move(what), path.string(), std::move(hint)};
}

std::optional<std::size_t> invalidUtf8At(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = sequenceLength(text.substr(at));
        if (length == 0)
            return at;
        at += length;
    }
    return std::nullopt;
}

Result<ByteReader> ByteReader::open(const std::filesystem::path& path) {
    std::error_code code;
    const auto status = std::filesystem::status(path, code);
    if (!std::filesystem::exists(status)) {
        const bool missing = !code || code == std::errc::no_such_file_or_directory;
        return fileError(path, missing ? "there is no such file" : code.message(),
                         "Check the path.");
    }
    // Asked before opening: a pipe or a device would block, or never end.
    if (!std::filesystem::is_regular_file(status))
        return fileError(path, "this is not a regular file",
                         "Give a config.json, a GGUF or a safetensors file.");
    ByteReader reader;
    reader.m_path = path;
    errno = 0;
    reader.m_file.rdbuf()->pubsetbuf(nullptr, 0); // ours is the only buffer
    reader.m_file.open(path, std::ios::binary);
    if (!reader.m_file)
        return fileError(path,
                         fmt::format("it cannot be opened: {}",
                                     std::generic_category().message(errno ? errno : EIO)),
                         "Check its permissions.");
    reader.m_size = std::filesystem::file_size(path, code);
    if (code)
        return fileError(path, code.message());
    if (reader.m_size == 0)
        return fileError(path, "the file is empty", "Download it again.");
    reader.m_buffer.resize(static_cast<std::size_t>(std::min(kBufferBytes, reader.m_size)));
    return reader;
}

bool ByteReader::fill() {
    m_file.clear();
    m_file.seekg(static_cast<std::streamoff>(m_offset));
    m_file.read(m_buffer.data(), static_cast<std::streamsize>(m_buffer.size()));
    m_bufferOffset = m_offset;
    m_bufferBytes = static_cast<std::size_t>(std::max<std::streamsize>(0, m_file.gcount()));
    return m_bufferBytes > 0;
}

void ByteReader::seek(std::uint64_t offset) {
    if (ok())
        m_offset = std::min(offset, m_size);
}

void ByteReader::skip(std::uint64_t count, const std::string& what) {
    if (!ok())
        return;
    if (count > remaining())
        return fail(
            fmt::format("the file ends inside {}: {} bytes are missing", what, count - remaining()),
            "It is truncated or damaged: download it again.");
    m_offset += count;
}

void ByteReader::read(char* out, std::size_t count, const std::string& what) {
    std::fill_n(out, count, '\0');
    if (!ok())
        return;
    if (count > remaining())
        return skip(count, what);
    while (count > 0) {
        const bool buffered =
            m_offset >= m_bufferOffset && m_offset < m_bufferOffset + m_bufferBytes;
        if (!buffered && !fill())
            return fail(fmt::format("{} cannot be read", what));
        const auto from = static_cast<std::size_t>(m_offset - m_bufferOffset);
        const std::size_t part = std::min(count, m_bufferBytes - from);
        std::memcpy(out, m_buffer.data() + from, part);
        out += part;
        count -= part;
        m_offset += part;
    }
}

std::uint64_t ByteReader::unsignedOf(unsigned width, const std::string& what) {
    char copied[8] = {};
    const char* bytes = copied;
    // Most lie whole in the buffer: token lists hold hundreds of thousands of lengths.
    if (ok() && m_offset >= m_bufferOffset && m_offset + width <= m_bufferOffset + m_bufferBytes) {
        bytes = m_buffer.data() + (m_offset - m_bufferOffset);
        m_offset += width;
    } else {
        read(copied, width, what);
    }
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i)
        value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return value;
}

std::uint32_t ByteReader::u32(const std::string& what) {
    return static_cast<std::uint32_t>(unsignedOf(4, what));
}

std::uint64_t ByteReader::u64(const std::string& what) {
    return unsignedOf(8, what);
}

int ByteReader::next() {
    if (!ok() || m_offset >= m_size)
        return -1;
    const bool buffered = m_offset >= m_bufferOffset && m_offset < m_bufferOffset + m_bufferBytes;
    if (!buffered && !fill())
        return -1;
    return static_cast<unsigned char>(
        m_buffer[static_cast<std::size_t>(m_offset++ - m_bufferOffset)]);
}

void ByteReader::fail(std::string what, std::string hint, std::optional<std::uint64_t> at) {
    if (m_error)
        return;
    m_error =
        Error{ErrorCode::FileUnreadable, std::move(what),
              fmt::format("{}, byte {}", m_path.string(), at.value_or(m_offset)), std::move(hint)};
}

} // namespace decodescope
