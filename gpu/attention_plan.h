// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "gpu/kernel_choice.h"
#include "gpu/kernel_launch.h"
#include "gpu/split_rule.h"

namespace decodescope {

/// One attention call of a layer: every sequence of the batch, every head.
struct AttentionShape {
    DataType kvType = DataType::F16;
    std::int64_t headDim = 128;
    std::int64_t nHeads = 32; ///< a multiple of nKvHeads
    std::int64_t nKvHeads = 8;
    std::span<const int> contexts; ///< tokens of each sequence, at least 1
};

/// The launches of one attention call.
struct AttentionPlan {
    KernelChoice kernel;
    int splits = 1;               ///< most parts of a context; from 2 on they are combined
    LaunchGrid grid;              ///< of the kernel: (splits, KV heads × passes, sequences)
    std::uint64_t stateBytes = 0; ///< of the parts' states: maxima, denominators, outputs, in f32
};

/// `blocksAtOnce` is what the GPU runs at once, as its runtime's occupancy calculator says for the
/// kernel; 0: as the kernel's launch bounds promise. Errors: those of chooseKernel(); BadUsage for
/// heads that do not divide, no sequence, or one without a token.
[[nodiscard]] Result<AttentionPlan> planAttention(const GpuProperties& device,
                                                  const AttentionShape& shape, int blocksAtOnce = 0,
                                                  const SplitCosts& costs = {});

} // namespace decodescope
