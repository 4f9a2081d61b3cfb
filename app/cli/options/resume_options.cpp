// SPDX-License-Identifier: Apache-2.0
#include "app/cli/options/resume_options.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <CLI/CLI.hpp>

namespace decodescope {
namespace {

/// What may be said beside --resume: how long, and where the results go.
constexpr std::array<std::string_view, 8> kBeside = {
    "--resume",      "--max-time", "--stream",         "--output",
    "--output-file", "--baseline", "--fail-if-slower", "--help"};

} // namespace

void ResumeOptions::add(CLI::App& command) {
    m_command = &command;
    command.add_option("--resume", file,
                       "Go on with a recording that is not complete: measure the points that are "
                       "missing and add them to the file");
}

bool ResumeOptions::timeGiven() const {
    return m_command->count("--max-time") > 0;
}

Result<Recording> ResumeOptions::read() const {
    for (const CLI::Option* option : m_command->get_options())
        if (const std::string name = option->get_name();
            option->count() > 0 && std::find(kBeside.begin(), kBeside.end(), name) == kBeside.end())
            return Error{ErrorCode::BadUsage, "the recording says what is measured",
                         name + " beside --resume", "Leave it out, or start a new run."};
    if (Status status = takesLines(file); !status)
        return status.error();
    return readRecording(file);
}

} // namespace decodescope
