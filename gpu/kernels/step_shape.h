// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gpu/kernels/fragments.h"
#include "gpu/kernels/kernel_id.h"
#include "gpu/kernels/step_args.h"
#include "gpu/kernels/step_formats.h"

/// What the host must know of the kernels of a step to launch them, computed where they compute it.
namespace decodescope::gpu {

/// Threads of a block. A norm's sequence is one block's, and latency is all that it costs.
inline constexpr int kNormThreads = 512, kActivationThreads = 512, kAppendThreads = 128;
/// A float for each warp.
inline constexpr int kNormSharedBytes = kNormThreads / kWarpLanes * 4;

// ---- projections --------------------------------------------------------------------------------

inline constexpr int kProjectionThreads = 128;
inline constexpr int kProjectionWarps = kProjectionThreads / kWarpLanes;
/// The most sequences that a block multiplies with what it has read.
inline constexpr int kMostVectorBatch = 8;

/// Rows of a warp: inputs are read once for all of them, and their weights are under way together.
DECODESCOPE_HOST_DEVICE constexpr int projectionRows(int batch) {
    return batch <= 2 ? 4 : 2;
}
/// Loads of each row that a lane has under way: with the rows 128 bytes, which are 48 KB of an SM
/// with three blocks.
DECODESCOPE_HOST_DEVICE constexpr int projectionDepth(int batch) {
    return 8 / projectionRows(batch);
}
/// How many blocks the registers of an SM must suffice for: the launch bounds.
DECODESCOPE_HOST_DEVICE constexpr int projectionLeastBlocks(int batch) {
    return batch <= 2 ? 4 : 3;
}
/// Of each warp, the sums of its rows.
DECODESCOPE_HOST_DEVICE constexpr int projectionSharedBytes(int batch) {
    return kProjectionWarps * projectionRows(batch) * batch * 4;
}

/// Chunks [begin, end) of a row.
struct ChunkRange {
    int begin = 0;
    int end = 0;
};

/// Stretch `piece` of `pieces` of a row: warps read 32 chunks at once, so that stretches begin at
/// multiples of them.
DECODESCOPE_HOST_DEVICE constexpr ChunkRange projectionRange(int chunks, int pieces, int piece) {
    const std::int64_t rounds = (chunks + kWarpLanes - 1) / kWarpLanes;
    const auto begin = static_cast<int>(rounds * piece / pieces * kWarpLanes);
    const auto end = static_cast<int>(rounds * (piece + 1) / pieces * kWarpLanes);
    return {begin < chunks ? begin : chunks, end < chunks ? end : chunks};
}

/// Row of place `place` of group `group`, of kRows places each; -1 where the matrix has no such
/// row. With SwiGlu the first half of the places are rows of the gate and the others the same rows
/// of up, so that one warp has both.
template <int kRows>
DECODESCOPE_HOST_DEVICE constexpr int projectionRow(int rows, bool gated, int group, int place) {
    if (!gated) {
        const int row = group * kRows + place;
        return row < rows ? row : -1;
    }
    const int row = group * (kRows / 2) + place % (kRows / 2);
    if (row >= rows / 2)
        return -1;
    return place < kRows / 2 ? row : rows / 2 + row;
}

/// Sequences that the kernel for `batch` of them is compiled for.
constexpr int compiledBatch(int batch) {
    return batch <= 2 ? batch : batch <= 4 ? 4 : kMostVectorBatch;
}

/// Groups of rows of a matrix.
DECODESCOPE_HOST_DEVICE constexpr int projectionGroups(int rows, int batch) {
    const int perGroup = projectionRows(batch);
    return (rows + perGroup - 1) / perGroup;
}

// ---- by matrix products -------------------------------------------------------------------------

/// Loads of each of its two rows that a lane has under way while it works on as many.
inline constexpr int kProductDepth = 4;
/// How many blocks the registers of an SM must suffice for: the launch bounds.
DECODESCOPE_HOST_DEVICE constexpr int productLeastBlocks(int tiles) {
    return tiles > 1 ? 2 : 3;
}
/// Of each warp, its sums.
DECODESCOPE_HOST_DEVICE constexpr int productSharedBytes(int tiles) {
    return kProjectionWarps * tiles * 4 * kWarpLanes * 4;
}
/// Tiles of eight sequences that the kernel is compiled for.
constexpr int productTiles(int batch) {
    return batch <= kMmaColumns ? 1 : 2;
}

// ---- names --------------------------------------------------------------------------------------

constexpr KernelId projectionId(WeightFormat format, int compiledForBatch) {
    return {"step_projection", {static_cast<int>(format), compiledForBatch}};
}
constexpr KernelId productId(WeightFormat format, int tiles) {
    return {"step_product", {static_cast<int>(format), tiles}};
}
/// Those that write 16 bits write F16 or BF16.
constexpr KernelId normId(KvFormat out) {
    return {"step_norm", {static_cast<int>(out)}};
}
constexpr KernelId activationId(KvFormat out) {
    return {"step_activation", {static_cast<int>(out)}};
}
constexpr KernelId appendId(KvFormat cache) {
    return {"step_append", {static_cast<int>(cache)}};
}

} // namespace decodescope::gpu
