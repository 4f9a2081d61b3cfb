// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/cli/backends.h"
#include "app/cli/commands/commands.h"
#include "core/spec/version.h"
#include "gpu/cuda_query.h"

namespace decodescope {
namespace {

constexpr const char* kAbout =
    "How much context does a model have room for on this machine, and how fast does it decode?\n"
    "Plans from formulas, measures with real decode kernels. Data goes to standard output,\n"
    "progress and messages to standard error.";

void printVersion() {
    const Backends backends;
    fmt::print("decodescope-cli {}\n", toolVersion());
    for (const DeviceInfo& device : backends.devices())
        fmt::print("{}: {}{}\n", device.id, device.available ? device.simd : "not available, ",
                   device.reason);
    fmt::print("CUDA: {}\n", queryCuda().built ? "in this build" : "not in this build");
}

int report(const Error& error) {
    fmt::print(stderr, "decodescope-cli: {}\n", error.sentence());
    return exitCode(error.code);
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
    addCalibrate(app, command);
    addSelftest(app, command);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        return report({ErrorCode::BadUsage, error.what(), "",
                       "\"decodescope-cli --help\" lists commands and options."});
    }
    if (version) {
        printVersion();
        return 0;
    }
    if (!command) {
        fmt::print("{}", app.help());
        return 0;
    }
    const Status status = command();
    if (!status)
        return report(status.error());
    if (std::fflush(stdout) != 0)
        return report({ErrorCode::OutputNotWritten, "the output could not be written",
                       "standard output", "Is the disk full?"});
    return 0;
}

} // namespace
} // namespace decodescope

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_DFL); // a reader that has gone ends the program quietly
    try {
        return decodescope::parseAndRun(argc, argv);
    } catch (const std::exception& fault) {
        std::fprintf(stderr, "decodescope-cli: %s\n", fault.what());
        return 1;
    }
}
