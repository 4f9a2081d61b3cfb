// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>

#include "core/engine/backend.h"
#include "gpu/gpu_runtime.h"

namespace decodescope {

/// The roofs of a GPU, which works as one thread: its memory and second-level cache read as a
/// stream, its multiply-adds of f32 (Ceilings::flopPerSecond), its matrix products (bf16Dot: of
/// 16-bit factors; int8Dot, fp8Dot: where it has them), and what a launch within a graph costs
/// (barrierSeconds). Rates are the best seen. Errors: OutOfMemory where the buffer does not fit,
/// Interrupted, those of GpuRuntime.
[[nodiscard]] Result<Ceilings> measureGpuCeilings(const std::shared_ptr<GpuRuntime>& gpu,
                                                  const CalibrationRequest& request,
                                                  const std::stop_token& stop);

} // namespace decodescope
