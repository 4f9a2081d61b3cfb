// SPDX-License-Identifier: Apache-2.0
#include "gpu/cuda_query.h"

namespace decodescope {

CudaQuery queryCuda() {
    return {};
}

CudaDevice queryCudaMemory(int index) {
    CudaDevice device;
    device.index = index;
    return device;
}

} // namespace decodescope
