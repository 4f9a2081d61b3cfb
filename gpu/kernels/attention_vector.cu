// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernels/attention_vector.h"
#include "gpu/kernels/kernel_entry.cuh"

namespace decodescope::gpu {

void addCompiledVectorKernels(CompiledKernels& kernels) {
    addVectorKernels(kernels);
}

} // namespace decodescope::gpu
