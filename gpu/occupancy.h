// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/gpu_properties.h"

namespace decodescope {

/// How many blocks an SM runs at once: the least of what its threads, its blocks, its registers and
/// its shared memory allow, by the rules of the CUDA Programming Guide ("Hardware multithreading":
/// registers are given to a warp in units of 256, an SM's to four partitions alike). 0 where a
/// block does not fit at all. It plans without a device; where there is one, the runtime's own
/// occupancy calculator is asked.
[[nodiscard]] int blocksPerSm(const GpuProperties& device, int threads, int registersPerThread,
                              int sharedBytes);

} // namespace decodescope
