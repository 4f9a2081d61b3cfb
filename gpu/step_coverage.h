// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/engine/decoder.h"

namespace decodescope {

/// Whether the kernels run what a whole step has beside attention. Errors: BadUsage where they do
/// not.
[[nodiscard]] Status stepCoveredByGpu(const DecoderRequest& request);

} // namespace decodescope
