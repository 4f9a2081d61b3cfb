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
///
/// A roof is what nothing exceeds, so of two measurements of one device the better counts, rate by
/// rate (bestOf()): a short calibration inside a run, or one on a busy machine, lowers nothing. It
/// does tell when the machine is slower than it was (roofsOfRun()).

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

/// How thoroughly ceilings were measured.
enum class CalibrationKind {
    Whole, ///< by `calibrate`
    InRun, ///< before a run's first point, in about a second; may hold what was stored before
};

/// Keeps the ceilings of one device: together with what its entry holds where that still counts and
/// is of as many threads, the best of both; in place of it otherwise. A run that adds to an entry
/// makes it no younger. Entries of other devices stay, a damaged file is replaced.
/// Done without doing anything for an empty path. Errors: OutputNotWritten.
[[nodiscard]] Status
storeCeilings(const DeviceInfo& device, const Ceilings& ceilings, CalibrationKind kind,
              const std::filesystem::path& file = calibrationFile(),
              std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

/// Forgets the entry of one device, so that the next ones do not build upon it. Errors:
/// OutputNotWritten.
[[nodiscard]] Status forgetCeilings(const DeviceInfo& device,
                                    const std::filesystem::path& file = calibrationFile());

/// The roofs that a run goes by.
struct RunRoofs {
    Ceilings ceilings;
    std::string note; ///< what the user should know of them; empty: nothing
};
/// What was measured at the run's start, and better rates where they were stored of as many
/// threads. A device that now reads or computes at less than three quarters of what it did is
/// noted: it is hot, on battery or busy, and its points will stay far below their roofs.
[[nodiscard]] RunRoofs roofsOfRun(const Ceilings& measured, const std::optional<Ceilings>& stored);

} // namespace decodescope
