// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernels/kernel_entry.cuh"
#include "gpu/kernels/peak_kernels.h"

namespace decodescope::gpu {

void addCompiledPeakKernels(CompiledKernels& kernels) {
    addPeakKernels(kernels);
}

} // namespace decodescope::gpu
