// SPDX-License-Identifier: Apache-2.0
#include "app/cli/options/gate_options.h"

#include <CLI/CLI.hpp>

#include "app/cli/output.h"
#include "core/profile/gate.h"
#include "core/spec/printable_text.h"
#include "core/spec/units.h"

namespace decodescope {

void GateOptions::add(CLI::App& command) {
    command
        .add_option("--fail-if-slower", failIfSlower,
                    "Exit with 7 where a configuration is slower than its baseline by more than "
                    "this, as in 5%, and its whole 95% interval is")
        ->group("Gate");
}

Result<std::optional<double>> GateOptions::limit() const {
    if (failIfSlower.empty())
        return std::optional<double>();
    const Result<double> share = parseFraction(failIfSlower);
    if (!share)
        return Error{ErrorCode::BadUsage, share.error().what, "--fail-if-slower",
                     "Write a share of the baseline's time, as in 5%."};
    return std::optional<double>(*share);
}

Status passGate(const Comparison& comparison, std::optional<double> limit) {
    for (const std::string& line : gateLines(comparison, limit.value_or(0)))
        tell(printable(line));
    return limit ? checkGate(comparison, *limit) : Status(Done{});
}

} // namespace decodescope
