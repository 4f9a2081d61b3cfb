// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/spec/result.h"
#include "gpu/attention_plan.h"
#include "gpu/gpu_properties.h"
#include "gpu/kernels/attention_args.h"

namespace decodescope {

/// A stream of the CUDA runtime (cudaStream_t); nullptr: the default one.
using CudaStream = void*;

/// What the runtime says of device `index`. Errors: those of cudaError().
[[nodiscard]] Result<GpuProperties> queryGpuProperties(int index);

/// Blocks of the kernel that the current device runs at once, by the runtime's own occupancy
/// calculator; lets the kernel have the shared memory that it was planned with. Errors: those of
/// cudaError().
[[nodiscard]] Result<int> blocksAtOnce(const GpuProperties& device, const KernelChoice& kernel);

/// Launches the kernel of `plan`, and the one that combines where contexts are split, on the
/// current device; does not wait for them. `args` has device pointers, and what the plan decides
/// (splits, tile) is taken from there. Errors: those of cudaError().
[[nodiscard]] Status launchAttention(const AttentionPlan& plan, gpu::AttentionArgs args,
                                     CudaStream stream = nullptr);

} // namespace decodescope
