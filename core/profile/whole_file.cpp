// SPDX-License-Identifier: Apache-2.0
#include "core/profile/whole_file.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <random>
#include <system_error>

#include <fmt/format.h>

#include "core/spec/units.h"

namespace decodescope {
namespace {

namespace fs = std::filesystem;

std::string reasonOf(int systemError) {
    return systemError ? std::generic_category().message(systemError) : "unknown reason";
}

Error notWritten(const fs::path& path, const std::string& reason) {
    return {ErrorCode::OutputNotWritten, fmt::format("could not be written: {}", reason),
            path.string(), "Choose another place, or make room there."};
}

Status writeTo(const fs::path& path, std::string_view content) {
    errno = 0;
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    out.close();
    if (!out)
        return notWritten(path, reasonOf(errno));
    return Done{};
}

fs::path besides(const fs::path& path) {
    std::random_device random;
    return path.parent_path() / fmt::format(".{}.{:08x}.part", path.filename().string(), random());
}

} // namespace

Result<std::string> readFileStart(const fs::path& path, std::uint64_t count) {
    const auto unreadable = [&path](const std::string& reason) {
        return Error{ErrorCode::FileUnreadable, fmt::format("cannot be read: {}", reason),
                     path.string(), ""};
    };
    std::error_code ignored;
    if (fs::is_directory(path, ignored))
        return unreadable("it is a folder");
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    if (!in)
        return unreadable(reasonOf(errno));
    std::string content;
    std::uint64_t chunk = kMiB;
    if (const auto size = fs::file_size(path, ignored); !ignored) {
        content.reserve(std::min<std::uint64_t>(size, count));
        chunk = std::clamp(size + 1, 4 * kKiB, chunk); // one byte more meets the end
    }
    while (in && content.size() < count) {
        const std::size_t before = content.size();
        const std::size_t wanted = std::min(chunk, count - before);
        content.resize(before + wanted);
        in.read(content.data() + before, static_cast<std::streamsize>(wanted));
        content.resize(before + static_cast<std::size_t>(in.gcount()));
    }
    if (in.bad())
        return unreadable(reasonOf(errno));
    return content;
}

Result<std::string> readWholeFile(const fs::path& path, std::uint64_t maxBytes) {
    const auto tooLarge = [&] {
        return Error{ErrorCode::FileUnreadable,
                     fmt::format("it is larger than {}", formatBytes(maxBytes)), path.string(), ""};
    };
    std::error_code ignored;
    if (const auto size = fs::file_size(path, ignored); !ignored && size > maxBytes)
        return tooLarge();
    Result<std::string> content = readFileStart(path, saturatingAdd(maxBytes, 1));
    if (content && content->size() > maxBytes)
        return tooLarge();
    return content;
}

Status writeWholeFile(const fs::path& path, std::string_view content) {
    std::error_code failure;
    fs::path target = path;
    if (fs::is_symlink(target, failure))
        target = fs::weakly_canonical(target, failure);
    if (fs::exists(target, failure) && !fs::is_regular_file(target, failure)) {
        if (fs::is_directory(target, failure))
            return notWritten(path, "it is a folder");
        return writeTo(target, content);
    }
    const fs::path part = besides(target);
    Status status = writeTo(part, content);
    if (status) {
        fs::rename(part, target, failure);
        if (!failure)
            return Done{};
        status = notWritten(path, failure.message());
    } else {
        Error error = status.error();
        error.where = path.string(); // the name the user knows
        status = error;
    }
    fs::remove(part, failure);
    return status;
}

} // namespace decodescope
