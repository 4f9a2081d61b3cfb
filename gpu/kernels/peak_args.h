// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "gpu/kernels/fragments.h"
#include "gpu/kernels/kernel_id.h"
#include "gpu/kernels/kv_format.h"

/// What the host must know of loops that keep an arithmetic unit busy with what is in registers.
/// What they compute means nothing; it is stored if it is a value that it never is, so that no
/// compiler leaves it out.
namespace decodescope::gpu {

inline constexpr int kPeakThreads = 256;

struct PeakArgs {
    std::int32_t iterations = 1;
    float factor = 0.5F;
    float addend = 1;
    std::uint32_t bits = 0; ///< of the factors of a matrix product
    float* sink = nullptr;  ///< one float
};

/// Multiply-adds of f32 by all threads.
inline constexpr KernelId kFmaPeak{"fma_peak"};
/// Multiply-adds that do not wait for each other, and how often they are done in one iteration.
inline constexpr int kFmaChains = 16, kFmaUnroll = 8;
/// Operations of a thread in one iteration.
inline constexpr int kFmaOperations = 2 * kFmaChains * kFmaUnroll;

/// Matrix products by all warps: of 16-bit factors (m16n8k16) or, with an 8-bit format, of 8-bit
/// ones (m16n8k32).
constexpr KernelId mmaPeak(KvFormat format) {
    return {"mma_peak", {static_cast<int>(format), 0, 0}};
}
inline constexpr int kMmaChains = 8, kMmaUnroll = 4;
/// Operations of a thread in one iteration.
constexpr int mmaOperations(KvFormat format) {
    const int depth = elementBytes(format) == 2 ? kMmaDepth : 2 * kMmaDepth;
    return 2 * kMmaRows * kMmaColumns * depth / kWarpLanes * kMmaChains * kMmaUnroll;
}

} // namespace decodescope::gpu
