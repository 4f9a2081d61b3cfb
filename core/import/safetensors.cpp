// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/import/byte_reader.h"
#include "core/import/json_text.h"
#include "core/import/readers.h"
#include "core/import/safetensors_file.h"

namespace decodescope {
namespace {

constexpr std::size_t kMaxShards = 4096;
constexpr char kConfig[] = "config.json";

/// The parts an index names, with the number of tensors it places in each.
Result<std::map<std::string, std::uint64_t>> readIndex(const std::filesystem::path& path) {
    Result<ByteReader> reader = ByteReader::open(path);
    if (!reader)
        return reader.error();
    std::map<std::string, std::uint64_t> shards;
    const Status status = streamJson(*reader, reader->size(), [&](const JsonEvent& event) {
        const auto& keys = *event.path;
        if (keys.size() != 2 || keys[0] != "weight_map")
            return Status(Done{});
        const bool fileName = event.kind == JsonEvent::Kind::Text && !event.text.empty() &&
                              event.text.find_first_of("/\\") == std::string_view::npos;
        if (!fileName || shards.size() >= kMaxShards)
            return Status(Error{ErrorCode::FileUnreadable,
                                fmt::format("weight_map does not place \"{}\" in a file beside it",
                                            keys[1].substr(0, 200)),
                                "", "The index is damaged: download it again."});
        ++shards[std::string(event.text)];
        return Status(Done{});
    });
    if (!status)
        return status.error();
    if (shards.empty())
        return Error{ErrorCode::FileUnreadable, "the index names no tensors",
                     path.string() + ", key \"weight_map\"", "Download it again."};
    return shards;
}

Result<SafetensorsWeights> readShards(const std::filesystem::path& index) {
    const auto shards = readIndex(index);
    if (!shards)
        return shards.error();
    SafetensorsWeights sum;
    for (const auto& [name, tensors] : *shards) {
        const auto path = index.parent_path() / name;
        std::error_code ignored;
        if (!std::filesystem::exists(path, ignored))
            return fileError(
                path, fmt::format("this part is missing; {} names it", index.filename().string()),
                "Download all parts into one folder.");
        const auto part = readSafetensorsHeader(path);
        if (!part)
            return part.error();
        if (part->tensors < tensors)
            return fileError(path,
                             fmt::format("it holds {} tensors, the index places {} in it",
                                         part->tensors, tensors),
                             "Download all parts again.");
        add(sum, *part);
    }
    return sum;
}

/// The shape from the config.json beside `path`, with the weights a header told.
Result<ModelSpec> withShape(const std::filesystem::path& path, const SafetensorsWeights& weights) {
    const auto config = path.parent_path() / kConfig;
    std::error_code ignored;
    if (!std::filesystem::exists(config, ignored))
        return fileError(path,
                         "safetensors hold no model shape, and there is no config.json beside",
                         "Put the model's config.json into the same folder.");
    Result<ModelSpec> model = readHfConfig(config);
    if (!model)
        return model;
    WeightsSpec& spec = model->weights;
    model->source = {"safetensors", "", path.string()};
    spec.exactBytes = weights.bytes;
    const auto most = std::max_element(weights.bytesByType.begin(), weights.bytesByType.end(),
                                       [](auto& a, auto& b) { return a.second < b.second; });
    if (weights.plain && most != weights.bytesByType.end())
        spec.type = most->first; // packed weights keep the type the configuration names
    if (!weights.plain) {
        addNote(*model, "Parameters are counted from the shape: the tensors are packed.");
    } else {
        noteOtherWeights(*model, weights.elements, spec.parameters);
        // What a token does not read is the experts it is not routed to, and those alone.
        const std::uint64_t idle = spec.parameters && spec.activeParameters
                                       ? *spec.parameters - *spec.activeParameters
                                       : 0;
        spec.parameters = weights.elements;
        spec.activeParameters = weights.elements - std::min(idle, weights.elements);
    }
    return model;
}

} // namespace

Result<ModelSpec> readSafetensorsIndex(const std::filesystem::path& path) {
    const auto weights = readShards(path);
    if (!weights)
        return weights.error();
    return withShape(path, *weights);
}

Result<ModelSpec> readSafetensors(const std::filesystem::path& path) {
    // One part of several stands for all of them where their index is there.
    const auto index = path.parent_path() / "model.safetensors.index.json";
    std::error_code ignored;
    if (path.filename().string().find("-of-") != std::string::npos) {
        if (!std::filesystem::exists(index, ignored))
            return fileError(path, "this is one part of several, and their index is not beside it",
                             "Put model.safetensors.index.json into the same folder.");
        return readSafetensorsIndex(index);
    }
    const auto weights = readSafetensorsHeader(path);
    if (!weights)
        return weights.error();
    return withShape(path, *weights);
}

} // namespace decodescope
