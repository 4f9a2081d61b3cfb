// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "core/import/hf_parts.h"
#include "core/import/kept_modules.h"

namespace decodescope {
namespace {

std::optional<DataType> integersOf(std::int64_t bits) {
    switch (bits) {
    case 2:
        return DataType::Int2;
    case 3:
        return DataType::Int3;
    case 4:
        return DataType::Int4;
    case 8:
        return DataType::Int8;
    default:
        return std::nullopt;
    }
}

/// Bits and kind of the weights as compressed-tensors and ModelOpt write them: those of the first
/// group that has any.
std::optional<DataType> groupedType(const ConfigReader& quantised) {
    const auto group = firstGroup(quantised);
    const auto weights = group ? group->child("weights") : std::nullopt;
    if (!weights)
        return std::nullopt;
    const std::int64_t bits = weights->integer({"num_bits"}, 64).value_or(0);
    if (weights->text({"type"}) != "float")
        return integersOf(bits);
    if (bits == 8)
        return DataType::FP8_E4M3;
    if (bits != 4)
        return std::nullopt;
    return weights->integer({"group_size"}) == 32 ? DataType::MXFP4 : DataType::NVFP4;
}

/// NVIDIA ModelOpt names its algorithm: "FP8", "NVFP4", "W4A16_AWQ", "MXFP8".
std::optional<DataType> algorithmType(const std::string& algorithm) {
    if (algorithm.starts_with("NVFP4"))
        return DataType::NVFP4;
    if (algorithm.starts_with("W4"))
        return DataType::Int4;
    if (algorithm == "FP8" || algorithm == "MXFP8" || algorithm.starts_with("FP8_"))
        return DataType::FP8_E4M3;
    return std::nullopt;
}

/// The type that the method stores what it converts in.
std::optional<DataType> quantisedType(const ConfigReader& quantised, const std::string& method) {
    if (method == "mxfp4")
        return DataType::MXFP4;
    if (method == "fp8" || method == "fbgemm_fp8")
        return DataType::FP8_E4M3;
    if (quantised.boolean("load_in_4bit").value_or(false))
        return DataType::Int4;
    if (quantised.boolean("load_in_8bit").value_or(false))
        return DataType::Int8;
    if (const auto bits = quantised.integer({"bits", "w_bit"}, 64))
        if (const auto type = integersOf(*bits))
            return type;
    if (const auto type = algorithmType(quantised.text({"quant_algo"}).value_or("")))
        return type;
    return groupedType(quantised);
}

std::optional<DataType> declaredType(const ConfigReader& top, const ConfigReader& config) {
    for (const ConfigReader& each : {config, top})
        if (const auto type = each.text({"dtype", "torch_dtype"}))
            if (const auto parsed = parseDataType(*type))
                return parsed;
    return std::nullopt;
}

KeptModules listedModules(const ConfigReader& quantised) {
    std::vector<std::string> all;
    for (const char* key :
         {"modules_to_not_convert", "ignore", "exclude_modules", "llm_int8_skip_modules"})
        if (const auto names = quantised.texts(key))
            all.insert(all.end(), names->begin(), names->end());
    if (const auto rules = quantised.child("dynamic")) // GPTQModel: "-:" in front of an expression
        for (const std::string& rule : rules->keys())
            if (rule.starts_with("-:"))
                all.push_back("re:" + rule.substr(2));
    return KeptModules(all);
}

/// Of the layers that have such modules, by any of the names that families give them, the share
/// whose are listed. Layers of one kind are taken to be of one size.
template <typename Has>
double listedShare(const KeptModules& list, const std::vector<LayerSpec>& layers, const Has& has,
                   std::initializer_list<const char*> modules) {
    const bool inAll = std::any_of(modules.begin(), modules.end(),
                                   [&](const char* module) { return list.containInAll(module); });
    double all = 0;
    double listed = 0;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        if (!has(layers[i]))
            continue;
        ++all;
        if (inAll || std::any_of(modules.begin(), modules.end(), [&](const char* module) {
                return list.containIn(static_cast<std::int64_t>(i), module);
            }))
            ++listed;
    }
    return all > 0 ? listed / all : 0;
}

/// Whether a method leaves the output head alone: most do, some convert all that is not listed.
bool keepsHead(const ConfigReader& quantised, const std::string& method, const KeptModules& list) {
    const bool byListAlone = method == "compressed-tensors" || method == "modelopt";
    if (byListAlone && !list.empty())
        return list.contain("lm_head");
    return !quantised.boolean("lm_head").value_or(false); // GPTQ
}

/// Embeddings, norms and biases are converted by none of these methods.
KeptWeights readKept(const ConfigReader& quantised, const std::string& method,
                     const std::vector<LayerSpec>& layers, DataType type) {
    const KeptModules list = listedModules(quantised);
    const auto share = [&](const auto& has, std::initializer_list<const char*> modules) {
        return listedShare(list, layers, has, modules);
    };
    KeptWeights kept;
    kept.type = type;
    kept.head = keepsHead(quantised, method, list) ? 1 : 0;
    kept.experts = share([](const LayerSpec& layer) { return layer.ffn.experts > 0; },
                         {"mlp.experts.0.down_proj", "mlp.experts.down_proj",
                          "block_sparse_moe.experts.0.w2", "feed_forward.experts.0.down_proj"});
    if (method == "mxfp4") { // converts the experts alone
        kept.attention = kept.feedForward = 1;
        return kept;
    }
    kept.attention = share(
        [](const LayerSpec& layer) {
            return layer.attention == AttentionKind::Softmax ||
                   layer.attention == AttentionKind::Mla;
        },
        {"self_attn.q_proj", "self_attn.q_b_proj"});
    kept.feedForward = share(
        [](const LayerSpec& layer) {
            return layer.ffn.experts > 0 ? layer.ffn.sharedHidden > 0 : layer.ffn.hidden > 0;
        },
        {"mlp.down_proj", "feed_forward.down_proj", "mlp.shared_expert.down_proj",
         "mlp.shared_experts.down_proj", "feed_forward.shared_expert.down_proj"});
    const auto recurrent = [](const LayerSpec& layer) { return layer.stateBytes > 0; };
    if (std::any_of(layers.begin(), layers.end(), recurrent)) // most of the others by far
        kept.others = share(recurrent, {"linear_attn.out_proj", "mamba.out_proj", "mixer.out_proj",
                                        "self_attn.out_proj"});
    return kept;
}

} // namespace

void readHfWeights(const ConfigReader& top, const ConfigReader& config, ModelSpec& model) {
    model.weights.type = declaredType(top, config);
    for (const ConfigReader& each : {top, config}) {
        const auto quantised = each.child("quantization_config");
        if (!quantised)
            continue;
        const std::string method = quantised->text({"quant_method"}).value_or("");
        top.note(fmt::format("The weights are quantised ({}).",
                             method.empty() ? "method not named" : method));
        const DataType declared = model.weights.type.value_or(DataType::BF16);
        model.weights.type = quantisedType(*quantised, method);
        if (!model.weights.type)
            return top.note("Its weights are taken for 16 bit ones: their type is not known.");
        model.weights.kept = readKept(*quantised, method, model.layers, declared);
        model.weights.scales = readHfScales(*quantised, method, *model.weights.type, declared);
        return;
    }
}

} // namespace decodescope
