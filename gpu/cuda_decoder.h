// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>

#include "core/engine/decoder.h"
#include "gpu/cublas_lt.h"
#include "gpu/gpu_runtime.h"

namespace decodescope {

/// A Decoder on one GPU; several may share it. A stop request is heard between steps. Matrices are
/// multiplied by `library` where that is faster; nullptr: always by our own kernels. Errors: those
/// of coveredByGpu() and of GpuRuntime, Interrupted.
[[nodiscard]] Result<std::unique_ptr<Decoder>>
makeCudaDecoder(std::shared_ptr<GpuRuntime> gpu, const DecoderRequest& request,
                const std::stop_token& stop, std::shared_ptr<const CublasLt> library = nullptr);

} // namespace decodescope
