// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "gpu/cuda_query.h"
#include "gpu/cuda_runtime.h"
#include "gpu/cuda_status.h"

namespace decodescope {

CudaQuery queryCuda() {
    return {};
}

CudaDevice queryCudaMemory(int index) {
    CudaDevice device;
    device.index = index;
    return device;
}

Result<std::shared_ptr<GpuRuntime>> openCudaRuntime(int index) {
    return Error{ErrorCode::DeviceUnavailable, cudaUnavailableReason({}),
                 "cuda:" + std::to_string(index), "Measure on the CPU with --device cpu."};
}

} // namespace decodescope
