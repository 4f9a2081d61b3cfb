// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace decodescope {

/// Which layers of a family slide when the configuration names a window and no layer types.
enum class WindowRule : std::uint8_t {
    None,     ///< the family has no sliding window
    All,      ///< every layer
    Optional, ///< use_sliding_window, then the layers from max_window_layers on (Qwen)
    Period,   ///< of `period` layers all but the last
};

/// Norms of queries and keys.
enum class HeadNorms : std::uint8_t {
    None,
    PerHead,  ///< one vector of head_dim each, for all heads
    EachHead, ///< one vector of head_dim for each head
};

/// The vectors of a layer, beside its matrices: a ten-thousandth of a model, but of another type
/// where it is quantised.
struct FamilyVectors {
    std::int64_t norms = 2; ///< as wide as the residual, and one more behind the last layer
    bool normBias = false;  ///< LayerNorm, otherwise RMSNorm
    bool finalNorm = true;
    HeadNorms headNorms = HeadNorms::None;
    bool qkvBias = false, outBias = false, ffnBias = false;
    bool headBias = false; ///< of the output head
};

/// What the classes of the transformers library take for granted where a configuration is silent.
/// Zeros: nothing is taken for granted.
struct FamilyDefaults {
    std::string_view modelType;
    bool gated = true; ///< three feed-forward matrices, otherwise two
    bool tied = false; ///< tie_word_embeddings
    WindowRule window = WindowRule::None;
    std::int64_t period = 0;
    std::int64_t headDim = 0; ///< otherwise hidden_size / heads
    std::int64_t maxPosition = 0;
    bool learnedPositions = false; ///< position embeddings are weights
    bool fourTimes = false;        ///< feed-forward width of 4 × hidden_size
    bool bothHalves = false;       ///< the width written is that of gate and up together
    bool fittedWidth = false;      ///< two thirds of the width written, in whole multiples
    FamilyVectors vectors = {};
    /// Of a language model nested in a larger one (text_config), whose files leave out whatever
    /// is the default of its class.
    struct Nested {
        std::int64_t layers = 0, hidden = 0, heads = 0, kvHeads = 0, ffn = 0, vocab = 0, window = 0;
    } nested = {};
};

/// The family of a model_type, or null if it is not known.
[[nodiscard]] const FamilyDefaults* findFamily(std::string_view modelType);
/// What is assumed of a model_type that is not known: the keys and conventions of Llama.
[[nodiscard]] const FamilyDefaults& llamaStyle();

} // namespace decodescope
