// SPDX-License-Identifier: Apache-2.0
#include "app/cli/output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/profile/whole_file.h"
#include "core/report/csv.h"

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

std::string recordsText(std::span<const std::string_view> keys,
                        const std::vector<nlohmann::json>& records, ReportFormat format) {
    constexpr auto kRepair = nlohmann::json::error_handler_t::replace; // names need not be UTF-8
    if (format == ReportFormat::Csv)
        return toCsv(keys, records);
    if (format == ReportFormat::Json)
        return nlohmann::json(records).dump(2, ' ', false, kRepair) + '\n';
    std::string lines;
    for (const nlohmann::json& record : records)
        lines += record.dump(-1, ' ', false, kRepair) + '\n';
    return lines;
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
