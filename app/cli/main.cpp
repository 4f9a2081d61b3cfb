// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/cli/backends.h"
#include "app/cli/commands/commands.h"
#include "app/cli/output.h"
#include "core/spec/printable_text.h"
#include "core/spec/version.h"
#include "gpu/cuda_query.h"

namespace decodescope {
namespace {

constexpr const char* kAbout =
    "How much context does a model have room for on this machine, and how fast does it decode?\n"
    "Plans from formulas, measures with real decode kernels. Data goes to standard output,\n"
    "progress and messages to standard error.";

std::string versionText() {
    std::string text = fmt::format("decodescope-cli {}\n", toolVersion());
    for (const DeviceInfo& device : Backends().devices())
        text += fmt::format("{}: {}{}\n", device.id,
                            !device.available     ? "not available, "
                            : device.simd.empty() ? device.name
                                                  : device.simd,
                            device.reason);
    return text +
           fmt::format("CUDA: {}\n", queryCuda().built ? "in this build" : "not in this build");
}

int report(const Error& error) {
    tell("decodescope-cli: " + printable(error.sentence())); // it may quote a file
    return exitCode(error.code);
}

int exitCodeOf(const Status& status) {
    return status ? 0 : report(status.error());
}

int parseAndRun(int argc, char** argv) {
    CLI::App app(kAbout, "decodescope-cli");
    app.require_subcommand(0, 1);
    app.get_formatter()->column_width(34);
    bool version = false;
    app.add_flag("--version", version, "Print the version and what this build can use");
    Command command;
    addDevices(app, command);
    addModels(app, command);
    addInspect(app, command);
    addPlan(app, command);
    addRun(app, command);
    addProbe(app, command);
    addCompare(app, command);
    addCalibrate(app, command);
    addSelftest(app, command);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) {
        std::ostringstream text;
        app.exit(help, text, text);
        return exitCodeOf(OutputOptions{}.write(text.str()));
    } catch (const CLI::ParseError& error) {
        return report({ErrorCode::BadUsage, error.what(), "",
                       "\"decodescope-cli --help\" lists commands and options."});
    }
    if (version)
        return exitCodeOf(OutputOptions{}.write(versionText()));
    if (!command)
        return exitCodeOf(OutputOptions{}.write(app.help()));
    return exitCodeOf(command());
}

} // namespace
} // namespace decodescope

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_DFL); // a reader that has gone ends the program quietly
    decodescope::holdStandardStreams();
    try {
        return decodescope::parseAndRun(argc, argv);
    } catch (const std::exception& fault) {
        std::fprintf(stderr, "decodescope-cli: %s\n", fault.what());
        return 1;
    }
}
