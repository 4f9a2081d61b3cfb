// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernels/attention_kernels.h"
#include "gpu/kernels/attention_packed.cuh"

namespace decodescope::gpu {

const void* packedKernel16Bit(KvFormat format, int paddedDim, int warpRows) {
    return format == KvFormat::BF16 ? packedKernelOf<KvFormat::BF16>(paddedDim, warpRows)
                                    : packedKernelOf<KvFormat::F16>(paddedDim, warpRows);
}

} // namespace decodescope::gpu
