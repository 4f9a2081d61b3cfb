// SPDX-License-Identifier: Apache-2.0
#include "core/import/readers.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include <fmt/format.h>

#include "core/spec/units.h"

namespace decodescope {
namespace {

/// File names that say what a file is, not which model it is.
bool isGeneric(std::string_view stem) {
    return stem == "config" || stem == "model" || stem == "model.safetensors.index" ||
           stem == "ggml-model";
}

/// What a path calls its model: the repository of a Hugging Face cache
/// (models--OWNER--NAME/snapshots/HASH/FILE), the file's name, or the folder's.
std::string nameFromPath(const std::filesystem::path& path) {
    for (const auto& part : path) {
        const std::string text = part.string();
        if (text.starts_with("models--"))
            return text.substr(text.rfind("--") + 2);
    }
    std::string stem = path.stem().string();
    constexpr std::size_t kPartSuffix = 15; // "-00001-of-00005"
    if (stem.size() > kPartSuffix && stem.compare(stem.size() - kPartSuffix + 6, 4, "-of-") == 0)
        stem.erase(stem.size() - kPartSuffix);
    if (!isGeneric(stem))
        return stem;
    const std::string folder = std::filesystem::absolute(path).parent_path().filename().string();
    return folder.empty() ? stem : folder;
}

} // namespace

void nameModel(ModelSpec& model, std::string given, const std::filesystem::path& path) {
    if (const auto slash = given.find_last_of("/\\"); slash != std::string::npos)
        given.erase(0, slash + 1);
    model.name = given.empty() ? nameFromPath(path) : std::move(given);
    model.id.clear();
    for (const char c : model.name) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = std::isalnum(byte) || c == '.' || c == '_' || byte >= 0x80;
        model.id += plain ? static_cast<char>(std::tolower(byte)) : '-';
    }
}

void addNote(ModelSpec& model, const std::string& sentence) {
    if (!model.notes.empty())
        model.notes += ' ';
    model.notes += sentence;
}

void noteOtherWeights(ModelSpec& model, std::uint64_t held,
                      std::optional<std::uint64_t> explained) {
    constexpr double kMostApart = 1.5; // beside the language model there may be an encoder
    const bool recurrent =             // whose projections the shape does not tell
        std::any_of(model.layers.begin(), model.layers.end(),
                    [](const LayerSpec& layer) { return layer.stateBytes > 0; });
    const auto a = static_cast<double>(held);
    const auto b = static_cast<double>(explained.value_or(0));
    if (!explained || recurrent || std::max(a, b) <= kMostApart * std::min(a, b))
        return;
    addNote(model, fmt::format("The tensors hold {} weights, the shape explains {}: they may not "
                               "belong together.",
                               formatCount(static_cast<std::int64_t>(held)),
                               formatCount(static_cast<std::int64_t>(*explained))));
}

Result<ModelSpec> validated(ModelSpec model, const std::filesystem::path& path) {
    if (Status status = validate(model); !status) {
        Error error = status.error();
        error.where = path.string() + (error.where.empty() ? "" : ", " + error.where);
        return error;
    }
    return model;
}

void countParameters(ModelSpec& model, const OtherParameters& others) {
    const auto& layers = model.layers;
    const bool widths = std::any_of(layers.begin(), layers.end(), [](const LayerSpec& layer) {
        return layer.ffn.hidden > 0 || layer.ffn.expertHidden > 0;
    });
    const bool attends = std::any_of(layers.begin(), layers.end(), [](const LayerSpec& layer) {
        return layer.attention == AttentionKind::Softmax;
    });
    if (model.hiddenSize == 0 || model.vocabSize == 0 || (attends && !widths))
        return;
    const std::uint64_t fixed = saturatingAdd(embeddingParameters(model), others.read);
    std::uint64_t all = saturatingAdd(fixed, others.tables);
    std::uint64_t active = fixed;
    for (const LayerSpec& layer : model.layers) {
        all = saturatingAdd(all, layerParameters(model, layer));
        active = saturatingAdd(active, activeLayerParameters(model, layer));
    }
    model.weights.parameters = all;
    model.weights.activeParameters = active;
}

} // namespace decodescope
