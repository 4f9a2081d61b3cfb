// SPDX-License-Identifier: Apache-2.0
#include "core/plan/engines/known_engines.h"
#include "core/spec/units.h"

namespace decodescope {

/// Ollama's runner.
/// - One cache of context × sequences cells, padded to 256: 19.5 GiB for 64,000 tokens of a
///   70B-class model (ollama/ollama #9181).
/// - Windows: a ring of W cells a sequence (one more where several share it) and one batch of 512
///   (kvcache/causal.go).
/// - MLA is stored decompressed: 9,760 MiB for 2,048 tokens of DeepSeek-V3 (#8447);
///   "mla=latent" is what newer model files allow.
/// - Its own estimate knows neither compute buffer nor a quantised cache (#10128, PR #17201); this
///   counts what the runner allocates. Models are split by layers only.
Engine ollamaEngine() {
    Engine engine;
    engine.name = "ollama";
    engine.title = "Ollama";
    engine.blockTokens = 256;
    engine.windowRule = WindowRule::Ring;
    engine.uniformWindows = false;
    engine.batchedTokens = 512;
    engine.unified = true;
    engine.mla = MlaLayout::Decompressed;
    engine.splitsCache = false;
    engine.overheadBytes = 710 * kMiB;
    engine.workspace = WorkspaceRule::ComputeBuffer;
    return engine;
}

} // namespace decodescope
