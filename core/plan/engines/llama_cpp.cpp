// SPDX-License-Identifier: Apache-2.0
#include "core/plan/engines/known_engines.h"
#include "core/spec/units.h"

namespace decodescope {

/// llama.cpp, as llama-server runs it.
/// - The context is padded to 256 cells (ggml-org/llama.cpp PR #17046); one unified cache for all
///   sequences is the server's default, "per-sequence" pads each of them.
/// - Windows: W × N + ubatch cells, padded to 256 (#17037): 768 cells in PR #17609, 1,024 in
///   #18996. Models whose layers all have the same window keep the full context (Mistral 7B logs
///   its full cache). "swa-full" keeps all (PR #13194).
/// - Compute buffer: logits of every token of a ubatch beside the residual stream (105.00 MiB in
///   mozilla-ai/llamafile PR #552).
/// - Fit margin 1,024 MiB; 708 to 712 MiB unaccounted for on an RTX PRO 6000.
/// - Split by rows over several devices, the cache stays whole on the main one.
Engine llamaCppEngine() {
    Engine engine;
    engine.name = "llama.cpp";
    engine.title = "llama.cpp";
    engine.blockTokens = 256;
    engine.windowRule = WindowRule::Cells;
    engine.uniformWindows = false;
    engine.batchedTokens = 512;
    engine.unified = true;
    engine.splitsCache = false;
    engine.marginBytes = 1024 * kMiB;
    engine.overheadBytes = 710 * kMiB;
    engine.workspace = WorkspaceRule::ComputeBuffer;
    return engine;
}

} // namespace decodescope
