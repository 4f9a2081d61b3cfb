// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "core/plan/deployment.h"

namespace decodescope {

/// A context no device limits (every layer has a window or a fixed state).
inline constexpr std::int64_t kUnboundedContext = std::int64_t{1} << 40;

/// The largest count from 1 on for which `fits` holds, if it holds up to some count and never
/// again: one more does not fit. 0 where 1 does not fit, kUnboundedContext where none is too many.
[[nodiscard]] std::int64_t largestThatFits(const std::function<bool(std::int64_t)>& fits);

/// The longest context at which every rank needs at most `capacityBytes`; the fullest decides.
/// 0 where not even one token fits, kUnboundedContext where memory sets no limit.
[[nodiscard]] std::int64_t maxContext(const ModelSpec& model, const Workload& workload,
                                      std::int64_t batch, Scope scope, std::uint64_t capacityBytes,
                                      const Deployment& deployment = {});
/// The same of ranks at hand.
[[nodiscard]] std::int64_t maxContext(const std::vector<RankLoad>& loads, const Engine& engine,
                                      std::int64_t batch, std::uint64_t capacityBytes);

} // namespace decodescope
