// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/device_ops.h"
#include "gpu/kernels/step_activation.h"
#include "gpu/kernels/step_shape.h"

namespace decodescope::gpu {

/// A matrix times up to kBatch vectors, at the speed its weights can be read: each weight is loaded
/// once, 16 bytes a lane, and meets all vectors in registers with f32 sums. A warp has a few rows;
/// 1, 2 or 4 warps of a block share them and add up at the end. More than kBatch sequences are done
/// by neighbouring blocks, which find the weights in the second-level cache.
template <WeightFormat kFormat, int kBatch>
struct ProjectionKernel {
    using Args = ProjectionArgs;
    static constexpr int kMostThreads = kProjectionThreads;
    static constexpr int kLeastBlocks = projectionLeastBlocks(kBatch);
    static constexpr KernelId id() { return projectionId(kFormat, kBatch); }

    static constexpr int kRows = projectionRows(kBatch);
    static constexpr int kDepth = projectionDepth(kFormat, kBatch);
    static constexpr int kSteps = weightsPerChunk(kFormat) / 8; ///< 16 bytes of inputs each
    static constexpr KvFormat kInput = inputFormat(kFormat);

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
        for (int chunk = range.begin + lane(); chunk < range.end; chunk += kDepth * kWarpLanes) {
            Chunk weights[kDepth][kRows];
            float scales[kDepth][kRows];
#pragma unroll
            for (int depth = 0; depth < kDepth; ++depth)
#pragma unroll
                for (int row = 0; row < kRows; ++row) {
                    const int at = chunk + depth * kWarpLanes;
                    weights[depth][row] = Chunk{};
                    scales[depth][row] = 0;
                    if (at < range.end && rows[row] >= 0)
                        load(args, rows[row] * chunks, at, weights[depth][row], scales[depth][row]);
                }
#pragma unroll
            for (int depth = 0; depth < kDepth; ++depth)
                if (const int at = chunk + depth * kWarpLanes; at < range.end)
                    absorb(args, firstSequence, at, weights[depth], scales[depth]);
        }
    }

    static DECODESCOPE_DEVICE void load(const ProjectionArgs& args, std::int64_t rowStart, int at,
                                        Chunk& weights, float& scale) {
        weights = loadOnce(args.weights + (rowStart + at) * kChunkBytes);
        if constexpr (hasScales(kFormat))
            scale = lowOf<KvFormat::F16>(
                args.scales[(rowStart + at) * weightsPerChunk(kFormat) / kWeightBlock]);
    }

    /// Inputs 8 i … 8 i + 7 of a sequence.
    static DECODESCOPE_DEVICE void inputs(const ProjectionArgs& args, int sequence, int i,
                                          float (&to)[8]) {
        const std::uint16_t* const from =
            args.in + std::int64_t{sequence} * args.columns + 8 * std::int64_t{i};
        const Chunk chunk = loadCached(reinterpret_cast<const std::byte*>(from));
#pragma unroll
        for (int word = 0; word < 4; ++word) {
            to[2 * word] = lowOf<kInput>(chunk.words[word]);
            to[2 * word + 1] = highOf<kInput>(chunk.words[word]);
        }
    }

    /// Weights 8 step … 8 step + 7 of a chunk, those with scales too large by weightOffset().
    static DECODESCOPE_DEVICE void expand(const Chunk& chunk, int step, float (&to)[8]) {
#pragma unroll
        for (int i = 0; i < 8; ++i) {
            if constexpr (kFormat == WeightFormat::Q4)
                to[i] = floatOf(biasedWeight(kFormat, chunk.words[step], i));
            else if constexpr (kFormat == WeightFormat::Q8)
                to[i] = floatOf(biasedWeight(kFormat, chunk.words[2 * step + i / 4], i % 4));
            else
                to[i] = i % 2 == 0 ? lowOf<kInput>(chunk.words[i / 2])
                                   : highOf<kInput>(chunk.words[i / 2]);
        }
    }

    DECODESCOPE_DEVICE void absorb(const ProjectionArgs& args, int firstSequence, int at,
                                   const Chunk (&weights)[kRows], const float (&scales)[kRows]) {
        float products[kRows][kBatch] = {};
        float totals[kBatch] = {}; ///< of the inputs
#pragma unroll
        for (int step = 0; step < kSteps; ++step) {
            float expanded[kRows][8];
#pragma unroll
            for (int row = 0; row < kRows; ++row)
                expand(weights[row], step, expanded[row]);
#pragma unroll
            for (int i = 0; i < kBatch; ++i) {
                if (firstSequence + i >= args.batch)
                    continue;
                float in[8];
                inputs(args, firstSequence + i, at * kSteps + step, in);
#pragma unroll
                for (int e = 0; e < 8; ++e) {
                    totals[i] += in[e];
#pragma unroll
                    for (int row = 0; row < kRows; ++row)
                        products[row][i] += expanded[row][e] * in[e];
                }
            }
        }
#pragma unroll
        for (int row = 0; row < kRows; ++row)
#pragma unroll
            for (int i = 0; i < kBatch; ++i)
                if constexpr (hasScales(kFormat))
                    sums[row][i] +=
                        scales[row] * (products[row][i] - weightOffset(kFormat) * totals[i]);
                else
                    sums[row][i] += products[row][i];
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
            if (row >= 0 && firstSequence + sequence < args.batch)
                write(args, shared + group * args.sharers * kRows * kBatch, place, row, sequence,
                      firstSequence);
        }
    }

    static DECODESCOPE_DEVICE float total(const ProjectionArgs& args, const float* group, int place,
                                          int sequence) {
        float sum = 0;
        for (int sharer = 0; sharer < args.sharers; ++sharer)
            sum += group[(sharer * kRows + place) * kBatch + sequence];
        return sum;
    }

    static DECODESCOPE_DEVICE void write(const ProjectionArgs& args, const float* group, int place,
                                         int row, int sequence, int firstSequence) {
        const float sum = total(args, group, place, sequence);
        const std::int64_t to = firstSequence + sequence;
        if (args.activation == Activation::None)
            args.out[(std::int64_t{blockY()} * args.batch + to) * args.rows + row] = sum;
        else if (gated(args))
            args.activated[to * (args.rows / 2) + row] =
                toHalf<kInput>(swiGlu(sum, total(args, group, place + kRows / 2, sequence)));
        else
            args.activated[to * args.rows + row] = toHalf<kInput>(gelu(sum));
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
    addProjectionKernelsOf<WeightFormat::Q8>(table);
    addProjectionKernelsOf<WeightFormat::Q4>(table);
}

} // namespace decodescope::gpu
