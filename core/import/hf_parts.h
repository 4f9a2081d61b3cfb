// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/import/config_reader.h"
#include "core/import/hf_families.h"
#include "core/spec/layer_spec.h"

namespace decodescope {

/// Parts of reading a config.json, each over what the ones before it found. Failures go to the
/// reader's log.
struct HfShape {
    std::int64_t layers = 0;
    std::int64_t hidden = 0;
    std::int64_t maxPosition = 0; ///< 0: not said
    bool nested = false;          ///< read from a text_config
};

/// Heads, widths and latent of one attention layer (hf_attention.cpp).
[[nodiscard]] LayerSpec readHfAttention(const ConfigReader& config, const FamilyDefaults& family,
                                        const HfShape& shape);
/// What each layer is: attention with or without a window, a fixed state, or both
/// (hf_layer_kinds.cpp). Adds to `parameters` the weights of the states.
[[nodiscard]] std::vector<LayerSpec> readHfLayers(const ConfigReader& config,
                                                  const FamilyDefaults& family,
                                                  const HfShape& shape, const LayerSpec& attention,
                                                  std::uint64_t& parameters);
/// Feed-forward layers, dense and of experts (hf_ffn.cpp).
void readHfFeedForward(const ConfigReader& config, const FamilyDefaults& family,
                       const HfShape& shape, std::vector<LayerSpec>& layers);

} // namespace decodescope
