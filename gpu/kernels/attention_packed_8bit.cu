// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernels/attention_packed.h"
#include "gpu/kernels/kernel_entry.cuh"

namespace decodescope::gpu {

void addCompiledPacked8BitKernels(CompiledKernels& kernels) {
    addPackedKernels<KvFormat::E4M3>(kernels);
    addPackedKernels<KvFormat::Int8>(kernels);
}

} // namespace decodescope::gpu
