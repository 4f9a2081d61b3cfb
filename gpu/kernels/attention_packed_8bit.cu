// SPDX-License-Identifier: Apache-2.0
#include "gpu/kernels/attention_kernels.h"
#include "gpu/kernels/attention_packed.cuh"

namespace decodescope::gpu {

const void* packedKernel8Bit(KvFormat format, int paddedDim, int warpRows) {
    return format == KvFormat::Int8 ? packedKernelOf<KvFormat::Int8>(paddedDim, warpRows)
                                    : packedKernelOf<KvFormat::E4M3>(paddedDim, warpRows);
}

} // namespace decodescope::gpu
