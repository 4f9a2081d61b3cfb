// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/engine/decoder.h"

namespace decodescope {

/// What one layer of a model costs.
struct LayerCost {
    std::uint64_t bytesHeld = 0; ///< KV cache and weights to allocate
    double work = 0;             ///< bytes read: what time goes with
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

/// A layer that a decoder runs.
struct LayerRun {
    std::size_t layer = 0;      ///< index in the model
    double represents = 1;      ///< layers of the model one run of it stands for
    std::size_t cacheOwner = 0; ///< index among the runs: the one whose cache it reads
};

/// The layers that run within the request's budget, of which `fixedBytes` are held whatever their
/// number: as many as fit (chooseLayers()) whose cache fits as well, their own or that of the last
/// owner of a cache of the same shape before them; the others' work is shared out to these. Where
/// the cache lies in pages all are held. Errors: OutOfMemory where not one fits.
[[nodiscard]] Result<std::vector<LayerRun>> fitLayers(const DecoderRequest& request,
                                                      const std::vector<LayerCost>& costs,
                                                      std::uint64_t fixedBytes,
                                                      std::string_view deviceId);

/// OutOfMemory: what the request asks for needs `bytesAsked`.
[[nodiscard]] Error doesNotFit(const DecoderRequest& request, std::uint64_t bytesAsked,
                               std::string_view deviceId);

} // namespace decodescope
