// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/kernels/cache_address.h"

namespace decodescope {

/// Tokens that a page of a paged cache may hold.
inline constexpr int kPageSizes[] = {16, 32, 64, 128};

/// What a GPU's KV cache of one layer keeps: keys and values each have a cache of this shape.
struct CacheShape {
    int nKvHeads = 1;
    int rowBytes = 256; ///< of a token's key: head_dim × bytes of an element, a multiple of 16
    int pageTokens = 0; ///< one of kPageSizes; 0: contiguous
};

/// Where everything lies. `address.pages` is nullptr: the caller points it at `pages`, or at the
/// device's copy of them.
struct CacheLayout {
    gpu::CacheAddress address;
    /// [sequence][address.pagesPerSequence]: where pages begin, each page given once; -1 where a
    /// sequence needs no more.
    std::vector<std::int64_t> pages;
    std::int64_t bytes = 0; ///< of the keys, and of the values as well
};

/// Lays a cache out for sequences of these contexts (tokens, at least 1). A contiguous one has room
/// for the longest in each sequence; a paged one has whole pages of each, as many as it needs.
[[nodiscard]] CacheLayout layOutCache(const CacheShape& shape, std::span<const int> contexts);

} // namespace decodescope
