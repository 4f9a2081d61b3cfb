// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/import/gguf_fields.h"
#include "core/spec/layer_spec.h"

namespace decodescope {

/// The layers that decode, from the metadata: `blocks` of them less those that only predict
/// further tokens. Names of concluded values are added to `inferred`. Failures stay in `fields`.
[[nodiscard]] std::vector<LayerSpec> readGgufLayers(GgufFields& fields, const GgufFile& file,
                                                    std::int64_t hidden, std::int64_t blocks,
                                                    std::vector<std::string>& inferred);

} // namespace decodescope
