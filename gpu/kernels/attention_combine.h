// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/kernel_id.h"
#include "gpu/kernels/kernel_shape.h"
#include "gpu/kernels/softmax_state.h"

namespace decodescope::gpu {

/// Merges the parts of each context that has more than one, by log-sum-exp. Grid (blocks of
/// combineHeads() query heads of a group, KV head, sequence); kCombineThreads threads.
struct CombineSplits {
    using Args = AttentionArgs;
    static constexpr int kMostThreads = kCombineThreads, kLeastBlocks = 6;
    static constexpr KernelId id() { return kCombineSplits; }

    static constexpr int kColumns = 4; ///< of a thread, and floats of a chunk

    int head; ///< of the group
    int dim;  ///< of head_dim: this thread's first column
    float sum[kColumns] = {};
    float max = -INFINITY;
    float denominator = 0;

    static DECODESCOPE_DEVICE void run(const AttentionArgs& args) {
        const int parts = splitsOf(args.contexts[blockZ()], args.splits);
        if (parts == 1)
            return; // its one block has written the output
        const int columnShift = combineColumnShift(args.headDim);
        const int columns = 1 << columnShift;
        const int sharers = 1 << args.combineSharerShift;
        const int sharer = (threadIndex() >> columnShift) & (sharers - 1);
        CombineSplits state;
        state.head = blockX() * combineHeads(args.headDim, args.combineSharerShift) +
                     (threadIndex() >> (columnShift + args.combineSharerShift));
        state.dim = (threadIndex() & (columns - 1)) * kColumns;
        if (state.head < args.group && state.dim < args.headDim)
            for (int part = sharer; part < parts; part += sharers * kCombineInFlight)
                state.absorb(args, part, sharers, parts);
        if (sharers > 1) {
            // [the largest score, the denominator, four sums][thread]
            auto* const states = reinterpret_cast<float*>(sharedMemory()) + threadIndex();
            states[0] = state.max;
            states[blockThreads()] = state.denominator;
            for (int i = 0; i < kColumns; ++i)
                states[(i + 2) * blockThreads()] = state.sum[i];
            syncThreads();
            for (int other = 1; sharer == 0 && other < sharers; ++other)
                state.merge(states + other * columns, blockThreads());
        }
        if (sharer > 0 || state.head >= args.group || state.dim >= args.headDim)
            return;
        float* const out = args.out +
                           (headIndex(args, blockZ(), blockY()) + state.head) * args.headDim +
                           state.dim;
        for (int i = 0; i < kColumns; ++i)
            out[i] = state.sum[i] / state.denominator;
    }

private:
    /// Parts `first`, first + stride, …, as many as are in flight. No load is under a condition,
    /// which would make it wait for the one before: the last part is read again instead.
    DECODESCOPE_DEVICE void absorb(const AttentionArgs& args, int first, int stride, int parts) {
        float partMax[kCombineInFlight];
        float partDenominator[kCombineInFlight];
        Chunk partSum[kCombineInFlight];
#pragma unroll
        for (int i = 0; i < kCombineInFlight; ++i) {
            const int wished = first + i * stride;
            const int part = wished < parts ? wished : parts - 1;
            const std::int64_t state = stateIndex(args, blockZ(), blockY(), part) + head;
            partSum[i] = loadOnce(
                reinterpret_cast<const std::byte*>(args.splitOut + state * args.headDim + dim));
            partMax[i] = args.splitMax[state];
            partDenominator[i] = args.splitDenominator[state];
        }
        float newMax = max;
#pragma unroll
        for (int i = 0; i < kCombineInFlight; ++i) {
            if (first + i * stride >= parts)
                partMax[i] = -INFINITY; // and its weight 0
            newMax = fmaxf(newMax, partMax[i]);
        }
        const float factor = rescale(max, newMax);
        max = newMax;
        denominator *= factor;
#pragma unroll
        for (int column = 0; column < kColumns; ++column)
            sum[column] *= factor;
#pragma unroll
        for (int i = 0; i < kCombineInFlight; ++i) {
            const float weight = rescale(partMax[i], newMax);
            denominator += partDenominator[i] * weight;
#pragma unroll
            for (int column = 0; column < kColumns; ++column)
                sum[column] += floatOf(partSum[i].words[column]) * weight;
        }
    }

    DECODESCOPE_DEVICE void merge(const float* other, int stride) {
        const float newMax = fmaxf(max, other[0]);
        const float own = rescale(max, newMax);
        const float weight = rescale(other[0], newMax);
        max = newMax;
        denominator = denominator * own + other[stride] * weight;
#pragma unroll
        for (int column = 0; column < kColumns; ++column)
            sum[column] = sum[column] * own + other[(column + 2) * stride] * weight;
    }
};

} // namespace decodescope::gpu
