// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "core/engine/ceilings.h"
#include "core/engine/decoder.h"

namespace decodescope {

/// Cached tokens that a layer reads of each sequence: its window bounds them.
[[nodiscard]] std::int64_t tokensRead(const LayerSpec& layer, std::int64_t context);

/// Cached tokens of each sequence that a layer has room for: whole pages, where it lies in pages.
[[nodiscard]] std::int64_t tokensHeld(const LayerSpec& layer, const DecoderRequest& request);

[[nodiscard]] std::uint64_t lmHeadParameters(const ModelSpec& model);

/// Work of one step of the whole model by the formulas of the plan (forecastWork()). `unitOf` tells
/// which unit a layer's attention runs in.
[[nodiscard]] StepWork stepWork(const DecoderRequest& request,
                                const std::function<DotUnit(const LayerSpec&)>& unitOf);

} // namespace decodescope
