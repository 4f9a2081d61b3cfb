// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/device_ops.h"
#include "gpu/kernels/step_activation.h"
#include "gpu/kernels/step_shape.h"

namespace decodescope::gpu {

/// A matrix of f16 or bf16 times up to kBatch vectors, at the speed its weights can be read: each
/// weight is loaded once, 16 bytes a lane, and meets all vectors in registers with f32 sums. A warp
/// has a few rows; 1, 2 or 4 warps of a block share them and add up at the end. More than kBatch
/// sequences are done by neighbouring blocks, which find the weights in the second-level cache.
template <WeightFormat kFormat, int kBatch>
struct ProjectionKernel {
    static_assert(!hasScales(kFormat), "those are multiplied by step_product.h");
    using Args = ProjectionArgs;
    static constexpr bool kWaits = true;
    static constexpr int kMostThreads = kProjectionThreads;
    static constexpr int kLeastBlocks = projectionLeastBlocks(kBatch);
    static constexpr KernelId id() { return projectionId(kFormat, kBatch); }

    static constexpr int kRows = projectionRows(kBatch);
    static constexpr int kDepth = projectionDepth(kBatch);
    static constexpr KvFormat kInput = inputFormat(kFormat);
    static constexpr int kPerChunk = weightsPerChunk(kFormat);

    float sums[kRows][kBatch];

    /// Grid (blocks of rows × blocks of sequences, parts); kProjectionThreads threads.
    static DECODESCOPE_DEVICE void run(const ProjectionArgs& args) {
        const int batches = (args.batch + kBatch - 1) / kBatch;
        const int firstSequence = blockX() % batches * kBatch;
        const int firstGroup = blockX() / batches * (kProjectionWarps / args.sharers);
        ProjectionKernel kernel;
        kernel.multiply(args, firstGroup + warp() / args.sharers, firstSequence);
        kernel.finish(args, firstGroup, firstSequence);
    }

private:
    static DECODESCOPE_DEVICE int lane() { return threadIndex() % kWarpLanes; }
    static DECODESCOPE_DEVICE int warp() { return threadIndex() / kWarpLanes; }
    static DECODESCOPE_DEVICE bool gated(const ProjectionArgs& args) {
        return args.activation == Activation::SwiGlu;
    }

    DECODESCOPE_DEVICE void multiply(const ProjectionArgs& args, int group, int firstSequence) {
        const int chunks = rowChunks(kFormat, args.columns);
        const ChunkRange range = projectionRange(chunks, args.parts * args.sharers,
                                                 blockY() * args.sharers + warp() % args.sharers);
        std::int64_t rows[kRows];
#pragma unroll
        for (int row = 0; row < kRows; ++row) {
            rows[row] = projectionRow<kRows>(args.rows, gated(args), group, row);
#pragma unroll
            for (int i = 0; i < kBatch; ++i)
                sums[row][i] = 0;
        }
        bool waited = false; // the first weights are on their way before the inputs are there
        for (int chunk = range.begin + lane(); chunk < range.end; chunk += kDepth * kWarpLanes) {
            Chunk weights[kDepth][kRows];
#pragma unroll
            for (int depth = 0; depth < kDepth; ++depth)
#pragma unroll
                for (int row = 0; row < kRows; ++row) {
                    const int at = chunk + depth * kWarpLanes;
                    weights[depth][row] = Chunk{};
                    if (at < range.end && rows[row] >= 0)
                        weights[depth][row] =
                            loadOnce(args.weights + (rows[row] * chunks + at) * kChunkBytes);
                }
            if (!waited)
                waitForEarlierWork();
            waited = true;
#pragma unroll
            for (int depth = 0; depth < kDepth; ++depth)
                if (const int at = chunk + depth * kWarpLanes; at < range.end)
                    absorb(args, firstSequence, at, weights[depth]);
        }
        waitForEarlierWork(); // also who had no weights
    }

    static DECODESCOPE_DEVICE void expand(const Chunk& chunk, float (&to)[kPerChunk]) {
#pragma unroll
        for (int i = 0; i < kPerChunk; ++i)
            to[i] =
                i % 2 == 0 ? lowOf<kInput>(chunk.words[i / 2]) : highOf<kInput>(chunk.words[i / 2]);
    }

    DECODESCOPE_DEVICE void absorb(const ProjectionArgs& args, int firstSequence, int at,
                                   const Chunk (&weights)[kRows]) {
        float expanded[kRows][kPerChunk];
#pragma unroll
        for (int row = 0; row < kRows; ++row)
            expand(weights[row], expanded[row]);
#pragma unroll
        for (int i = 0; i < kBatch; ++i) {
            if (firstSequence + i >= args.batch)
                continue;
            const std::uint16_t* const from = args.in +
                                              std::int64_t{firstSequence + i} * args.columns +
                                              std::int64_t{at} * kPerChunk;
            float in[kPerChunk];
            expand(loadCached(reinterpret_cast<const std::byte*>(from)), in);
#pragma unroll
            for (int e = 0; e < kPerChunk; ++e)
#pragma unroll
                for (int row = 0; row < kRows; ++row)
                    sums[row][i] += expanded[row][e] * in[e];
        }
    }

    /// Adds up lanes and the warps that share rows; each of the block's sums has a thread.
    DECODESCOPE_DEVICE void finish(const ProjectionArgs& args, int firstGroup, int firstSequence) {
        auto* const shared = reinterpret_cast<float*>(sharedMemory()); // [warp][row][sequence]
#pragma unroll
        for (int row = 0; row < kRows; ++row)
#pragma unroll
            for (int i = 0; i < kBatch; ++i) {
                float sum = sums[row][i];
#pragma unroll
                for (int mask = 1; mask < kWarpLanes; mask *= 2)
                    sum += shuffleXor(sum, mask);
                if (lane() == 0)
                    shared[(warp() * kRows + row) * kBatch + i] = sum;
            }
        syncThreads();
        const int places = gated(args) ? kRows / 2 : kRows;
        const int groups = kProjectionWarps / args.sharers;
        for (int i = threadIndex(); i < groups * places * kBatch; i += blockThreads()) {
            const int sequence = i % kBatch;
            const int place = i / kBatch % places;
            const int group = i / kBatch / places;
            const int row = projectionRow<kRows>(args.rows, gated(args), firstGroup + group, place);
            if (row < 0 || firstSequence + sequence >= args.batch)
                continue;
            const float* const own = shared + group * args.sharers * kRows * kBatch;
            const float up = gated(args) ? total(args, own, place + kRows / 2, sequence) : 0.0F;
            writeProjected<kInput>(args, firstSequence + sequence, row,
                                   total(args, own, place, sequence), up);
        }
    }

    static DECODESCOPE_DEVICE float total(const ProjectionArgs& args, const float* group, int place,
                                          int sequence) {
        float sum = 0;
        for (int sharer = 0; sharer < args.sharers; ++sharer)
            sum += group[(sharer * kRows + place) * kBatch + sequence];
        return sum;
    }
};

template <WeightFormat kFormat, typename Table>
void addProjectionKernelsOf(Table& table) {
    table.template add<ProjectionKernel<kFormat, 1>>();
    table.template add<ProjectionKernel<kFormat, 2>>();
    table.template add<ProjectionKernel<kFormat, 4>>();
    table.template add<ProjectionKernel<kFormat, kMostVectorBatch>>();
}

template <typename Table>
void addProjectionKernels(Table& table) {
    addProjectionKernelsOf<WeightFormat::F16>(table);
    addProjectionKernelsOf<WeightFormat::BF16>(table);
}

} // namespace decodescope::gpu
