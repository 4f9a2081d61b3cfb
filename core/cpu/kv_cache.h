// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/cpu/buffer.h"
#include "core/spec/data_type.h"

namespace decodescope {

/// Tokens of one tile: a row of 16-bit keys fills one cache line.
inline constexpr std::int64_t kTileTokens = 32;

/// How one layer keeps its keys and values. Head-major: [sequence][kv head][tile], and a tile is
/// the keys of its tokens transposed, [headDimK][kTileTokens], followed by their values in rows,
/// [kTileTokens][headDimV]. One head is thus one stream of memory, a vector of scores needs no
/// horizontal sum, and each byte is read once for all the query heads of the group.
struct KvLayout {
    DataType type = DataType::F16; ///< F32, F16 or BF16, keys and values alike
    std::int64_t sequences = 1;
    std::int64_t nKvHeads = 1;
    std::int64_t headDimK = 128;
    std::int64_t headDimV = 128;
    std::int64_t tokens = 0; ///< held for each sequence; storage is in whole tiles

    [[nodiscard]] std::int64_t tiles() const { return (tokens + kTileTokens - 1) / kTileTokens; }
    [[nodiscard]] std::uint64_t tileBytes() const;
    [[nodiscard]] std::uint64_t headBytes() const; ///< of one sequence and KV head
    [[nodiscard]] std::uint64_t bytes() const;     ///< saturates
    bool operator==(const KvLayout&) const = default;
};

/// The KV cache of one layer.
class KvCache {
public:
    KvCache() = default;
    explicit KvCache(const KvLayout& layout) : m_layout(layout), m_buffer(layout.bytes()) {}

    [[nodiscard]] bool valid() const { return m_buffer.valid(); }
    [[nodiscard]] const KvLayout& layout() const { return m_layout; }
    [[nodiscard]] Buffer& buffer() { return m_buffer; }
    [[nodiscard]] std::uint64_t bytes() const { return m_buffer.bytes(); }
    /// The first tile of one head.
    [[nodiscard]] const std::byte* head(std::int64_t sequence, std::int64_t kvHead) const;
    /// Writes one token's key [headDimK] and value [headDimV], rounded to the layout's type.
    void put(std::int64_t sequence, std::int64_t kvHead, std::int64_t token, const float* key,
             const float* value);

private:
    KvLayout m_layout;
    Buffer m_buffer;
};

} // namespace decodescope
