// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "core/plan/engines/engine.h"
#include "core/spec/cache_law.h"

namespace decodescope {

/// `tokens` rounded up to whole blocks of `block` tokens; saturates. Precondition: block > 0.
[[nodiscard]] std::uint64_t wholeBlocks(std::uint64_t tokens, std::uint64_t block);

/// True where caches of more than one kind (full, one window or another, a state) stand side by
/// side.
[[nodiscard]] bool hasSeveralKinds(std::span<const CacheLaw> laws);

/// The one page size that caches of several kinds share, and the tokens an attention layer of
/// `bytesPerToken` puts on a page.
struct PageSize {
    std::uint64_t bytes = 0;
    std::uint64_t blockTokens = 0; ///< of the layer with the most bytes a token

    [[nodiscard]] std::uint64_t tokens(std::uint64_t bytesPerToken) const;
};
/// vLLM (v1 kv_cache_utils; vllm-project/vllm #24280, PR #37467): the attention block grows in
/// steps of its own size until its page holds a recurrent layer's whole state; the state is padded
/// to that page. Layers with fewer bytes a token take as many times more tokens where that divides,
/// and are padded where it does not.
[[nodiscard]] PageSize unifiedPage(const Engine& engine, std::span<const CacheLaw> laws);

/// Bytes of `batch` sequences of `context` tokens in a pool of such pages. Layers of one kind form
/// groups of equal size, that of the rarest kind (of the commonest where it is less than half as
/// common again); the last group of a kind is filled up with layers that hold nothing.
/// Precondition: hasSeveralKinds(laws).
[[nodiscard]] std::uint64_t pagePoolBytes(const Engine& engine, std::span<const CacheLaw> laws,
                                          std::int64_t context, std::int64_t batch);

} // namespace decodescope
