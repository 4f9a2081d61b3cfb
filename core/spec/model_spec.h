// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/spec/layer_spec.h"
#include "core/spec/result.h"
#include "core/spec/weights_spec.h"

namespace decodescope {

/// Where a ModelSpec came from.
struct ModelSource {
    std::string format;  ///< "preset", "hf_config", "gguf", "safetensors", "by hand"
    std::string version; ///< of the format, where it has one: "3" for GGUF v3
    std::string path;    ///< file or preset id
    bool operator==(const ModelSource&) const = default;
};

/// A decoder model as far as planning and measuring need it.
struct ModelSpec {
    std::string id;
    std::string name;
    std::string family;
    std::vector<LayerSpec> layers;
    std::int64_t hiddenSize = 0; ///< 0: unknown (a shape given by hand)
    std::int64_t vocabSize = 0;
    bool tiedEmbeddings = false;
    std::optional<std::int64_t> maxPosition; ///< trained context limit, tokens
    WeightsSpec weights;
    ModelSource source;
    std::vector<std::string> inferred;   ///< names of values not read but concluded
    std::vector<std::string> unverified; ///< names of values without a checked source
    std::vector<std::string> citations;
    std::string notes;
    bool operator==(const ModelSpec&) const = default;

    [[nodiscard]] std::int64_t layerCount() const {
        return static_cast<std::int64_t>(layers.size());
    }
    /// The first layer with softmax attention or MLA, which stands for the model where one layer
    /// must (labels, kernels). Null where no layer attends.
    [[nodiscard]] const LayerSpec* attentionLayer() const;
};

/// Counts that make sense together; the Error names the first that does not.
[[nodiscard]] Status validate(const ModelSpec& model);

/// Parameters of one layer, and of embeddings plus output head, from the shape. Norms and biases
/// are left out (below 0.1 % of any model).
[[nodiscard]] std::uint64_t layerParameters(const ModelSpec& model, const LayerSpec& layer);
[[nodiscard]] std::uint64_t activeLayerParameters(const ModelSpec& model, const LayerSpec& layer);
[[nodiscard]] std::uint64_t embeddingParameters(const ModelSpec& model);

/// The same model with `nKvHeads` KV heads in every softmax layer: a what-if. Parameter counts
/// change with the key and value projections. A file's bytes change in proportion, since its mix of
/// types is kept, and are then named in `inferred`. Errors: BadUsage if nKvHeads does not divide a
/// layer's query heads or no layer has softmax attention.
[[nodiscard]] Result<ModelSpec> withKvHeads(const ModelSpec& model, std::int64_t nKvHeads);

/// The same model, in which of every `layers` softmax or MLA layers that own a cache only the first
/// keeps its own, and the others read it (cross-layer attention, arXiv:2405.12981). More than one
/// is told in the name. Precondition: layers > 0.
[[nodiscard]] ModelSpec withSharedCaches(ModelSpec model, std::int64_t layers);

/// A uniform model from numbers typed by hand.
struct ShapeByHand {
    std::int64_t layers = 32, nHeads = 32, nKvHeads = 32, headDim = 128, window = 0;
    std::int64_t hiddenSize = 0, ffnHidden = 0, vocabSize = 0; ///< 0: no weights in the plan
};
[[nodiscard]] ModelSpec modelByHand(const ShapeByHand& shape);

void to_json(nlohmann::json& json, const ModelSpec& model);
/// Throws nlohmann::json::exception naming the key.
void from_json(const nlohmann::json& json, ModelSpec& model);

} // namespace decodescope
