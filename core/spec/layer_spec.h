// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace decodescope {

/// How a layer looks back at past tokens.
enum class AttentionKind : std::uint8_t {
    Softmax,   ///< MHA, GQA or MQA, decided by the head counts
    Mla,       ///< multi-head latent attention: one latent a token, whatever the head count
    Recurrent, ///< linear attention or SSM: a fixed state, nothing a token
    None,      ///< no token mixing that keeps state
};

/// Multi-head latent attention (DeepSeek-V2, arXiv:2405.04434). Zero where it does not apply.
struct MlaShape {
    std::int64_t kvLoraRank = 0;
    std::int64_t qkRopeHeadDim = 0;
    std::int64_t qkNopeHeadDim = 0;
    std::int64_t vHeadDim = 0;
    std::int64_t qLoraRank = 0; ///< 0: queries are projected directly
    bool operator==(const MlaShape&) const = default;
};

/// The feed-forward part of a layer. Dense layers have experts == 0.
struct FfnShape {
    std::int64_t hidden = 0; ///< width of a dense layer
    bool gated = true;       ///< three matrices (SwiGLU, GeGLU), otherwise two (GELU, ReLU)
    std::int64_t experts = 0;
    std::int64_t expertsPerToken = 0;
    std::int64_t expertHidden = 0; ///< width of one expert
    std::int64_t sharedHidden = 0; ///< width of the experts every token passes
    bool operator==(const FfnShape&) const = default;
};

/// One decoder layer: what it caches and what it computes. Counts are of heads and elements.
struct LayerSpec {
    AttentionKind attention = AttentionKind::Softmax;
    std::int64_t nHeads = 0;
    std::int64_t nKvHeads = 0;
    std::int64_t headDimK = 0;
    std::int64_t headDimV = 0;
    std::int64_t window = 0;      ///< tokens a sliding window holds; 0: the full context
    bool ownsCache = true;        ///< false: reads the cache of an earlier layer
    MlaShape mla;                 ///< attention == Mla
    std::uint64_t stateBytes = 0; ///< fixed state of one sequence; may stand beside a KV cache
    FfnShape ffn;
    bool operator==(const LayerSpec&) const = default;
};

/// "mha", "gqa" or "mqa" from the head counts.
[[nodiscard]] std::string attentionName(std::int64_t nHeads, std::int64_t nKvHeads);
/// "mha", "gqa", "mqa", "mla", "recurrent" or "none".
[[nodiscard]] std::string attentionName(const LayerSpec& layer);

void to_json(nlohmann::json& json, const LayerSpec& layer);
void from_json(const nlohmann::json& json, LayerSpec& layer);

} // namespace decodescope
