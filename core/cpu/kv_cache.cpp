// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/kv_cache.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/cpu/random_fill.h"
#include "core/engine/float_bits.h"
#include "core/spec/count.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr std::int64_t kScaleBytes = kTileTokens * 2;

std::int64_t blockBytes(DataType type) {
    const std::int64_t values = kBlockValues * kTileTokens;
    return kScaleBytes + (type == DataType::Q8_0 ? values : values / 2);
}

std::uint64_t matrixBytes(DataType type, std::int64_t headDim) {
    return saturatingMultiply(count(kTileTokens), storedBytes(type, count(headDim)));
}

/// `values` divided by a common scale and rounded, with the scale as f16: the rounding of q8_0, and
/// that of q4_0 whose largest value in magnitude becomes -8.
struct Block {
    std::uint16_t scale = 0;
    std::array<std::int8_t, kBlockValues> values{};
};

/// Of at most kBlockValues values; the block's others are zero.
Block quantise(DataType type, std::span<const float> values) {
    float extreme = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (std::abs(values[i]) > std::abs(extreme))
            extreme = values[i];
    const float scale = type == DataType::Q8_0 ? std::abs(extreme) / 127 : extreme / -8;
    Block block;
    block.scale = toF16(scale);
    const float inverse = scale == 0 ? 0 : 1 / scale;
    const float most = type == DataType::Q8_0 ? 127 : 7;
    const float least = type == DataType::Q8_0 ? -127 : -8;
    for (std::size_t i = 0; i < values.size(); ++i)
        block.values[i] =
            static_cast<std::int8_t>(std::clamp(std::nearbyint(values[i] * inverse), least, most));
    return block;
}

std::int8_t toInt8(float value) {
    return static_cast<std::int8_t>(
        std::clamp(std::nearbyint(value / kInt8Scale), -127.0F, 127.0F));
}

/// Where the element of one token and one index of head_dim lies in a tile's matrix.
struct Place {
    std::int64_t row, column, columns;
    /// Of its byte, where rowsOfWord rows of int8 or nibbles lie in one row of 32-bit words.
    [[nodiscard]] std::int64_t byteAt(std::int64_t rowsOfWord) const {
        return 4 * (row / rowsOfWord * columns + column) + row % 4;
    }
};

void storePlain(DataType type, std::byte* matrix, const Place& at, float value) {
    const std::int64_t index = at.row * at.columns + at.column;
    switch (type) {
    case DataType::F32:
        reinterpret_cast<float*>(matrix)[index] = value;
        return;
    case DataType::F16:
        reinterpret_cast<std::uint16_t*>(matrix)[index] = toF16(value);
        return;
    case DataType::BF16:
        reinterpret_cast<std::uint16_t*>(
            matrix)[2 * (at.row / 2 * at.columns + at.column) + at.row % 2] = toBf16(value);
        return;
    default:
        reinterpret_cast<std::int8_t*>(matrix)[at.byteAt(4)] = toInt8(value);
    }
}

void storeQuantised(DataType type, std::byte* values, const Place& at, std::int8_t value) {
    if (type == DataType::Q8_0) {
        reinterpret_cast<std::int8_t*>(values)[at.byteAt(4)] = value;
        return;
    }
    auto& byte = reinterpret_cast<std::uint8_t*>(values)[at.byteAt(8)];
    const auto nibble = static_cast<unsigned>(value + 8);
    byte = static_cast<std::uint8_t>(at.row % 8 < 4 ? (byte & 0xF0U) | nibble
                                                    : (byte & 0x0FU) | nibble << 4);
}

/// One token's key (transposed) or value in the matrix of its tile.
void putRow(DataType type, std::byte* matrix, std::int64_t headDim, std::int64_t slot,
            bool transposed, const float* values) {
    if (!inBlocks(type)) {
        for (std::int64_t d = 0; d < headDim; ++d)
            storePlain(type, matrix,
                       transposed ? Place{d, slot, kTileTokens} : Place{slot, d, headDim},
                       values[d]);
        return;
    }
    for (std::int64_t b = 0; b < blocksOf(headDim); ++b) {
        const Block block =
            quantise(type, {values + b * kBlockValues, count(valuesOfBlock(b, headDim))});
        reinterpret_cast<std::uint16_t*>(matrix)[slot] = block.scale;
        for (std::int64_t d = 0; d < kBlockValues; ++d)
            storeQuantised(type, matrix + kScaleBytes,
                           transposed ? Place{d, slot, kTileTokens} : Place{slot, d, kBlockValues},
                           block.values[count(d)]);
        matrix += blockBytes(type);
    }
}

void fillMatrix(DataType type, std::byte* matrix, std::int64_t headDim, std::uint64_t seed) {
    fillRandomBytes(matrix, matrixBytes(type, headDim), inBlocks(type) ? DataType::Int8 : type,
                    seed, 0);
    if (!inBlocks(type))
        return;
    const int log2Scale = type == DataType::Q8_0 ? -6 : -2; // the values' magnitude is near 1
    for (std::int64_t first = 0; first < headDim; first += kBlockValues) {
        fillRandomBytes(matrix, count(kScaleBytes), DataType::F16, seed + count(first), log2Scale);
        if (type == DataType::Q8_0)
            for (std::int64_t t = 0; t < kTileTokens; ++t)
                reinterpret_cast<std::uint16_t*>(matrix)[t] &= 0x7FFFU; // no sign
        matrix += blockBytes(type);
    }
}

} // namespace

std::uint64_t KvLayout::keyTileBytes() const {
    return matrixBytes(types.key, headDimK);
}

std::uint64_t KvLayout::tileBytes() const {
    return saturatingAdd(keyTileBytes(), matrixBytes(types.value, headDimV));
}

std::uint64_t KvLayout::headBytes() const {
    return saturatingMultiply(count(tiles()), tileBytes());
}

std::uint64_t KvLayout::bytes() const {
    return saturatingMultiply(headBytes(), saturatingMultiply(count(sequences), count(nKvHeads)));
}

KvCache KvCache::inPages(const KvLayout& page) {
    KvCache cache;
    cache.m_page = page;
    cache.m_layout = page;
    cache.m_layout.tokens = 0;
    cache.m_paged = true;
    return cache;
}

void KvCache::addPage(std::byte* memory) {
    m_pages.push_back(memory);
    m_layout.tokens += m_page.tokens;
}

void KvCache::dropLastPage() {
    m_pages.pop_back();
    m_layout.tokens -= m_page.tokens;
}

std::byte* KvCache::tileAt(std::int64_t sequence, std::int64_t kvHead, std::int64_t tile) const {
    const std::int64_t perPage = m_page.tiles();
    return m_pages[count(tile / perPage)] +
           count(sequence * m_page.nKvHeads + kvHead) * m_page.headBytes() +
           count(tile % perPage) * m_page.tileBytes();
}

const std::byte* KvCache::head(std::int64_t sequence, std::int64_t kvHead) const {
    return tileAt(sequence, kvHead, 0);
}

KvTiles KvCache::tilesFrom(std::int64_t sequence, std::int64_t kvHead, std::int64_t tile) const {
    return {tileAt(sequence, kvHead, tile), m_page.tiles() - tile % m_page.tiles()};
}

void KvCache::put(std::int64_t sequence, std::int64_t kvHead, std::int64_t token, const float* key,
                  const float* value) {
    std::byte* tile = tileAt(sequence, kvHead, token / kTileTokens);
    const std::int64_t slot = token % kTileTokens;
    putRow(m_layout.types.key, tile, m_layout.headDimK, slot, true, key);
    putRow(m_layout.types.value, tile + m_layout.keyTileBytes(), m_layout.headDimV, slot, false,
           value);
}

bool KvCache::fill(ThreadPool& pool, std::uint64_t seed, const std::stop_token& stop) {
    for (std::size_t page = 0; page < m_pages.size(); ++page)
        if (!fillPage(page, pool, seed, stop))
            return false;
    return true;
}

bool KvCache::fillLastPage(ThreadPool& pool, std::uint64_t seed, const std::stop_token& stop) {
    return fillPage(m_pages.size() - 1, pool, seed, stop);
}

bool KvCache::fillPage(std::size_t page, ThreadPool& pool, std::uint64_t seed,
                       const std::stop_token& stop) {
    constexpr std::uint64_t kUnitBytes = std::uint64_t{1} << 22; // two huge pages
    const std::uint64_t tileBytes = m_page.tileBytes();
    const std::uint64_t tiles = pageBytes() / std::max<std::uint64_t>(1, tileBytes);
    const std::uint64_t before = page * tiles; // no two tiles are alike
    const std::uint64_t perUnit = std::max<std::uint64_t>(1, kUnitBytes / tileBytes);
    const std::uint64_t units = (tiles + perUnit - 1) / perUnit;
    return pool.run(static_cast<std::int64_t>(units), stop, [&](std::int64_t unit, int) {
        const std::uint64_t first = count(unit) * perUnit;
        for (std::uint64_t tile = first; tile < std::min(tiles, first + perUnit); ++tile) {
            std::byte* at = m_pages[page] + tile * tileBytes;
            const std::uint64_t number = before + tile;
            fillMatrix(m_page.types.key, at, m_page.headDimK, seed ^ (2 * number + 1) << 20);
            fillMatrix(m_page.types.value, at + m_page.keyTileBytes(), m_page.headDimV,
                       seed ^ (2 * number + 2) << 20);
        }
    });
}

void roundRow(DataType type, std::span<float> values) {
    if (type == DataType::Int8) {
        for (float& value : values)
            value = kInt8Scale * static_cast<float>(toInt8(value));
        return;
    }
    if (!inBlocks(type)) {
        for (float& value : values)
            value = roundedTo(type, value);
        return;
    }
    for (std::size_t first = 0; first < values.size(); first += count(kBlockValues)) {
        const std::span<float> row =
            values.subspan(first, std::min(count(kBlockValues), values.size() - first));
        const Block block = quantise(type, row);
        for (std::size_t i = 0; i < row.size(); ++i)
            row[i] = fromF16(block.scale) * static_cast<float>(block.values[i]);
    }
}

} // namespace decodescope
