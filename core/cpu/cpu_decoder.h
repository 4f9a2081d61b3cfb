// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>

#include "core/engine/decoder.h"

namespace decodescope {

inline constexpr const char* kCpuDeviceId = "cpu";

/// Allocates and fills what `request` asks for. Errors: BadUsage (covered()), OutOfMemory where
/// not one layer fits in the budget, Interrupted.
[[nodiscard]] Result<std::unique_ptr<Decoder>> makeCpuDecoder(const DecoderRequest& request,
                                                              const std::stop_token& stop);

} // namespace decodescope
