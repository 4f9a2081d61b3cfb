// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/profile/event.h"

namespace decodescope {

/// What a run left behind: its lines, sorted by kind.
struct Recording {
    std::vector<RunStarted> runs; ///< one, or more where recordings were joined
    std::vector<CalibrationEvent> calibrations;
    std::vector<Sample> samples;
    std::vector<MemoryEvent> memory;
    std::vector<Skipped> skipped;
    std::vector<Progress> progress;
    std::optional<RunFailed> failed;
    bool complete = false; ///< a "done" line that is not partial was read

    void add(Event event);
};

/// Reads JSON Lines (from --stream, an autosave or a save) or the JSON array of `run -o json`. A
/// cut last line, as a killed worker leaves it, is dropped. Errors: FileUnreadable with file and
/// line number.
[[nodiscard]] Result<Recording> readRecording(const std::filesystem::path& path);
/// The same in two steps, for a file that may be something else: its text, without a byte order
/// mark (of what does not begin like JSON no more than the beginning is read, and it is refused),
/// and what the text holds. `path` is for the messages.
[[nodiscard]] Result<std::string> readRecordText(const std::filesystem::path& path);
[[nodiscard]] Result<Recording> parseRecording(std::string_view text,
                                               const std::filesystem::path& path);
/// Makes a file that is going to be added to end with a whole line: a cut last line, as a killed
/// worker leaves it, is taken off, and one that lacks its line end alone gets it. Done without
/// doing anything for a file that is missing, empty or no recording. Errors: OutputNotWritten.
[[nodiscard]] Status endLastLine(const std::filesystem::path& path);
/// Writes all lines; the file appears whole or not at all. Errors: OutputNotWritten.
[[nodiscard]] Status writeRecording(const Recording& recording, const std::filesystem::path& path);

} // namespace decodescope
