// SPDX-License-Identifier: Apache-2.0
#include "core/plan/engines/page_pool.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "core/plan/engines/engine_cache.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// Layers whose caches can share a block table. A layer with a state beside its attention has two.
struct Kind {
    bool state = false;
    std::int64_t window = 0;
    std::uint64_t bytesPerToken = 0;
    bool operator<(const Kind& other) const {
        return std::tie(state, window, bytesPerToken) <
               std::tie(other.state, other.window, other.bytesPerToken);
    }
};

std::map<Kind, std::uint64_t> layersByKind(std::span<const CacheLaw> laws) {
    std::map<Kind, std::uint64_t> kinds;
    for (const CacheLaw& law : laws) {
        if (law.fixedBytes > 0)
            ++kinds[{true, 0, 0}];
        if (law.bytesPerToken > 0)
            ++kinds[{false, law.window, law.bytesPerToken}];
    }
    return kinds;
}

std::uint64_t groupSize(const std::map<Kind, std::uint64_t>& kinds) {
    const auto fewer = [](const auto& a, const auto& b) { return a.second < b.second; };
    const auto [least, most] = std::minmax_element(kinds.begin(), kinds.end(), fewer);
    // most < 1.5 × least, in whole numbers
    return 2 * most->second < 3 * least->second ? most->second : least->second;
}

std::uint64_t divideUp(std::uint64_t a, std::uint64_t b) {
    return a / b + (a % b == 0 ? 0 : 1);
}

} // namespace

std::uint64_t wholeBlocks(std::uint64_t tokens, std::uint64_t block) {
    return saturatingMultiply(divideUp(tokens, block), block);
}

bool hasSeveralKinds(std::span<const CacheLaw> laws) {
    bool state = false;
    bool attention = false;
    std::int64_t window = 0;
    bool windows = false;
    for (const CacheLaw& law : laws) {
        state = state || law.fixedBytes > 0;
        if (law.bytesPerToken == 0)
            continue;
        windows = windows || (attention && law.window != window);
        window = law.window;
        attention = true;
    }
    return windows || (state && attention);
}

std::uint64_t PageSize::tokens(std::uint64_t bytesPerToken) const {
    const std::uint64_t own = blockTokens * bytesPerToken;
    return bytes % own == 0 ? blockTokens * (bytes / own) : blockTokens;
}

PageSize unifiedPage(const Engine& engine, std::span<const CacheLaw> laws) {
    const auto block = static_cast<std::uint64_t>(engine.blockTokens);
    std::uint64_t widest = 1; // never nothing: a layer that attends is among several kinds
    std::uint64_t state = 0;
    for (const CacheLaw& law : laws) {
        widest = std::max(widest, law.bytesPerToken);
        state = std::max(state, law.fixedBytes);
    }
    PageSize page;
    page.blockTokens = block * std::max<std::uint64_t>(1, divideUp(state, block * widest));
    page.bytes = saturatingMultiply(page.blockTokens, widest);
    return page;
}

std::uint64_t pagePoolBytes(const Engine& engine, std::span<const CacheLaw> laws,
                            std::int64_t context, std::int64_t batch) {
    const std::map<Kind, std::uint64_t> kinds = layersByKind(laws);
    const PageSize page = unifiedPage(engine, laws);
    const std::uint64_t layersInGroup = groupSize(kinds);
    std::uint64_t pages = 0;
    for (const auto& [kind, layers] : kinds) {
        std::uint64_t each = static_cast<std::uint64_t>(std::max<std::int64_t>(0, batch));
        if (!kind.state) {
            Engine paged = engine;
            paged.blockTokens = static_cast<std::int64_t>(page.tokens(kind.bytesPerToken));
            each = tokensHeld(paged, kind.window, context, batch) /
                   static_cast<std::uint64_t>(paged.blockTokens);
        }
        const std::uint64_t groups = divideUp(layers, layersInGroup);
        pages = saturatingAdd(pages, saturatingMultiply(groups, each));
    }
    return saturatingMultiply(saturatingMultiply(pages, layersInGroup), page.bytes);
}

} // namespace decodescope
