// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "core/plan/engines/engine.h"
#include "core/spec/cache_law.h"

namespace decodescope::slow {

/// What the planner's arithmetic must agree with: allocators that take one token after the other
/// and grow when they are full. Nothing here divides or rounds.

/// One row of elements, block by block.
inline std::uint64_t rowBytes(DataType type, std::int64_t elements) {
    std::uint64_t bytes = 0;
    for (std::int64_t stored = 0; stored < elements; stored += info(type).blockElements)
        bytes += info(type).blockBytes;
    return bytes;
}

/// What one token of a layer takes on the first of `ranks` ranks, which are dealt the KV heads like
/// cards; with fewer heads than ranks each has one.
inline std::uint64_t tokenBytes(const Engine& engine, const LayerSpec& layer, KvTypes types,
                                std::int64_t ranks) {
    const bool mla = layer.attention == AttentionKind::Mla;
    if (!layer.ownsCache || (layer.attention != AttentionKind::Softmax && !mla))
        return 0;
    if (mla && engine.mla == MlaLayout::Fp8Row) // FlashMLA: a scale for each 128 of the latent
        return static_cast<std::uint64_t>(layer.mla.kvLoraRank +
                                          4 * ((layer.mla.kvLoraRank + 127) / 128) +
                                          2 * layer.mla.qkRopeHeadDim);
    if (mla && engine.mla == MlaLayout::Latent)
        return rowBytes(types.key, layer.mla.kvLoraRank + layer.mla.qkRopeHeadDim);
    const std::int64_t keys =
        mla ? layer.mla.qkNopeHeadDim + layer.mla.qkRopeHeadDim : layer.headDimK;
    const std::int64_t values = mla ? layer.mla.vHeadDim : layer.headDimV;
    std::uint64_t bytes = 0;
    std::int64_t dealtTo = 0;
    for (std::int64_t head = 0; head < (mla ? layer.nHeads : layer.nKvHeads); ++head) {
        if (dealtTo == 0)
            bytes += rowBytes(types.key, keys) + rowBytes(types.value, values);
        if (++dealtTo >= (engine.splitsCache ? ranks : 1))
            dealtTo = 0;
    }
    return bytes;
}

/// Storage that grows by whole blocks.
class Growing {
public:
    explicit Growing(std::int64_t block) : m_block(block) {}
    void take() {
        if (++m_used > m_room)
            m_room += m_block;
    }
    void openBlock() { m_room += m_block, m_used += m_block; }
    [[nodiscard]] std::int64_t room() const { return m_room; }

private:
    std::int64_t m_block, m_used = 0, m_room = 0;
};

/// Room of a layer without a window.
inline std::int64_t wholeRoom(const Engine& engine, std::int64_t context, std::int64_t batch) {
    Growing all(engine.blockTokens);
    std::int64_t rooms = 0;
    for (std::int64_t sequence = 0; sequence < batch; ++sequence) {
        Growing own(engine.blockTokens);
        for (std::int64_t token = 0; token < context; ++token) {
            own.take();
            all.take();
        }
        rooms += own.room();
    }
    return engine.unified ? all.room() : rooms;
}

/// Cells reserved for every token of each window and of one batch, up to the room of a full layer.
inline std::int64_t cellsRoom(const Engine& engine, std::int64_t window, std::int64_t sequences,
                              std::int64_t most) {
    Growing cells(engine.blockTokens);
    for (std::int64_t i = 0; i < window * sequences + engine.batchedTokens; ++i)
        if (cells.room() < most || i < cells.room())
            cells.take();
    return cells.room();
}

inline std::int64_t windowRoom(const Engine& engine, std::int64_t window, std::int64_t context,
                               std::int64_t batch) {
    const std::int64_t whole = wholeRoom(engine, context, batch);
    const std::int64_t unlimited = std::int64_t{1} << 62;
    std::int64_t room = 0;
    Growing one(engine.blockTokens);
    switch (engine.windowRule) {
    case WindowRule::WholeContext:
        return whole;
    case WindowRule::Window: // the oldest token's place is taken by the newest
        for (std::int64_t token = 0; token < context && token < window; ++token)
            one.take();
        return one.room() * batch;
    case WindowRule::Blocks: // the window's first token lies in a block that is already open
        one.openBlock();
        for (std::int64_t i = 0; i < window - 1 + engine.batchedTokens && i < context; ++i)
            one.take();
        return one.room() * batch;
    case WindowRule::Cells:
        if (engine.unified)
            return cellsRoom(engine, window, batch, whole);
        return cellsRoom(engine, window, 1, wholeRoom(engine, context, 1)) * batch;
    case WindowRule::Ring:
        if (window >= context)
            return whole;
        return cellsRoom(engine, batch > 1 ? window + 1 : window, batch, unlimited);
    case WindowRule::Share: // eight tenths: four places for every five
        for (std::int64_t credit = 0, token = 0; token < whole; ++token)
            for (credit += 4; credit > 0; credit -= 5)
                ++room;
        return room;
    }
    return whole;
}

inline std::int64_t layerRoom(const Engine& engine, std::int64_t window, std::int64_t context,
                              std::int64_t batch) {
    return window > 0 ? windowRoom(engine, window, context, batch)
                      : wholeRoom(engine, context, batch);
}

/// A pool of pages of one size for caches of several kinds, filled layer by layer.
inline std::uint64_t poolBytes(const Engine& engine, const std::vector<CacheLaw>& laws,
                               std::int64_t context, std::int64_t batch) {
    std::uint64_t widest = 0;
    std::map<std::tuple<bool, std::int64_t, std::uint64_t>, std::int64_t> layers;
    for (const CacheLaw& law : laws) {
        widest = std::max(widest, law.bytesPerToken);
        if (law.bytesPerToken > 0)
            ++layers[{false, law.window, law.bytesPerToken}];
        if (law.fixedBytes > 0)
            ++layers[{true, 0, 0}];
    }
    std::int64_t block = engine.blockTokens;
    for (const CacheLaw& law : laws)
        while (static_cast<std::uint64_t>(block) * widest < law.fixedBytes)
            block += engine.blockTokens;
    const std::uint64_t page = static_cast<std::uint64_t>(block) * widest;
    std::int64_t least = layers.begin()->second, most = least;
    for (const auto& [kind, count] : layers)
        least = std::min(least, count), most = std::max(most, count);
    const std::int64_t group =
        static_cast<double>(most) < 1.5 * static_cast<double>(least) ? most : least;
    std::uint64_t bytes = 0;
    for (const auto& [kind, count] : layers) {
        const auto [state, window, bytesPerToken] = kind;
        Engine paged = engine;
        paged.blockTokens = block;
        if (!state && page % (static_cast<std::uint64_t>(block) * bytesPerToken) == 0)
            paged.blockTokens = static_cast<std::int64_t>(page / bytesPerToken);
        const std::int64_t pages =
            state ? batch : layerRoom(paged, window, context, batch) / paged.blockTokens;
        for (std::int64_t left = count; left > 0; left -= group) // the last group is filled up
            bytes += static_cast<std::uint64_t>(pages * group) * page;
    }
    return bytes;
}

} // namespace decodescope::slow
