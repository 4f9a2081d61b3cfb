// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/fragments.h"
#include "gpu/kernels/kernel_id.h"
#include "gpu/kernels/kernel_shape.h"
#include "gpu/kernels/softmax_state.h"
#include "gpu/kernels/swizzle.h"

namespace decodescope::gpu {

/// Attention by matrix products: the query heads of a KV head are the rows, padded to
/// args.tile.rows, so that keys and values are read once for all of them. Tiles of keys and values
/// are copied to shared memory args.tile.stages - 1 ahead. A warp has kWarpRows rows and, of each
/// tile, every so manyth 16 tokens; the warps that share rows each keep a softmax state, and merge
/// at the end. kDim is head_dim rounded up to 64, 128 or 256; what lies beyond head_dim is zero in
/// shared memory and nowhere else.
template <KvFormat kFormat, int kDim, int kWarpRows>
struct PackedKernel {
    using Args = AttentionArgs;
    static constexpr int kMostThreads = packedMostThreads(kDim);
    static constexpr int kLeastBlocks = packedLeastBlocks(kDim, kWarpRows);
    static constexpr KernelId id() {
        return {"attend_packed", {static_cast<int>(kFormat), kDim, kWarpRows}};
    }

    static constexpr int kElement = elementBytes(kFormat);
    static constexpr int kChunks = kDim * kElement / kChunkBytes; ///< of a key or a value
    static constexpr int kQueryChunks = kDim * 2 / kChunkBytes;
    static constexpr int kMmas = kWarpRows / kMmaRows; ///< products on top of each other
    static constexpr int kDepths = kDim / kMmaDepth;
    static constexpr int kOutTiles = kDim / kMmaColumns;
    static constexpr int kStepTokens = 16; ///< that a warp works on at once
    /// Queries stay in registers where there is room beside the output.
    static constexpr bool kKeepQueries = kWarpRows == 16 && kDim <= 128;
    static_assert(kWarpRows == 16 || (kWarpRows == 32 && kDim <= 128), "registers would spill");

    float out[kMmas][kOutTiles][4]; ///< sums of the output, by sumPlace()
    float max[kMmas][2];            ///< of rows lane / 4 and lane / 4 + 8
    float denominator[kMmas][2];    ///< of this lane's columns
    std::uint32_t query[kKeepQueries ? kDepths : 1][4];

    /// Grid (split, KV head × pass, sequence), a pass for every tile.rows heads of the group;
    /// tile.rows / kWarpRows × n warps, n a power of two.
    static DECODESCOPE_DEVICE void run(const AttentionArgs& args) {
        const TokenRange range = splitRange(args.contexts[blockZ()], args.splits, blockX());
        if (range.empty())
            return;
        PackedKernel kernel;
        kernel.begin(args);
        kernel.attend(args, range);
        kernel.finish(args);
    }

private:
    static DECODESCOPE_DEVICE int lane() { return threadIndex() % kWarpLanes; }
    static DECODESCOPE_DEVICE int warp() { return threadIndex() / kWarpLanes; }
    static DECODESCOPE_DEVICE int passes(const AttentionArgs& args) {
        return (args.group + args.tile.rows - 1) / args.tile.rows;
    }
    static DECODESCOPE_DEVICE int kvHead(const AttentionArgs& args) {
        return blockY() / passes(args);
    }
    /// The head of the group that is the block's first row.
    static DECODESCOPE_DEVICE int firstHead(const AttentionArgs& args) {
        return blockY() % passes(args) * args.tile.rows;
    }
    /// Warps that share rows, each with other tokens.
    static DECODESCOPE_DEVICE int sharers(const AttentionArgs& args) {
        return blockThreads() / kWarpLanes / (args.tile.rows / kWarpRows);
    }
    /// The first row of this warp.
    static DECODESCOPE_DEVICE int firstRow(const AttentionArgs& args) {
        return warp() / sharers(args) * kWarpRows;
    }

    DECODESCOPE_DEVICE void begin(const AttentionArgs& args) {
        storeQueries(args);
#pragma unroll
        for (int m = 0; m < kMmas; ++m) {
            max[m][0] = max[m][1] = -INFINITY;
            denominator[m][0] = denominator[m][1] = 0;
#pragma unroll
            for (int tile = 0; tile < kOutTiles; ++tile)
#pragma unroll
                for (int i = 0; i < 4; ++i)
                    out[m][tile][i] = 0;
        }
        if constexpr (kKeepQueries) {
            syncThreads();
#pragma unroll
            for (int depth = 0; depth < kDepths; ++depth)
                loadQuery(query[depth], firstRow(args), depth);
        }
    }

    /// The queries in shared memory, in the order of querySlot(); zeros in padded rows and columns.
    static DECODESCOPE_DEVICE void storeQueries(const AttentionArgs& args) {
        const auto* const pairs = reinterpret_cast<const std::uint32_t*>(
            args.queries +
            (headIndex(args, blockZ(), kvHead(args)) + firstHead(args)) * args.headDim);
        std::byte* const shared = sharedMemory();
        for (int i = threadIndex(); i < args.tile.rows * kDim / 2; i += blockThreads()) {
            const int row = i / (kDim / 2);
            const int dim = i % (kDim / 2) * 2;
            const int slot = querySlot(kElement, dim);
            const bool valid = firstHead(args) + row < args.group && dim < args.headDim;
            const std::uint32_t at = swizzled<kQueryChunks>(row, slot / 8) + slot % 8 * 2;
            *reinterpret_cast<std::uint32_t*>(shared + at) =
                valid ? pairs[(row * args.headDim + dim) / 2] : 0U;
        }
    }

    static DECODESCOPE_DEVICE void loadQuery(std::uint32_t (&fragment)[4], int row, int depth) {
        const Place place = queryMatrixPlace(lane());
        loadMatrices(fragment, swizzled<kQueryChunks>(row + place.row, depth * 2 + place.column));
    }

    /// Begins to copy keys and values of the tile that starts with token `first`; zeros beyond the
    /// range and beyond head_dim.
    static DECODESCOPE_DEVICE void copyTile(const AttentionArgs& args, std::uint32_t stage,
                                            int first, int end) {
        const std::uint32_t values = stage + packedTileBytes(kFormat, kDim, args.tile.tokens);
        for (int i = threadIndex(); i < args.tile.tokens * kChunks; i += blockThreads()) {
            const int row = i / kChunks;
            const int chunk = i % kChunks;
            const bool valid = first + row < end && chunk * kChunkBytes < args.address.rowBytes;
            const std::int64_t at =
                valid
                    ? args.address.offset(blockZ(), kvHead(args), first + row) + chunk * kChunkBytes
                    : 0;
            copyChunk(stage + swizzled<kChunks>(row, chunk), args.keys + at, valid);
            copyChunk(values + swizzled<kChunks>(row, chunk), args.values + at, valid);
        }
    }

    DECODESCOPE_DEVICE void attend(const AttentionArgs& args, TokenRange range) {
        const std::uint32_t stages = packedQueryBytes(kDim, args.tile.rows);
        const std::uint32_t stageBytes = packedStageBytes(kFormat, kDim, args.tile.tokens);
        const float scale = scoreScale<kFormat>(args, kvHead(args));
        const int ahead = args.tile.stages - 1;
        for (int stage = 0; stage < ahead; ++stage) {
            const int first = range.begin + stage * args.tile.tokens;
            if (first < range.end)
                copyTile(args, stages + stage * stageBytes, first, range.end);
            commitCopies();
        }
        int stage = 0;
        int free = ahead;
        for (int first = range.begin; first < range.end; first += args.tile.tokens) {
            if (ahead == 2)
                waitForCopies<1>();
            else
                waitForCopies<0>();
            // The tile is there for all, and nobody reads any more what is overwritten next.
            syncThreads();
            const int next = first + ahead * args.tile.tokens;
            if (next < range.end)
                copyTile(args, stages + free * stageBytes, next, range.end);
            commitCopies();
            for (int token = warp() % sharers(args) * kStepTokens;
                 token < args.tile.tokens && first + token < range.end;
                 token += sharers(args) * kStepTokens)
                absorb(args, stages + stage * stageBytes, token, range.end - first, scale);
            stage = stage == ahead ? 0 : stage + 1;
            free = free == ahead ? 0 : free + 1;
        }
        waitForCopies<0>();
    }

    /// Adds 16 tokens of a tile, of which those from `held` on are not there.
    DECODESCOPE_DEVICE void absorb(const AttentionArgs& args, std::uint32_t keys, int token,
                                   int held, float scale) {
        float scores[kMmas][2][4] = {};
        addScores(args, keys, token, scores);
        std::uint32_t weights[kMmas][4];
#pragma unroll
        for (int m = 0; m < kMmas; ++m)
            weigh(m, scores[m], weights[m], token, held, scale);
        addValues(keys + packedTileBytes(kFormat, kDim, args.tile.tokens), token, weights);
    }

    DECODESCOPE_DEVICE void addScores(const AttentionArgs& args, std::uint32_t keys, int token,
                                      float (&scores)[kMmas][2][4]) {
        const Place place = keyMatrixPlace(lane());
        // An ldmatrix brings two chunks: one depth of 16-bit elements, two of 8-bit ones.
        constexpr int kDepthsAtOnce = kElement == 2 ? 1 : 2;
#pragma unroll
        for (int depth = 0; depth < kDepths; depth += kDepthsAtOnce) {
            const int chunk = depth / kDepthsAtOnce * 2 + place.column;
            std::uint32_t loaded[4];
            loadMatrices(loaded, keys + swizzled<kChunks>(token + place.row, chunk));
            if constexpr (kElement == 2) {
                multiplyQueries(args, depth, scores, loaded);
            } else {
#pragma unroll
                for (int i = 0; i < 2; ++i) {
                    const std::uint32_t factors[4] = {expandedPair<kFormat>(loaded[i], 0, 1),
                                                      expandedPair<kFormat>(loaded[i], 2, 3),
                                                      expandedPair<kFormat>(loaded[i + 2], 0, 1),
                                                      expandedPair<kFormat>(loaded[i + 2], 2, 3)};
                    multiplyQueries(args, depth + i, scores, factors);
                }
            }
        }
    }

    /// Adds one depth of the scores of two times eight tokens, whose keys are two second factors.
    DECODESCOPE_DEVICE void multiplyQueries(const AttentionArgs& args, int depth,
                                            float (&scores)[kMmas][2][4],
                                            const std::uint32_t (&keys)[4]) {
#pragma unroll
        for (int m = 0; m < kMmas; ++m) {
            std::uint32_t rows[4];
            if constexpr (kKeepQueries) {
#pragma unroll
                for (int i = 0; i < 4; ++i)
                    rows[i] = query[depth][i];
            } else {
                loadQuery(rows, firstRow(args) + m * kMmaRows, depth);
            }
            multiplyAdd<kFormat>(scores[m][0], rows, keys[0], keys[1]);
            multiplyAdd<kFormat>(scores[m][1], rows, keys[2], keys[3]);
        }
    }

    /// Scores of 16 rows × 16 tokens become weights, a first factor; what was summed so far is
    /// rescaled where a larger score has come.
    DECODESCOPE_DEVICE void weigh(int m, float (&scores)[2][4], std::uint32_t (&weights)[4],
                                  int token, int held, float scale) {
        float most[2] = {max[m][0], max[m][1]};
#pragma unroll
        for (int tile = 0; tile < 2; ++tile)
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int column = token + tile * kMmaColumns + sumPlace(lane(), i).column;
                scores[tile][i] = column < held ? scores[tile][i] * scale : -INFINITY;
                most[i / 2] = fmaxf(most[i / 2], scores[tile][i]);
            }
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            most[half] = fmaxf(most[half], shuffleXor(most[half], 1));
            most[half] = fmaxf(most[half], shuffleXor(most[half], 2));
        }
        if (anyLane(most[0] > max[m][0] || most[1] > max[m][1])) {
            const float factor[2] = {rescale(max[m][0], most[0]), rescale(max[m][1], most[1])};
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                max[m][half] = most[half];
                denominator[m][half] *= factor[half];
            }
#pragma unroll
            for (int tile = 0; tile < kOutTiles; ++tile)
#pragma unroll
                for (int i = 0; i < 4; ++i)
                    out[m][tile][i] *= factor[i / 2];
        }
#pragma unroll
        for (int tile = 0; tile < 2; ++tile) {
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                scores[tile][i] = exp2Fast(scores[tile][i] - max[m][i / 2]);
                denominator[m][i / 2] += scores[tile][i];
            }
            weights[tile * 2] = packPair<kFormat>(scores[tile][0], scores[tile][1]);
            weights[tile * 2 + 1] = packPair<kFormat>(scores[tile][2], scores[tile][3]);
        }
    }

    DECODESCOPE_DEVICE void addValues(std::uint32_t values, int token,
                                      const std::uint32_t (&weights)[kMmas][4]) {
        const Place place = valueMatrixPlace(lane());
#pragma unroll
        for (int chunk = 0; chunk < kChunks; chunk += 2) {
            std::uint32_t loaded[4];
            loadMatricesTransposed(
                loaded, values + swizzled<kChunks>(token + place.row, chunk + place.column));
#pragma unroll
            for (int i = 0; i < 2; ++i) {
                const std::uint32_t first = loaded[2 * i];
                const std::uint32_t second = loaded[2 * i + 1];
#pragma unroll
                for (int m = 0; m < kMmas; ++m) {
                    if constexpr (kElement == 2) {
                        multiplyAdd<kFormat>(out[m][chunk + i], weights[m], first, second);
                    } else {
                        multiplyAdd<kFormat>(out[m][2 * (chunk + i)], weights[m],
                                             expandedPair<kFormat>(first, 0, 2),
                                             expandedPair<kFormat>(second, 0, 2));
                        multiplyAdd<kFormat>(out[m][2 * (chunk + i) + 1], weights[m],
                                             expandedPair<kFormat>(first, 1, 3),
                                             expandedPair<kFormat>(second, 1, 3));
                    }
                }
            }
        }
    }

    /// Sums the denominators of a row's four lanes, merges the warps that share rows, and writes.
    DECODESCOPE_DEVICE void finish(const AttentionArgs& args) {
#pragma unroll
        for (int m = 0; m < kMmas; ++m)
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                denominator[m][half] += shuffleXor(denominator[m][half], 1);
                denominator[m][half] += shuffleXor(denominator[m][half], 2);
            }
        const int rank = warp() % sharers(args);
        for (int count = sharers(args) / 2; count > 0; count /= 2) {
            syncThreads(); // the tiles, or what was merged before, are read no more
            if (rank >= count && rank < 2 * count)
                storeState(mergeSlot(args, rank - count, count));
            syncThreads();
            if (rank < count)
                mergeState(mergeSlot(args, rank, count));
        }
        if (rank == 0)
            write(args);
    }

    static DECODESCOPE_DEVICE float* mergeSlot(const AttentionArgs& args, int rank, int count) {
        const int rowGroup = warp() / sharers(args);
        auto* const states =
            reinterpret_cast<float*>(sharedMemory() + packedQueryBytes(kDim, args.tile.rows));
        return states + (rowGroup * count + rank) * packedStateFloats(kDim, kWarpRows) + lane();
    }

    DECODESCOPE_DEVICE void storeState(float* slot) {
#pragma unroll
        for (int m = 0; m < kMmas; ++m) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                *slot = max[m][half];
                slot[kWarpLanes] = denominator[m][half];
                slot += 2 * kWarpLanes;
            }
#pragma unroll
            for (int tile = 0; tile < kOutTiles; ++tile)
#pragma unroll
                for (int i = 0; i < 4; ++i, slot += kWarpLanes)
                    *slot = out[m][tile][i];
        }
    }

    DECODESCOPE_DEVICE void mergeState(const float* slot) {
#pragma unroll
        for (int m = 0; m < kMmas; ++m) {
            float own[2];
            float other[2];
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const float both = fmaxf(max[m][half], *slot);
                own[half] = rescale(max[m][half], both);
                other[half] = rescale(*slot, both);
                max[m][half] = both;
                denominator[m][half] =
                    denominator[m][half] * own[half] + slot[kWarpLanes] * other[half];
                slot += 2 * kWarpLanes;
            }
#pragma unroll
            for (int tile = 0; tile < kOutTiles; ++tile)
#pragma unroll
                for (int i = 0; i < 4; ++i, slot += kWarpLanes)
                    out[m][tile][i] = out[m][tile][i] * own[i / 2] + *slot * other[i / 2];
        }
    }

    DECODESCOPE_DEVICE void write(const AttentionArgs& args) {
        const float factor = valueScale<kFormat>(args, kvHead(args));
#pragma unroll
        for (int m = 0; m < kMmas; ++m)
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int head = firstHead(args) + firstRow(args) + m * kMmaRows +
                                 sumPlace(lane(), 2 * half).row;
                if (head >= args.group)
                    continue;
                const HeadSink sink(args, blockZ(), kvHead(args), blockX(), head, max[m][half],
                                    denominator[m][half], factor, lane() % 4 == 0);
#pragma unroll
                for (int tile = 0; tile < kOutTiles; ++tile)
#pragma unroll
                    for (int i = 0; i < 2; ++i) {
                        const int dim =
                            outputDim(kElement, tile, sumPlace(lane(), 2 * half + i).column);
                        if (dim < args.headDim)
                            sink.out[dim] = out[m][tile][2 * half + i] * sink.factor;
                    }
            }
    }
};

/// The kernels of one format.
template <KvFormat kFormat, typename Table>
void addPackedKernels(Table& table) {
    table.template add<PackedKernel<kFormat, 64, 16>>();
    table.template add<PackedKernel<kFormat, 64, 32>>();
    table.template add<PackedKernel<kFormat, 128, 16>>();
    table.template add<PackedKernel<kFormat, 128, 32>>();
    table.template add<PackedKernel<kFormat, 256, 16>>();
}

} // namespace decodescope::gpu
