// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/spec/result.h"

namespace decodescope {

/// How many tokens a sliding-window layer's cache has room for. C: context, W: window, N:
/// sequences, M: Engine::batchedTokens, block: Engine::blockTokens.
enum class WindowRule : std::uint8_t {
    Window,       ///< min(C, W) a sequence
    WholeContext, ///< C: the window masks, and frees nothing
    Blocks,       ///< ceil(min(W − 1 + M, C) / block) + 1 blocks a sequence
    Cells,        ///< min(C, W + M) a sequence, or min(C × N, W × N + M) for all of them
    Ring,         ///< C where W ≥ C, otherwise W × N + M, one more a sequence where N > 1
    Share,        ///< Engine::windowShare of what the full layers hold
};

/// How the keys and values of MLA are stored.
enum class MlaLayout : std::uint8_t {
    Latent,       ///< one latent a token, in the type of the cache
    Decompressed, ///< keys and values of every head
    Fp8Row,       ///< one latent a token as mlaFp8RowBytes() has it, whatever the type
};

/// What is needed beside weights and cache.
enum class WorkspaceRule : std::uint8_t {
    Step,          ///< activations of one decode step
    ComputeBuffer, ///< of a graph over `batchedTokens` tokens, with logits for each of them
    Profile,       ///< activations of `batchedTokens` tokens, logits of one a sequence
    WithinReserve, ///< nothing: it lives in the memory the engine leaves free
};

/// The conventions of one engine's allocator, applied by the arithmetic of engine_cache.h and
/// engine_workspace.h. The defaults are those of an ideal allocator.
struct Engine {
    std::string_view name = "ideal"; ///< as in --engine
    std::string_view title = "ideal allocator";
    std::int64_t blockTokens = 1; ///< caches grow by whole blocks
    WindowRule windowRule = WindowRule::Window;
    bool uniformWindows = true;     ///< false: a window that every layer has is not made use of
    double windowShare = 1;         ///< WindowRule::Share only
    std::int64_t batchedTokens = 0; ///< prompt tokens computed at once
    bool unified = false;           ///< one cache for all sequences: only their sum is rounded
    bool unifiesPages = false;      ///< caches of different kinds share pages of one size
    MlaLayout mla = MlaLayout::Latent;
    bool splitsCache = true;         ///< false: tensor parallel divides weights, not the cache
    double memoryFraction = 0;       ///< of a device, for everything; 0: all but the margin
    std::uint64_t marginBytes = 0;   ///< kept free beside that
    std::uint64_t overheadBytes = 0; ///< context and libraries on a GPU
    WorkspaceRule workspace = WorkspaceRule::Step;

    [[nodiscard]] bool isIdeal() const { return name == "ideal"; }
    /// What the engine itself leaves free of a device with `memoryBytes`.
    [[nodiscard]] std::uint64_t reserveBytes(std::uint64_t memoryBytes) const;
    bool operator==(const Engine&) const = default;
};

/// All engines that are known, the ideal one first.
[[nodiscard]] std::span<const Engine> engines();

/// "vllm", or with options of its own: "vllm:block=32,utilization=0.85", "llama.cpp:swa-full".
/// Options: block=TOKENS, batched-tokens=N (also ubatch=N), utilization=SHARE, margin=BYTES,
/// overhead=BYTES, swa-full, unified, per-sequence, mla=latent|decompressed|fp8-row. Errors:
/// BadUsage.
[[nodiscard]] Result<Engine> parseEngine(std::string_view text);

} // namespace decodescope
