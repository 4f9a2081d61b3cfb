// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/engine/backend.h"
#include "core/engine/self_test.h"
#include "gpu/gpu_system.h"

namespace decodescope {

/// The backend for NVIDIA GPUs. It always exists; without a driver, a device or CUDA in the build
/// its one device is unavailable and says why.
[[nodiscard]] std::unique_ptr<Backend>
makeCudaBackend(std::unique_ptr<GpuSystem> system = cudaSystem());

struct CudaSelfTest {
    std::vector<SelfTestResult> results;
    std::string withoutLibrary; ///< why cuBLASLt was not tested, a sentence; empty: it was
};
/// The kernels on this GPU against the double reference. Errors: DeviceUnavailable, and those of
/// runGpuSelfTest().
[[nodiscard]] Result<CudaSelfTest> runCudaSelfTest(const std::string& deviceId,
                                                   const SelfTestOptions& options,
                                                   const SelfTestProgress& progress,
                                                   const std::stop_token& stop);

} // namespace decodescope
