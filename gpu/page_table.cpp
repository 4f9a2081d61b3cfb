// SPDX-License-Identifier: Apache-2.0
#include "gpu/page_table.h"

#include <algorithm>
#include <bit>

namespace decodescope {

CacheLayout layOutCache(const CacheShape& shape, std::span<const int> contexts) {
    CacheLayout layout;
    const int longest = contexts.empty() ? 0 : *std::max_element(contexts.begin(), contexts.end());
    const bool paged = shape.pageTokens > 0;
    const std::int64_t blockTokens = paged ? shape.pageTokens : longest;
    layout.address.rowBytes = shape.rowBytes;
    layout.address.headBytes = blockTokens * shape.rowBytes;
    layout.address.blockBytes = layout.address.headBytes * shape.nKvHeads;
    if (!paged) {
        layout.bytes = layout.address.blockBytes * static_cast<std::int64_t>(contexts.size());
        return layout;
    }
    layout.address.pageShift = std::countr_zero(static_cast<unsigned>(shape.pageTokens));
    layout.address.pagesPerSequence = (longest + shape.pageTokens - 1) / shape.pageTokens;
    std::int64_t next = 0;
    for (const int context : contexts) {
        const int needed = (context + shape.pageTokens - 1) / shape.pageTokens;
        for (int page = 0; page < layout.address.pagesPerSequence; ++page)
            layout.pages.push_back(page < needed ? layout.address.blockBytes * next++ : -1);
    }
    layout.bytes = layout.address.blockBytes * next;
    return layout;
}

} // namespace decodescope
