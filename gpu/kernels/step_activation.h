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

/// What becomes of a sum; `up` is that of the same row of up, with SwiGlu.
DECODESCOPE_DEVICE float activated(Activation activation, float sum, float up) {
    return activation == Activation::SwiGlu ? swiGlu(sum, up)
           : activation == Activation::Gelu ? gelu(sum)
                                            : sum;
}

/// Writes what a projection of f16 or bf16 (kOut) has of a row and a sequence; `up` as above.
template <KvFormat kOut>
DECODESCOPE_DEVICE void writeProjected(const ProjectionArgs& args, int sequence, int row, float sum,
                                       float up) {
    if (args.activation == Activation::None) {
        args.out[(std::int64_t{blockY()} * args.batch + sequence) * args.rows + row] = sum;
        return;
    }
    const int width = args.activation == Activation::SwiGlu ? args.rows / 2 : args.rows;
    args.activated[std::int64_t{sequence} * width + row] =
        toHalf<kOut>(activated(args.activation, sum, up));
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
        const float up = args.activation == Activation::SwiGlu
                             ? args.in.at(blockX(), args.width + column)
                             : 0.0F;
        args.out[std::int64_t{blockX()} * args.width + column] =
            toHalf<kOut>(activated(args.activation, args.in.at(blockX(), column), up));
    }
};

} // namespace decodescope::gpu
