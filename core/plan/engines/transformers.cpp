// SPDX-License-Identifier: Apache-2.0
#include "core/plan/engines/known_engines.h"
#include "core/spec/units.h"

namespace decodescope {

/// Hugging Face transformers with its dynamic cache.
/// - Tensors of exactly the tokens seen, min(C, W) in window layers (DynamicSlidingWindowLayer of
///   cache_utils); no pages, no padding, no memory of its own kept free.
/// - DeepSeek models cache decompressed heads: keys and values are projected before they are
///   stored (modeling_deepseek_v3).
/// - Tensor parallel: KV heads are replicated where there are fewer than ranks
///   (huggingface/transformers #47811).
/// - The CUDA context and libraries take as much as vLLM reports outside PyTorch.
Engine transformersEngine() {
    Engine engine;
    engine.name = "transformers";
    engine.title = "transformers";
    engine.mla = MlaLayout::Decompressed;
    engine.overheadBytes = 307 * kMiB;
    return engine;
}

} // namespace decodescope
