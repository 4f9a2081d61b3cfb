// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "core/spec/data_type.h"
#include "core/spec/result.h"

namespace decodescope {

/// What the headers of safetensors files say in sum; no tensor is kept.
struct SafetensorsWeights {
    std::uint64_t tensors = 0;
    std::uint64_t bytes = 0;
    std::uint64_t elements = 0;
    bool plain = true; ///< every element is a weight: no packed or integer tensors
    std::map<DataType, std::uint64_t> bytesByType;
};

/// Reads the header of one file (https://github.com/huggingface/safetensors, "Format").
/// Errors: FileUnreadable with tensor and byte offset, also where tensors overlap, leave gaps or
/// end beyond the file.
[[nodiscard]] Result<SafetensorsWeights> readSafetensorsHeader(const std::filesystem::path& path);

/// Adds the weights of one more file.
void add(SafetensorsWeights& sum, const SafetensorsWeights& part);

} // namespace decodescope
