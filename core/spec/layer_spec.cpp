// SPDX-License-Identifier: Apache-2.0
#include "core/spec/layer_spec.h"

#include <nlohmann/json.hpp>

namespace decodescope {

NLOHMANN_JSON_SERIALIZE_ENUM(AttentionKind, {{AttentionKind::Softmax, "softmax"},
                                             {AttentionKind::Mla, "mla"},
                                             {AttentionKind::Recurrent, "recurrent"},
                                             {AttentionKind::None, "none"}})

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
    json.at("n_heads").get_to(layer.nHeads);
    json.at("n_kv_heads").get_to(layer.nKvHeads);
    json.at("head_dim_k").get_to(layer.headDimK);
    json.at("head_dim_v").get_to(layer.headDimV);
    json.at("window").get_to(layer.window);
    json.at("owns_cache").get_to(layer.ownsCache);
    json.at("state_bytes").get_to(layer.stateBytes);
    json.at("ffn_hidden").get_to(layer.ffn.hidden);
    json.at("ffn_gated").get_to(layer.ffn.gated);
    if (const auto mla = json.find("mla"); mla != json.end())
        layer.mla = {mla->at("kv_lora_rank"), mla->at("qk_rope_head_dim"),
                     mla->at("qk_nope_head_dim"), mla->at("v_head_dim"), mla->at("q_lora_rank")};
    if (const auto moe = json.find("moe"); moe != json.end()) {
        moe->at("experts").get_to(layer.ffn.experts);
        moe->at("experts_per_token").get_to(layer.ffn.expertsPerToken);
        moe->at("expert_hidden").get_to(layer.ffn.expertHidden);
        moe->at("shared_hidden").get_to(layer.ffn.sharedHidden);
    }
}

} // namespace decodescope
