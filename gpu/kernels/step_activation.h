// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/attention_args.h"
#include "gpu/kernels/device_ops.h"
#include "gpu/kernels/step_shape.h"

namespace decodescope::gpu {

DECODESCOPE_DEVICE float sigmoid(float x) {
    return 1.0F / (1.0F + exp2Fast(-kLog2E * x));
}

/// silu(gate) × up.
DECODESCOPE_DEVICE float swiGlu(float gate, float up) {
    return gate * sigmoid(gate) * up;
}

/// GELU by the tanh formula: (1 + tanh y) / 2 is the sigmoid of 2 y.
DECODESCOPE_DEVICE float gelu(float x) {
    constexpr float kTwiceFactor = 2 * 0.7978845608F; // sqrt(2 / pi)
    return x * sigmoid(kTwiceFactor * (x + 0.044715F * x * x * x));
}

/// Grid (sequences, blocks of columns).
template <KvFormat kOut>
struct ActivationKernel {
    using Args = ActivationArgs;
    static constexpr int kMostThreads = kActivationThreads, kLeastBlocks = 2;
    static constexpr KernelId id() { return activationId(kOut); }
    static DECODESCOPE_DEVICE void run(const ActivationArgs& args) {
        const int column = blockY() * blockThreads() + threadIndex();
        if (column >= args.width)
            return;
        float value = args.in.at(blockX(), column);
        if (args.activation == Activation::SwiGlu)
            value = swiGlu(value, args.in.at(blockX(), args.width + column));
        else if (args.activation == Activation::Gelu)
            value = gelu(value);
        args.out[std::int64_t{blockX()} * args.width + column] = toHalf<kOut>(value);
    }
};

} // namespace decodescope::gpu
