// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "core/engine/self_test.h"
#include "core/spec/result.h"
#include "gpu/cublas_lt.h"
#include "gpu/gpu_runtime.h"

namespace decodescope {

/// Runs the kernels on shapes that break things, their outputs poisoned first, and compares each
/// with the scalar reference; projections by `library` too, where it is not nullptr. A stop request
/// ends it early with what was done. Errors: those of GpuRuntime, where the GPU itself fails.
[[nodiscard]] Result<std::vector<SelfTestResult>>
runGpuSelfTest(const std::shared_ptr<GpuRuntime>& gpu, const CublasLt* library,
               const SelfTestOptions& options, const SelfTestProgress& progress,
               const std::stop_token& stop);

} // namespace decodescope
