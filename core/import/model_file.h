// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

#include "core/spec/model_spec.h"
#include "core/spec/result.h"

namespace decodescope {

/// Reads a model's shape from a file of the outside world: a Hugging Face config.json (or the
/// folder that holds it), a GGUF v2/v3 file, a safetensors file or its index. The kind is told by
/// content, not by name. Only headers are read, never tensor data.
/// Errors: FileUnreadable with file, and key or byte offset; BadUsage for a URL.
[[nodiscard]] Result<ModelSpec> readModelFile(const std::filesystem::path& path);

} // namespace decodescope
