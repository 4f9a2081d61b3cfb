// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "core/profile/comparison.h"
#include "core/spec/result.h"

namespace decodescope {

/// Reads what can be compared: a recording (JSON Lines of `run --record` or `--stream`, the array
/// of `run -o json`) or plans (`plan -o json` or jsonl). A recording whose run did not reach its
/// end is marked partial. Errors: FileUnreadable for a file that is neither, empty, cut within an
/// array, without a measured point, or of a newer version that this one cannot read.
[[nodiscard]] Result<ComparedSet> readComparedSet(const std::filesystem::path& path);

} // namespace decodescope
