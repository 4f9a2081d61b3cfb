// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "gpu/kernels/device_ops.h"
#include "gpu/kernels/step_shape.h"

namespace decodescope::gpu {

/// The sum of `value` over all threads of the block, in all of them; `shared` has a float for each
/// warp.
DECODESCOPE_DEVICE float sumOverBlock(float value, float* shared) {
#pragma unroll
    for (int mask = 1; mask < kWarpLanes; mask *= 2)
        value += shuffleXor(value, mask);
    if (threadIndex() % kWarpLanes == 0)
        shared[threadIndex() / kWarpLanes] = value;
    syncThreads();
    float sum = 0;
    for (int warp = 0; warp < blockThreads() / kWarpLanes; ++warp)
        sum += shared[warp];
    return sum;
}

/// Grid (sequences).
template <KvFormat kOut>
struct NormKernel {
    using Args = NormArgs;
    static constexpr int kMostThreads = kNormThreads, kLeastBlocks = 2;
    static constexpr KernelId id() { return normId(kOut); }
    static DECODESCOPE_DEVICE void run(const NormArgs& args) {
        const std::int64_t row = std::int64_t{blockX()} * args.width;
        float squares = 0;
        for (int i = threadIndex(); i < args.width; i += blockThreads()) {
            const float value = args.from[row + i] + args.added.at(blockX(), i);
            args.residual[row + i] = value;
            squares += value * value;
        }
        const float mean = sumOverBlock(squares, reinterpret_cast<float*>(sharedMemory())) /
                           static_cast<float>(args.width);
        const float factor = 1.0F / sqrtf(mean + args.epsilon);
        // Each thread reads what it has written.
        for (int i = threadIndex(); i < args.width; i += blockThreads())
            args.out[row + i] = toHalf<kOut>(args.residual[row + i] * factor);
    }
};

} // namespace decodescope::gpu
