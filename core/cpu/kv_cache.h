// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "core/cpu/buffer.h"
#include "core/cpu/thread_pool.h"
#include "core/spec/cache_law.h"
#include "core/spec/data_type.h"

namespace decodescope {

/// Tokens of one tile: a row of 16-bit keys fills one cache line.
inline constexpr std::int64_t kTileTokens = 32;
/// Values that share a scale in q8_0 and q4_0.
inline constexpr std::int64_t kBlockValues = 32;
/// Blocks of a row of one head; the last one may hold fewer values, and is stored as a whole one.
[[nodiscard]] constexpr std::int64_t blocksOf(std::int64_t headDim) {
    return (headDim + kBlockValues - 1) / kBlockValues;
}
/// Values of a row that lie in one of its blocks.
[[nodiscard]] constexpr std::int64_t valuesOfBlock(std::int64_t block, std::int64_t headDim) {
    const std::int64_t left = headDim - block * kBlockValues;
    return left < kBlockValues ? left : kBlockValues;
}

/// How one layer keeps its keys and values. Head-major: [sequence][kv head][tile], and a tile is
/// the keys of its tokens transposed, a matrix [headDimK][kTileTokens], followed by their values, a
/// matrix [kTileTokens][headDimV]. One head is thus one stream of memory, a vector of scores needs
/// no horizontal sum, and each byte is read once for all the query heads of the group.
///
/// Elements of a matrix, by type (tile_rows-inl.h reads them):
///   f32, f16         row after row
///   bf16             rows 2p and 2p + 1 in one row of 32-bit words, the even one in the low half
///   int8             rows 4p … 4p + 3 in one row of 32-bit words, the first in the lowest byte, as
///                    dot products of four bytes a lane take them
///   q8_0, q4_0       one block for each 32 elements of head_dim (of a last block with fewer the
///                    rest is unused), in which each token has a scale: f16 scales [kTileTokens],
///                    those of q8_0 not below zero, then the block's matrix: as int8, or as nibbles
///                    (value + 8) with rows 8p … 8p + 7 in one row of words, the first four in the
///                    low halves of its bytes
/// An int8 cache has one scale for the keys and one for the values, kInt8Scale.
struct KvLayout {
    KvTypes types; ///< keys and values: F32, F16, BF16, Int8, Q8_0 or Q4_0
    std::int64_t sequences = 1;
    std::int64_t nKvHeads = 1;
    std::int64_t headDimK = 128;
    std::int64_t headDimV = 128;
    std::int64_t tokens = 0; ///< held for each sequence; storage is in whole tiles

    [[nodiscard]] std::int64_t tiles() const { return (tokens + kTileTokens - 1) / kTileTokens; }
    [[nodiscard]] std::uint64_t keyTileBytes() const;
    [[nodiscard]] std::uint64_t tileBytes() const;
    [[nodiscard]] std::uint64_t headBytes() const; ///< of one sequence and KV head
    [[nodiscard]] std::uint64_t bytes() const;     ///< saturates
    bool operator==(const KvLayout&) const = default;
};

/// What one step of an int8 cache is worth: keys and values up to ±4.
inline constexpr float kInt8Scale = 1.0F / 32;

/// Tiles of one head that lie one after the other.
struct KvTiles {
    const std::byte* first = nullptr;
    std::int64_t count = 0;
};

/// The KV cache of one layer: in one piece, or in pages that are added one by one. A page is laid
/// out as a cache of its own tokens.
class KvCache {
public:
    KvCache() = default;
    /// In one piece, of its own memory.
    explicit KvCache(const KvLayout& layout)
        : m_layout(layout), m_page(layout), m_buffer(layout.bytes()), m_pages{m_buffer.data()} {}
    /// Without tokens yet; every page will hold page.tokens, a whole number of tiles.
    [[nodiscard]] static KvCache inPages(const KvLayout& page);

    [[nodiscard]] bool valid() const { return m_buffer.valid(); }
    [[nodiscard]] const KvLayout& layout() const { return m_layout; }
    [[nodiscard]] Buffer& buffer() { return m_buffer; } ///< of a cache in one piece
    [[nodiscard]] std::uint64_t bytes() const { return pageBytes() * m_pages.size(); }
    [[nodiscard]] std::uint64_t pageBytes() const { return m_page.bytes(); }
    /// True where a head's tiles may lie in several pieces.
    [[nodiscard]] bool paged() const { return m_paged; }
    /// Adds pageBytes() of memory, which stays the caller's and must outlive the cache.
    void addPage(std::byte* memory);
    void dropLastPage();
    /// The first tile of one head. Precondition: not paged.
    [[nodiscard]] const std::byte* head(std::int64_t sequence, std::int64_t kvHead) const;
    /// One head's tiles from `tile` on, to the end of the page that holds it.
    [[nodiscard]] KvTiles tilesFrom(std::int64_t sequence, std::int64_t kvHead,
                                    std::int64_t tile) const;
    /// Writes one token's key [headDimK] and value [headDimV], rounded to the layout's types.
    void put(std::int64_t sequence, std::int64_t kvHead, std::int64_t token, const float* key,
             const float* value);
    /// Random keys and values of magnitude near 1 in every page, the same for the same seed; all
    /// threads touch the memory first. False where a stop request left bytes unwritten.
    [[nodiscard]] bool fill(ThreadPool& pool, std::uint64_t seed, const std::stop_token& stop);
    /// The same in the last page alone.
    [[nodiscard]] bool fillLastPage(ThreadPool& pool, std::uint64_t seed,
                                    const std::stop_token& stop);

private:
    [[nodiscard]] std::byte* tileAt(std::int64_t sequence, std::int64_t kvHead,
                                    std::int64_t tile) const;
    [[nodiscard]] bool fillPage(std::size_t page, ThreadPool& pool, std::uint64_t seed,
                                const std::stop_token& stop);

    KvLayout m_layout; ///< of all pages
    KvLayout m_page;   ///< of each
    bool m_paged = false;
    Buffer m_buffer;                 ///< of a cache in one piece
    std::vector<std::byte*> m_pages; ///< the first byte of each
};

/// `values` as a cache of this type gives them back, a row of one head.
void roundRow(DataType type, std::span<float> values);

} // namespace decodescope
