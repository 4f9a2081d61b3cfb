// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/fragments.h"
#include "gpu/kernels/kernel_id.h"
#include "gpu/kernels/softmax_state.h"

namespace decodescope::gpu {

/// Merges the parts of each context that has more than one, by log-sum-exp. Grid (query head of its
/// group, KV head, sequence).
struct CombineSplits {
    using Args = AttentionArgs;
    static constexpr int kMostThreads = 4 * kWarpLanes, kLeastBlocks = 8;
    static constexpr KernelId id() { return {"combine_splits"}; }
    static DECODESCOPE_DEVICE void run(const AttentionArgs& args) {
        const int head = blockX();
        const int kvHead = blockY();
        const int sequence = blockZ();
        const int parts = splitsOf(args.contexts[sequence], args.splits);
        if (parts == 1)
            return; // its one block has written the output
        const std::int64_t first = stateIndex(args, sequence, kvHead, 0) + head;
        float max = -INFINITY;
        for (int part = 0; part < parts; ++part)
            max = fmaxf(max, args.splitMax[first + std::int64_t{part} * args.group]);
        float denominator = 0;
        for (int part = 0; part < parts; ++part) {
            const std::int64_t state = first + std::int64_t{part} * args.group;
            denominator += args.splitDenominator[state] * exp2Fast(args.splitMax[state] - max);
        }
        float* const out = args.out + (headIndex(args, sequence, kvHead) + head) * args.headDim;
        for (int dim = threadIndex(); dim < args.headDim; dim += blockThreads()) {
            float sum = 0;
            for (int part = 0; part < parts; ++part) {
                const std::int64_t state = first + std::int64_t{part} * args.group;
                sum += args.splitOut[state * args.headDim + dim] *
                       exp2Fast(args.splitMax[state] - max);
            }
            out[dim] = sum / denominator;
        }
    }
};

} // namespace decodescope::gpu
