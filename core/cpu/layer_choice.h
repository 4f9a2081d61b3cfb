// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/spec/model_spec.h"

namespace decodescope {

/// What one layer of a model costs.
struct LayerCost {
    std::uint64_t bytesHeld = 0; ///< KV cache and weights to allocate
    double work = 0;             ///< bytes read or FLOP: any measure that time goes with
};

/// Layers to run for a model that may not fit as a whole.
struct LayerChoice {
    struct Chosen {
        std::size_t layer = 0; ///< index in the model
        double represents = 1; ///< layers of the model one run of it stands for
    };
    std::vector<Chosen> layers; ///< in the model's order; empty where not one fits
};

/// As many layers as fit in `budgetBytes`. Layers with equal specs are of one kind; where not all
/// fit, kinds are taken in proportion to their number. Each chosen layer stands for the model's
/// layers of its kind, and kinds that were not taken are shared out by their work.
[[nodiscard]] LayerChoice chooseLayers(const ModelSpec& model, const std::vector<LayerCost>& costs,
                                       std::uint64_t budgetBytes);

} // namespace decodescope
