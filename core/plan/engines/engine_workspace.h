// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/plan/engines/engine.h"
#include "core/plan/footprint.h"

namespace decodescope {

/// What one of `ranks` tensor-parallel ranks has at hand: they divide attention and feed-forward,
/// not the residual stream and the logits.
[[nodiscard]] StepWidths widthsOnRank(StepWidths widths, std::int64_t ranks);

/// What the engine needs on a rank beside weights and cache, for `batch` sequences of `context`
/// tokens: from the shape, an estimate but for WorkspaceRule::ComputeBuffer where the logits are
/// the widest of it. In bytes; saturates.
[[nodiscard]] std::uint64_t engineWorkspaceBytes(const Engine& engine, const StepWidths& widths,
                                                 std::int64_t context, std::int64_t batch);

} // namespace decodescope
