// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "gpu/gpu_runtime.h"
#include "gpu/split_rule.h"

namespace decodescope {

/// Times of launches that fill a GPU once, in seconds: what SplitCosts follow from.
struct SplitTimings {
    double few = 0, many = 0; ///< attention with kFewGrains and kManyGrains for each block
    double fewParts = 0, manyParts = 0; ///< combining kFewParts and kManyParts parts
};
inline constexpr int kFewGrains = 4, kManyGrains = 16;
inline constexpr int kFewParts = 2, kManyParts = 64;

/// Nothing where the times do not tell: longer work that took no longer.
[[nodiscard]] std::optional<SplitCosts> splitCostsOf(const SplitTimings& timings);

/// Runs those launches, in milliseconds. Errors: those of GpuRuntime; OutOfMemory where the GPU has
/// no room for some hundred megabytes.
[[nodiscard]] Result<SplitTimings> measureSplits(const std::shared_ptr<GpuRuntime>& gpu);

} // namespace decodescope
