// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "gpu/kernels/attention_args.h"
#include "gpu/kernels/device_ops.h"

/// The softmax over part of a context, not yet divided: the largest score × log2 e, the sum of
/// exp2(score × log2 e − max), and the same sum of values. Parts merge by log-sum-exp; a part
/// without tokens has the largest score -infinity and zeros.
namespace decodescope::gpu {

/// What sums with the largest score `from` must be multiplied by where it becomes `to`; 0 where
/// there was none yet.
DECODESCOPE_DEVICE float rescale(float from, float to) {
    return from == -INFINITY ? 0.0F : exp2Fast(from - to);
}

/// What an element of the output is multiplied by for its format and its head's scale.
template <KvFormat kFormat>
DECODESCOPE_DEVICE float valueScale(const AttentionArgs& args, int kvHead) {
    return elementScale<kFormat>() * (args.valueScales ? args.valueScales[kvHead] : 1.0F);
}

/// What a score is multiplied by, log2 e included.
template <KvFormat kFormat>
DECODESCOPE_DEVICE float scoreScale(const AttentionArgs& args, int kvHead) {
    return args.scale * kLog2E * elementScale<kFormat>() *
           (args.keyScales ? args.keyScales[kvHead] : 1.0F);
}

/// Where a block writes one query head: straight to the output where the context is one part, to
/// that part's state otherwise.
struct HeadSink {
    float* out = nullptr; ///< [head_dim]
    float factor = 1;     ///< for what is written there

    DECODESCOPE_DEVICE HeadSink(const AttentionArgs& args, int sequence, int kvHead, int split,
                                int head, float max, float denominator, float valueFactor,
                                bool writesState, int parts) {
        if (parts == 1) {
            out = args.out + (headIndex(args, sequence, kvHead) + head) * args.headDim;
            factor = valueFactor / denominator;
            return;
        }
        const std::int64_t state = stateIndex(args, sequence, kvHead, split) + head;
        out = args.splitOut + state * args.headDim;
        factor = valueFactor;
        if (writesState) {
            args.splitMax[state] = max;
            args.splitDenominator[state] = denominator;
        }
    }
};

} // namespace decodescope::gpu
