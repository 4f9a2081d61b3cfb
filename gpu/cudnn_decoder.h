// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>

#include "core/engine/decoder.h"
#include "gpu/cudnn_library.h"
#include "gpu/gpu_runtime.h"

namespace decodescope {

/// The attention of all layers by cuDNN, on caches of the shape that ours have and random content,
/// as one graph: what our kernels are compared with. Errors: BadUsage for anything but attention
/// over f16 or bf16 caches in one piece, or where cuDNN refuses the shape, in its words;
/// OutOfMemory where not one layer fits; Interrupted; those of GpuRuntime and CudnnLibrary.
[[nodiscard]] Result<std::unique_ptr<Decoder>>
makeCudnnDecoder(std::shared_ptr<GpuRuntime> gpu, std::shared_ptr<CudnnLibrary> library,
                 const DecoderRequest& request, const std::stop_token& stop);

} // namespace decodescope
