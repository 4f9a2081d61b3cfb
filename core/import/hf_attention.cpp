// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "core/import/hf_parts.h"
#include "core/import/shape_limits.h"

namespace decodescope {
namespace {

/// KV heads said by a flag instead of a number; nothing if no flag speaks.
std::optional<std::int64_t> kvHeadsByFlag(const ConfigReader& config, std::string_view modelType,
                                          std::int64_t heads) {
    const auto multiQuery = config.boolean("multi_query");
    if (modelType == "gpt_bigcode" || config.text({"attention_head_type"}) == "multiquery")
        return multiQuery.value_or(true) ? 1 : heads;
    const bool falcon = modelType == "falcon" || modelType.starts_with("RefinedWeb");
    if (falcon) {
        // With multi_query and the old decoder, num_kv_heads is ignored (Falcon 7B writes 71);
        // the first Falcon 40B says n_head_kv and no flag at all.
        const bool grouped = config.boolean("new_decoder_architecture")
                                 .value_or(!multiQuery && config.has("n_head_kv"));
        if (!grouped)
            return multiQuery.value_or(true) ? 1 : heads;
    }
    if (config.boolean("multi_query_attention").value_or(false)) // ChatGLM
        return config.required({"multi_query_group_num"}, kMaxHeads);
    return std::nullopt;
}

std::optional<std::int64_t> kvHeadsOfMpt(const ConfigReader& config) {
    const auto attention = config.child("attn_config");
    if (!attention)
        return std::nullopt;
    if (attention->text({"attn_type"}) == "multiquery_attention")
        return 1;
    return attention->integer({"kv_n_heads"}, kMaxHeads);
}

std::int64_t readKvHeads(const ConfigReader& config, const FamilyDefaults& family,
                         const HfShape& shape, std::string_view modelType, std::int64_t heads) {
    if (const auto flagged = kvHeadsByFlag(config, modelType, heads))
        return *flagged;
    if (const auto mpt = kvHeadsOfMpt(config))
        return *mpt;
    const std::int64_t usual =
        shape.nested && family.nested.kvHeads > 0 ? family.nested.kvHeads : heads;
    return config.orInferred(kKvHeadNames, usual, "n_kv_heads", kMaxHeads);
}

/// Whether heads stand in lists of one number a layer, for readHfHeadsByLayer() to read.
bool byLayer(const ConfigReader& config, KeyNames names) {
    return std::any_of(names.begin(), names.end(),
                       [&](const char* name) { return config.size(name) > 0; });
}

/// The most heads of any layer: what a head's width is concluded from.
std::int64_t mostOf(const ConfigReader& config, KeyNames names, std::int64_t layers) {
    const auto numbers = config.integersByLayer(names, layers, kMaxHeads);
    return numbers && !numbers->empty() ? *std::max_element(numbers->begin(), numbers->end()) : 0;
}

std::int64_t readHeadDim(const ConfigReader& config, const FamilyDefaults& family,
                         const HfShape& shape, std::int64_t heads) {
    if (const auto declared =
            config.integer({"head_dim", "kv_channels", "attention_head_dim"}, kMaxHeads))
        return *declared;
    config.infer("head_dim");
    if (family.headDim > 0)
        return family.headDim;
    if (config.ok() && shape.hidden % heads != 0) {
        config.fail("hidden_size",
                    fmt::format("{} heads do not divide the width {}, and no \"head_dim\" is given",
                                heads, shape.hidden));
        return 0;
    }
    return config.ok() ? shape.hidden / heads : 0;
}

/// DeepSeek's latent: K and V of a head come out of one vector a token.
void readLatent(const ConfigReader& config, LayerSpec& layer) {
    const MlaShape mla{.kvLoraRank = config.required({"kv_lora_rank"}),
                       .qkRopeHeadDim = config.required({"qk_rope_head_dim"}, kMaxHeads),
                       .qkNopeHeadDim = config.required({"qk_nope_head_dim"}, kMaxHeads),
                       .vHeadDim = config.required({"v_head_dim"}, kMaxHeads),
                       .qLoraRank = config.integer({"q_lora_rank"}).value_or(0)};
    layer.attention = AttentionKind::Mla;
    layer.mla = mla;
    layer.nKvHeads = layer.nHeads;
    layer.headDimK = mla.qkNopeHeadDim + mla.qkRopeHeadDim;
    layer.headDimV = mla.vHeadDim;
}

} // namespace

LayerSpec readHfAttention(const ConfigReader& config, const FamilyDefaults& family,
                          const HfShape& shape) {
    LayerSpec layer;
    if (byLayer(config, kHeadNames))
        layer.nHeads = mostOf(config, kHeadNames, shape.layers);
    else if (shape.nested && family.nested.heads > 0)
        layer.nHeads = config.orInferred(kHeadNames, family.nested.heads, "n_heads", kMaxHeads);
    else
        layer.nHeads = config.required(kHeadNames, kMaxHeads);
    if (!config.ok())
        return layer;
    if (layer.nHeads < 1) {
        config.fail("num_attention_heads", "it is 0");
        return layer;
    }
    if (config.has("kv_lora_rank")) {
        readLatent(config, layer);
        return layer;
    }
    const std::string modelType = config.text({"model_type"}).value_or("");
    layer.nKvHeads = byLayer(config, kKvHeadNames) || config.has("block_configs")
                         ? layer.nHeads
                         : readKvHeads(config, family, shape, modelType, layer.nHeads);
    layer.headDimK = layer.headDimV = readHeadDim(config, family, shape, layer.nHeads);
    if (config.ok() && (layer.nKvHeads < 1 || layer.nHeads % layer.nKvHeads != 0))
        config.fail("num_key_value_heads", fmt::format("{} KV heads do not divide {} query heads",
                                                       layer.nKvHeads, layer.nHeads));
    if (config.ok() && layer.headDimK < 1)
        config.fail("head_dim", "it is 0");
    return layer;
}

} // namespace decodescope
