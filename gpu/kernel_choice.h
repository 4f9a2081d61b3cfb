// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/engine/ceilings.h"
#include "core/spec/data_type.h"
#include "core/spec/result.h"
#include "gpu/gpu_properties.h"
#include "gpu/kernels/attention_args.h"
#include "gpu/kernels/kernel_id.h"
#include "gpu/kernels/kv_format.h"

namespace decodescope {

/// Compute capability of the oldest GPUs that the kernels run on.
inline constexpr int kOldestCapability = 75;

enum class KernelFamily : std::uint8_t { Vector, Packed };

/// Which attention kernel runs a shape, and how its blocks look.
struct KernelChoice {
    KernelFamily family = KernelFamily::Vector;
    gpu::KvFormat format = gpu::KvFormat::F16;
    int paddedDim = 128;  ///< head_dim that the kernel is compiled for: 64, 128 or 256
    int heads = 1;        ///< vector: query heads of a pass; packed: of a warp
    int passes = 1;       ///< blocks that each read a KV head, for other query heads; mostly 1
    gpu::PackedTile tile; ///< packed only
    int threads = 128;
    int sharedBytes = 0;
    int blocksPerSm = 1; ///< at least, with the registers that the kernel's launch bounds allow
};

/// The name of the kernel that was chosen.
[[nodiscard]] gpu::KernelId kernelId(const KernelChoice& choice);

/// The format of the kernels for a KV type. Errors: BadUsage for a type that they do not read.
[[nodiscard]] Result<gpu::KvFormat> kvFormat(DataType type);

/// What the kernels chosen on GPUs of this compute capability (80 for 8.0) use matrix products for.
[[nodiscard]] std::vector<UnitUse> unitUses(int computeCapability);

/// For one attention call with `group` query heads on each KV head. Errors: DeviceUnavailable for a
/// GPU older than compute capability 7.5, BadUsage for a type, a head_dim (a multiple of 16 up to
/// 256) or a group (1 … 128) that the kernels do not cover.
[[nodiscard]] Result<KernelChoice> chooseKernel(const GpuProperties& device, DataType kvType,
                                                std::int64_t headDim, std::int64_t group);

} // namespace decodescope
