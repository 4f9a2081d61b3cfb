// SPDX-License-Identifier: Apache-2.0
#include "core/spec/layer_spec.h"

#include <nlohmann/json.hpp>

#include "core/spec/json_field.h"

namespace decodescope {

NLOHMANN_JSON_SERIALIZE_ENUM(AttentionKind, {{AttentionKind::Softmax, "softmax"},
                                             {AttentionKind::Mla, "mla"},
                                             {AttentionKind::Recurrent, "recurrent"},
                                             {AttentionKind::None, "none"}})

namespace {

void readMla(const nlohmann::json& json, MlaShape& mla) {
    readField(json, "kv_lora_rank", mla.kvLoraRank);
    readField(json, "qk_rope_head_dim", mla.qkRopeHeadDim);
    readField(json, "qk_nope_head_dim", mla.qkNopeHeadDim);
    readField(json, "v_head_dim", mla.vHeadDim);
    readField(json, "q_lora_rank", mla.qLoraRank);
}

} // namespace

std::string attentionName(std::int64_t nHeads, std::int64_t nKvHeads) {
    if (nKvHeads == 1 && nHeads > 1)
        return "mqa";
    return nKvHeads == nHeads ? "mha" : "gqa";
}

std::string attentionName(const LayerSpec& layer) {
    switch (layer.attention) {
    case AttentionKind::Softmax:
        return attentionName(layer.nHeads, layer.nKvHeads);
    case AttentionKind::Mla:
        return "mla";
    case AttentionKind::Recurrent:
        return "recurrent";
    case AttentionKind::None:
        return "none";
    }
    return "none";
}

void to_json(nlohmann::json& json, const LayerSpec& layer) {
    json = {{"attention", layer.attention},   {"n_heads", layer.nHeads},
            {"n_kv_heads", layer.nKvHeads},   {"head_dim_k", layer.headDimK},
            {"head_dim_v", layer.headDimV},   {"window", layer.window},
            {"owns_cache", layer.ownsCache},  {"state_bytes", layer.stateBytes},
            {"ffn_hidden", layer.ffn.hidden}, {"ffn_gated", layer.ffn.gated}};
    if (layer.attention == AttentionKind::Mla)
        json["mla"] = {{"kv_lora_rank", layer.mla.kvLoraRank},
                       {"qk_rope_head_dim", layer.mla.qkRopeHeadDim},
                       {"qk_nope_head_dim", layer.mla.qkNopeHeadDim},
                       {"v_head_dim", layer.mla.vHeadDim},
                       {"q_lora_rank", layer.mla.qLoraRank}};
    if (layer.ffn.experts > 0)
        json["moe"] = {{"experts", layer.ffn.experts},
                       {"experts_per_token", layer.ffn.expertsPerToken},
                       {"expert_hidden", layer.ffn.expertHidden},
                       {"shared_hidden", layer.ffn.sharedHidden}};
}

void from_json(const nlohmann::json& json, LayerSpec& layer) {
    layer = LayerSpec{};
    json.at("attention").get_to(layer.attention);
    readField(json, "n_heads", layer.nHeads);
    readField(json, "n_kv_heads", layer.nKvHeads);
    readField(json, "head_dim_k", layer.headDimK);
    readField(json, "head_dim_v", layer.headDimV);
    readField(json, "window", layer.window);
    readField(json, "owns_cache", layer.ownsCache);
    readField(json, "state_bytes", layer.stateBytes);
    readField(json, "ffn_hidden", layer.ffn.hidden);
    readField(json, "ffn_gated", layer.ffn.gated);
    if (const auto mla = json.find("mla"); mla != json.end())
        readMla(*mla, layer.mla);
    if (const auto moe = json.find("moe"); moe != json.end()) {
        readField(*moe, "experts", layer.ffn.experts);
        readField(*moe, "experts_per_token", layer.ffn.expertsPerToken);
        readField(*moe, "expert_hidden", layer.ffn.expertHidden);
        readField(*moe, "shared_hidden", layer.ffn.sharedHidden);
    }
}

} // namespace decodescope
