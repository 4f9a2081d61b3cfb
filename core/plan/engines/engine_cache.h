// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/plan/engines/engine.h"
#include "core/spec/cache_law.h"

namespace decodescope {

/// Tokens for which one layer's cache has room, all `batch` sequences of `context` tokens together.
/// `window` 0: a full layer. Never shrinks as context or batch grow; saturates.
[[nodiscard]] std::uint64_t tokensHeld(const Engine& engine, std::int64_t window,
                                       std::int64_t context, std::int64_t batch);

/// The layer as the engine stores it: MLA with the keys and values of every head where it does not
/// keep the latent.
[[nodiscard]] LayerSpec asStored(const Engine& engine, const LayerSpec& layer);
/// Bytes of cache that one decode step reads in this layer for one sequence on each of
/// `tensorParallel` ranks: cacheBytesRead() of what the engine stores.
[[nodiscard]] std::uint64_t engineBytesRead(const Engine& engine, const LayerSpec& layer,
                                            KvTypes types, std::int64_t context,
                                            std::int64_t tensorParallel);

/// The cache laws of all `layers` of a model, in order, as the engine keeps them on one of
/// `tensorParallel` ranks: MLA in its layout, windows only where it makes use of them.
[[nodiscard]] std::vector<CacheLaw> engineLaws(const Engine& engine,
                                               std::span<const LayerSpec> layers, KvTypes types,
                                               std::int64_t tensorParallel);

/// Bytes of those caches for `batch` sequences of `context` tokens. For the ideal engine this is
/// kvBytes() of footprint.h.
[[nodiscard]] std::uint64_t engineCacheBytes(const Engine& engine, std::span<const CacheLaw> laws,
                                             std::int64_t context, std::int64_t batch);

} // namespace decodescope
