// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/plan/answers.h"
#include "core/plan/plan.h"
#include "core/spec/result.h"
#include "core/spec/workload.h"

namespace decodescope {

/// Numbers typed over the model's own. Absent: as the model says.
struct ShapeOverrides {
    std::optional<std::int64_t> layers, nHeads, nKvHeads, headDim, window;
    std::optional<std::int64_t> layersPerCache; ///< only where each layer of the model has its own
    bool operator==(const ShapeOverrides&) const = default;
    [[nodiscard]] bool any() const {
        return layers || nHeads || nKvHeads || headDim || window || layersPerCache;
    }
};

/// Everything the Configuration panel holds.
struct Configuration {
    ModelSpec model; ///< as it came from the preset or the file
    ShapeOverrides shape;
    std::string deviceId = "cpu"; ///< a local device ("cpu", "cuda:0") or a catalogue id
    std::optional<std::uint64_t> memoryBytes; ///< typed over the device's own
    std::optional<RateRange> efficiency; ///< typed over what a catalogue device is taken to reach
    Workload workload;
    Deployment deployment;
    std::vector<std::int64_t> extraKvHeads; ///< what-ifs beside MHA, GQA and MQA
    AnswerAssumptions assumptions;
    bool operator==(const Configuration&) const = default;
};

/// How many layers in a row share the cache of the first; 1: each has its own. Absent where the
/// layers share in no such groups.
[[nodiscard]] std::optional<std::int64_t> layersPerCache(const ModelSpec& model);

/// The model with the typed numbers in every softmax layer. More layers repeat the pattern of the
/// model's own. Exact weight bytes no longer apply to a changed shape. Errors: as validate().
[[nodiscard]] Result<ModelSpec> effectiveModel(const Configuration& configuration);

/// The default variants of the effective model and the extra ones, most KV heads first. Errors:
/// as effectiveModel(); BadUsage for KV heads that do not divide the query heads.
[[nodiscard]] Result<std::vector<Variant>> variantsOf(const Configuration& configuration);

/// The context the answer strip speaks of: 8,192 where it is among the workload's, else the
/// longest of them.
[[nodiscard]] std::int64_t chosenContext(const Workload& workload);

} // namespace decodescope
