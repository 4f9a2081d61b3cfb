// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/kv_format.h"

/// The compiled kernels, as cudaLaunchKernel() and cudaFuncSetAttribute() take them. Each has one
/// parameter, an AttentionArgs. nullptr: no kernel is compiled for what was asked for.
namespace decodescope::gpu {

/// VectorKernel: grid (splits, KV heads × passes, sequences), kVectorThreads threads.
[[nodiscard]] const void* vectorKernel(KvFormat format, int paddedDim, int heads);
/// PackedKernel: grid (splits, KV heads × passes, sequences), whole warps up to
/// packedMostThreads().
[[nodiscard]] const void* packedKernel16Bit(KvFormat format, int paddedDim, int warpRows);
[[nodiscard]] const void* packedKernel8Bit(KvFormat format, int paddedDim, int warpRows);
/// Merges the splits: grid (group, KV heads, sequences), any number of threads.
[[nodiscard]] const void* combineKernel();

} // namespace decodescope::gpu
