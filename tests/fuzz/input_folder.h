// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace decodescope::fuzz {

/// A folder in memory for the files of one program, made at the first use and removed at its end.
/// Readers take paths, and look for siblings of what they read.
[[nodiscard]] const std::filesystem::path& inputFolder();

/// Writes a file of that folder, and makes it `hole` bytes longer without writing them.
std::filesystem::path writeInput(const std::string& name, std::string_view bytes,
                                 std::uint64_t hole = 0);
/// Takes a file away again, if it is there.
void removeInput(const std::string& name);

/// Cuts at kPartMark: at most `most` parts, the last with all that is left.
[[nodiscard]] std::vector<std::string_view> partsOf(std::string_view bytes, std::size_t most);

/// A number that the bytes decide (FNV-1a), to choose one way of many the same way every time.
[[nodiscard]] std::uint64_t numberOf(std::string_view bytes);

} // namespace decodescope::fuzz
