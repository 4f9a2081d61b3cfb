// SPDX-License-Identifier: Apache-2.0
#include "core/plan/engines/engine_workspace.h"

#include <algorithm>

#include "core/plan/engines/engine_cache.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

constexpr std::uint64_t kHalf = 2;   ///< bytes of a 16-bit activation
constexpr std::uint64_t kSingle = 4; ///< bytes of an f32 activation or logit

std::uint64_t bytesOf(std::int64_t values, std::uint64_t each, std::uint64_t tokens) {
    const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(0, values));
    return saturatingMultiply(saturatingMultiply(count, each), tokens);
}

} // namespace

StepWidths widthsOnRank(StepWidths widths, std::int64_t ranks) {
    const auto divided = [ranks](std::int64_t width) { return (width + ranks - 1) / ranks; };
    widths.attention = divided(widths.attention);
    widths.ffn = divided(widths.ffn);
    return widths;
}

std::uint64_t engineWorkspaceBytes(const Engine& engine, const StepWidths& widths,
                                   std::int64_t context, std::int64_t batch) {
    const auto sequences = static_cast<std::uint64_t>(std::max<std::int64_t>(0, batch));
    const auto ahead = static_cast<std::uint64_t>(engine.batchedTokens);
    switch (engine.workspace) {
    case WorkspaceRule::Step:
        return bytesOf(widths.residual + widths.attention + widths.ffn + widths.logits, kSingle,
                       sequences);
    case WorkspaceRule::ComputeBuffer:
        // The graph's memory is reused from node to node: the residual stream stays, beside it
        // stands the widest of attention, feed-forward and logits.
        return bytesOf(widths.residual / 2 +
                           std::max({widths.attention, widths.ffn, widths.logits}),
                       kSingle, std::min(ahead, tokensHeld(engine, 0, context, batch)));
    case WorkspaceRule::Profile:
        return saturatingAdd(bytesOf(widths.residual + widths.attention + widths.ffn, kHalf, ahead),
                             bytesOf(widths.logits, kSingle, sequences));
    case WorkspaceRule::WithinReserve:
        return 0;
    }
    return 0;
}

} // namespace decodescope
