// SPDX-License-Identifier: Apache-2.0
#include "core/import/hf_parts.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

bool flag(const ConfigReader& config, const char* key, bool usual) {
    return config.boolean(key).value_or(usual);
}

/// Falcon's first models have one norm a layer, those with grouped heads two; its biases are
/// switched together.
void readFalcon(const ConfigReader& config, FamilyVectors& vectors) {
    const bool grouped = flag(config, "new_decoder_architecture",
                              !config.has("multi_query") && config.has("n_head_kv"));
    vectors.norms = config.integer({"num_ln_in_parallel_attn"}, 2).value_or(grouped ? 2 : 1);
    if (!flag(config, "parallel_attn", true))
        vectors.norms = 2;
    vectors.qkvBias = vectors.outBias = vectors.ffnBias = flag(config, "bias", false);
}

/// The family's vectors, as the switches of the configuration change them.
FamilyVectors readVectors(const ConfigReader& config, const FamilyDefaults& family) {
    const std::string_view type = family.modelType;
    FamilyVectors vectors = family.vectors;
    if (type == "falcon" || type.starts_with("RefinedWeb"))
        readFalcon(config, vectors);
    if (type.starts_with("internlm"))
        vectors.qkvBias = vectors.outBias = flag(config, "bias", false);
    vectors.qkvBias = flag(config, "use_qkv_bias", vectors.qkvBias);
    vectors.qkvBias = flag(config, "add_qkv_bias", vectors.qkvBias);
    vectors.qkvBias = flag(config, "qkv_bias", vectors.qkvBias);
    if (config.has("attention_bias")) {
        vectors.qkvBias = flag(config, "attention_bias", false);
        const bool keysAlone = type.starts_with("glm4") || type == "glm" || type == "seed_oss";
        vectors.outBias = vectors.qkvBias && !keysAlone;
    }
    vectors.outBias = flag(config, "attention_out_bias", vectors.outBias);
    vectors.ffnBias = flag(config, "mlp_bias", vectors.ffnBias);
    if (config.has("use_bias"))
        vectors.qkvBias = vectors.outBias = vectors.ffnBias = flag(config, "use_bias", false);
    vectors.headBias = flag(config, "lm_head_bias", vectors.headBias);
    if (flag(config, "use_qk_norm", false))
        vectors.headNorms = type == "cohere" ? HeadNorms::EachHead : HeadNorms::PerHead;
    return vectors;
}

std::int64_t headNorms(HeadNorms kind, const LayerSpec& layer) {
    switch (kind) {
    case HeadNorms::None:
        return 0;
    case HeadNorms::PerHead:
        return 2 * layer.headDimK;
    case HeadNorms::EachHead:
        break;
    }
    return (layer.nHeads + layer.nKvHeads) * layer.headDimK;
}

/// Biases of a feed-forward part of this width; 0 where it is not there.
std::int64_t ffnBiases(const FfnShape& ffn, std::int64_t width, std::int64_t hidden) {
    return width > 0 ? (ffn.gated ? 2 : 1) * width + hidden : 0;
}

std::int64_t ofLayer(const FamilyVectors& vectors, const LayerSpec& layer, std::int64_t hidden) {
    std::int64_t sum = vectors.norms * hidden * (vectors.normBias ? 2 : 1);
    if (layer.attention == AttentionKind::Mla)
        sum += layer.mla.kvLoraRank + layer.mla.qLoraRank; // a norm each
    if (layer.attention == AttentionKind::Softmax) {
        sum += headNorms(vectors.headNorms, layer);
        if (vectors.qkvBias)
            sum +=
                layer.nHeads * layer.headDimK + layer.nKvHeads * (layer.headDimK + layer.headDimV);
        if (vectors.outBias)
            sum += hidden;
    }
    if (vectors.ffnBias)
        sum += ffnBiases(layer.ffn,
                         layer.ffn.experts > 0 ? layer.ffn.sharedHidden : layer.ffn.hidden, hidden);
    return sum;
}

/// A gate of the shared expert, and what corrects the choice of the others.
std::int64_t ofExperts(const ConfigReader& config, const LayerSpec& layer, std::int64_t hidden) {
    if (layer.ffn.experts == 0)
        return 0;
    const bool gate = config.has("shared_expert_intermediate_size") && layer.ffn.sharedHidden > 0;
    const bool corrected =
        config.text({"topk_method"}) == "noaux_tc" || config.text({"model_type"}) == "glm4_moe";
    return (gate ? hidden : 0) + (corrected ? layer.ffn.experts : 0);
}

/// gpt-oss: a sink of each head, and biases everywhere.
constexpr FamilyVectors kGptOss = {.qkvBias = true, .outBias = true, .ffnBias = true};

} // namespace

OtherParameters vectorElements(const ConfigReader& config, const FamilyDefaults& family,
                               const ModelSpec& model) {
    const bool gptOss = family.modelType == "gpt_oss";
    const FamilyVectors vectors = gptOss ? kGptOss : readVectors(config, family);
    const std::int64_t hidden = model.hiddenSize;
    OtherParameters sum;
    const auto add = [](std::uint64_t& to, std::int64_t elements) {
        to = saturatingAdd(to, static_cast<std::uint64_t>(elements));
    };
    for (const LayerSpec& layer : model.layers) {
        const FfnShape& ffn = layer.ffn;
        add(sum.read, ofLayer(vectors, layer, hidden) + ofExperts(config, layer, hidden));
        if (gptOss)
            add(sum.read, layer.nHeads + ffn.experts);
        if (vectors.ffnBias && ffn.experts > 0) {
            const std::int64_t ofExpert = ffnBiases(ffn, ffn.expertHidden, hidden);
            add(sum.read, ffn.expertsPerToken * ofExpert);
            add(sum.tables, (ffn.experts - ffn.expertsPerToken) * ofExpert);
        }
    }
    const std::int64_t norm = hidden * (vectors.normBias ? 2 : 1);
    if (vectors.finalNorm)
        add(sum.read, norm);
    if (family.modelType == "bloom") // of the embedding
        add(sum.read, norm);
    if (vectors.headBias)
        add(sum.read, model.vocabSize);
    return sum;
}

} // namespace decodescope
