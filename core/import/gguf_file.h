// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/spec/data_type.h"
#include "core/spec/result.h"

namespace decodescope {

/// One value of a GGUF file's metadata. Arrays keep their integers (or booleans as 0 and 1) while
/// they are short enough to hold one number a layer; of longer ones, and of arrays of strings,
/// only the length is kept.
struct GgufValue {
    /// monostate: an array that was stepped over, or an integer above 2^63 - 1.
    std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<std::int64_t>>
        value;
    std::uint64_t arrayLength = 0;
    bool array = false;
    std::uint64_t offset = 0; ///< of the value in the file
};

/// What the tensor table says in sum; no tensor is kept.
struct GgufTensors {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    std::uint64_t elements = 0;
    std::uint64_t expertElements = 0; ///< of the stacked matrices of all experts
    std::map<DataType, std::uint64_t> bytesByType;
    bool output = false;                     ///< an output head of its own
    bool gate = false;                       ///< feed-forward layers with a gate
    std::vector<std::uint64_t> embedding;    ///< shape of token_embd.weight
    std::optional<std::uint64_t> lastBlock;  ///< the highest N of "blk.N."
    std::vector<std::uint64_t> upProjection; ///< shape of the first ffn_up.weight
    std::vector<std::pair<std::uint64_t, std::uint64_t>> spans; ///< offset and bytes in the file
};

/// The header of one GGUF file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
struct GgufFile {
    std::filesystem::path path;
    std::uint32_t version = 0;
    std::map<std::string, GgufValue> metadata;
    GgufTensors tensors;
};

/// Reads metadata and tensor table, and checks that every tensor lies within the file.
/// Errors: FileUnreadable with key or tensor and byte offset.
[[nodiscard]] Result<GgufFile> readGgufFile(const std::filesystem::path& path);

} // namespace decodescope
