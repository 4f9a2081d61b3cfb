// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/spec/model_spec.h"
#include "core/spec/result.h"

namespace decodescope {

/// The readers behind readModelFile(), one for each format. All return a validated model.

/// A Hugging Face config.json. The weights are those of its shape.
[[nodiscard]] Result<ModelSpec> readHfConfig(const std::filesystem::path& path);
/// A GGUF file, and the other parts of a split one beside it.
[[nodiscard]] Result<ModelSpec> readGguf(const std::filesystem::path& path);
/// One .safetensors file, or all parts of which it is one; the shape is the config.json beside it.
[[nodiscard]] Result<ModelSpec> readSafetensors(const std::filesystem::path& path);
/// A model.safetensors.index.json, its parts, and the config.json beside it.
[[nodiscard]] Result<ModelSpec> readSafetensorsIndex(const std::filesystem::path& path);

/// validate(), with the file in front of where.
[[nodiscard]] Result<ModelSpec> validated(ModelSpec model, const std::filesystem::path& path);
/// Fills id and name: `given` if it is not empty, otherwise what the path is called.
void nameModel(ModelSpec& model, std::string given, const std::filesystem::path& path);
/// Adds a sentence to the notes.
void addNote(ModelSpec& model, const std::string& sentence);
/// Adds a note where the tensors hold far more or fewer weights than the shape explains: a part of
/// a model, or two models mixed up.
void noteOtherWeights(ModelSpec& model, std::uint64_t held, std::optional<std::uint64_t> explained);
/// Parameters that the shape of the layers does not tell.
struct OtherParameters {
    std::uint64_t read = 0;   ///< by every token
    std::uint64_t tables = 0; ///< resident, but read by the row
};
/// Parameter counts from the shape: the layers, the embeddings and the others. Nothing where a
/// width is unknown.
void countParameters(ModelSpec& model, const OtherParameters& others);

} // namespace decodescope
