// SPDX-License-Identifier: Apache-2.0
#include "app/cli/output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/profile/whole_file.h"

namespace decodescope {
namespace {

Status writeToStdout(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
        return Done{};
    return Error{ErrorCode::OutputNotWritten, std::strerror(errno), "standard output", ""};
}

} // namespace

void OutputOptions::add(CLI::App& command, const char* formats) {
    command.add_option("-o,--output", format, fmt::format("Format: {} (default md)", formats));
    command.add_option("--output-file", file, "Where to write; - is standard output");
}

Result<ReportFormat> OutputOptions::reportFormat() const {
    if (const auto known = parseReportFormat(format))
        return *known;
    return Error{ErrorCode::BadUsage, fmt::format("\"{}\" is not a format", format), "--output",
                 "Choose md, csv, json or jsonl."};
}

Status OutputOptions::write(std::string_view text) const {
    return file == "-" ? writeToStdout(text) : writeWholeFile(file, text);
}

void holdStandardStreams() {
    for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (fcntl(stream, F_GETFD) == -1 && errno == EBADF) // the lowest free number is taken
            static_cast<void>(open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

void tell(std::string_view message) {
    const std::string line = std::string(message) + '\n';
    static_cast<void>(std::fwrite(line.data(), 1, line.size(), stderr));
}

Status writeLine(std::string_view line) {
    return writeToStdout(std::string(line) + '\n');
}

} // namespace decodescope
