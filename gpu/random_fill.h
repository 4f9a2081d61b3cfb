// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/spec/data_type.h"
#include "gpu/gpu_runtime.h"
#include "gpu/kernels/random_content.h"

namespace decodescope {

/// Random elements of magnitude near 2^log2Scale (int8: any value): F32, F16, BF16, FP8_E4M3 or
/// Int8.
[[nodiscard]] gpu::RandomContent randomContent(DataType type, std::uint64_t seed,
                                               int log2Scale = 0);
/// F16 of [1, 2) × 2^log2Scale.
[[nodiscard]] gpu::RandomContent randomScales(int log2Scale, std::uint64_t seed);

/// Queues that memory becomes `content`, from its first word on. `bytes` is a multiple of 8.
/// Errors: those of GpuRuntime.
[[nodiscard]] Status fillRandom(GpuRuntime& gpu, std::byte* to, std::uint64_t bytes,
                                const gpu::RandomContent& content);
/// The same with randomContent(type, seed).
[[nodiscard]] Status fillRandom(GpuRuntime& gpu, std::byte* to, std::uint64_t bytes, DataType type,
                                std::uint64_t seed);

} // namespace decodescope
