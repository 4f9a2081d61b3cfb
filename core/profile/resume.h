// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "core/profile/profiler.h"
#include "core/profile/recording.h"

namespace decodescope {

/// The request of a recording's last run again, less the points that came to an end of their own;
/// those that a stop cut short are measured anew. Errors: BadUsage where there is nothing to go on
/// with: no run, a quick look, variants this version does not know, or no point that is missing.
[[nodiscard]] Result<RunRequest> resumedRequest(const Recording& recording);

/// Errors: BadUsage where the run was measured on another device than `device`: points of two
/// machines make no run.
[[nodiscard]] Status sameDevice(const Recording& recording, const DeviceInfo& device);

/// Errors: FileUnreadable; BadUsage for a recording that is one JSON array, to which no line can be
/// added.
[[nodiscard]] Status takesLines(const std::filesystem::path& path);

} // namespace decodescope
