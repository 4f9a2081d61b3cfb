// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernels/kernel_entry.cuh"
#include "gpu/kernels/memory_kernels.h"

namespace decodescope::gpu {

void addCompiledMemoryKernels(CompiledKernels& kernels) {
    addMemoryKernels(kernels);
}

} // namespace decodescope::gpu
