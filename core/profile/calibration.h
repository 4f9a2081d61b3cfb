// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "core/engine/backend.h"
#include "core/spec/result.h"

namespace decodescope {

/// Measured ceilings, kept between runs in $XDG_CACHE_HOME/decodescope/calibration.json (or
/// ~/.cache), one entry a device. An entry counts for a week, and only while the device, its
/// memory, its instruction set and the program's version are what they were.

/// Where ceilings are kept; empty where the environment names no place. Nothing is created.
[[nodiscard]] std::filesystem::path calibrationFile();

/// What was found. Nothing found is no failure: the note says why there is none.
struct StoredCeilings {
    std::optional<Ceilings> ceilings;
    std::string note; ///< "measured 3 days ago", "older than a week", "the file is damaged"; …
};
/// An empty path is a store that is always empty.
[[nodiscard]] StoredCeilings
loadCeilings(const DeviceInfo& device, const std::filesystem::path& file = calibrationFile(),
             std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

/// Keeps the ceilings of one device; entries of other devices stay, a damaged file is replaced.
/// Done without doing anything for an empty path. Errors: OutputNotWritten.
[[nodiscard]] Status
storeCeilings(const DeviceInfo& device, const Ceilings& ceilings,
              const std::filesystem::path& file = calibrationFile(),
              std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

} // namespace decodescope
