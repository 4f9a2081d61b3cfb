// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/layer_choice.h"

#include <algorithm>

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

} // namespace decodescope
