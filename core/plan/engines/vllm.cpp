// SPDX-License-Identifier: Apache-2.0
#include "core/plan/engines/known_engines.h"
#include "core/spec/units.h"

namespace decodescope {

/// vLLM v1, with the defaults of its command line.
/// - Blocks of 16 tokens: "1952 blocks x 16 tokens" (vllm-project/vllm #10517).
/// - Windows: admission reserves the last W − 1 tokens and one scheduler step of new ones, and one
///   block more since a window may start inside a block (SlidingWindowSpec, v1 kv_cache_interface).
/// - Hybrid models: pages of one size (v1 kv_cache_utils; block of 672 tokens in #24280).
/// - Memory: utilization 0.9 of the whole device less weights, the peak of a dummy run and what is
///   allocated outside PyTorch (0.25 to 0.35 GiB in its logs).
/// - Tensor parallel: max(1, h_kv / tp) heads a rank (PR #1622, #1640); an MLA latent is whole.
Engine vllmEngine() {
    Engine engine;
    engine.name = "vllm";
    engine.title = "vLLM";
    engine.blockTokens = 16;
    engine.windowRule = WindowRule::Blocks;
    engine.batchedTokens = 2048;
    engine.unifiesPages = true;
    engine.memoryFraction = 0.9;
    engine.overheadBytes = 307 * kMiB;
    engine.workspace = WorkspaceRule::Profile;
    return engine;
}

} // namespace decodescope
