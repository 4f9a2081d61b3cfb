// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/kv_cache.h"

#include "core/cpu/float_bits.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

void store(DataType type, std::byte* at, std::int64_t index, float value) {
    if (type == DataType::F32)
        reinterpret_cast<float*>(at)[index] = value;
    else
        reinterpret_cast<std::uint16_t*>(at)[index] =
            type == DataType::F16 ? toF16(value) : toBf16(value);
}

} // namespace

std::uint64_t KvLayout::tileBytes() const {
    return storedBytes(type, static_cast<std::uint64_t>(kTileTokens * (headDimK + headDimV)));
}

std::uint64_t KvLayout::headBytes() const {
    return saturatingMultiply(static_cast<std::uint64_t>(tiles()), tileBytes());
}

std::uint64_t KvLayout::bytes() const {
    return saturatingMultiply(headBytes(),
                              saturatingMultiply(static_cast<std::uint64_t>(sequences),
                                                 static_cast<std::uint64_t>(nKvHeads)));
}

const std::byte* KvCache::head(std::int64_t sequence, std::int64_t kvHead) const {
    const auto index = static_cast<std::uint64_t>(sequence * m_layout.nKvHeads + kvHead);
    return m_buffer.data() + index * m_layout.headBytes();
}

void KvCache::put(std::int64_t sequence, std::int64_t kvHead, std::int64_t token, const float* key,
                  const float* value) {
    const auto index = static_cast<std::uint64_t>(sequence * m_layout.nKvHeads + kvHead);
    const auto tile = static_cast<std::uint64_t>(token / kTileTokens);
    const std::int64_t slot = token % kTileTokens;
    std::byte* at = m_buffer.data() + index * m_layout.headBytes() + tile * m_layout.tileBytes();
    for (std::int64_t d = 0; d < m_layout.headDimK; ++d)
        store(m_layout.type, at, d * kTileTokens + slot, key[d]);
    const std::int64_t row = kTileTokens * m_layout.headDimK + slot * m_layout.headDimV;
    for (std::int64_t d = 0; d < m_layout.headDimV; ++d)
        store(m_layout.type, at, row + d, value[d]);
}

} // namespace decodescope
