// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernels/kernel_entry.cuh"
#include "gpu/kernels/step_product.h"
#include "gpu/kernels/step_projection.h"

namespace decodescope::gpu {

void addCompiledProjectionKernels(CompiledKernels& kernels) {
    addProjectionKernels(kernels);
    addProductKernels(kernels);
}

} // namespace decodescope::gpu
