// SPDX-License-Identifier: Apache-2.0
#include "gpu/gpu_system.h"

#include "gpu/cuda_runtime.h"

namespace decodescope {
namespace {

class CudaSystem final : public GpuSystem {
public:
    CudaQuery query() override { return queryCuda(); }
    CudaDevice memory(int index) override { return queryCudaMemory(index); }
    Result<std::shared_ptr<GpuRuntime>> open(int index) override { return openCudaRuntime(index); }
    Result<CublasLt> matrixLibrary() override { return CublasLt::open(); }
};

} // namespace

std::unique_ptr<GpuSystem> cudaSystem() {
    return std::make_unique<CudaSystem>();
}

} // namespace decodescope
