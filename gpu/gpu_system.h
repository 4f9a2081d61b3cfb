// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "gpu/cublas_lt.h"
#include "gpu/cuda_query.h"
#include "gpu/gpu_runtime.h"

namespace decodescope {

/// The GPUs of a machine, as the backend asks for them.
class GpuSystem {
public:
    virtual ~GpuSystem() = default;
    [[nodiscard]] virtual CudaQuery query() = 0;
    /// May be called from a second thread while anything else runs.
    [[nodiscard]] virtual CudaDevice memory(int index) = 0;
    /// Errors: DeviceUnavailable.
    [[nodiscard]] virtual Result<std::shared_ptr<GpuRuntime>> open(int index) = 0;
    /// For the GPU that was opened last. Errors: those of CublasLt::open().
    [[nodiscard]] virtual Result<CublasLt> matrixLibrary() = 0;
};

/// Those of this machine.
[[nodiscard]] std::unique_ptr<GpuSystem> cudaSystem();

} // namespace decodescope
