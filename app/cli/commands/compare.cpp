// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/cli/commands/commands.h"
#include "app/cli/options/gate_options.h"
#include "app/cli/output.h"
#include "core/profile/comparison_file.h"
#include "core/profile/gate.h"
#include "core/report/comparison_report.h"

namespace decodescope {
namespace {

struct Options {
    std::string a, b;
    GateOptions gate;
    OutputOptions output;
};

Status compareFiles(const Options& options) {
    const Result<ReportFormat> format = options.output.reportFormat();
    if (!format)
        return format.error();
    const Result<std::optional<double>> limit = options.gate.limit();
    if (!limit)
        return limit.error();
    const Result<ComparedSet> a = readComparedSet(options.a);
    if (!a)
        return a.error();
    const Result<ComparedSet> b = readComparedSet(options.b);
    if (!b)
        return b.error();
    if (const Status sides = checkSides(*a, *b); !sides)
        return sides.error();
    const Comparison comparison = compare(*a, *b);
    if (Status written = options.output.write(report(comparison, *format)); !written)
        return written;
    return *limit ? passGate(comparison, *limit) : Status(Done{}); // the table has told all
}

} // namespace

void addCompare(CLI::App& app, Command& chosen) {
    CLI::App* command = app.add_subcommand(
        "compare", "Two recordings, or two plans: what got faster, what slower, and how surely");
    const auto options = std::make_shared<Options>();
    command->add_option("A", options->a, "Recording or plans to compare with: the baseline")
        ->required();
    command->add_option("B", options->b, "Recording or plans that are compared")->required();
    options->gate.add(*command);
    options->output.add(*command);
    command->callback(
        [options, &chosen] { chosen = [options] { return compareFiles(*options); }; });
}

} // namespace decodescope
