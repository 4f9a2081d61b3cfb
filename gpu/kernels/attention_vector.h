// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/attention_combine.h"
#include "gpu/kernels/fragments.h"
#include "gpu/kernels/kernel_id.h"
#include "gpu/kernels/kernel_shape.h"
#include "gpu/kernels/softmax_state.h"
#include "gpu/kernels/swizzle.h"

namespace decodescope::gpu {

/// Attention without matrix products, for few query heads on a KV head. A row of keys or values is
/// read by kDim × element bytes / 16 lanes, 16 bytes each, straight into registers; a warp reads
/// several rows at once and has kRowsInFlight such reads of keys and of values under way. All
/// kHeads heads of a pass use what is read. Each lane group keeps a softmax state of its own; they
/// merge at the end. kDim is head_dim rounded up to 64, 128 or 256: lanes beyond head_dim idle.
template <KvFormat kFormat, int kDim, int kHeads>
struct VectorKernel {
    using Args = AttentionArgs;
    static constexpr bool kWaits = true;
    static constexpr int kMostThreads = kVectorThreads;
    static constexpr int kLeastBlocks = vectorLeastBlocks(kHeads);
    static constexpr KernelId id() {
        return {"attend_vector", {static_cast<int>(kFormat), kDim, kHeads}};
    }

    static constexpr int kPerLane = kChunkBytes / elementBytes(kFormat); ///< elements
    static constexpr int kLanes = kDim / kPerLane;                       ///< that read a row
    static constexpr int kRowsAtOnce = kWarpLanes / kLanes;
    static constexpr int kRowsInFlight = 4;
    static constexpr int kStateFloats = vectorStateFloats(kDim);
    static_assert(kLanes <= kWarpLanes, "a row is one warp's");

    float query[kHeads][kPerLane]; ///< times all scales
    float out[kHeads][kPerLane];
    float max[kHeads];
    float denominator[kHeads];

    /// Grid (split, KV head × pass, sequence); whole warps.
    static DECODESCOPE_DEVICE void run(const AttentionArgs& args) {
        const int passes = (args.group + kHeads - 1) / kHeads;
        const int kvHead = blockY() / passes;
        const int firstHead = blockY() % passes * kHeads;
        const TokenRange range = splitRange(args.contexts[blockZ()], args.splits, blockX());
        if (range.empty())
            return;
        VectorKernel kernel;
        kernel.attend(args, kvHead, firstHead, range);
        kernel.mergeLaneGroups();
        kernel.mergeWarps(args, kvHead, firstHead);
    }

private:
    static DECODESCOPE_DEVICE int lane() { return threadIndex() % kWarpLanes; }
    static DECODESCOPE_DEVICE int firstDim() { return lane() % kLanes * kPerLane; }

    /// Element e of a chunk, but for elementScale().
    static DECODESCOPE_DEVICE float element(const Chunk& chunk, int e) {
        if constexpr (elementBytes(kFormat) == 2) {
            const std::uint32_t pair = chunk.words[e / 2];
            return e % 2 == 0 ? lowOf<kFormat>(pair) : highOf<kFormat>(pair);
        } else {
            const int byte = e % 4 / 2 * 2;
            const std::uint32_t pair = expandedPair<kFormat>(chunk.words[e / 4], byte, byte + 1);
            return e % 2 == 0 ? lowOf<kFormat>(pair) : highOf<kFormat>(pair);
        }
    }

    /// Waits for the queries and takes them.
    DECODESCOPE_DEVICE void begin(const AttentionArgs& args, int kvHead, int firstHead) {
        waitForEarlierWork();
        const float scale = scoreScale<kFormat>(args, kvHead);
        const std::uint16_t* const queries =
            args.queries + (headIndex(args, blockZ(), kvHead) + firstHead) * args.headDim;
#pragma unroll
        for (int head = 0; head < kHeads; ++head) {
            const bool valid = firstHead + head < args.group && firstDim() < args.headDim;
            max[head] = -INFINITY;
            denominator[head] = 0;
#pragma unroll
            for (int e = 0; e < kPerLane; ++e) {
                query[head][e] =
                    valid ? lowOf<kFormat>(queries[head * args.headDim + firstDim() + e]) * scale
                          : 0.0F;
                out[head][e] = 0;
            }
        }
    }

    DECODESCOPE_DEVICE void attend(const AttentionArgs& args, int kvHead, int firstHead,
                                   TokenRange range) {
        // Keys and values are on their way before the queries are there. The newest token's may
        // only just be written.
        bool begun = range.end == args.contexts[blockZ()];
        if (begun)
            begin(args, kvHead, firstHead);
        const std::int64_t* const pages = args.address.pagesOf(blockZ());
        const std::byte* const keyHead = args.keys + args.address.headOffset(blockZ(), kvHead);
        const std::byte* const valueHead = args.values + args.address.headOffset(blockZ(), kvHead);
        const int warps = blockThreads() / kWarpLanes;
        const int stride = warps * kRowsAtOnce;
        const int warpRow = range.begin + threadIndex() / kWarpLanes * kRowsAtOnce;
        const std::int64_t inRow = firstDim() * elementBytes(kFormat);
        // The condition is the warp's, not the lane's: shuffles need all lanes.
        for (int row = warpRow; row < range.end; row += stride * kRowsInFlight) {
            Chunk keys[kRowsInFlight];
            Chunk values[kRowsInFlight];
            bool held[kRowsInFlight];
#pragma unroll
            for (int i = 0; i < kRowsInFlight; ++i) {
                const int token = row + i * stride + lane() / kLanes;
                held[i] = token < range.end;
                keys[i] = Chunk{};
                values[i] = Chunk{};
                if (held[i] && firstDim() < args.headDim) {
                    const std::int64_t at = args.address.tokenOffset(pages, token) + inRow;
                    keys[i] = loadOnce(keyHead + at);
                    values[i] = loadOnce(valueHead + at);
                }
            }
            if (!begun)
                begin(args, kvHead, firstHead);
            begun = true;
#pragma unroll
            for (int head = 0; head < kHeads; ++head)
                absorb(head, keys, values, held);
        }
        if (!begun)
            begin(args, kvHead, firstHead);
    }

    DECODESCOPE_DEVICE void absorb(int head, const Chunk (&keys)[kRowsInFlight],
                                   const Chunk (&values)[kRowsInFlight],
                                   const bool (&held)[kRowsInFlight]) {
        float score[kRowsInFlight];
        const float oldMax = max[head];
        float newMax = oldMax;
#pragma unroll
        for (int i = 0; i < kRowsInFlight; ++i) {
            float sum = 0;
#pragma unroll
            for (int e = 0; e < kPerLane; ++e)
                sum += query[head][e] * element(keys[i], e);
#pragma unroll
            for (int mask = 1; mask < kLanes; mask *= 2)
                sum += shuffleXor(sum, mask);
            score[i] = held[i] ? sum : -INFINITY;
            newMax = fmaxf(newMax, score[i]);
        }
        max[head] = newMax;
        // A lane group without a token yet has zeros and stays with them.
        const float finite = newMax == -INFINITY ? 0.0F : newMax;
        const float factor = rescale(oldMax, finite);
        denominator[head] *= factor;
#pragma unroll
        for (int e = 0; e < kPerLane; ++e)
            out[head][e] *= factor;
#pragma unroll
        for (int i = 0; i < kRowsInFlight; ++i) {
            const float weight = exp2Fast(score[i] - finite);
            denominator[head] += weight;
#pragma unroll
            for (int e = 0; e < kPerLane; ++e)
                out[head][e] += weight * element(values[i], e);
        }
    }

    DECODESCOPE_DEVICE void mergeLaneGroups() {
#pragma unroll
        for (int head = 0; head < kHeads; ++head) {
#pragma unroll
            for (int mask = kLanes; mask < kWarpLanes; mask *= 2) {
                const float both = fmaxf(max[head], shuffleXor(max[head], mask));
                const float factor = rescale(max[head], both);
                max[head] = both;
                denominator[head] *= factor;
                denominator[head] += shuffleXor(denominator[head], mask);
#pragma unroll
                for (int e = 0; e < kPerLane; ++e) {
                    out[head][e] *= factor;
                    out[head][e] += shuffleXor(out[head][e], mask);
                }
            }
        }
    }

    DECODESCOPE_DEVICE void mergeWarps(const AttentionArgs& args, int kvHead, int firstHead) {
        const int warps = blockThreads() / kWarpLanes;
        // [warp][head]: kDim sums, the largest score, the denominator
        auto* const states = reinterpret_cast<float*>(sharedMemory());
        float* const mine = states + threadIndex() / kWarpLanes * kHeads * kStateFloats;
        if (lane() < kLanes) {
#pragma unroll
            for (int head = 0; head < kHeads; ++head) {
#pragma unroll
                for (int e = 0; e < kPerLane; ++e)
                    mine[head * kStateFloats + firstDim() + e] = out[head][e];
                if (lane() == 0) {
                    mine[head * kStateFloats + kDim] = max[head];
                    mine[head * kStateFloats + kDim + 1] = denominator[head];
                }
            }
        }
        syncThreads();
        const int parts = splitsOf(args.contexts[blockZ()], args.splits);
        for (int i = threadIndex(); i < kHeads * kDim; i += blockThreads()) {
            const int head = i / kDim;
            const int dim = i % kDim;
            if (firstHead + head >= args.group || dim >= args.headDim)
                continue;
            float most = -INFINITY;
            for (int warp = 0; warp < warps; ++warp)
                most = fmaxf(most, states[(warp * kHeads + head) * kStateFloats + kDim]);
            float sum = 0;
            float weights = 0;
            for (int warp = 0; warp < warps; ++warp) {
                const float* const state = states + (warp * kHeads + head) * kStateFloats;
                const float factor = rescale(state[kDim], most);
                weights += state[kDim + 1] * factor;
                sum += state[dim] * factor;
            }
            const HeadSink sink(args, blockZ(), kvHead, blockX(), firstHead + head, most, weights,
                                valueScale<kFormat>(args, kvHead), dim == 0, parts);
            sink.out[dim] = sum * sink.factor;
        }
    }
};

template <int kDim, typename Table>
void addVectorKernelsOf(Table& table) {
    table.template add<VectorKernel<KvFormat::BF16, kDim, 1>>();
    table.template add<VectorKernel<KvFormat::BF16, kDim, 2>>();
    // Any group where there is no bf16 matrix product, in passes.
    table.template add<VectorKernel<KvFormat::BF16, kDim, 4>>();
    table.template add<VectorKernel<KvFormat::E4M3, kDim, 1>>();
    table.template add<VectorKernel<KvFormat::Int8, kDim, 1>>();
}

/// And the kernel that combines, which all need.
template <typename Table>
void addVectorKernels(Table& table) {
    addVectorKernelsOf<64>(table);
    addVectorKernelsOf<128>(table);
    addVectorKernelsOf<256>(table);
    table.template add<CombineSplits>();
}

} // namespace decodescope::gpu
