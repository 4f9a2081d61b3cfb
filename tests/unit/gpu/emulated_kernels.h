// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

#include "gpu/kernels/kernel_id.h"

namespace decodescope {

/// A kernel's source as the block emulator runs it.
struct EmulatedKernel {
    gpu::KernelId id;
    std::size_t argsBytes = 0;
    int mostThreads = 0, leastBlocks = 0; ///< its launch bounds
    std::function<void(const void* args)> run;
};

/// nullptr where there is no such kernel.
[[nodiscard]] const EmulatedKernel* emulatedKernel(const gpu::KernelId& id);

} // namespace decodescope
