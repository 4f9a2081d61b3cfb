// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/spec/result.h"

namespace decodescope {

/// The bytes of a file. Errors: FileUnreadable with the path and the system's reason, also for a
/// file (or a pipe that does not end) of more than `maxBytes`.
[[nodiscard]] Result<std::string> readWholeFile(const std::filesystem::path& path,
                                                std::uint64_t maxBytes);
/// The first bytes of a file, at most `count`. Errors: FileUnreadable.
[[nodiscard]] Result<std::string> readFileStart(const std::filesystem::path& path,
                                                std::uint64_t count);

/// Writes a file that appears whole or not at all: into a new file beside it, renamed at the end.
/// A link is followed; what is no regular file (a pipe, a terminal) is written to as it stands.
/// Errors: OutputNotWritten.
[[nodiscard]] Status writeWholeFile(const std::filesystem::path& path, std::string_view content);

} // namespace decodescope
