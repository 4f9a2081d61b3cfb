// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/spec/result.h"

namespace decodescope {

/// The bytes of a file. Errors: FileUnreadable with the path and the system's reason.
[[nodiscard]] Result<std::string> readWholeFile(const std::filesystem::path& path);

/// Writes a file that appears whole or not at all: into a new file beside it, renamed at the end.
/// A link is followed; what is no regular file (a pipe, a terminal) is written to as it stands.
/// Errors: OutputNotWritten.
[[nodiscard]] Status writeWholeFile(const std::filesystem::path& path, std::string_view content);

} // namespace decodescope
