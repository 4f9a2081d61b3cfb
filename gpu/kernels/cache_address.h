// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "gpu/kernels/qualifiers.h"

namespace decodescope::gpu {

/// Where the key (or the value) of a token lies, for contiguous and for paged caches. Both keep a
/// head's tokens together:
///   contiguous  [sequence][KV head][token][head_dim]
///   paged       [KV head][token of the page][head_dim] in each page; where a page begins, in
///               bytes from the cache's start, says pages[sequence][token / tokens of a page]. So
///               pages may lie in memory that was allocated piece by piece.
struct CacheAddress {
    const std::int64_t* pages = nullptr; ///< nullptr: contiguous
    std::int32_t pagesPerSequence = 0;   ///< of the table: its row's length
    std::int32_t pageShift = 0;          ///< log2 of the tokens of a page: 4 … 7
    std::int64_t blockBytes = 0;         ///< of a sequence, or of a page
    std::int64_t headBytes = 0;          ///< of a KV head in one
    std::int32_t rowBytes = 0;           ///< of a token: a multiple of 16

    /// Bytes from the cache's start. Precondition: the token is held.
    [[nodiscard]] DECODESCOPE_HOST_DEVICE constexpr std::int64_t offset(int sequence, int kvHead,
                                                                        int token) const {
        return headOffset(sequence, kvHead) + tokenOffset(pagesOf(sequence), token);
    }

    // The same in parts, for who reads many tokens of one head.

    /// The sequence's row of the table; nullptr where the cache is contiguous.
    [[nodiscard]] DECODESCOPE_HOST_DEVICE constexpr const std::int64_t*
    pagesOf(int sequence) const {
        return pages ? pages + std::int64_t{sequence} * pagesPerSequence : nullptr;
    }
    /// What all tokens of a head have in common.
    [[nodiscard]] DECODESCOPE_HOST_DEVICE constexpr std::int64_t headOffset(int sequence,
                                                                            int kvHead) const {
        return (pages ? 0 : sequence * blockBytes) + kvHead * headBytes;
    }
    /// And what a token adds to it; `ownPages` is pagesOf() its sequence.
    [[nodiscard]] DECODESCOPE_HOST_DEVICE constexpr std::int64_t
    tokenOffset(const std::int64_t* ownPages, int token) const {
        if (!ownPages)
            return std::int64_t{token} * rowBytes;
        return ownPages[token >> pageShift] +
               std::int64_t{token & ((1 << pageShift) - 1)} * rowBytes;
    }
};

} // namespace decodescope::gpu
