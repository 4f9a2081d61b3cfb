// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/engine/decoder.h"

namespace decodescope {

/// Whether the CPU kernels run what is asked. The BadUsage Error names what they do not cover, and
/// what they do.
[[nodiscard]] Status covered(const DecoderRequest& request);

} // namespace decodescope
