// SPDX-License-Identifier: Apache-2.0
#include "core/plan/engines/known_engines.h"

namespace decodescope {

/// SGLang, with the defaults of its server.
/// - Pages of one token (page_size 1); K and V of one rank hold 367,404 tokens in 2 × 8.23 GiB
///   (vllm-project/vllm #21348, an SGLang log).
/// - Models with windows in some layers: the window layers' pool is swa_full_tokens_ratio = 0.8 of
///   the full layers' (sgl-project/sglang PR #22389: F × nf + r × S × ns a token); where all layers
///   have a window there is one pool and no ratio (PR #22443).
/// - Weights and cache take mem_fraction_static 0.88 of the device; activations, CUDA graphs and
///   the context live in the rest.
Engine sglangEngine() {
    Engine engine;
    engine.name = "sglang";
    engine.title = "SGLang";
    engine.windowRule = WindowRule::Share;
    engine.uniformWindows = false;
    engine.windowShare = 0.8;
    engine.memoryFraction = 0.88;
    engine.workspace = WorkspaceRule::WithinReserve;
    return engine;
}

} // namespace decodescope
