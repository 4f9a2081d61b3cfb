// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "core/import/hf_parts.h"
#include "core/import/recurrent_state.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

enum class Kind : std::uint8_t { Full, Window, Chunk, State, FeedForward };

/// MiniMax-01 in transformers, where it has other keys than its own code has.
constexpr std::string_view kMiniMaxPort = "minimax";

/// The names of `layer_types` in transformers (ALLOWED_LAYER_TYPES).
std::optional<Kind> kindNamed(std::string_view name) {
    if (name == "full_attention" || name == "attention")
        return Kind::Full;
    if (name == "sliding_attention")
        return Kind::Window;
    if (name == "chunked_attention")
        return Kind::Chunk;
    if (name == "linear_attention" || name == "mamba" || name == "recurrent" || name == "conv")
        return Kind::State;
    return std::nullopt;
}

class KindReader {
public:
    KindReader(const ConfigReader& config, const FamilyDefaults& family, const HfShape& shape)
        : m_config(config), m_family(family), m_shape(shape),
          m_kinds(static_cast<std::size_t>(shape.layers), Kind::Full) {}

    std::vector<Kind> read() {
        if (m_config.has("layer_types") || m_config.has("layers_block_type"))
            named(m_config.has("layer_types") ? "layer_types" : "layers_block_type");
        else if (const auto letters = m_config.text({kLayerLetters}))
            lettered(*letters);
        else if (m_config.has("linear_num_value_heads"))
            everyNth(m_config.orInferred({"full_attention_interval"}, 4, "layer_types"),
                     Kind::State);
        else if (m_config.has("attn_layer_period")) // Jamba
            offset(m_config.required({"attn_layer_period"}),
                   m_config.integer({"attn_layer_offset"}).value_or(0));
        else if (m_config.has("full_attn_idxs")) // LFM2
            allBut("full_attn_idxs", Kind::State);
        else if (m_config.has("attn_type_list")) // MiniMax
            listed("attn_type_list", 0, Kind::State);
        else if (m_family.modelType == kMiniMaxPort)
            everyOther(Kind::State);
        else if (m_config.has(
                     "attention_chunk_size")) // Llama 4: chunks where positions are rotated
            m_config.size("no_rope_layers") > 0
                ? listed("no_rope_layers", 1, Kind::Chunk)
                : everyNth(m_config.integer({"no_rope_layer_interval"}).value_or(4), Kind::Chunk);
        else if (window() > 0)
            byRule();
        return m_kinds;
    }

    /// Tokens a sliding layer holds; 0 if the model has no window.
    [[nodiscard]] std::int64_t window() const {
        const auto declared = m_config.integer({"sliding_window", "sliding_window_size"});
        if (m_family.window == WindowRule::Optional &&
            !m_config.boolean("use_sliding_window").value_or(false))
            return 0;
        if (declared)
            return *declared;
        return m_shape.nested ? m_family.nested.window : 0;
    }

private:
    void named(const char* key) {
        const auto names = m_config.texts(key);
        if (!names)
            return m_config.fail(key, "an array of texts was expected");
        if (!m_config.ok())
            return;
        if (names->size() != m_kinds.size())
            return m_config.fail(key, fmt::format("the array holds {} values, but the model has "
                                                  "{} layers",
                                                  names->size(), m_kinds.size()));
        for (std::size_t i = 0; i < names->size(); ++i) {
            const auto kind = kindNamed((*names)[i]);
            if (!kind)
                return m_config.fail(fmt::format("{}[{}]", key, i),
                                     fmt::format("\"{}\" is not a layer type this version knows",
                                                 (*names)[i].substr(0, 60)));
            m_kinds[i] = *kind;
        }
    }

    /// Layers whose number in a list is `number` are `kind`.
    void listed(const char* key, std::int64_t number, Kind kind) {
        const auto numbers = m_config.integersByLayer({key}, m_shape.layers);
        for (std::size_t i = 0; numbers && i < m_kinds.size(); ++i)
            if ((*numbers)[i] == number)
                m_kinds[i] = kind;
    }

    /// Layers are `kind`, but for those whose places a list holds, counted from 0.
    void allBut(const char* key, Kind kind) {
        const auto places = m_config.integers(key);
        if (!places)
            return m_config.fail(key, "an array of layer numbers was expected");
        std::fill(m_kinds.begin(), m_kinds.end(), kind);
        for (const std::int64_t place : *places)
            if (place >= m_shape.layers)
                return m_config.fail(key, fmt::format("layer {} is not one of {}, counted from 0",
                                                      place, m_shape.layers));
            else
                m_kinds[static_cast<std::size_t>(place)] = Kind::Full;
    }

    void lettered(const std::string& letters) {
        constexpr std::string_view known = "M*-E";
        const std::size_t other = letters.find_first_not_of(known);
        if (letters.size() != m_kinds.size())
            m_config.fail(kLayerLetters,
                          fmt::format("it has {} letters, but the model has {} layers",
                                      letters.size(), m_kinds.size()));
        else if (other != std::string::npos)
            m_config.fail(kLayerLetters,
                          fmt::format("letter {} is none of \"{}\"", other + 1, known));
        for (std::size_t i = 0; i < m_kinds.size() && m_config.ok(); ++i)
            m_kinds[i] = letters[i] == 'M'   ? Kind::State
                         : letters[i] == '*' ? Kind::Full
                                             : Kind::FeedForward;
    }

    /// The first layer is full, the second is `kind`, and so on.
    void everyOther(Kind kind) {
        for (std::size_t i = 1; i < m_kinds.size(); i += 2)
            m_kinds[i] = kind;
        m_config.infer("layer_types");
    }

    /// Of `period` layers all but the last are `kind`.
    void everyNth(std::int64_t period, Kind kind) {
        for (std::size_t i = 0; i < m_kinds.size() && period > 0; ++i)
            if ((static_cast<std::int64_t>(i) + 1) % period != 0)
                m_kinds[i] = kind;
    }

    void offset(std::int64_t period, std::int64_t first) {
        for (std::size_t i = 0; i < m_kinds.size() && period > 0; ++i)
            if (static_cast<std::int64_t>(i) % period != first)
                m_kinds[i] = Kind::State;
    }

    /// A pattern in letters (EXAONE 4: "LLLG"), repeated over the layers.
    void letters(const std::string& pattern) {
        for (std::size_t i = 0; i < m_kinds.size() && !pattern.empty(); ++i)
            m_kinds[i] = pattern[i % pattern.size()] == 'L' ? Kind::Window : Kind::Full;
    }

    void byRule() {
        constexpr const char* patternKey = "sliding_window_pattern";
        if (m_family.window == WindowRule::None)
            return;
        if (m_family.window == WindowRule::Optional) {
            const std::int64_t first =
                m_config.orInferred({"max_window_layers"}, m_shape.layers, "max_window_layers");
            for (std::size_t i = 0; i < m_kinds.size(); ++i)
                m_kinds[i] = static_cast<std::int64_t>(i) >= first ? Kind::Window : Kind::Full;
        } else if (m_family.window == WindowRule::All) {
            std::fill(m_kinds.begin(), m_kinds.end(), Kind::Window);
        } else if (m_config.has(patternKey) && !m_config.isNumber(patternKey)) {
            letters(m_config.text({patternKey}).value_or(""));
        } else {
            everyNth(m_config.orInferred({patternKey, "_sliding_window_pattern"}, m_family.period,
                                         "layer_types"),
                     Kind::Window);
        }
    }

    const ConfigReader& m_config;
    const FamilyDefaults& m_family;
    const HfShape& m_shape;
    std::vector<Kind> m_kinds;
};

struct State {
    std::uint64_t bytes = 0;
    std::uint64_t parameters = 0;
};

/// Lightning attention (MiniMax-01, arXiv:2501.08313): one matrix a head, in f32. Queries, keys,
/// values, a gate and the output are as wide as all heads.
State lightningState(const LayerSpec& attention, std::int64_t hidden) {
    const auto heads = static_cast<std::uint64_t>(attention.nHeads);
    const auto dim = static_cast<std::uint64_t>(attention.headDimK);
    return {4 * heads * dim * dim, 5 * static_cast<std::uint64_t>(hidden) * heads * dim};
}

/// The fixed state of a layer, whichever kind of it the model has; nothing if it has none.
std::optional<State> readState(const ConfigReader& config, std::int64_t hidden,
                               const LayerSpec& attention) {
    if (config.has("attn_type_list") || config.text({"model_type"}) == kMiniMaxPort)
        return lightningState(attention, hidden);
    if (config.has("linear_num_value_heads")) {
        const DeltaShape delta{.keyHeads = config.required({"linear_num_key_heads"}),
                               .keyDim = config.required({"linear_key_head_dim"}),
                               .valueHeads = config.required({"linear_num_value_heads"}),
                               .valueDim = config.required({"linear_value_head_dim"}),
                               .conv = config.required({"linear_conv_kernel_dim"})};
        return State{stateBytes(delta), parameters(delta, hidden)};
    }
    if (config.has("conv_L_cache")) { // LFM2: the last tokens of a gated convolution
        const MambaShape conv{.inner = hidden, .conv = config.required({"conv_L_cache"})};
        // In: two gates and what is convolved, by a filter a channel. Out: hidden to hidden.
        const auto width = static_cast<std::uint64_t>(hidden);
        const auto taps = static_cast<std::uint64_t>(conv.conv);
        return State{stateBytes(conv), saturatingMultiply(4 * width + taps, width)};
    }
    if (!config.has("mamba_d_state") && !config.has("ssm_state_size"))
        return std::nullopt;
    MambaShape mamba{.state = config.required({"mamba_d_state", "ssm_state_size"}),
                     .conv = config.required({"mamba_d_conv", "conv_kernel"}),
                     .groups = config.integer({"mamba_n_groups", "n_groups"}).value_or(0),
                     .heads = config.integer({"mamba_n_heads", "mamba_num_heads"}).value_or(0)};
    const std::int64_t byHeads =
        mamba.heads * config.integer({"mamba_d_head", "mamba_head_dim"}).value_or(0);
    const std::int64_t byExpansion = hidden * config.integer({"mamba_expand"}).value_or(2);
    mamba.inner = config.integer({"mamba_d_ssm"}).value_or(byHeads > 0 ? byHeads : byExpansion);
    return State{stateBytes(mamba), parameters(mamba, hidden)};
}

/// Layers whose cache is another's: the last ones (Gemma 3n), or all but the first of each group
/// (Hunyuan's cross-layer attention).
void shareCaches(const ConfigReader& config, std::vector<LayerSpec>& layers) {
    const auto count = static_cast<std::int64_t>(layers.size());
    const std::int64_t last = config.integer({"num_kv_shared_layers"}).value_or(0);
    if (last >= count)
        return config.fail("num_kv_shared_layers",
                           fmt::format("{} of {} layers share a cache", last, count));
    for (std::int64_t i = count - last; i < count; ++i)
        layers[static_cast<std::size_t>(i)].ownsCache = false;
    const std::int64_t group = config.boolean("use_cla").value_or(false)
                                   ? config.integer({"cla_share_factor"}).value_or(1)
                                   : 1;
    for (std::int64_t i = 0; i < count && group > 1; ++i)
        if (i % group != 0)
            layers[static_cast<std::size_t>(i)].ownsCache = false;
}

/// Gemma 4 gives its full layers heads of their own.
void readFullLayer(const ConfigReader& config, LayerSpec& layer) {
    layer.nKvHeads = config.integer({"num_global_key_value_heads"}).value_or(layer.nKvHeads);
    layer.headDimK = layer.headDimV = config.integer({"global_head_dim"}).value_or(layer.headDimK);
}

} // namespace

std::vector<LayerSpec> readHfLayers(const ConfigReader& config, const FamilyDefaults& family,
                                    const HfShape& shape, const LayerSpec& attention,
                                    std::uint64_t& parameters) {
    if (!config.ok())
        return {};
    KindReader reader(config, family, shape);
    const std::vector<Kind> kinds = reader.read();
    // A window that no context reaches is none (Phi-3.5 writes 262,144 beside a limit of 131,072).
    const auto effective = [&](std::int64_t window) {
        return shape.maxPosition > 0 && window >= shape.maxPosition ? 0 : window;
    };
    const std::int64_t window = effective(reader.window());
    const std::int64_t chunk = effective(config.integer({"attention_chunk_size"}).value_or(0));
    const std::optional<State> state = readState(config, shape.hidden, attention);
    const bool parallel = config.text({"model_type"}) == "falcon_h1";
    std::vector<LayerSpec> layers(kinds.size(), attention);
    for (std::size_t i = 0; i < kinds.size() && config.ok(); ++i) {
        LayerSpec& layer = layers[i];
        if (kinds[i] == Kind::Full && layer.attention == AttentionKind::Softmax)
            readFullLayer(config, layer);
        layer.window = kinds[i] == Kind::Window ? window : kinds[i] == Kind::Chunk ? chunk : 0;
        if (kinds[i] == Kind::State && !state)
            config.fail("layer_types", "a recurrent layer, but the size of its state is not given");
        if (kinds[i] == Kind::State) {
            layer = LayerSpec{};
            layer.attention = AttentionKind::Recurrent;
        }
        if (kinds[i] == Kind::FeedForward) {
            layer = LayerSpec{};
            layer.attention = AttentionKind::None;
        }
        if (state && (parallel || kinds[i] == Kind::State)) {
            layer.stateBytes = state->bytes;
            parameters = saturatingAdd(parameters, state->parameters);
        }
    }
    readHfHeadsByLayer(config, layers);
    shareCaches(config, layers);
    return layers;
}

} // namespace decodescope
