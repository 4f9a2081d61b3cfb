// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "core/cpu/attention_arithmetic.h"
#include "core/cpu/buffer.h"
#include "core/cpu/kv_cache.h"
#include "core/cpu/thread_pool.h"
#include "core/spec/kernel_rates.h"

namespace decodescope {

/// How attention is cut: whole tiles; parts long enough that merging costs less than a tenth of
/// them, and short enough that a stop request is heard between them; some for each thread, so that
/// a slow one holds up little.
[[nodiscard]] AttentionUnits attentionUnits();

/// Decode attention of one layer for a batch, split over sequences, KV heads and the context, so
/// that every thread has work at batch 1 and one KV head too.
class Attention {
public:
    /// One layer that will be run.
    struct Shape {
        std::int64_t sequences = 1;
        std::int64_t nHeads = 1;
        std::int64_t nKvHeads = 1;
        std::int64_t headDimK = 128;
        std::int64_t headDimV = 128;
        std::int64_t tokens = 1; ///< of the longest sequence
        bool paged = false;      ///< the cache lies in pages
    };
    /// Bytes that grow() allocates for the shapes.
    [[nodiscard]] static std::uint64_t workspaceBytes(std::span<const Shape> shapes, int threads);
    /// Makes room for each of the shapes, run one after the other; room that is there stays. Where
    /// the system refuses, false, and what could be run before still can.
    [[nodiscard]] bool grow(std::span<const Shape> shapes, int threads);
    [[nodiscard]] std::uint64_t bytes() const;

    /// out[sequence][head][headDimV] for queries[sequence][head][headDimK]; sequence s reads its
    /// first tokens[s] cached tokens (1 … layout.tokens). The shape is one of those of grow(), and
    /// a unit reads the types that AttentionPart::unit says. False where a stop request left work
    /// undone; then `out` is not defined.
    [[nodiscard]] bool run(ThreadPool& pool, const KvCache& cache, AttentionArithmetic arithmetic,
                           std::int64_t nHeads, std::span<const std::int64_t> tokens,
                           const float* queries, float* out, const std::stop_token& stop);

private:
    Buffer m_states;  ///< [sequence][kv head][part]: max, denominator, output of the group
    Buffer m_scratch; ///< one for each thread
    Buffer m_pending; ///< parts not yet done, for each sequence and KV head
    /// Of each thread: the sequence and KV head whose queries its scratch holds as the kernel reads
    /// them, on a line of its own.
    struct alignas(64) PackedHead {
        std::int64_t head = -1;
    };
    std::vector<PackedHead> m_packed;
};

} // namespace decodescope
