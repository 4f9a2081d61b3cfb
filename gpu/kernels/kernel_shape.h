// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/attention_args.h"
#include "gpu/kernels/fragments.h"
#include "gpu/kernels/kernel_id.h"
#include "gpu/kernels/kv_format.h"

/// What the host must know of a kernel to launch it, computed where the kernel computes it.
namespace decodescope::gpu {

/// The largest head_dim, and the largest group, that the kernels cover.
inline constexpr int kMostHeadDim = 256, kMostGroup = 128;

/// head_dim as the kernels are compiled for it: 64, 128 or 256.
DECODESCOPE_HOST_DEVICE constexpr int paddedHeadDim(int headDim) {
    return headDim <= 64 ? 64 : headDim <= 128 ? 128 : 256;
}

// ---- vector kernel ------------------------------------------------------------------------------

/// The launch bounds the kernel is compiled with: threads of a block, and how many blocks of them
/// the registers of an SM must suffice for.
inline constexpr int kVectorThreads = 128;
DECODESCOPE_HOST_DEVICE constexpr int vectorLeastBlocks(int heads) {
    return heads > 2 ? 2 : 4;
}

/// Floats of one head's state in shared memory: sums, the largest score, the denominator.
DECODESCOPE_HOST_DEVICE constexpr int vectorStateFloats(int paddedDim) {
    return paddedDim + 2;
}
DECODESCOPE_HOST_DEVICE constexpr int vectorSharedBytes(int paddedDim, int heads, int warps) {
    return warps * heads * vectorStateFloats(paddedDim) * 4;
}

// ---- combine ------------------------------------------------------------------------------------

inline constexpr KernelId kCombineSplits{"combine_splits"};
/// Threads of a block, each with a state of six floats in shared memory.
inline constexpr int kCombineThreads = 128;
inline constexpr int kCombineSharedBytes = kCombineThreads * 6 * 4;
/// Parts that a thread has on their way at once: with many parts combining is a matter of latency.
inline constexpr int kCombineInFlight = 8;

/// Log2 of the threads of a part: each has four columns.
DECODESCOPE_HOST_DEVICE constexpr int combineColumnShift(int headDim) {
    return headDim <= 64 ? 4 : headDim <= 128 ? 5 : 6;
}
/// Log2 of the threads that share a column of a head with up to `splits` parts: no more than leave
/// each four of them. The others of a block take other heads.
DECODESCOPE_HOST_DEVICE constexpr int combineSharerShift(int headDim, int splits) {
    int shift = 0;
    while ((kCombineThreads >> (combineColumnShift(headDim) + shift)) > 1 && (4 << shift) < splits)
        ++shift;
    return shift;
}
/// Query heads of a block.
DECODESCOPE_HOST_DEVICE constexpr int combineHeads(int headDim, int sharerShift) {
    return kCombineThreads >> (combineColumnShift(headDim) + sharerShift);
}

// ---- packed MMA kernel --------------------------------------------------------------------------

/// Query heads of a warp. With 32 it reads keys and values once for twice as many; their output
/// needs the registers that head_dim 256 takes with 16.
DECODESCOPE_HOST_DEVICE constexpr int packedWarpRows(int paddedDim, int rows) {
    return rows > 32 && paddedDim <= 128 ? 32 : 16;
}
/// Most threads of a block, and how many blocks of them the registers of an SM must suffice for:
/// the launch bounds the kernel is compiled with.
DECODESCOPE_HOST_DEVICE constexpr int packedMostThreads(int paddedDim) {
    return paddedDim == 256 ? 256 : 128;
}
DECODESCOPE_HOST_DEVICE constexpr int packedLeastBlocks(int paddedDim) {
    return paddedDim == 256 ? 1 : 2;
}

DECODESCOPE_HOST_DEVICE constexpr int packedQueryBytes(int paddedDim, int rows) {
    return rows * paddedDim * 2;
}
/// Of the keys (or the values) of a tile.
DECODESCOPE_HOST_DEVICE constexpr int packedTileBytes(KvFormat format, int paddedDim, int tokens) {
    return tokens * paddedDim * elementBytes(format);
}
/// Of the keys and the values of a tile.
DECODESCOPE_HOST_DEVICE constexpr int packedStageBytes(KvFormat format, int paddedDim, int tokens) {
    return 2 * packedTileBytes(format, paddedDim, tokens);
}
/// Of a warp's state where warps merge: [register][lane].
DECODESCOPE_HOST_DEVICE constexpr int packedStateFloats(int paddedDim, int warpRows) {
    return warpRows / kMmaRows * (paddedDim / kMmaColumns * 4 + 4) * kWarpLanes;
}
/// Shared memory of a block: the queries, and tiles over which states are merged in the end.
DECODESCOPE_HOST_DEVICE constexpr int packedSharedBytes(KvFormat format, int paddedDim,
                                                        PackedTile tile, int warps) {
    const int warpRows = packedWarpRows(paddedDim, tile.rows);
    const int rowGroups = tile.rows / warpRows;
    const int merging =
        rowGroups * (warps / rowGroups / 2) * packedStateFloats(paddedDim, warpRows);
    const int tiles = tile.stages * packedStageBytes(format, paddedDim, tile.tokens);
    return packedQueryBytes(paddedDim, tile.rows) + (tiles > merging * 4 ? tiles : merging * 4);
}

} // namespace decodescope::gpu
