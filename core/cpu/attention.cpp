// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/attention.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "core/cpu/attention_kernel.h"
#include "core/spec/count.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr std::int64_t kMostPartFlop = 100'000'000; ///< 50 ms at 2 GFLOP/s, without vectors

/// Tokens of one unit of work, a whole number of tiles. The same at any thread's pace, so that
/// results repeat to the bit.
std::int64_t partTokens(const Attention::Shape& shape, int threads) {
    AttentionUnits units = attentionUnits();
    const std::int64_t group = shape.nHeads / shape.nKvHeads;
    const std::int64_t flopPerToken = 2 * group * (shape.headDimK + shape.headDimV);
    units.mostPartTokens =
        std::clamp<std::int64_t>(kMostPartFlop / flopPerToken, 1, units.mostPartTokens);
    units.leastPartTokens = std::min(units.leastPartTokens, units.mostPartTokens);
    return units.partTokens(shape.sequences * shape.nKvHeads, shape.tokens, threads);
}

std::int64_t partsOf(std::int64_t tokens, std::int64_t perPart) {
    return (tokens + perPart - 1) / perPart;
}

/// Floats of the states of one sequence and KV head.
std::int64_t stateFloats(const Attention::Shape& shape, std::int64_t parts) {
    const std::int64_t group = shape.nHeads / shape.nKvHeads;
    return parts * group * (2 + shape.headDimV);
}

AttentionState statesAt(float* memory, std::int64_t parts, std::int64_t group) {
    return {memory, memory + parts * group, memory + 2 * parts * group};
}

/// A whole number of cache lines, so that each thread's scratch starts on its own.
std::int64_t inLines(std::int64_t floats) {
    return (floats + 31) / 32 * 32;
}

std::int64_t kernelScratch(const Attention::Shape& shape) {
    return inLines(
        attentionScratchFloats(shape.nHeads / shape.nKvHeads, shape.headDimK, shape.headDimV));
}

/// Of one thread: the kernel's, and the state of one page beside that of the pages before it.
std::int64_t scratchStride(const Attention::Shape& shape) {
    return kernelScratch(shape) + (shape.paged ? inLines(stateFloats(shape, 1)) : 0);
}

/// One unit of work: the part's tokens, read page by page. `onePage` is room for a state, used
/// where there is more than one page.
void attendPages(AttentionPart part, const KvCache& cache, std::int64_t sequence,
                 std::int64_t kvHead, std::int64_t first, const AttentionState& state,
                 const AttentionState& onePage, float* scratch) {
    const std::int64_t end = first + part.tokens;
    for (std::int64_t at = first; at < end; at += part.tokens) {
        const KvTiles tiles = cache.tilesFrom(sequence, kvHead, at / kTileTokens);
        part.tiles = tiles.first;
        part.tokens = std::min(end - at, tiles.count * kTileTokens);
        attendPart(part, at == first ? state : onePage, scratch);
        part.queriesPacked = true;
        if (at != first)
            addAttention(onePage, part.group, part.headDimV, state);
    }
}

struct Sizes {
    std::uint64_t states, scratch, pending;
};

Sizes sizesOf(const Attention::Shape& shape, int threads) {
    const std::int64_t parts = partsOf(shape.tokens, partTokens(shape, threads));
    const std::uint64_t heads = count(shape.sequences * shape.nKvHeads);
    return {saturatingMultiply(heads, count(stateFloats(shape, parts)) * sizeof(float)),
            count(scratchStride(shape)) * sizeof(float) * count(threads),
            heads * sizeof(std::atomic<std::int64_t>)};
}

Sizes largest(std::span<const Attention::Shape> shapes, int threads) {
    Sizes most{0, 0, 0};
    for (const Attention::Shape& shape : shapes) {
        const Sizes sizes = sizesOf(shape, threads);
        most.states = std::max(most.states, sizes.states);
        most.scratch = std::max(most.scratch, sizes.scratch);
        most.pending = std::max(most.pending, sizes.pending);
    }
    return most;
}

} // namespace

AttentionUnits attentionUnits() {
    return {.tileTokens = kTileTokens,
            .leastPartTokens = 512,
            .mostPartTokens = 4096,
            .partsPerThread = 8};
}

std::uint64_t Attention::workspaceBytes(std::span<const Shape> shapes, int threads) {
    const Sizes sizes = largest(shapes, threads);
    return saturatingAdd(sizes.states, sizes.scratch + sizes.pending);
}

bool Attention::grow(std::span<const Shape> shapes, int threads) {
    const Sizes sizes = largest(shapes, threads);
    const auto growTo = [](Buffer& room, std::uint64_t bytes) {
        if (room.bytes() >= bytes)
            return true;
        Buffer larger(bytes);
        if (!larger.valid())
            return false;
        room = std::move(larger);
        return true;
    };
    m_packed.resize(std::max(m_packed.size(), static_cast<std::size_t>(threads)));
    return growTo(m_states, sizes.states) && growTo(m_scratch, sizes.scratch) &&
           growTo(m_pending, sizes.pending);
}

std::uint64_t Attention::bytes() const {
    return m_states.bytes() + m_scratch.bytes() + m_pending.bytes();
}

bool Attention::run(ThreadPool& pool, const KvCache& cache, AttentionArithmetic arithmetic,
                    std::int64_t nHeads, std::span<const std::int64_t> tokens, const float* queries,
                    float* out, const std::stop_token& stop) {
    const KvLayout& layout = cache.layout();
    const Shape shape{layout.sequences, nHeads,        layout.nKvHeads, layout.headDimK,
                      layout.headDimV,  layout.tokens, cache.paged()};
    const std::int64_t group = nHeads / layout.nKvHeads;
    const std::int64_t perPart = partTokens(shape, pool.threads());
    const std::int64_t mostParts = partsOf(layout.tokens, perPart);
    auto* pending = m_pending.as<std::atomic<std::int64_t>>();
    const std::int64_t heads = layout.sequences * layout.nKvHeads;
    for (std::int64_t i = 0; i < heads; ++i)
        pending[i].store(partsOf(tokens[count(i / layout.nKvHeads)], perPart),
                         std::memory_order_relaxed);
    const float scale = 1.0F / std::sqrt(static_cast<float>(layout.headDimK));

    for (PackedHead& each : m_packed)
        each.head = -1;

    return pool.run(heads * mostParts, stop, [&](std::int64_t unit, int thread) {
        const std::int64_t head = unit / mostParts;
        const std::int64_t part = unit % mostParts;
        const std::int64_t sequence = head / layout.nKvHeads;
        const std::int64_t held = tokens[count(sequence)];
        const std::int64_t parts = partsOf(held, perPart);
        if (part >= parts)
            return;
        const std::int64_t first = part * perPart;
        std::int64_t& packed = m_packed[count(thread)].head;
        const AttentionPart work{layout.types,
                                 nullptr, // attendPages() knows where each page lies
                                 std::min(perPart, held - first),
                                 layout.headDimK,
                                 layout.headDimV,
                                 group,
                                 queries + head * group * layout.headDimK,
                                 scale,
                                 arithmetic,
                                 packed == head};
        packed = head;
        const AttentionState all =
            statesAt(m_states.as<float>() + head * stateFloats(shape, mostParts), parts, group);
        const AttentionState mine{all.max + part * group, all.denominator + part * group,
                                  all.output + part * group * layout.headDimV};
        float* scratch = m_scratch.as<float>() + thread * scratchStride(shape);
        attendPages(work, cache, sequence, head % layout.nKvHeads, first, mine,
                    statesAt(scratch + kernelScratch(shape), 1, group), scratch);
        // Who finishes a head's last part merges them: no second barrier.
        if (pending[head].fetch_sub(1, std::memory_order_acq_rel) == 1)
            mergeAttention(all, parts, group, layout.headDimV,
                           out + head * group * layout.headDimV);
    });
}

} // namespace decodescope
