// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/device_ops.h"
#include "gpu/kernels/step_activation.h"
#include "gpu/kernels/step_shape.h"

namespace decodescope::gpu {

/// A matrix of weights with scales times up to kTiles × 8 vectors by matrix products, so that a
/// weight is expanded once for all of them: to f16, exactly, as the first factor. Scales meet the
/// f32 sums of a block. A warp has 16 rows; a lane reads 16 bytes of two of them at once, and has
/// the next kProductDepth such reads under way while it works on the last. 1, 2 or 4 warps of a
/// block share rows and add up at the end. More sequences are done by neighbouring blocks, which
/// find the weights in the second-level cache.
template <WeightFormat kFormat, int kTiles>
struct ProductKernel {
    using Args = ProjectionArgs;
    static constexpr bool kWaits = true;
    static constexpr int kMostThreads = kProjectionThreads;
    static constexpr int kLeastBlocks = productLeastBlocks(kTiles);
    static constexpr KernelId id() { return productId(kFormat, kTiles); }

    static_assert(hasScales(kFormat), "others are multiplied as they are (step_projection.h)");
    static constexpr KvFormat kInput = KvFormat::F16;
    static constexpr int kBlocks = blocksOfStep(kFormat);
    static constexpr int kWords = 4 / kBlocks; ///< of a chunk for each block: eight weights
    static constexpr int kProducts = 2;        ///< of 16 columns, in a block
    static constexpr int kDepth = kProductDepth;

    float sums[kTiles][4]; ///< by sumPlace(): rows are the matrix's, columns are sequences

    /// Grid (blocks of rows × blocks of sequences, parts); kProjectionThreads threads.
    static DECODESCOPE_DEVICE void run(const ProjectionArgs& args) {
        const int batches = (args.batch + kTiles * kMmaColumns - 1) / (kTiles * kMmaColumns);
        const int firstSequence = blockX() % batches * kTiles * kMmaColumns;
        const int group =
            blockX() / batches * (kProjectionWarps / args.sharers) + warp() / args.sharers;
        ProductKernel kernel;
        kernel.multiply(args, group, firstSequence);
        kernel.finish(args, group, firstSequence);
    }

private:
    static constexpr int kScaleWords = kBlocks / 2; ///< of f16, two a word

    /// What a lane has of its two rows in a step.
    struct Step {
        Chunk chunks[2];
        std::uint32_t scales[2][kScaleWords];
    };

    static DECODESCOPE_DEVICE int lane() { return threadIndex() % kWarpLanes; }
    static DECODESCOPE_DEVICE int warp() { return threadIndex() / kWarpLanes; }
    static DECODESCOPE_DEVICE bool gated(const ProjectionArgs& args) {
        return args.activation == Activation::SwiGlu;
    }
    /// The matrix's row that this lane reads as its first (`half` 0) or second; -1: none.
    static DECODESCOPE_DEVICE int rowOf(const ProjectionArgs& args, int group, int half) {
        return projectionRow<kMmaRows>(args.rows, gated(args), group, lane() / 4 + 8 * half);
    }

    DECODESCOPE_DEVICE void multiply(const ProjectionArgs& args, int group, int firstSequence) {
#pragma unroll
        for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
            for (int i = 0; i < 4; ++i)
                sums[tile][i] = 0;
        const int chunks = rowChunks(kFormat, args.columns);
        const ChunkRange range = projectionRange(chunks, args.parts * args.sharers,
                                                 blockY() * args.sharers + warp() % args.sharers);
        // A row that is not there is read as the first: nobody writes what it comes to.
        const int rows[2] = {rowOf(args, group, 0), rowOf(args, group, 1)};
        const int read[2] = {rows[0] < 0 ? 0 : rows[0], rows[1] < 0 ? 0 : rows[1]};
        int step = range.begin;
        // Two scales are one load wherever all rows begin at a whole word.
        if (args.columns / kWeightBlock % 2 == 0)
            step = multiplyWhole(args, read, firstSequence, range);
        waitForEarlierWork();
        for (; step < range.end; step += kStepChunks) {
            Step last;
            loadCarefully(args, read, step, range.end, last);
            absorb<false>(args, firstSequence, step, range.end, last);
        }
    }

    /// All whole steps; what lies behind them. No load is under a condition: one that is would be
    /// waited for where the ways meet again.
    DECODESCOPE_DEVICE int multiplyWhole(const ProjectionArgs& args, const int (&rows)[2],
                                         int firstSequence, ChunkRange range) {
        const int end = range.begin + (range.end - range.begin) / kStepChunks * kStepChunks;
        if (end == range.begin)
            return end;
        constexpr int kRound = kDepth * kStepChunks;
        Step even[kDepth];
        Step odd[kDepth];
        load(args, rows, range.begin, end, even);
        waitForEarlierWork(); // the first weights are on their way before the inputs are there
        for (int first = range.begin; first < end; first += 2 * kRound) {
            load(args, rows, first + kRound, end, odd);
            absorbRound(args, firstSequence, first, end, even);
            load(args, rows, first + 2 * kRound, end, even);
            absorbRound(args, firstSequence, first + kRound, end, odd);
        }
        return end;
    }

    static DECODESCOPE_DEVICE void load(const ProjectionArgs& args, const int (&rows)[2], int first,
                                        int end, Step (&to)[kDepth]) {
        const int chunks = rowChunks(kFormat, args.columns);
        const int blocks = args.columns / kWeightBlock;
#pragma unroll
        for (int depth = 0; depth < kDepth; ++depth) {
            // Beyond the end the last step is read once more, and not multiplied.
            const int wished = first + depth * kStepChunks;
            const int step = wished < end ? wished : end - kStepChunks;
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                to[depth].chunks[half] =
                    loadOnce(args.weights +
                             (std::int64_t{rows[half]} * chunks + step + lane() % 4) * kChunkBytes);
                const auto* const pairs = reinterpret_cast<const std::uint32_t*>(
                    args.scales + std::int64_t{rows[half]} * blocks + step / kStepChunks * kBlocks);
#pragma unroll
                for (int pair = 0; pair < kScaleWords; ++pair)
                    to[depth].scales[half][pair] = pairs[pair];
            }
        }
    }

    /// Of any step: one that is not whole, whose blocks lie one after the other (weightPlace()),
    /// and one with scales between words.
    static DECODESCOPE_DEVICE void loadCarefully(const ProjectionArgs& args, const int (&rows)[2],
                                                 int step, int end, Step& to) {
        const int chunks = rowChunks(kFormat, args.columns);
        const bool whole = step + kStepChunks <= end;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const auto* const words = reinterpret_cast<const std::uint32_t*>(
                args.weights + (std::int64_t{rows[half]} * chunks + step) * kChunkBytes);
#pragma unroll
            for (int word = 0; word < 4; ++word) {
                const int apart = word / kWords * 4 * kWords + lane() % 4 * kWords + word % kWords;
                const int at = whole ? lane() % 4 * 4 + word : apart;
                to.chunks[half].words[word] = at < (end - step) * 4 ? words[at] : 0U;
            }
            const int blocks = args.columns / kWeightBlock;
            const int first = step / kStepChunks * kBlocks;
#pragma unroll
            for (int block = 0; block < kBlocks; ++block) {
                const std::uint32_t scale =
                    first + block < blocks
                        ? args.scales[std::int64_t{rows[half]} * blocks + first + block]
                        : 0U;
                std::uint32_t& pair = to.scales[half][block / 2];
                pair = block % 2 == 0 ? scale : pair | scale << 16;
            }
        }
    }

    DECODESCOPE_DEVICE void absorbRound(const ProjectionArgs& args, int firstSequence, int first,
                                        int end, const Step (&steps)[kDepth]) {
#pragma unroll
        for (int depth = 0; depth < kDepth; ++depth)
            if (const int step = first + depth * kStepChunks; step < end)
                absorb<true>(args, firstSequence, step, end, steps[depth]);
    }

    template <bool kWhole>
    DECODESCOPE_DEVICE void absorb(const ProjectionArgs& args, int firstSequence, int step, int end,
                                   const Step& weights) {
        // Eight inputs of each block and tile; a sequence that is not there is the last once more.
        Chunk in[kTiles][kBlocks];
#pragma unroll
        for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
            for (int block = 0; block < kBlocks; ++block)
                in[tile][block] = inputs<kWhole>(
                    args, firstSequence + tile * kMmaColumns + lane() / 4, step, end, block);
#pragma unroll
        for (int block = 0; block < kBlocks; ++block) {
            std::uint32_t factors[kProducts][4];
            expand(weights.chunks, block, factors);
#pragma unroll
            for (int tile = 0; tile < kTiles; ++tile)
                absorbBlock(sums[tile], factors, in[tile][block], weights.scales, block);
        }
    }

    static DECODESCOPE_DEVICE void
    absorbBlock(float (&to)[4], const std::uint32_t (&factors)[kProducts][4], const Chunk& in,
                const std::uint32_t (&scales)[2][kScaleWords], int block) {
        float ofBlock[4] = {};
#pragma unroll
        for (int i = 0; i < kProducts; ++i)
            multiplyAdd<kInput>(ofBlock, factors[i], in.words[2 * i], in.words[2 * i + 1]);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const std::uint32_t pair = scales[i / 2][block / 2];
            to[i] += ofBlock[i] * (block % 2 == 0 ? lowOf<kInput>(pair) : highOf<kInput>(pair));
        }
    }

    /// A lane's weights of a block as first factors: registers 0 and 2 are its first row's.
    static DECODESCOPE_DEVICE void expand(const Chunk (&chunks)[2], int block,
                                          std::uint32_t (&factors)[kProducts][4]) {
#pragma unroll
        for (int half = 0; half < 2; ++half)
#pragma unroll
            for (int word = 0; word < kWords; ++word) {
                const std::uint32_t held = chunks[half].words[block * kWords + word];
                constexpr int kPairs = 2 * kProducts / kWords; ///< of a word
#pragma unroll
                for (int pair = 0; pair < kPairs; ++pair) {
                    const int at = word * kPairs + pair;
                    factors[at / 2][half + at % 2 * 2] = pairOf(held, pair);
                }
            }
    }

    static DECODESCOPE_DEVICE std::uint32_t pairOf(std::uint32_t word, int pair) {
        if constexpr (kFormat == WeightFormat::Q4)
            return subtractPairs(biasedNibbles(word, pair), kNibbleBias);
        else
            return expandedPair<KvFormat::Int8>(word, 2 * pair, 2 * pair + 1);
    }

    /// The inputs of a sequence that meet this lane's weights of a block: zeros beyond the columns.
    template <bool kWhole>
    static DECODESCOPE_DEVICE Chunk inputs(const ProjectionArgs& args, int sequence, int step,
                                           int end, int block) {
        const int of = sequence < args.batch ? sequence : args.batch - 1;
        const int own =
            step * weightsPerChunk(kFormat) + block * kWeightBlock + lane() % 4 * kBlockShare;
        Chunk chunk{};
        if (kWhole || own < end * weightsPerChunk(kFormat))
            chunk = loadCached(reinterpret_cast<const std::byte*>(
                args.in + std::int64_t{of} * args.columns + own));
        return chunk;
    }

    /// Adds up the warps that share rows, and writes.
    DECODESCOPE_DEVICE void finish(const ProjectionArgs& args, int group, int firstSequence) {
        if (args.sharers > 1) {
            // [warp][register][lane]
            auto* const shared = reinterpret_cast<float*>(sharedMemory());
            float* const mine = shared + warp() * kTiles * 4 * kWarpLanes + lane();
#pragma unroll
            for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
                for (int i = 0; i < 4; ++i)
                    mine[(tile * 4 + i) * kWarpLanes] = sums[tile][i];
            syncThreads();
            if (warp() % args.sharers != 0)
                return;
            for (int other = 1; other < args.sharers; ++other)
#pragma unroll
                for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
                    for (int i = 0; i < 4; ++i)
                        sums[tile][i] += mine[((other * kTiles + tile) * 4 + i) * kWarpLanes];
        }
#pragma unroll
        for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
            for (int i = 0; i < 2; ++i)
                write(args, group, firstSequence + tile * kMmaColumns + sumPlace(lane(), i).column,
                      sums[tile][i], sums[tile][i + 2]);
    }

    /// A sequence's sums of this lane's two rows, of which with SwiGlu the second is the first's
    /// up.
    static DECODESCOPE_DEVICE void write(const ProjectionArgs& args, int group, int sequence,
                                         float first, float second) {
        if (sequence >= args.batch)
            return;
        if (const int row = rowOf(args, group, 0); row >= 0)
            writeProjected<kInput>(args, sequence, row, first, second);
        if (const int row = rowOf(args, group, 1); row >= 0 && !gated(args))
            writeProjected<kInput>(args, sequence, row, second, 0);
    }
};

template <WeightFormat kFormat, typename Table>
void addProductKernelsOf(Table& table) {
    table.template add<ProductKernel<kFormat, 1>>();
    table.template add<ProductKernel<kFormat, 2>>();
}

template <typename Table>
void addProductKernels(Table& table) {
    addProductKernelsOf<WeightFormat::Q8>(table);
    addProductKernelsOf<WeightFormat::Q4>(table);
}

} // namespace decodescope::gpu
