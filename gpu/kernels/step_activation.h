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

/// Grid (any, sequences).
template <KvFormat kOut>
DECODESCOPE_DEVICE void activateSequence(const ActivationArgs& args) {
    const int first = blockX() * blockThreads() + threadIndex();
    if (first >= args.width)
        return;
    float value = args.in.at(blockY(), first);
    if (args.activation == Activation::SwiGlu)
        value = swiGlu(value, args.in.at(blockY(), args.width + first));
    else if (args.activation == Activation::Gelu)
        value = gelu(value);
    args.out[std::int64_t{blockY()} * args.width + first] = toHalf<kOut>(value);
}

} // namespace decodescope::gpu
