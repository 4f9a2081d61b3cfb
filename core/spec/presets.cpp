// SPDX-License-Identifier: Apache-2.0
#include "core/spec/presets.h"

#include <algorithm>
#include <cassert>
#include <cctype>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "resources/devicesJson.h"
#include "resources/modelsJson.h"

namespace decodescope {
namespace {

using nlohmann::json;

LayerSpec layerOf(const json& preset) {
    LayerSpec layer;
    layer.nHeads = preset.at("n_heads");
    layer.nKvHeads = preset.at("n_kv_heads");
    layer.headDimK = layer.headDimV = preset.at("head_dim");
    layer.ffn.hidden = preset.at("ffn_hidden");
    layer.ffn.gated = preset.at("ffn_gated");
    if (const auto mla = preset.find("mla"); mla != preset.end()) {
        layer.attention = AttentionKind::Mla;
        layer.mla = {mla->at("kv_lora_rank"), mla->at("qk_rope_head_dim"),
                     mla->at("qk_nope_head_dim"), mla->at("v_head_dim"), mla->at("q_lora_rank")};
        layer.headDimV = layer.mla.vHeadDim;
    }
    return layer;
}

void applyWindow(const json& window, std::vector<LayerSpec>& layers) {
    const std::size_t globalEvery = window.at("global_every");
    for (std::size_t i = 0; i < layers.size(); ++i)
        if (globalEvery == 0 || i % globalEvery != globalEvery - 1)
            layers[i].window = window.at("tokens");
}

void applyExperts(const json& moe, std::vector<LayerSpec>& layers) {
    for (std::size_t i = moe.at("dense_layers"); i < layers.size(); ++i) {
        FfnShape& ffn = layers[i].ffn;
        ffn.experts = moe.at("experts");
        ffn.expertsPerToken = moe.at("experts_per_token");
        ffn.expertHidden = moe.at("expert_hidden");
        ffn.sharedHidden = moe.at("shared_hidden");
    }
}

/// Layers with a fixed state: beside the attention of every layer, or instead of it in all but
/// every attention_every-th.
void applyRecurrent(const json& recurrent, std::vector<LayerSpec>& layers) {
    const std::size_t attentionEvery = recurrent.at("attention_every");
    const bool beside = recurrent.at("beside_attention");
    for (std::size_t i = 0; i < layers.size(); ++i) {
        if (!beside && i % attentionEvery == attentionEvery - 1)
            continue;
        layers[i].stateBytes = recurrent.at("state_bytes");
        if (!beside)
            layers[i].attention = AttentionKind::Recurrent;
    }
}

ModelSpec modelOf(const json& preset) {
    ModelSpec model;
    model.id = preset.at("id");
    model.name = preset.at("name");
    model.family = preset.at("family");
    model.layers.assign(preset.at("layers").get<std::size_t>(), layerOf(preset));
    model.hiddenSize = preset.at("hidden_size");
    model.vocabSize = preset.at("vocab_size");
    model.tiedEmbeddings = preset.at("tied_embeddings");
    model.maxPosition = preset.at("max_position").get<std::int64_t>();
    model.weights.parameters = preset.at("parameters").get<std::uint64_t>();
    model.weights.activeParameters = preset.at("active_parameters").get<std::uint64_t>();
    model.weights.type = parseDataType(preset.at("dtype").get<std::string>());
    if (const auto kept = preset.find("kept"); kept != preset.end())
        model.weights.kept = kept->get<KeptWeights>();
    model.source = {"preset", "", model.id};
    model.unverified = preset.at("unverified");
    model.citations = preset.at("sources");
    model.notes = preset.value("notes", "");
    if (const auto window = preset.find("window"); window != preset.end())
        applyWindow(*window, model.layers);
    if (const auto moe = preset.find("moe"); moe != preset.end())
        applyExperts(*moe, model.layers);
    if (const auto recurrent = preset.find("recurrent"); recurrent != preset.end())
        applyRecurrent(*recurrent, model.layers);
    assert(validate(model).ok());
    return model;
}

template <typename T>
std::optional<T> known(const json& value, T factor) {
    if (value.is_null())
        return std::nullopt;
    return value.get<T>() * factor;
}

DeviceSpec deviceOf(const json& preset) {
    constexpr double giga = 1e9;
    constexpr double tera = 1e12;
    DeviceSpec device;
    device.id = preset.at("id");
    device.name = preset.at("name");
    device.vendor = preset.at("vendor");
    device.kind = preset.at("kind");
    device.memoryBytes = known<std::uint64_t>(preset.at("memory_bytes"), 1).value_or(0);
    device.unifiedMemory = preset.at("unified_memory");
    device.bandwidthBytesPerSecond = known(preset.at("bandwidth_gb_per_second"), giga).value_or(0);
    device.halfFlopPerSecond = known(preset.at("half_tflop_per_second"), tera);
    device.floatFlopPerSecond = known(preset.at("float_tflop_per_second"), tera);
    device.lastLevelCacheBytes = known<std::uint64_t>(preset.at("last_level_cache_bytes"), 1);
    device.verified = preset.at("verified");
    device.unverified = preset.at("unverified");
    device.citations = preset.at("sources");
    device.notes = preset.value("notes", "");
    return device;
}

/// The embedded files are part of the program: a fault in them is a fault of ours and ends it.
template <typename Spec>
std::vector<Spec> parseAll(std::string_view text, const char* key, Spec (*parse)(const json&)) {
    std::vector<Spec> specs;
    const json file = json::parse(text);
    for (const json& entry : file.at(key))
        specs.push_back(parse(entry));
    return specs;
}

/// In small letters, with dashes where words are divided: "RTX 4090" is "rtx-4090".
std::string folded(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
        return c == ' ' || c == '_' ? '-' : static_cast<char>(std::tolower(c));
    });
    return out;
}

/// Levenshtein distance, with a bonus where one contains the other.
std::size_t distance(const std::string& a, const std::string& b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    const bool contains = b.find(a) != std::string::npos || a.find(b) != std::string::npos;
    return contains ? row.back() / 4 : row.back();
}

template <typename Spec>
Result<Spec> find(std::span<const Spec> specs, std::string_view idOrName, const char* what,
                  const char* listedBy) {
    const std::string wanted = folded(idOrName);
    for (const Spec& spec : specs)
        if (spec.id == wanted || folded(spec.name) == wanted)
            return spec;
    std::vector<std::pair<std::size_t, std::string>> near;
    for (const Spec& spec : specs)
        near.emplace_back(distance(wanted, spec.id), spec.id);
    constexpr std::size_t shown = 3;
    std::partial_sort(near.begin(), near.begin() + shown, near.end());
    return Error{ErrorCode::BadUsage, fmt::format("there is no {} called \"{}\"", what, idOrName),
                 "",
                 fmt::format("The closest are {}, {} and {}; {} lists all.", near[0].second,
                             near[1].second, near[2].second, listedBy)};
}

} // namespace

std::span<const ModelSpec> modelPresets() {
    static const std::vector<ModelSpec> models =
        parseAll<ModelSpec>(resources::modelsJson, "models", modelOf);
    return models;
}

std::span<const DeviceSpec> devicePresets() {
    static const std::vector<DeviceSpec> devices =
        parseAll<DeviceSpec>(resources::devicesJson, "devices", deviceOf);
    return devices;
}

Result<ModelSpec> findModelPreset(std::string_view idOrName) {
    return find(modelPresets(), idOrName, "model", "\"decodescope-cli models\"");
}

Result<DeviceSpec> findDevicePreset(std::string_view idOrName) {
    return find(devicePresets(), idOrName, "device", "\"decodescope-cli devices --catalogue\"");
}

} // namespace decodescope
