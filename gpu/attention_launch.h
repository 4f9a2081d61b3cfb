// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/spec/result.h"
#include "gpu/attention_plan.h"
#include "gpu/gpu_runtime.h"
#include "gpu/kernels/attention_args.h"

namespace decodescope {

/// Blocks of the kernel that the GPU runs at once. Errors: those of GpuRuntime.
[[nodiscard]] Result<int> blocksAtOnce(GpuRuntime& gpu, const KernelChoice& kernel);

/// planAttention() with what the GPU runs at once, by its own word, and what splitting costs there.
[[nodiscard]] Result<AttentionPlan> planAttentionOn(GpuRuntime& gpu, const AttentionShape& shape);

/// Queues the kernel of `plan`, and the one that combines where contexts are split. `args` has the
/// device's pointers, and what the plan decides (splits, tile) is taken from there. Errors: those
/// of GpuRuntime.
[[nodiscard]] Status launchAttention(GpuRuntime& gpu, const AttentionPlan& plan,
                                     gpu::AttentionArgs args);

/// Queues the kernel that combines the parts (args.splits) of the contexts of so many sequences.
/// Errors: those of GpuRuntime.
[[nodiscard]] Status launchCombining(GpuRuntime& gpu, int sequences, gpu::AttentionArgs args);

} // namespace decodescope
