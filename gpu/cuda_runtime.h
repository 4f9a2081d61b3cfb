// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "gpu/gpu_runtime.h"

namespace decodescope {

/// GPU `index` through the CUDA runtime, with the kernels of this build; makes a context on it.
/// Errors: those of cudaError(); DeviceUnavailable where CUDA is not part of this build.
[[nodiscard]] Result<std::shared_ptr<GpuRuntime>> openCudaRuntime(int index);

} // namespace decodescope
