// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernels/kernel_entry.cuh"
#include "gpu/kernels/step_rows.h"

namespace decodescope::gpu {

void addCompiledRowKernels(CompiledKernels& kernels) {
    addRowKernels(kernels);
}

} // namespace decodescope::gpu
