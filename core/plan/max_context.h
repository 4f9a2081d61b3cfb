// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/plan/footprint.h"

namespace decodescope {

/// A context no device limits (every layer has a window or a fixed state).
inline constexpr std::int64_t kUnboundedContext = std::int64_t{1} << 40;

/// The longest context whose footprint is at most `capacityBytes`: one more token does not fit.
/// 0 where not even one token fits, kUnboundedContext where memory sets no limit.
[[nodiscard]] std::int64_t maxContext(const ModelSpec& model, const Workload& workload,
                                      std::int64_t batch, Scope scope, std::uint64_t capacityBytes);

} // namespace decodescope
