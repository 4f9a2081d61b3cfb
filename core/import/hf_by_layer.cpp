// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "core/import/hf_parts.h"
#include "core/import/shape_limits.h"

namespace decodescope {
namespace {

constexpr const char* kBlocks = "block_configs";

void setHeads(const ConfigReader& config, const std::string& key, LayerSpec& layer,
              std::int64_t heads, std::int64_t kvHeads) {
    if (layer.attention != AttentionKind::Softmax)
        return;
    if (heads == 0 || kvHeads == 0) {
        const FfnShape ffn = layer.ffn;
        layer = LayerSpec{};
        layer.attention = AttentionKind::None;
        layer.ffn = ffn;
        return;
    }
    if (heads % kvHeads != 0)
        return config.fail(key,
                           fmt::format("{} KV heads do not divide {} query heads", kvHeads, heads));
    layer.nHeads = heads;
    layer.nKvHeads = kvHeads;
}

/// A block says how many query heads share a KV head, or that it has no attention.
void readBlockHeads(const ConfigReader& block, const std::string& key, LayerSpec& layer) {
    const auto attention = block.child("attention");
    if (!attention)
        return;
    if (attention->boolean("replace_with_linear").value_or(false))
        return attention->fail("replace_with_linear",
                               "attention replaced by a matrix is not read by this version");
    if (attention->boolean("no_op").value_or(false))
        return setHeads(block, key, layer, 0, 0);
    const std::int64_t group = attention->required({"n_heads_in_group"}, kMaxHeads);
    if (block.ok() && layer.nHeads % group != 0)
        return attention->fail("n_heads_in_group", fmt::format("{} does not divide {} query heads",
                                                               group, layer.nHeads));
    if (block.ok())
        setHeads(block, key, layer, layer.nHeads, layer.nHeads / group);
}

/// Two thirds of ffn_mult × 2 × hidden, up to a multiple of 256, as for Llama (modeling_decilm).
void readBlockWidth(const ConfigReader& block, std::int64_t hidden, FfnShape& ffn) {
    const auto part = block.child("ffn");
    if (!part)
        return;
    if (part->boolean("replace_with_linear").value_or(false))
        return part->fail("replace_with_linear",
                          "a feed-forward layer replaced by a matrix is not read by this version");
    if (part->boolean("no_op").value_or(false)) {
        ffn.hidden = 0;
        return;
    }
    constexpr double kMostTimes = 1024;
    const auto times = part->real("ffn_mult");
    if (!part->ok() || !times)
        return;
    if (*times <= 0 || *times > kMostTimes)
        return part->fail("ffn_mult", fmt::format("{} is out of range", *times));
    const auto width = static_cast<std::int64_t>(2 * *times * static_cast<double>(hidden) / 3);
    ffn.hidden = (width + 255) / 256 * 256;
}

/// Calls `use` with each block and its layer.
template <typename Use>
void forEachBlock(const ConfigReader& config, std::vector<LayerSpec>& layers, const Use& use) {
    if (!config.has(kBlocks) || !config.ok())
        return;
    const std::size_t blocks = config.size(kBlocks);
    if (blocks != layers.size())
        return config.fail(kBlocks, fmt::format("the array holds {} values, but the model has {} "
                                                "layers",
                                                blocks, layers.size()));
    for (std::size_t i = 0; i < blocks && config.ok(); ++i)
        if (const auto block = config.element(kBlocks, i))
            use(*block, fmt::format("{}[{}]", kBlocks, i), layers[i]);
}

/// Where layers have letters, only those of "-" and "E" have a feed-forward part.
void keepByLetter(const std::string& letters, std::vector<LayerSpec>& layers) {
    for (std::size_t i = 0; i < std::min(letters.size(), layers.size()); ++i) {
        FfnShape& ffn = layers[i].ffn;
        if (letters[i] == 'E')
            ffn.hidden = 0;
        else
            ffn = {.hidden = letters[i] == '-' ? ffn.hidden : 0, .gated = ffn.gated};
    }
}

} // namespace

void readHfHeadsByLayer(const ConfigReader& config, std::vector<LayerSpec>& layers) {
    const auto count = static_cast<std::int64_t>(layers.size());
    const auto heads = config.integersByLayer(kHeadNames, count, kMaxHeads);
    const auto kvHeads = config.integersByLayer(kKvHeadNames, count, kMaxHeads);
    for (std::size_t i = 0; i < layers.size() && config.ok() && (heads || kvHeads); ++i)
        setHeads(config, kKvHeadNames.begin()[0], layers[i], heads ? (*heads)[i] : layers[i].nHeads,
                 kvHeads ? (*kvHeads)[i] : layers[i].nKvHeads);
    forEachBlock(config, layers,
                 [](const ConfigReader& block, const std::string& key, LayerSpec& layer) {
                     readBlockHeads(block, key, layer);
                 });
}

void readHfWidthsByLayer(const ConfigReader& config, const HfShape& shape,
                         std::vector<LayerSpec>& layers) {
    if (const auto widths = config.integersByLayer(kWidthNames, shape.layers, kMaxWidth))
        for (std::size_t i = 0; i < layers.size(); ++i)
            layers[i].ffn.hidden = (*widths)[i];
    if (const auto letters = config.text({kLayerLetters}))
        keepByLetter(*letters, layers);
    forEachBlock(config, layers,
                 [&](const ConfigReader& block, const std::string&, LayerSpec& layer) {
                     readBlockWidth(block, shape.hidden, layer.ffn);
                 });
}

} // namespace decodescope
