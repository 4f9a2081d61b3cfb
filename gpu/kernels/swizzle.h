// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "gpu/kernels/qualifiers.h"

namespace decodescope::gpu {

/// Bytes that a thread copies at once and a row of an ldmatrix has.
inline constexpr int kChunkBytes = 16;

/// Where chunk `chunk` of row `row` of a tile in shared memory lies, in bytes from the tile's
/// start. Rows have kChunks chunks (4, or a multiple of 8) and are stored one after the other, the
/// chunks of a row exchanged by XOR so that the eight rows an ldmatrix reads at one column lie in
/// eight different groups of four banks. (A multiple of 8 chunks would put them all in one.)
template <int kChunks>
DECODESCOPE_HOST_DEVICE constexpr std::uint32_t swizzled(int row, int chunk) {
    static_assert(kChunks == 4 || kChunks % 8 == 0, "the XOR stays within a row");
    const int mixed = kChunks == 4 ? chunk ^ ((row >> 1) & 3) : chunk ^ (row & 7);
    return static_cast<std::uint32_t>((row * kChunks + mixed) * kChunkBytes);
}

/// From where chunk 0 or 1 of a row lies to chunk `further` more of it, an even number: what the
/// exchange makes of the lowest bits is an exchange again, so that one address serves a whole row.
template <int kChunks>
DECODESCOPE_HOST_DEVICE constexpr std::uint32_t swizzledFurther(std::uint32_t at, int further) {
    constexpr int kMixed = kChunks == 4 ? 3 : 7;
    return (at ^ static_cast<std::uint32_t>((further & kMixed) * kChunkBytes)) +
           static_cast<std::uint32_t>((further & ~kMixed) * kChunkBytes);
}

} // namespace decodescope::gpu
