// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "core/import/hf_parts.h"
#include "core/import/json_text.h"
#include "core/import/readers.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr std::int64_t kMaxLayers = 4096;
constexpr std::int64_t kMaxHidden = 1 << 20;

/// The object that describes the language model: the whole file, or a part of a larger model's.
ConfigReader languageModel(const ConfigReader& top) {
    for (const char* key : {"text_config", "llm_config", "language_config", "thinker_config"})
        if (const auto part = top.child(key))
            return languageModel(*part);
    return top;
}

/// Only configurations with neither width nor layers lack a language model for certain.
bool describesModel(const ConfigReader& config, bool nested) {
    return nested || config.has("model_type") || config.has("hidden_size") ||
           config.has("n_embd") || config.has("d_model") || config.has("num_hidden_layers");
}

HfShape readShape(const ConfigReader& config, const FamilyDefaults& family, bool nested) {
    const KeyNames layerNames = {"num_hidden_layers", "n_layer", "n_layers", "num_layers",
                                 "num_transformer_layers"};
    const KeyNames widthNames = {"hidden_size", "n_embd", "d_model", "model_dim"};
    HfShape shape;
    shape.nested = nested;
    if (nested && family.nested.layers > 0 && !config.has("num_hidden_layers"))
        shape.layers = config.orInferred(layerNames, family.nested.layers, "layers", kMaxLayers);
    else
        shape.layers = config.required(layerNames, kMaxLayers);
    if (config.ok() && shape.layers < 1)
        config.fail("num_hidden_layers", "it is 0");
    if (nested && family.nested.hidden > 0)
        shape.hidden =
            config.orInferred(widthNames, family.nested.hidden, "hidden_size", kMaxHidden);
    else
        shape.hidden = config.required(widthNames, kMaxHidden);
    // The limit counts as written: where rope_scaling stretches it, published files write the
    // stretched one, or leave the stretch to whoever serves the model.
    const KeyNames limitNames = {
        "max_position_embeddings", "n_positions",       "max_seq_len", "seq_length", "n_ctx",
        "max_sequence_length",     "max_context_length"};
    if (const auto limit = config.integer(limitNames))
        shape.maxPosition = *limit;
    else if (family.maxPosition > 0)
        shape.maxPosition = config.orInferred({}, family.maxPosition, "max_position");
    // Command-R serves 131,072 tokens by this key, and writes 8,192 in the usual one.
    if (family.modelType == "cohere")
        shape.maxPosition =
            std::max(shape.maxPosition, config.integer({"model_max_length"}).value_or(0));
    return shape;
}

std::int64_t readVocabulary(const ConfigReader& config, const FamilyDefaults& family, bool nested) {
    if (const auto size = config.integer({"vocab_size", "padded_vocab_size", "n_vocab"}))
        return *size;
    if (nested && family.nested.vocab > 0)
        return config.orInferred({}, family.nested.vocab, "vocab_size");
    config.note("The file does not say how large the vocabulary is.");
    return 0;
}

void noteRopeScaling(const ConfigReader& config) {
    for (const char* key : {"rope_scaling", "rope_parameters"}) { // the latter since 5.0
        const auto scaling = config.child(key);
        if (scaling && scaling->has("factor"))
            config.note(fmt::format("{} ({}) is declared; the context limit is taken as written.",
                                    key, scaling->text({"rope_type", "type"}).value_or("unnamed")));
    }
}

bool readTied(const ConfigReader& top, const ConfigReader& config, const FamilyDefaults& family) {
    for (const ConfigReader& each : {config, top})
        for (const char* key : {"tie_word_embeddings", "tie_embedding"}) // the latter: LFM2
            if (const auto tied = each.boolean(key))
                return *tied;
    config.infer("tied_embeddings");
    return family.tied;
}

std::uint64_t product(std::int64_t a, std::int64_t b) {
    return saturatingMultiply(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b));
}

/// Gemma 3n: every layer has embeddings of its own, of which a token reads one row, gates and a
/// low-rank branch (LAuReL); the inputs of all layers are projected at once, and four streams are
/// predicted and corrected (AltUp) by three matrices on each side.
OtherParameters perLayerInputs(const ConfigReader& config, const HfShape& shape) {
    const std::int64_t width =
        config.integer({"hidden_size_per_layer_input"}, kMaxHidden).value_or(0);
    if (width == 0)
        return {};
    const std::int64_t rank = config.integer({"laurel_rank"}, kMaxHidden).value_or(0);
    const std::int64_t streams = config.integer({"altup_num_inputs"}, 64).value_or(1);
    const std::int64_t rows = config.integer({"vocab_size_per_layer_input"}, 1 << 24).value_or(0);
    const std::int64_t ofLayer = 2 * shape.hidden * (width + rank);
    std::uint64_t read = product(shape.layers, ofLayer + shape.hidden * width);
    read = saturatingAdd(
        read, product(2 * std::max<std::int64_t>(0, streams - 1), shape.hidden * shape.hidden));
    return {read, product(rows, shape.layers * width)};
}

/// OPT has two positions more than it serves.
std::int64_t positions(const FamilyDefaults& family, const ModelSpec& model) {
    if (!family.learnedPositions)
        return 0;
    return model.maxPosition.value_or(0) + (family.modelType == "opt" ? 2 : 0);
}

/// Weights the shape of the layers does not tell.
OtherParameters besideLayers(const ConfigReader& config, const ModelSpec& model,
                             const FamilyDefaults& family, const HfShape& shape) {
    OtherParameters sum = perLayerInputs(config, shape);
    const OtherParameters vectors = vectorElements(config, family, model);
    sum.read = saturatingAdd(sum.read, vectors.read);
    sum.tables = saturatingAdd(sum.tables, vectors.tables);
    sum.read = saturatingAdd(sum.read, product(shape.hidden, positions(family, model)));
    // Qwen3-Next and 3.5: the query projection also makes an output gate of the same width.
    const bool outputGate =
        family.modelType.starts_with("qwen3_next") || family.modelType.starts_with("qwen3_5");
    for (const LayerSpec& layer : model.layers)
        if (outputGate && layer.attention == AttentionKind::Softmax)
            sum.read =
                saturatingAdd(sum.read, product(shape.hidden, layer.nHeads * layer.headDimK));
    return sum;
}

void readInto(ModelSpec& model, const ConfigReader& top, OtherParameters& others) {
    const ConfigReader config = languageModel(top);
    const bool nested = config.isNested();
    if (!describesModel(config, nested))
        return top.fail("model_type", "this JSON file describes no model");
    model.family = config.text({"model_type"}).value_or(top.text({"model_type"}).value_or(""));
    const FamilyDefaults* family = findFamily(model.family);
    if (!family) {
        family = &llamaStyle();
        top.note(model.family.empty()
                     ? "There is no model_type; the file is read by its Llama-style keys."
                     : fmt::format("model_type \"{}\" is read by its Llama-style keys.",
                                   model.family.substr(0, 60)));
        config.infer("family");
    }
    if (config.boolean("is_encoder_decoder").value_or(false))
        return config.fail("is_encoder_decoder", "only decoder models are planned");
    const HfShape shape = readShape(config, *family, nested);
    const LayerSpec attention = readHfAttention(config, *family, shape);
    std::uint64_t states = 0;
    model.layers = readHfLayers(config, *family, shape, attention, states);
    readHfFeedForward(config, *family, shape, model.layers);
    model.hiddenSize = shape.hidden;
    model.vocabSize = readVocabulary(config, *family, nested);
    if (shape.maxPosition > 0)
        model.maxPosition = shape.maxPosition;
    model.tiedEmbeddings = readTied(top, config, *family);
    readHfWeights(top, config, model);
    noteRopeScaling(config);
    if (config.ok())
        others = besideLayers(config, model, *family, shape);
    others.read = saturatingAdd(others.read, states);
    if (nested)
        top.note("The language model of a larger one; its other parts are left out.");
}

} // namespace

Result<ModelSpec> readHfConfig(const std::filesystem::path& path) {
    const Result<nlohmann::json> json = readJsonObject(path);
    if (!json)
        return json.error();
    ConfigLog log;
    log.file = path.string();
    const ConfigReader top(*json, log);
    ModelSpec model;
    OtherParameters others;
    readInto(model, top, others);
    nameModel(model, top.text({"_name_or_path"}).value_or(""), path);
    model.source = {"hf_config", top.text({"transformers_version"}).value_or(""), path.string()};
    if (log.error)
        return *log.error;
    model.inferred = std::move(log.inferred);
    for (const std::string& sentence : log.notes)
        addNote(model, sentence);
    Result<ModelSpec> checked = validated(std::move(model), path);
    if (checked)
        countParameters(*checked, others);
    return checked;
}

} // namespace decodescope
