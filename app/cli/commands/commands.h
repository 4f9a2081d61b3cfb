// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "core/spec/result.h"

namespace CLI {
class App;
}

namespace decodescope {

/// What a parsed command line runs. The Status decides the exit code.
using Command = std::function<Status()>;

/// Each adds one subcommand; where it is chosen, `chosen` is set to what it runs.
void addCalibrate(CLI::App& app, Command& chosen);
void addCompare(CLI::App& app, Command& chosen);
void addDevices(CLI::App& app, Command& chosen);
void addInspect(CLI::App& app, Command& chosen);
void addModels(CLI::App& app, Command& chosen);
void addPlan(CLI::App& app, Command& chosen);
void addProbe(CLI::App& app, Command& chosen);
void addRun(CLI::App& app, Command& chosen);
void addSelftest(CLI::App& app, Command& chosen);

} // namespace decodescope
