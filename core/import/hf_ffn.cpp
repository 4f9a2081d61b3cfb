// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "core/import/hf_parts.h"
#include "core/import/shape_limits.h"

namespace decodescope {
namespace {

/// LFM2: a feed-forward of three matrices, as wide as leaves it the size of one of two with the
/// width written, unless the file says that the width is meant.
std::int64_t fittedWidth(const ConfigReader& config, std::int64_t written) {
    if (!config.boolean("block_auto_adjust_ff_dim").value_or(true))
        return written;
    const double factor = config.real("block_ffn_dim_multiplier").value_or(1);
    const std::int64_t multiple =
        std::max<std::int64_t>(1, config.integer({"block_multiple_of"}, kMaxWidth).value_or(256));
    if (!(factor > 0 && factor <= 64)) {
        config.fail("block_ffn_dim_multiplier", "a number above 0 and up to 64 was expected");
        return written;
    }
    const std::int64_t twoThirds = 2 * written / 3;
    const auto wanted = static_cast<std::int64_t>(factor * static_cast<double>(twoThirds));
    return (wanted + multiple - 1) / multiple * multiple;
}

/// The width of a dense layer; 0 if the file does not say.
std::int64_t denseWidth(const ConfigReader& config, const FamilyDefaults& family,
                        const HfShape& shape) {
    if (const auto widths = config.integersByLayer(kWidthNames, shape.layers, kMaxWidth))
        return widths->front();
    if (family.fittedWidth)
        if (const auto width = config.integer({"block_ff_dim", "intermediate_size"}, kMaxWidth))
            return fittedWidth(config, *width);
    if (const auto width = config.integer(kWidthNames, kMaxWidth))
        return family.bothHalves ? *width / 2 : *width;
    if (const auto ffn = config.child("ffn_config")) // DBRX
        if (const auto width = ffn->integer({"ffn_hidden_size"}, kMaxWidth))
            return *width;
    if (const auto ratio = config.integer({"expansion_ratio"}, 1024)) // MPT
        return *ratio * shape.hidden;
    if (family.fourTimes) {
        config.infer("ffn_hidden");
        return 4 * shape.hidden;
    }
    if (shape.nested && family.nested.ffn > 0) {
        config.infer("ffn_hidden");
        return family.nested.ffn;
    }
    if (!config.has("block_configs"))
        config.note("The file does not say how wide the feed-forward layers are.");
    return 0;
}

FfnShape expertShape(const ConfigReader& config, std::int64_t dense) {
    const auto nested = config.child("ffn_config");
    const ConfigReader& reader = nested && nested->has("moe_num_experts") ? *nested : config;
    FfnShape ffn;
    ffn.experts =
        reader.integer({"num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"})
            .value_or(0);
    if (ffn.experts == 0)
        return ffn;
    ffn.expertsPerToken =
        reader.required({"num_experts_per_tok", "num_experts_per_token", "experts_per_token",
                         "moe_top_k", "moe_topk", "moe_k", "top_k_experts"});
    ffn.expertHidden =
        config.integer({"moe_intermediate_size", "expert_ffn_hidden_size"}, kMaxWidth)
            .value_or(dense);
    const std::int64_t shared = config
                                    .integer({"n_shared_experts", "num_shared_experts",
                                              "num_shared_expert", "moe_num_shared_experts"},
                                             1024)
                                    .value_or(0);
    ffn.sharedHidden =
        config
            .integer({"shared_expert_intermediate_size", "moe_shared_expert_intermediate_size",
                      "shared_intermediate_size"},
                     kMaxWidth)
            .value_or(shared * ffn.expertHidden);
    if (config.text({"model_type"}) == "llama4_text") // one expert every token passes
        ffn.sharedHidden = ffn.expertHidden;
    if (config.ok() && ffn.expertsPerToken > ffn.experts)
        config.fail("num_experts_per_tok", fmt::format("a token passes {} experts of {}",
                                                       ffn.expertsPerToken, ffn.experts));
    return ffn;
}

/// Which layers of a mixture have experts: from the n-th on, every n-th, all but some by number.
class ExpertLayers {
public:
    explicit ExpertLayers(const ConfigReader& config)
        : m_firstDense(config.integer({"first_k_dense_replace", "num_dense_layers"}).value_or(0)),
          m_step(config.integer({"decoder_sparse_step", "interleave_moe_layer_step"}).value_or(1)),
          m_frequency(config.has("moe_layer_freq") && config.isNumber("moe_layer_freq")
                          ? config.integer({"moe_layer_freq"}).value_or(1)
                          : 1),
          m_period(config.integer({"expert_layer_period"}).value_or(1)),
          m_offset(config.integer({"expert_layer_offset"}).value_or(0)),
          m_dense(config.integers("mlp_only_layers").value_or(std::vector<std::int64_t>{})) {}

    [[nodiscard]] bool contain(std::int64_t layer) const {
        return layer >= m_firstDense && divides(m_step, layer + 1) && divides(m_frequency, layer) &&
               (m_period <= 1 || layer % m_period == m_offset) &&
               std::find(m_dense.begin(), m_dense.end(), layer) == m_dense.end();
    }

private:
    static bool divides(std::int64_t step, std::int64_t n) { return step <= 1 || n % step == 0; }

    std::int64_t m_firstDense, m_step, m_frequency, m_period, m_offset;
    std::vector<std::int64_t> m_dense;
};

} // namespace

void readHfFeedForward(const ConfigReader& config, const FamilyDefaults& family,
                       const HfShape& shape, std::vector<LayerSpec>& layers) {
    if (!config.ok())
        return;
    const std::int64_t width = denseWidth(config, family, shape);
    const FfnShape experts = expertShape(config, width);
    const std::int64_t dense = config.integer({"intermediate_size_mlp"}, kMaxWidth).value_or(width);
    if (!config.ok())
        return;
    const ExpertLayers sparse(config);
    for (std::size_t i = 0; i < layers.size(); ++i) {
        FfnShape& ffn = layers[i].ffn;
        if (experts.experts > 0 && sparse.contain(static_cast<std::int64_t>(i)))
            ffn = experts;
        ffn.hidden = dense;
        ffn.gated = family.gated;
    }
    readHfWidthsByLayer(config, shape, layers);
}

} // namespace decodescope
