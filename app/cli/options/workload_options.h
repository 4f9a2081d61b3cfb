// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/spec/workload.h"

namespace CLI {
class App;
}

namespace decodescope {

/// Contexts, batches, types and limits, as text until resolved.
struct WorkloadOptions {
    std::string contexts, batches = "1", scope, kvType = "f16", weightsType, reserve = "10%";
    std::string targetError = "2%";
    double maxTime = 60;
    std::uint64_t seed = 1;
    int threads = 0;

    /// What the options are for: each has some that the others do not need.
    enum class Use { Planning, Measuring, Probing };
    void add(CLI::App& command, Use use);
    /// Weights default to the model's own type, then f16. Errors: BadUsage with the option.
    [[nodiscard]] Result<Workload> resolve(const ModelSpec& model, Scope defaultScope,
                                           const std::string& defaultContexts) const;
};

} // namespace decodescope
