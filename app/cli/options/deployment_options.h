// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/plan/deployment.h"

namespace CLI {
class App;
}

namespace decodescope {

/// Whose allocation rules, and over how many devices.
struct DeploymentOptions {
    std::string engine = "ideal";
    std::int64_t tensorParallel = 1;
    std::int64_t pipelineParallel = 1;

    /// Adds --engine, and --tp and --pp where `ranks`; a --reserve of the same command replaces the
    /// engine's own.
    void add(CLI::App& command, bool ranks = true);
    /// Errors: BadUsage.
    [[nodiscard]] Result<Deployment> resolve(const ModelSpec& model) const;

private:
    const CLI::App* m_command = nullptr;
};

} // namespace decodescope
