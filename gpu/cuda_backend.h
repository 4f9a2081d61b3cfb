// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/engine/backend.h"

namespace decodescope {

/// The backend for NVIDIA GPUs. It always exists; without a driver, a device or CUDA in the build
/// its one device is unavailable and says why.
[[nodiscard]] std::unique_ptr<Backend> makeCudaBackend();

} // namespace decodescope
