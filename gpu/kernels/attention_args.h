// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "gpu/kernels/cache_address.h"
#include "gpu/kernels/split_range.h"

namespace decodescope::gpu {

/// How a block of the packed MMA kernel works. Whatever a block would have to divide for.
struct PackedTile {
    std::int32_t rows = 16;       ///< query heads, padded: 16, 32, 64 or 128
    std::int32_t tokens = 64;     ///< of a tile, a multiple of 16
    std::int32_t stages = 2;      ///< tiles in shared memory: 2 or 3
    std::int32_t passes = 1;      ///< blocks that a group is shared out to
    std::int32_t sharerShift = 2; ///< log2 of the warps that share rows, each with other tokens
};

/// One attention call of one layer: for each sequence and query head,
/// softmax(query · keys × scale) · values over the sequence's tokens. All pointers are the
/// device's. One block works on grid (split, KV head × pass, sequence).
struct AttentionArgs {
    /// [sequence][KV head][group][head_dim]: bits of bf16 with a bf16 cache, else of f16; 16-byte
    /// aligned.
    const std::uint16_t* queries = nullptr;
    const std::byte* keys = nullptr; ///< by `address`; 16-byte aligned
    const std::byte* values = nullptr;
    CacheAddress address;
    /// [sequence]: tokens, at least 1. These and the pages of `address` are not written by work
    /// that is queued; of the cache, only the newest token's row is.
    const std::int32_t* contexts = nullptr;
    const float* keyScales = nullptr; ///< [KV head]: what an 8-bit step is worth; or nullptr
    const float* valueScales = nullptr;
    float scale = 1; ///< 1 / sqrt(head_dim)
    std::int32_t nKvHeads = 1;
    std::int32_t group = 1;              ///< query heads of a KV head
    std::int32_t headDim = 128;          ///< a multiple of 16
    std::int32_t splits = 1;             ///< most parts of a context: grid.x
    std::int32_t combineSharerShift = 0; ///< combineSharerShift(), to combine
    PackedTile tile;                     ///< of the packed MMA kernel
    float* out = nullptr;                ///< [sequence][KV head][group][head_dim]; 16-byte aligned
    /// Of contexts with more than one part, [sequence][KV head][split][group]: the largest score ×
    /// log2 e, Σ exp2(score × log2 e − max), and [head_dim] Σ exp2(…) × value (16-byte aligned).
    float* splitMax = nullptr;
    float* splitDenominator = nullptr;
    float* splitOut = nullptr;
};

inline constexpr float kLog2E = 1.4426950408889634F;

/// Index of a part's state for the first head of its group.
DECODESCOPE_HOST_DEVICE constexpr std::int64_t stateIndex(const AttentionArgs& args, int sequence,
                                                          int kvHead, int split) {
    const std::int64_t head = std::int64_t{sequence} * args.nKvHeads + kvHead;
    return (head * args.splits + split) * args.group;
}

/// Index of the first query head of a KV head, of the queries and of the output.
DECODESCOPE_HOST_DEVICE constexpr std::int64_t headIndex(const AttentionArgs& args, int sequence,
                                                         int kvHead) {
    return (std::int64_t{sequence} * args.nKvHeads + kvHead) * args.group;
}

} // namespace decodescope::gpu
