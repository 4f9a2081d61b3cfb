// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "core/import/byte_reader.h"
#include "core/import/gguf_fields.h"
#include "core/import/gguf_file.h"
#include "core/import/gguf_layers.h"
#include "core/import/readers.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// NAME-00002-of-00005.gguf, as llama-gguf-split writes them.
constexpr std::size_t kPartDigits = 5;
constexpr std::int64_t kMaxParts = 99999;

std::filesystem::path partPath(const std::filesystem::path& path, const std::string& prefix,
                               std::int64_t part, std::int64_t parts) {
    return path.parent_path() / fmt::format("{}-{:05}-of-{:05}.gguf", prefix, part, parts);
}

void add(GgufTensors& sum, const GgufTensors& part) {
    sum.count += part.count;
    sum.bytes = saturatingAdd(sum.bytes, part.bytes);
    sum.elements = saturatingAdd(sum.elements, part.elements);
    sum.expertElements = saturatingAdd(sum.expertElements, part.expertElements);
    for (const auto& [type, bytes] : part.bytesByType)
        sum.bytesByType[type] += bytes;
    sum.output = sum.output || part.output;
    sum.gate = sum.gate || part.gate;
    if (sum.embedding.empty())
        sum.embedding = part.embedding;
    if (sum.upProjection.empty())
        sum.upProjection = part.upProjection;
    sum.lastBlock = std::max(sum.lastBlock, part.lastBlock);
}

/// Reads the other parts of a split model; `first` is any one of them and becomes the whole.
Status readParts(GgufFile& first) {
    GgufFields fields(first);
    const std::int64_t parts = fields.integer("split.count", kMaxParts).value_or(1);
    if (!fields.ok())
        return fields.error();
    if (parts <= 1)
        return Done{};
    const std::string stem = first.path.stem().string();
    const std::size_t tail = 2 * kPartDigits + 5; // "-00001-of-00005"
    const std::string expected = fmt::format("-of-{:05}", parts);
    if (stem.size() <= tail || !stem.ends_with(expected))
        return fileError(first.path,
                         fmt::format("it is one of {} parts, but is not named as one", parts),
                         fmt::format("Name the parts NAME-00001{}.gguf and so on.", expected));
    const std::string prefix = stem.substr(0, stem.size() - tail);
    GgufFile whole;
    for (std::int64_t i = 1; i <= parts; ++i) {
        const auto path = partPath(first.path, prefix, i, parts);
        std::error_code ignored;
        if (!std::filesystem::exists(path, ignored))
            return fileError(path, fmt::format("part {} of {} is missing", i, parts),
                             "Download all parts into one folder.");
        Result<GgufFile> part = readGgufFile(path);
        if (!part)
            return part.error();
        GgufFields partFields(*part);
        if (partFields.integer("split.no", kMaxParts).value_or(i - 1) != i - 1)
            return fileError(path, "\"split.no\" is not the number in the file's name",
                             "Download all parts again.");
        if (i == 1)
            whole = std::move(*part);
        else
            add(whole.tensors, part->tensors);
    }
    whole.path = first.path;
    first = std::move(whole);
    return Done{};
}

/// What is a GGUF file, but no language model.
Status refuseOthers(const GgufFile& file) {
    GgufFields fields(file);
    const std::string type = fields.text("general.type").value_or("model");
    const std::string architecture = fields.text("general.architecture").value_or("");
    if (!fields.ok())
        return fields.error();
    if (architecture.empty())
        return fileError(file.path, "the key \"general.architecture\" is missing",
                         "This GGUF file holds no model.");
    if (type != "model" || architecture == "clip")
        return fileError(
            file.path,
            fmt::format("it holds no language model (general.type \"{}\", architecture \"{}\")",
                        type, architecture),
            "Open the model's own GGUF file.");
    return Done{};
}

/// Exact counts from the tensor table. Of the stacked experts a token reads its share.
void fillWeights(ModelSpec& model, const GgufTensors& tensors) {
    if (tensors.count == 0)
        return;
    model.weights.exactBytes = tensors.bytes;
    model.weights.parameters = tensors.elements;
    model.weights.activeParameters = tensors.elements;
    const auto most = std::max_element(tensors.bytesByType.begin(), tensors.bytesByType.end(),
                                       [](auto& a, auto& b) { return a.second < b.second; });
    model.weights.type = most->first;
    const auto moe = std::find_if(model.layers.begin(), model.layers.end(),
                                  [](const LayerSpec& layer) { return layer.ffn.experts > 0; });
    if (moe == model.layers.end())
        return;
    const auto experts = static_cast<std::uint64_t>(moe->ffn.experts);
    const auto perToken = static_cast<std::uint64_t>(moe->ffn.expertsPerToken);
    const std::uint64_t read = saturatingMultiply(tensors.expertElements / experts, perToken);
    model.weights.activeParameters = tensors.elements - tensors.expertElements + read;
}

/// The table and the metadata must speak of the same model.
Status checkTensors(const ModelSpec& model, const GgufFile& file, std::int64_t blocks) {
    const GgufTensors& tensors = file.tensors;
    if (tensors.lastBlock && *tensors.lastBlock >= static_cast<std::uint64_t>(blocks))
        return fileError(file.path,
                         fmt::format("there are tensors of block {}, but \"block_count\" is {}",
                                     *tensors.lastBlock, blocks),
                         "The file contradicts itself: download it again.");
    if (!tensors.embedding.empty() &&
        tensors.embedding.front() != static_cast<std::uint64_t>(model.hiddenSize))
        return fileError(
            file.path,
            fmt::format("\"token_embd.weight\" is {} wide, but \"embedding_length\" is {}",
                        tensors.embedding.front(), model.hiddenSize),
            "The file contradicts itself: download it again.");
    return Done{};
}

std::int64_t vocabulary(GgufFields& fields, const GgufTensors& tensors) {
    constexpr std::int64_t kMost = 1 << 24;
    if (tensors.embedding.size() > 1)
        return static_cast<std::int64_t>(std::min<std::uint64_t>(tensors.embedding[1], kMost + 1));
    if (const auto declared = fields.integerOfModel("vocab_size", kMost))
        return *declared;
    return static_cast<std::int64_t>(
        std::min<std::uint64_t>(fields.arrayLength("tokenizer.ggml.tokens"), kMost + 1));
}

} // namespace

Result<ModelSpec> readGguf(const std::filesystem::path& path) {
    Result<GgufFile> file = readGgufFile(path);
    if (!file)
        return file.error();
    if (Status status = readParts(*file); !status)
        return status.error();
    if (Status status = refuseOthers(*file); !status)
        return status.error();

    GgufFields fields(*file);
    ModelSpec model;
    model.source = {"gguf", std::to_string(file->version), path.string()};
    model.family = fields.architecture();
    nameModel(model, fields.text("general.name").value_or(""), path);
    model.hiddenSize = fields.requiredOfModel("embedding_length", 1 << 20);
    model.vocabSize = vocabulary(fields, file->tensors);
    model.maxPosition = fields.integerOfModel("context_length", std::int64_t{1} << 40);
    model.tiedEmbeddings = file->tensors.count > 0 && !file->tensors.output;
    const std::int64_t blocks = fields.requiredOfModel("block_count", 4096);
    model.layers = readGgufLayers(fields, *file, model.hiddenSize, blocks, model.inferred);
    if (!fields.ok())
        return fields.error();
    if (Status status = checkTensors(model, *file, blocks); !status)
        return status.error();
    if (file->tensors.count == 0)
        addNote(model, "The file holds no tensors.");
    Result<ModelSpec> checked = validated(std::move(model), path);
    if (!checked)
        return checked;
    countParameters(*checked, {});
    if (file->tensors.count > 0) {
        noteOtherWeights(*checked, file->tensors.elements, checked->weights.parameters);
        fillWeights(*checked, file->tensors);
    }
    return checked;
}

} // namespace decodescope
