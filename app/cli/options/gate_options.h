// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/profile/comparison.h"
#include "core/spec/result.h"

namespace CLI {
class App;
}

namespace decodescope {

/// The CI gate: how much slower than its baseline a configuration may be.
struct GateOptions {
    std::string failIfSlower;

    void add(CLI::App& command);
    /// The limit as a share; nothing where no gate was asked for. Errors: BadUsage.
    [[nodiscard]] Result<std::optional<double>> limit() const;
};

/// Tells what people should know of the comparison, and asks the gate where there is a limit.
/// Errors: SlowerThanBaseline.
[[nodiscard]] Status passGate(const Comparison& comparison, std::optional<double> limit);

} // namespace decodescope
