// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernels/attention_packed.h"
#include "gpu/kernels/kernel_entry.cuh"

namespace decodescope::gpu {

void addCompiledPacked16BitKernels(CompiledKernels& kernels) {
    addPackedKernels<KvFormat::F16>(kernels);
    addPackedKernels<KvFormat::BF16>(kernels);
}

} // namespace decodescope::gpu
