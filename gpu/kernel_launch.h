// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/kernel_id.h"

namespace decodescope {

/// Blocks of a launch.
struct LaunchGrid {
    int x = 1, y = 1, z = 1;
    bool operator==(const LaunchGrid&) const = default;
};

/// One launch of a kernel, but for its arguments.
struct KernelLaunch {
    gpu::KernelId kernel;
    LaunchGrid grid;
    int threads = 128; ///< of a block
    int sharedBytes = 0;
};

} // namespace decodescope
