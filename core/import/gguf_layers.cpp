// SPDX-License-Identifier: Apache-2.0
#include "core/import/gguf_layers.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "core/import/recurrent_state.h"
#include "core/import/shape_limits.h"

namespace decodescope {
namespace {

using Numbers = std::vector<std::int64_t>;

constexpr std::int64_t kMaxWindow = std::int64_t{1} << 40;

/// Which layers slide is written into llama.cpp, not into the file, for these architectures: of
/// `period` layers the last looks at the full context (llama-model.cpp, set_swa_pattern).
struct GgufWindow {
    std::string_view architecture;
    std::int64_t period;
    std::int64_t window; ///< where the file does not say
};
constexpr std::array kWindowRules = {
    GgufWindow{"gemma2", 2, 4096},    GgufWindow{"gemma3", 6, 0},
    GgufWindow{"gemma3n", 5, 0},      GgufWindow{"gemma-embedding", 6, 0},
    GgufWindow{"gpt-oss", 2, 0},      GgufWindow{"cohere2", 4, 0},
    GgufWindow{"exaone4", 4, 0},      GgufWindow{"olmo2", 4, 0},
    GgufWindow{"smallthinker", 4, 0}, GgufWindow{"llama4", 4, 8192},
};

/// Feed-forward layers of two matrices.
constexpr std::array<std::string_view, 14> kUngated = {
    "gpt2",      "gptj",       "gptneox", "bloom",    "mpt",       "falcon",    "phi2",
    "starcoder", "starcoder2", "opt",     "nemotron", "codeshell", "persimmon", "nemotron_h"};

template <typename List>
bool contains(const List& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

class LayerReader {
public:
    LayerReader(GgufFields& fields, const GgufFile& file, std::int64_t hidden, std::int64_t blocks,
                Numbers::size_type size, std::vector<std::string>& inferred)
        : m_fields(fields), m_file(file), m_hidden(hidden), m_blocks(blocks), m_layers(size),
          m_inferred(inferred), m_architecture(fields.architecture()) {}

    std::vector<LayerSpec> read() {
        readHeads();
        if (m_fields.integerOfModel("attention.kv_lora_rank", kMaxWidth).value_or(0) > 0)
            readLatent();
        readStates();
        readWindows();
        readFeedForward();
        readSharing();
        return std::move(m_layers);
    }

private:
    Numbers perLayer(std::string_view name, std::int64_t most, std::int64_t missing) {
        return m_fields.perLayerOfModel(name, m_blocks, most)
            .value_or(Numbers(m_layers.size(), missing));
    }
    std::int64_t one(std::string_view name, std::int64_t missing = 0) {
        return m_fields.integerOfModel(name, kMaxWidth).value_or(missing);
    }

    void readHeads() {
        const bool recurrentOnly =
            m_architecture.starts_with("mamba") || m_architecture.starts_with("rwkv");
        const auto heads = m_fields.perLayerOfModel("attention.head_count", m_blocks, kMaxHeads);
        if (!heads && !recurrentOnly)
            return m_fields.fail(m_architecture + ".attention.head_count", "this key is missing");
        const Numbers queries = heads.value_or(Numbers(m_layers.size(), 0));
        auto kv = m_fields.perLayerOfModel("attention.head_count_kv", m_blocks, kMaxHeads);
        if (!kv)
            m_inferred.emplace_back("n_kv_heads");
        const Numbers pairs = kv.value_or(queries);
        const auto keyLength = m_fields.integerOfModel("attention.key_length", kMaxHeads);
        const auto valueLength = m_fields.integerOfModel("attention.value_length", kMaxHeads);
        if (!keyLength || !valueLength)
            m_inferred.emplace_back("head_dim");
        for (std::size_t i = 0; i < m_layers.size() && m_fields.ok(); ++i) {
            LayerSpec& layer = m_layers[i];
            layer.nHeads = queries[i];
            layer.nKvHeads = pairs[i];
            if (layer.nHeads == 0 || layer.nKvHeads == 0) {
                layer.attention = AttentionKind::None;
                continue;
            }
            if (layer.nHeads % layer.nKvHeads != 0)
                m_fields.fail(m_architecture + ".attention.head_count_kv",
                              fmt::format("{} KV heads do not divide {} query heads (layer {})",
                                          layer.nKvHeads, layer.nHeads, i));
            if ((!keyLength || !valueLength) && m_hidden % layer.nHeads != 0)
                m_fields.fail(m_architecture + ".attention.head_count",
                              fmt::format("{} heads do not divide the width {}, and no "
                                          "\"attention.key_length\" is given",
                                          layer.nHeads, m_hidden));
            layer.headDimK = keyLength.value_or(m_hidden / layer.nHeads);
            layer.headDimV = valueLength.value_or(m_hidden / layer.nHeads);
        }
    }

    /// DeepSeek's latent. Newer files give the lengths of the absorbed form in key_length and
    /// those of the heads in key_length_mla; older ones give the heads' own in key_length.
    void readLatent() {
        MlaShape mla;
        mla.kvLoraRank = one("attention.kv_lora_rank");
        mla.qLoraRank = one("attention.q_lora_rank");
        mla.qkRopeHeadDim = one("rope.dimension_count");
        const std::int64_t key = one("attention.key_length_mla", one("attention.key_length"));
        mla.vHeadDim = one("attention.value_length_mla", one("attention.value_length"));
        mla.qkNopeHeadDim = key - mla.qkRopeHeadDim;
        if (mla.qkRopeHeadDim == 0 || mla.qkNopeHeadDim < 0)
            m_fields.fail(m_architecture + ".rope.dimension_count",
                          fmt::format("{} does not fit a key of {}", mla.qkRopeHeadDim, key));
        for (LayerSpec& layer : m_layers) {
            if (layer.attention != AttentionKind::Softmax)
                continue;
            layer.attention = AttentionKind::Mla;
            layer.nKvHeads = layer.nHeads; // 1 in files of the absorbed form
            layer.headDimK = key;
            layer.headDimV = mla.vHeadDim;
            layer.mla = mla;
        }
    }

    std::uint64_t layerState() {
        if (const std::int64_t head = one("wkv.head_size"); head > 0) // RWKV: shift and state
            return 4U * static_cast<std::uint64_t>(m_hidden) * static_cast<std::uint64_t>(head + 2);
        if (const std::int64_t kept = one("shortconv.l_cache"); kept > 0)
            return 4U * static_cast<std::uint64_t>(m_hidden) * static_cast<std::uint64_t>(kept - 1);
        const std::int64_t heads = one("ssm.time_step_rank");
        if (m_architecture.starts_with("qwen3next") || m_architecture.starts_with("qwen35"))
            return stateBytes(
                DeltaShape{.keyHeads = one("ssm.group_count"),
                           .keyDim = one("ssm.state_size"),
                           .valueHeads = heads,
                           .valueDim = one("ssm.inner_size") / std::max<std::int64_t>(1, heads),
                           .conv = one("ssm.conv_kernel")});
        return stateBytes(MambaShape{.inner = one("ssm.inner_size"),
                                     .state = one("ssm.state_size"),
                                     .conv = one("ssm.conv_kernel"),
                                     .groups = one("ssm.group_count")});
    }

    /// Layers with a fixed state: beside attention (Falcon-H1), in place of it on all but every
    /// n-th layer (Qwen3-Next), or where the head counts say that there is no attention.
    void readStates() {
        const std::uint64_t state = layerState();
        if (state == 0 || !m_fields.ok())
            return;
        const bool parallel = m_architecture == "falcon-h1";
        const bool interval =
            m_architecture.starts_with("qwen3next") || m_architecture.starts_with("qwen35");
        const auto every = std::max<std::int64_t>(1, one("full_attention_interval", 4));
        const Numbers widths = perLayer("feed_forward_length", kMaxWidth, 0);
        for (std::size_t i = 0; i < m_layers.size() && m_fields.ok(); ++i) {
            LayerSpec& layer = m_layers[i];
            const bool skipped = (static_cast<std::int64_t>(i) + 1) % every != 0;
            // Nemotron-H: a layer is attention, a state or a feed-forward, one alone.
            const bool feedOnly = m_architecture.starts_with("nemotron_h") && widths[i] > 0;
            const bool recurrent =
                interval ? skipped : layer.attention == AttentionKind::None && !feedOnly;
            if (recurrent)
                layer.attention = AttentionKind::Recurrent;
            if (recurrent || parallel)
                layer.stateBytes = state;
        }
    }

    /// Whether each layer slides: an array of booleans, a period, or the architecture's own rule.
    std::vector<bool> slidingLayers(std::int64_t rulePeriod) {
        std::vector<bool> slides(m_layers.size(), true);
        constexpr std::string_view key = "attention.sliding_window_pattern";
        if (const auto flags = m_fields.arrayOfModel(key, m_blocks)) {
            for (std::size_t i = 0; i < slides.size(); ++i)
                slides[i] = (*flags)[i] != 0;
            return slides;
        }
        const std::int64_t period = m_fields.ok() && m_fields.hasOfModel(key)
                                        ? m_fields.integerOfModel(key, kMaxHeads).value_or(0)
                                        : rulePeriod;
        if (period > 0)
            for (std::size_t i = 0; i < slides.size(); ++i)
                slides[i] = static_cast<std::int64_t>(i) % period < period - 1;
        return slides;
    }

    void readWindows() {
        const auto* const rule =
            std::find_if(kWindowRules.begin(), kWindowRules.end(),
                         [&](const GgufWindow& r) { return r.architecture == m_architecture; });
        const bool known = rule != kWindowRules.end();
        const auto declared = m_fields.integerOfModel("attention.sliding_window", kMaxWindow);
        const std::int64_t window = declared.value_or(known ? rule->window : 0);
        if (window == 0 || !m_fields.ok())
            return;
        if (!declared)
            m_inferred.emplace_back("window");
        const std::vector<bool> slides = slidingLayers(known ? rule->period : 0);
        const auto key = m_fields.integerOfModel("attention.key_length_swa", kMaxHeads);
        const auto value = m_fields.integerOfModel("attention.value_length_swa", kMaxHeads);
        for (std::size_t i = 0; i < m_layers.size(); ++i) {
            LayerSpec& layer = m_layers[i];
            if (!slides[i] || layer.attention != AttentionKind::Softmax)
                continue;
            layer.window = window;
            layer.headDimK = key.value_or(layer.headDimK);
            layer.headDimV = value.value_or(layer.headDimV);
        }
    }

    bool gated(std::int64_t width) const {
        if (m_file.tensors.count == 0)
            return !contains(kUngated, m_architecture);
        const auto& up = m_file.tensors.upProjection; // gate and up in one matrix (Phi-3)
        const bool fused =
            up.size() == 2 && width > 0 && up[1] == 2 * static_cast<std::uint64_t>(width);
        return m_file.tensors.gate || fused;
    }

    void readFeedForward() {
        const Numbers widths = perLayer("feed_forward_length", kMaxWidth, 0);
        const std::int64_t experts = one("expert_count");
        const std::int64_t used = one("expert_used_count");
        const std::int64_t dense = one("leading_dense_block_count");
        const std::int64_t step = std::max<std::int64_t>(1, one("interleave_moe_layer_step", 1));
        if (used > experts)
            m_fields.fail(m_architecture + ".expert_used_count",
                          fmt::format("{} of {} experts are used", used, experts));
        const bool gate = gated(widths.empty() ? 0 : widths.front());
        for (std::size_t i = 0; i < m_layers.size() && m_fields.ok(); ++i) {
            FfnShape& ffn = m_layers[i].ffn;
            ffn.gated = gate;
            ffn.hidden = widths[i];
            const auto index = static_cast<std::int64_t>(i);
            if (experts == 0 || index < dense || (index + 1) % step != 0)
                continue;
            ffn.experts = experts;
            ffn.expertsPerToken = used;
            ffn.expertHidden = one("expert_feed_forward_length", widths[i]);
            ffn.sharedHidden = one("expert_shared_feed_forward_length",
                                   one("expert_shared_count") * ffn.expertHidden);
        }
    }

    /// The last layers may read the cache of earlier ones (Gemma 3n, Gemma 4).
    void readSharing() {
        const std::int64_t shared = one("attention.shared_kv_layers");
        const auto count = static_cast<std::int64_t>(m_layers.size());
        if (shared >= count)
            return m_fields.fail(m_architecture + ".attention.shared_kv_layers",
                                 fmt::format("{} of {} layers share a cache", shared, count));
        for (std::int64_t i = count - shared; i < count; ++i)
            m_layers[static_cast<std::size_t>(i)].ownsCache = false;
    }

    GgufFields& m_fields;
    const GgufFile& m_file;
    std::int64_t m_hidden;
    std::int64_t m_blocks;
    std::vector<LayerSpec> m_layers;
    std::vector<std::string>& m_inferred;
    std::string m_architecture;
};

} // namespace

std::vector<LayerSpec> readGgufLayers(GgufFields& fields, const GgufFile& file, std::int64_t hidden,
                                      std::int64_t blocks, std::vector<std::string>& inferred) {
    if (!fields.ok())
        return {};
    // Layers for multi-token prediction stand at the end and do not take part in decode.
    const std::int64_t predicting = fields.integerOfModel("nextn_predict_layers", 4096).value_or(0);
    if (predicting >= blocks)
        fields.fail(fields.architecture() + ".nextn_predict_layers",
                    fmt::format("{} of {} layers", predicting, blocks));
    if (!fields.ok())
        return {};
    return LayerReader(fields, file, hidden, blocks, static_cast<std::size_t>(blocks - predicting),
                       inferred)
        .read();
}

} // namespace decodescope
