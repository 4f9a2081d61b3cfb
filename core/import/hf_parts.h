// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/import/config_reader.h"
#include "core/import/hf_families.h"
#include "core/import/readers.h"
#include "core/spec/layer_spec.h"
#include "core/spec/model_spec.h"

namespace decodescope {

/// The names of what may be given for all layers or for each.
inline constexpr KeyNames kHeadNames = {"num_attention_heads", "n_head", "n_heads", "num_heads",
                                        "num_query_heads"};
inline constexpr KeyNames kKvHeadNames = {"num_key_value_heads", "num_kv_heads",
                                          "n_head_kv",           "n_kv_heads",
                                          "kv_n_heads",          "num_key_value_heads_per_layer"};
inline constexpr KeyNames kWidthNames = {"intermediate_size", "n_inner", "ffn_dim",
                                         "ffn_hidden_size", "ffn_hidden"};

/// One letter a layer (Nemotron-H): M a state, * attention, - a feed-forward layer, E experts, each
/// of them alone.
inline constexpr const char* kLayerLetters = "hybrid_override_pattern";

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
/// Heads and feed-forward widths that a file gives for each layer: as lists (DeciLM, OpenELM), as
/// the blocks of an architecture search (Nemotron-NAS) or by kLayerLetters. Layers without
/// attention become AttentionKind::None (hf_by_layer.cpp).
void readHfHeadsByLayer(const ConfigReader& config, std::vector<LayerSpec>& layers);
void readHfWidthsByLayer(const ConfigReader& config, const HfShape& shape,
                         std::vector<LayerSpec>& layers);
/// What each layer is: attention with or without a window, a fixed state, or both
/// (hf_layer_kinds.cpp). Adds to `parameters` the weights of the states.
[[nodiscard]] std::vector<LayerSpec> readHfLayers(const ConfigReader& config,
                                                  const FamilyDefaults& family,
                                                  const HfShape& shape, const LayerSpec& attention,
                                                  std::uint64_t& parameters);
/// Feed-forward layers, dense and of experts (hf_ffn.cpp).
void readHfFeedForward(const ConfigReader& config, const FamilyDefaults& family,
                       const HfShape& shape, std::vector<LayerSpec>& layers);

/// Elements of all norms and biases (hf_vectors.cpp). The layers of `model` are read already.
[[nodiscard]] OtherParameters vectorElements(const ConfigReader& config,
                                             const FamilyDefaults& family, const ModelSpec& model);

/// The type of the weights, and what a quantisation leaves of another (hf_weights.cpp). The layers
/// of `model` are read already.
void readHfWeights(const ConfigReader& top, const ConfigReader& config, ModelSpec& model);
/// The weights of the first group of layers that compressed-tensors or ModelOpt describe; nothing
/// if there is none.
[[nodiscard]] std::optional<ConfigReader> firstGroup(const ConfigReader& quantised);
/// What the method stores beside weights of `type` when the others are of type `left`
/// (hf_scales.cpp); nothing if it stores nothing or is not known.
[[nodiscard]] std::optional<WeightScales> readHfScales(const ConfigReader& quantised,
                                                       const std::string& method, DataType type,
                                                       DataType left);

} // namespace decodescope
