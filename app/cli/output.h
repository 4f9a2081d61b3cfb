// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/report/report.h"
#include "core/spec/result.h"

namespace CLI {
class App;
}

namespace decodescope {

/// Where a command's result goes and how it is written.
struct OutputOptions {
    std::string format = "md";
    std::string file = "-"; ///< "-": standard output

    void add(CLI::App& command, const char* formats = "md, csv, json or jsonl");
    /// Errors: BadUsage.
    [[nodiscard]] Result<ReportFormat> reportFormat() const;
    /// Errors: OutputNotWritten.
    [[nodiscard]] Status write(std::string_view text) const;
};

/// A message for people, on standard error; a line end is added. That nobody may be reading there
/// changes nothing else.
void tell(std::string_view message);

/// To be called first: a standard stream that was closed before the program's start is held by a
/// file that refuses, so that no file opened later takes its place and gets what was meant for it.
void holdStandardStreams();

/// Writes one line to standard output and flushes it. Errors: OutputNotWritten.
[[nodiscard]] Status writeLine(std::string_view line);

} // namespace decodescope
