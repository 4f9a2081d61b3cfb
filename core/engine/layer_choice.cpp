// SPDX-License-Identifier: Apache-2.0
#include "core/engine/layer_choice.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "core/engine/step_work.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

struct Kind {
    std::vector<std::size_t> layers;
    std::size_t taken = 0;
    double work = 0; ///< of one layer
    std::uint64_t bytes = 0;
};

std::vector<Kind> kindsOf(const ModelSpec& model, const std::vector<LayerCost>& costs) {
    std::vector<Kind> kinds;
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
        const auto same = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) {
            return model.layers[kind.layers.front()] == model.layers[i];
        });
        if (same != kinds.end())
            same->layers.push_back(i);
        else
            kinds.push_back({{i}, 0, costs[i].work, costs[i].bytesHeld});
    }
    return kinds;
}

/// The kind that is furthest behind its share (D'Hondt), among those that still fit.
Kind* nextKind(std::vector<Kind>& kinds, std::uint64_t freeBytes) {
    Kind* best = nullptr;
    double bestShare = 0;
    for (Kind& kind : kinds) {
        if (kind.taken == kind.layers.size() || kind.bytes > freeBytes)
            continue;
        const double share =
            static_cast<double>(kind.layers.size()) / static_cast<double>(kind.taken + 1);
        if (share > bestShare) {
            best = &kind;
            bestShare = share;
        }
    }
    return best;
}

bool sameCache(const LayerSpec& a, const LayerSpec& b, const DecoderRequest& request) {
    return a.nKvHeads == b.nKvHeads && a.headDimK == b.headDimK && a.headDimV == b.headDimV &&
           tokensHeld(a, request) == tokensHeld(b, request);
}

/// The index in `chosen` of the layer whose cache the one at `at` reads. None where that was not
/// chosen.
std::optional<std::size_t> cacheOf(const DecoderRequest& request,
                                   const std::vector<LayerChoice::Chosen>& chosen, std::size_t at) {
    const LayerSpec& reader = request.model.layers[chosen[at].layer];
    for (std::size_t i = at + 1; i-- > 0;) {
        const LayerSpec& owner = request.model.layers[chosen[i].layer];
        if (owner.ownsCache && (i == at || sameCache(owner, reader, request)))
            return i;
    }
    return std::nullopt;
}

std::vector<LayerRun> layersToRun(const DecoderRequest& request,
                                  const std::vector<LayerCost>& costs,
                                  const std::vector<LayerChoice::Chosen>& chosen) {
    double kept = 0;
    double dropped = 0;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        const double work = costs[chosen[i].layer].work * chosen[i].represents;
        (cacheOf(request, chosen, i) ? kept : dropped) += work;
    }
    std::vector<LayerRun> runs;
    if (kept <= 0)
        return runs;
    std::vector<std::size_t> place(chosen.size());
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        const auto owner = cacheOf(request, chosen, i);
        if (!owner)
            continue;
        place[i] = runs.size();
        runs.push_back(
            {chosen[i].layer, chosen[i].represents * (1 + dropped / kept), place[*owner]});
    }
    return runs;
}

/// Bytes of the layers that must be held at least: all of a cache that grows, otherwise one with
/// the cache it reads.
std::uint64_t leastBytes(const DecoderRequest& request, const std::vector<LayerCost>& costs) {
    std::uint64_t all = 0;
    double smallest = std::numeric_limits<double>::max();
    for (const LayerCost& cost : costs) {
        all = saturatingAdd(all, cost.bytesHeld);
        smallest = std::min(smallest, cost.work);
    }
    if (request.pageTokens > 0)
        return all;
    constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
    return smallest < static_cast<double>(kMost) ? static_cast<std::uint64_t>(smallest) : kMost;
}

} // namespace

LayerChoice chooseLayers(const ModelSpec& model, const std::vector<LayerCost>& costs,
                         std::uint64_t budgetBytes) {
    std::vector<Kind> kinds = kindsOf(model, costs);
    std::uint64_t freeBytes = budgetBytes;
    while (Kind* kind = nextKind(kinds, freeBytes)) {
        ++kind->taken;
        freeBytes -= kind->bytes;
    }
    double covered = 0;
    double missing = 0;
    for (const Kind& kind : kinds)
        (kind.taken > 0 ? covered : missing) += kind.work * static_cast<double>(kind.layers.size());
    const double spread = covered > 0 ? 1 + missing / covered : 1;

    LayerChoice choice;
    for (const Kind& kind : kinds)
        for (std::size_t i = 0; i < kind.taken; ++i)
            choice.layers.push_back(
                {kind.layers[i], spread * static_cast<double>(kind.layers.size()) /
                                     static_cast<double>(kind.taken)});
    std::sort(choice.layers.begin(), choice.layers.end(),
              [](const auto& a, const auto& b) { return a.layer < b.layer; });
    return choice;
}

Result<std::vector<LayerRun>> fitLayers(const DecoderRequest& request,
                                        const std::vector<LayerCost>& costs,
                                        std::uint64_t fixedBytes, std::string_view deviceId) {
    const std::uint64_t least = saturatingAdd(fixedBytes, leastBytes(request, costs));
    if (least > request.budgetBytes)
        return doesNotFit(request, least, deviceId);
    const LayerChoice choice = chooseLayers(request.model, costs, request.budgetBytes - fixedBytes);
    std::vector<LayerRun> runs = layersToRun(request, costs, choice.layers);
    if (runs.empty())
        return doesNotFit(request, least, deviceId);
    return runs;
}

Error doesNotFit(const DecoderRequest& request, std::uint64_t bytesAsked,
                 std::string_view deviceId) {
    return {ErrorCode::OutOfMemory,
            fmt::format("not {} fits: a batch of {} with {} tokens needs {}, and {} are free",
                        request.pageTokens > 0 ? "one page" : "one layer", request.batch,
                        formatCount(request.context), formatBytes(bytesAsked),
                        formatBytes(request.budgetBytes)),
            std::string(deviceId),
            "Choose a shorter context, a smaller batch or fewer KV heads.",
            bytesAsked,
            request.budgetBytes};
}

} // namespace decodescope
