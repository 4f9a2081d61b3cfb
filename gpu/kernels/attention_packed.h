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
/// tile, every so manyth 16 or 32 tokens; the warps that share rows each keep a softmax state, and
/// merge at the end. kDim is head_dim rounded up to 64, 128 or 256; what lies beyond head_dim is
/// zero in shared memory and nowhere else.
template <KvFormat kFormat, int kDim, int kWarpRows>
struct PackedKernel {
    using Args = AttentionArgs;
    static constexpr bool kWaits = true;
    static constexpr int kMostThreads = packedMostThreads(kDim);
    static constexpr int kLeastBlocks = packedLeastBlocks(kDim);
    static constexpr KernelId id() {
        return {"attend_packed", {static_cast<int>(kFormat), kDim, kWarpRows}};
    }

    static constexpr int kElement = elementBytes(kFormat);
    static constexpr int kChunks = kDim * kElement / kChunkBytes; ///< of a key or a value
    static constexpr int kQueryChunks = kDim * 2 / kChunkBytes;
    static constexpr int kMmas = kWarpRows / kMmaRows; ///< products on top of each other
    static constexpr int kDepths = kDim / kMmaDepth;
    static constexpr int kOutTiles = kDim / kMmaColumns;
    static constexpr int kStepTokens = 16; ///< that a warp works on at once, …
    static constexpr int kStepBytes = kStepTokens * kDim * kElement;
    /// … or, where registers allow, so many times as many.
    static constexpr int kMostSteps = kDim <= 128 && kHasWholeProducts ? 2 : 1;
    /// Queries stay in registers where there is room beside the output.
    static constexpr bool kKeepQueries = kWarpRows == 16 && kDim <= 128;
    static_assert(kWarpRows == 16 || (kWarpRows == 32 && kDim <= 128), "registers would spill");

    float out[kMmas][kOutTiles][4]; ///< sums of the output, by sumPlace()
    float max[kMmas][2];            ///< of rows lane / 4 and lane / 4 + 8
    float denominator[kMmas][2];    ///< of this lane's columns
    std::uint32_t query[kKeepQueries ? kDepths : 1][4];
    int kvHead;
    int sharers;  ///< warps that share rows, each with other tokens
    int rank;     ///< of this warp among them
    int rowGroup; ///< and which rows they share

    /// Grid (split, KV head × pass, sequence), a pass for every tile.rows heads of the group;
    /// tile.rows / kWarpRows × n warps, n a power of two.
    static DECODESCOPE_DEVICE void run(const AttentionArgs& args) {
        const TokenRange range = splitRange(args.contexts[blockZ()], args.splits, blockX());
        if (range.empty())
            return;
        PackedKernel kernel(args);
        const TileCopy copy{kernel.kvHead, range.end};
        kernel.fetchAhead(args, copy, range);
        kernel.begin(args);
        kernel.attend(args, copy, range);
        kernel.finish(args);
    }

private:
    static DECODESCOPE_DEVICE int lane() { return threadIndex() % kWarpLanes; }
    static DECODESCOPE_DEVICE int warp() { return threadIndex() / kWarpLanes; }
    DECODESCOPE_DEVICE explicit PackedKernel(const AttentionArgs& args) {
        kvHead = args.tile.passes == 1 ? blockY() : blockY() / args.tile.passes;
        sharers = 1 << args.tile.sharerShift;
        rank = warp() & (sharers - 1);
        rowGroup = warp() >> args.tile.sharerShift;
    }
    /// The head of the group that is the block's first row.
    static DECODESCOPE_DEVICE int firstHead(const AttentionArgs& args) {
        return args.tile.passes == 1 ? 0 : blockY() % args.tile.passes * args.tile.rows;
    }
    /// The first row of this warp.
    DECODESCOPE_DEVICE int firstRow() const { return rowGroup * kWarpRows; }

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
                loadQuery(query[depth], firstRow(), depth);
        }
    }

    /// The queries in shared memory, in the order of querySlot(); zeros in padded rows and columns.
    /// Several chunks of a thread are on their way at once: nothing else hides their latency.
    DECODESCOPE_DEVICE void storeQueries(const AttentionArgs& args) {
        constexpr int kInFlight = 4;
        const auto* const queries = reinterpret_cast<const std::byte*>(
            args.queries + (headIndex(args, blockZ(), kvHead) + firstHead(args)) * args.headDim);
        const int chunks = args.tile.rows * kQueryChunks;
        for (int first = threadIndex(); first < chunks; first += kInFlight * blockThreads()) {
            Chunk held[kInFlight];
#pragma unroll
            for (int k = 0; k < kInFlight; ++k) {
                const int at = first + k * blockThreads();
                // What is not there is read as the first chunk, and not kept.
                const int row = isQuery(args, at) ? at / kQueryChunks : 0;
                const int chunk = isQuery(args, at) ? at % kQueryChunks : 0;
                held[k] = loadCached(queries + (row * args.headDim * 2 + chunk * kChunkBytes));
            }
#pragma unroll
            for (int k = 0; k < kInFlight; ++k)
                if (const int at = first + k * blockThreads(); at < chunks)
                    storeQuery(at, isQuery(args, at) ? held[k] : Chunk{});
        }
    }
    /// Whether chunk `at` of the block's padded queries is one that there is.
    static DECODESCOPE_DEVICE bool isQuery(const AttentionArgs& args, int at) {
        return firstHead(args) + at / kQueryChunks < args.group &&
               at % kQueryChunks * kChunkBytes < args.headDim * 2;
    }
    static DECODESCOPE_DEVICE void storeQuery(int at, const Chunk& chunk) {
        const int row = at / kQueryChunks;
#pragma unroll
        for (int pair = 0; pair < 4; ++pair) {
            const int slot = querySlot(kElement, at % kQueryChunks * 8 + 2 * pair);
            *reinterpret_cast<std::uint32_t*>(
                sharedMemory() + swizzled<kQueryChunks>(row, slot / 8) + slot % 8 * 2) =
                chunk.words[pair];
        }
    }

    static DECODESCOPE_DEVICE void loadQuery(std::uint32_t (&fragment)[4], int row, int depth) {
        const Place place = queryMatrixPlace(lane());
        const std::uint32_t at =
            swizzled<kQueryChunks>(place.row, place.column) + row * kQueryChunks * kChunkBytes;
        loadMatrices(fragment, swizzledFurther<kQueryChunks>(at, depth * 2));
    }

    /// What a thread copies of each tile: one chunk of every so manyth row, of keys and of values.
    /// Few registers are kept for it: the rest is cheap to work out again for each tile.
    struct TileCopy {
        int kvHead;
        int end; ///< the first token that is not there for this block

        /// Begins to copy keys and values of the tile that starts with token `first`; zeros from
        /// token `end` on and beyond head_dim. Nothing from there on.
        DECODESCOPE_DEVICE void begin(const AttentionArgs& args, std::uint32_t stage,
                                      int first) const {
            if (first >= end)
                return;
            if (args.address.pages)
                copyPaged(args, stage, first);
            else if (first + args.tile.tokens <= end && step() % 8 == 0)
                copyWhole(args, stage, first);
            else
                copyInOne(args, stage, first);
        }

    private:
        /// Where token 0, or the first page, begins for this thread.
        DECODESCOPE_DEVICE std::int64_t startOf(const AttentionArgs& args) const {
            return args.address.headOffset(blockZ(), kvHead) +
                   (held(args) ? chunk() * kChunkBytes : 0);
        }
        static DECODESCOPE_DEVICE int chunk() { return threadIndex() % kChunks; }
        static DECODESCOPE_DEVICE int row() { return threadIndex() / kChunks; }
        static DECODESCOPE_DEVICE int step() { return blockThreads() / kChunks; }
        static DECODESCOPE_DEVICE bool held(const AttentionArgs& args) {
            return chunk() * kChunkBytes < args.address.rowBytes;
        }

        DECODESCOPE_DEVICE void copyPaged(const AttentionArgs& args, std::uint32_t stage,
                                          int first) const {
            const std::int64_t* const pages = args.address.pagesOf(blockZ());
            const std::int64_t start = startOf(args);
#pragma unroll 4
            for (int i = row(); i < args.tile.tokens; i += step()) {
                // The last token stands for those that are not there: its page is.
                const int token = first + i < end ? first + i : end - 1;
                copyRow(args, stage, i, args.address.tokenOffset(pages, token) + start,
                        held(args) && first + i < end);
            }
        }

        DECODESCOPE_DEVICE void copyInOne(const AttentionArgs& args, std::uint32_t stage,
                                          int first) const {
            const std::int64_t start = startOf(args);
#pragma unroll 4
            for (int i = row(); i < args.tile.tokens; i += step()) {
                const bool there = first + i < end;
                const std::int64_t further = there ? first + i : 0;
                copyRow(args, stage, i, start + further * args.address.rowBytes,
                        held(args) && there);
            }
        }

        /// A tile that is all there, of which a thread's rows are multiples of 8 apart: they have
        /// their chunks exchanged alike, and an addition leads from one to the next.
        DECODESCOPE_DEVICE void copyWhole(const AttentionArgs& args, std::uint32_t stage,
                                          int first) const {
            const std::int64_t at =
                startOf(args) + std::int64_t{first + row()} * args.address.rowBytes;
            const std::int64_t stride = std::int64_t{step()} * args.address.rowBytes;
            const std::uint32_t toValues = packedTileBytes(kFormat, kDim, args.tile.tokens);
            const bool valid = held(args);
            const std::byte* keys = args.keys + at;
            const std::byte* values = args.values + at;
            std::uint32_t to = stage + swizzled<kChunks>(row(), chunk());
#pragma unroll 4
            for (int i = row(); i < args.tile.tokens; i += step()) {
                copyChunk(to, keys, valid);
                copyChunk(to + toValues, values, valid);
                to += step() * kChunks * kChunkBytes;
                keys += stride;
                values += stride;
            }
        }

        DECODESCOPE_DEVICE void copyRow(const AttentionArgs& args, std::uint32_t stage, int i,
                                        std::int64_t at, bool valid) const {
            const std::uint32_t to = stage + swizzled<kChunks>(i, chunk());
            copyChunk(to, args.keys + at, valid);
            copyChunk(to + packedTileBytes(kFormat, kDim, args.tile.tokens), args.values + at,
                      valid);
        }
    };

    static DECODESCOPE_DEVICE std::uint32_t stageAt(const AttentionArgs& args, int stage) {
        return packedQueryBytes(kDim, args.tile.rows) +
               stage * packedStageBytes(kFormat, kDim, args.tile.tokens);
    }

    /// Begins to copy the first tiles. Only those with the newest token, which may be on its way to
    /// the cache yet, wait for earlier work.
    static DECODESCOPE_DEVICE void fetchAhead(const AttentionArgs& args, const TileCopy& copy,
                                              TokenRange range) {
        const int newest = args.contexts[blockZ()] - 1;
        const int ahead = args.tile.stages - 1;
        int stage = 0;
        int first = range.begin;
        for (; stage < ahead && first + args.tile.tokens <= newest;
             ++stage, first += args.tile.tokens) {
            copy.begin(args, stageAt(args, stage), first);
            commitCopies();
        }
        waitForEarlierWork();
        for (; stage < ahead; ++stage, first += args.tile.tokens) {
            copy.begin(args, stageAt(args, stage), first);
            commitCopies();
        }
    }

    DECODESCOPE_DEVICE void attend(const AttentionArgs& args, const TileCopy& copy,
                                   TokenRange range) {
        const float scale = scoreScale<kFormat>(args, kvHead);
        const int ahead = args.tile.stages - 1;
        int stage = 0;
        int free = ahead;
        for (int first = range.begin; first < range.end; first += args.tile.tokens) {
            if (ahead == 2)
                waitForCopies<1>();
            else
                waitForCopies<0>();
            // The tile is there for all, and nobody reads any more what is overwritten next.
            syncThreads();
            copy.begin(args, stageAt(args, free), first + ahead * args.tile.tokens);
            commitCopies();
            absorbShare(args, stageAt(args, stage), range.end - first, scale);
            stage = stage == ahead ? 0 : stage + 1;
            free = free == ahead ? 0 : free + 1;
        }
        waitForCopies<0>();
    }

    /// Adds this warp's share of a tile, of which the tokens from `held` on are not there.
    DECODESCOPE_DEVICE void absorbShare(const AttentionArgs& args, std::uint32_t keys, int held,
                                        float scale) {
        if constexpr (kMostSteps > 1)
            if (args.tile.tokens >= kMostSteps * sharers * kStepTokens) {
                absorbTile<kMostSteps>(args, keys, held, scale);
                return;
            }
        absorbTile<1>(args, keys, held, scale);
    }

    /// kSteps times 16 tokens at once, which keep each other's latencies company.
    template <int kSteps>
    DECODESCOPE_DEVICE void absorbTile(const AttentionArgs& args, std::uint32_t keys, int held,
                                       float scale) {
        const std::uint32_t values = keys + packedTileBytes(kFormat, kDim, args.tile.tokens);
        for (int token = rank * kSteps * kStepTokens; token < args.tile.tokens && token < held;
             token += sharers * kSteps * kStepTokens) {
            float scores[kMmas][2 * kSteps][4] = {};
            addScores<kSteps>(keys, token, scores);
            std::uint32_t weights[kSteps][kMmas][4];
#pragma unroll
            for (int m = 0; m < kMmas; ++m)
                weigh<kSteps>(m, scores[m], weights, held - token, scale);
#pragma unroll
            for (int step = 0; step < kSteps; ++step)
                addValues(values, token + step * kStepTokens, weights[step]);
        }
    }

    /// Of a step's first token, a multiple of 16: where the exchange of chunks begins anew.
    static DECODESCOPE_DEVICE std::uint32_t placeOf(std::uint32_t tile, int token, Place place) {
        return tile + token / kStepTokens * kStepBytes + swizzled<kChunks>(place.row, place.column);
    }

    template <int kSteps>
    DECODESCOPE_DEVICE void addScores(std::uint32_t keys, int token,
                                      float (&scores)[kMmas][2 * kSteps][4]) {
        const std::uint32_t start = placeOf(keys, token, keyMatrixPlace(lane()));
        // An ldmatrix brings two chunks: one depth of 16-bit elements, two of 8-bit ones.
        constexpr int kDepthsAtOnce = kElement == 2 ? 1 : 2;
#pragma unroll
        for (int depth = 0; depth < kDepths; depth += kDepthsAtOnce) {
            const std::uint32_t at = swizzledFurther<kChunks>(start, depth / kDepthsAtOnce * 2);
            std::uint32_t loaded[kSteps][4];
#pragma unroll
            for (int step = 0; step < kSteps; ++step)
                loadMatrices(loaded[step], at + step * kStepBytes);
            if constexpr (kElement == 2) {
                multiplyQueries<kSteps>(depth, scores, loaded);
            } else {
#pragma unroll
                for (int i = 0; i < 2; ++i) {
                    std::uint32_t factors[kSteps][4];
#pragma unroll
                    for (int step = 0; step < kSteps; ++step)
#pragma unroll
                        for (int half = 0; half < 2; ++half) {
                            const std::uint32_t word = loaded[step][i + 2 * half];
                            factors[step][2 * half] = expandedPair<kFormat>(word, 0, 1);
                            factors[step][2 * half + 1] = expandedPair<kFormat>(word, 2, 3);
                        }
                    multiplyQueries<kSteps>(depth + i, scores, factors);
                }
            }
        }
    }

    /// Adds one depth of the scores of kSteps times two times eight tokens, whose keys are two
    /// second factors each.
    template <int kSteps>
    DECODESCOPE_DEVICE void multiplyQueries(int depth, float (&scores)[kMmas][2 * kSteps][4],
                                            const std::uint32_t (&keys)[kSteps][4]) {
#pragma unroll
        for (int m = 0; m < kMmas; ++m) {
            std::uint32_t rows[4];
            if constexpr (kKeepQueries) {
#pragma unroll
                for (int i = 0; i < 4; ++i)
                    rows[i] = query[depth][i];
            } else {
                loadQuery(rows, firstRow() + m * kMmaRows, depth);
            }
#pragma unroll
            for (int step = 0; step < kSteps; ++step) {
                multiplyAdd<kFormat>(scores[m][2 * step], rows, keys[step][0], keys[step][1]);
                multiplyAdd<kFormat>(scores[m][2 * step + 1], rows, keys[step][2], keys[step][3]);
            }
        }
    }

    /// Scores of 16 rows × kSteps × 16 tokens, not yet scaled (scale > 0), of which those from
    /// `held` on are not there, become weights, first factors. The largest score stays the one
    /// that the weights are relative to until another is kSlack larger: only then what was summed
    /// so far is rescaled, which would otherwise be every few tokens.
    template <int kSteps>
    DECODESCOPE_DEVICE void weigh(int m, float (&scores)[2 * kSteps][4],
                                  std::uint32_t (&weights)[kSteps][kMmas][4], int held,
                                  float scale) {
        constexpr float kSlack = 8; // weights up to 2^8: no sum comes near f32's end
        if (held < kSteps * kStepTokens) {
#pragma unroll
            for (int tile = 0; tile < 2 * kSteps; ++tile)
#pragma unroll
                for (int i = 0; i < 4; ++i)
                    if (tile * kMmaColumns + sumPlace(lane(), i).column >= held)
                        scores[tile][i] = -INFINITY;
        }
        float most[2];
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            most[half] = fmaxf(scores[0][2 * half], scores[0][2 * half + 1]);
#pragma unroll
            for (int tile = 1; tile < 2 * kSteps; ++tile)
                most[half] =
                    fmaxf(most[half], fmaxf(scores[tile][2 * half], scores[tile][2 * half + 1]));
            most[half] = fmaxf(most[half], shuffleXor(most[half], 1));
            most[half] = fmaxf(most[half], shuffleXor(most[half], 2)) * scale;
        }
        if (anyLane(most[0] > max[m][0] + kSlack || most[1] > max[m][1] + kSlack)) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const float larger = fmaxf(most[half], max[m][half]);
                const float factor = rescale(max[m][half], larger);
                max[m][half] = larger;
                denominator[m][half] *= factor;
#pragma unroll
                for (int tile = 0; tile < kOutTiles; ++tile) {
                    out[m][tile][2 * half] *= factor;
                    out[m][tile][2 * half + 1] *= factor;
                }
            }
        }
#pragma unroll
        for (int tile = 0; tile < 2 * kSteps; ++tile) {
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                scores[tile][i] = exp2Fast(scores[tile][i] * scale - max[m][i / 2]);
                denominator[m][i / 2] += scores[tile][i];
            }
            std::uint32_t(&pairs)[4] = weights[tile / 2][m];
            pairs[tile % 2 * 2] = packPair<kFormat>(scores[tile][0], scores[tile][1]);
            pairs[tile % 2 * 2 + 1] = packPair<kFormat>(scores[tile][2], scores[tile][3]);
        }
    }

    DECODESCOPE_DEVICE void addValues(std::uint32_t values, int token,
                                      const std::uint32_t (&weights)[kMmas][4]) {
        const std::uint32_t start = placeOf(values, token, valueMatrixPlace(lane()));
#pragma unroll
        for (int chunk = 0; chunk < kChunks; chunk += 2) {
            std::uint32_t loaded[4];
            loadMatricesTransposed(loaded, swizzledFurther<kChunks>(start, chunk));
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
        for (int count = sharers / 2; count > 0; count /= 2) {
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

    /// Of this warp's rows, for the warp `of` of `count`.
    DECODESCOPE_DEVICE float* mergeSlot(const AttentionArgs& args, int of, int count) const {
        auto* const states =
            reinterpret_cast<float*>(sharedMemory() + packedQueryBytes(kDim, args.tile.rows));
        return states + (rowGroup * count + of) * packedStateFloats(kDim, kWarpRows) + lane();
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

    /// Neighbouring elements of the output that a lane has, of one tile or, with 8-bit values, of
    /// two (outputDim()): one store.
    static constexpr int kTilesOfRun = kElement == 2 ? 1 : 2;
    struct alignas(8 * kTilesOfRun) Run {
        float values[2 * kTilesOfRun];
    };

    DECODESCOPE_DEVICE void write(const AttentionArgs& args) {
        const float factor = valueScale<kFormat>(args, kvHead);
        const int first = firstHead(args) + firstRow();
        const int parts = splitsOf(args.contexts[blockZ()], args.splits);
#pragma unroll
        for (int m = 0; m < kMmas; ++m)
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int head = first + m * kMmaRows + sumPlace(lane(), 2 * half).row;
                if (head >= args.group)
                    continue;
                const HeadSink sink(args, blockZ(), kvHead, blockX(), head, max[m][half],
                                    denominator[m][half], factor, lane() % 4 == 0, parts);
#pragma unroll
                for (int tile = 0; tile < kOutTiles; tile += kTilesOfRun) {
                    const int dim = outputDim(kElement, tile, sumPlace(lane(), 0).column);
                    if (dim >= args.headDim)
                        continue;
                    Run run;
#pragma unroll
                    for (int i = 0; i < 2; ++i)
#pragma unroll
                        for (int k = 0; k < kTilesOfRun; ++k)
                            run.values[i * kTilesOfRun + k] =
                                out[m][tile + k][2 * half + i] * sink.factor;
                    *reinterpret_cast<Run*>(sink.out + dim) = run;
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
