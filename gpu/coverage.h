// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/engine/decoder.h"
#include "gpu/gpu_properties.h"

namespace decodescope {

/// Whether the kernels run the request on such a GPU. Errors: BadUsage where they do not,
/// DeviceUnavailable where they run nothing on it.
[[nodiscard]] Status coveredByGpu(const GpuProperties& gpu, const DecoderRequest& request);

} // namespace decodescope
