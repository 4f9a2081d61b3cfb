// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/kv_format.h"
#include "gpu/kernels/step_formats.h"

/// The compiled kernels of a decode step beside attention, as cudaLaunchKernel() takes them; each
/// has one parameter. nullptr: no kernel is compiled for what was asked for.
namespace decodescope::gpu {

/// ProjectionKernel (ProjectionArgs) for compiledBatch() sequences: kProjectionThreads threads.
[[nodiscard]] const void* projectionKernel(WeightFormat format, int batch);
/// normSequence (NormArgs) and activateSequence (ActivationArgs) that write `out`: F16 or BF16.
[[nodiscard]] const void* normKernel(KvFormat out);
[[nodiscard]] const void* activationKernel(KvFormat out);
/// AppendKernel (AppendArgs) for a cache of `format`.
[[nodiscard]] const void* appendKernel(KvFormat format);

} // namespace decodescope::gpu
