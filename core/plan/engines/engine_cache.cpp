// SPDX-License-Identifier: Apache-2.0
#include "core/plan/engines/engine_cache.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/plan/engines/page_pool.h"
#include "core/spec/count.h"
#include "core/spec/units.h"

namespace decodescope {
namespace {

/// Keys of every head at their full width, as MHA: what is stored where the latent is not.
LayerSpec decompressed(LayerSpec layer) {
    layer.attention = AttentionKind::Softmax;
    layer.nKvHeads = layer.nHeads;
    layer.headDimK = layer.mla.qkNopeHeadDim + layer.mla.qkRopeHeadDim;
    layer.headDimV = layer.mla.vHeadDim;
    return layer;
}

/// The law of one layer, whatever the engine makes of windows.
CacheLaw storedLaw(const Engine& engine, const LayerSpec& layer, KvTypes types,
                   std::int64_t tensorParallel) {
    CacheLaw law =
        cacheLaw(asStored(engine, layer), types, engine.splitsCache ? tensorParallel : 1);
    const bool latent = layer.attention == AttentionKind::Mla && law.bytesPerToken > 0;
    if (latent && engine.mla == MlaLayout::Fp8Row)
        law.bytesPerToken = mlaFp8RowBytes(layer.mla);
    return law;
}

std::uint64_t share(double part, std::uint64_t whole) {
    const double tokens = std::ceil(part * static_cast<double>(whole));
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    return tokens < static_cast<double>(most) ? static_cast<std::uint64_t>(tokens) : most;
}

} // namespace

std::uint64_t tokensHeld(const Engine& engine, std::int64_t window, std::int64_t context,
                         std::int64_t batch) {
    const std::uint64_t block = count(engine.blockTokens);
    const std::uint64_t each = count(context);
    const std::uint64_t sequences = count(batch);
    const std::uint64_t wide = count(window);
    const std::uint64_t ahead = count(engine.batchedTokens);
    const std::uint64_t padded = wholeBlocks(each, block);
    const std::uint64_t whole = engine.unified
                                    ? wholeBlocks(saturatingMultiply(each, sequences), block)
                                    : saturatingMultiply(padded, sequences);
    if (window <= 0)
        return whole;
    switch (engine.windowRule) {
    case WindowRule::Window:
        return saturatingMultiply(wholeBlocks(std::min(each, wide), block), sequences);
    case WindowRule::WholeContext:
        return whole;
    case WindowRule::Blocks:
        return saturatingMultiply(wholeBlocks(std::min(wide - 1 + ahead, each), block) + block,
                                  sequences);
    case WindowRule::Cells:
        if (!engine.unified)
            return saturatingMultiply(wholeBlocks(std::min(padded, wide + ahead), block),
                                      sequences);
        return wholeBlocks(
            std::min(whole, saturatingAdd(saturatingMultiply(wide, sequences), ahead)), block);
    case WindowRule::Ring:
        if (wide >= each)
            return whole;
        return wholeBlocks(
            saturatingAdd(saturatingMultiply(wide + (batch > 1 ? 1 : 0), sequences), ahead), block);
    case WindowRule::Share:
        return share(engine.windowShare, whole);
    }
    return whole;
}

LayerSpec asStored(const Engine& engine, const LayerSpec& layer) {
    const bool apart =
        layer.attention == AttentionKind::Mla && engine.mla == MlaLayout::Decompressed;
    return apart ? decompressed(layer) : layer;
}

std::uint64_t engineBytesRead(const Engine& engine, const LayerSpec& layer, KvTypes types,
                              std::int64_t context, std::int64_t tensorParallel) {
    LayerSpec reader = layer;
    reader.ownsCache = true; // what it shares it reads too
    return storedLaw(engine, reader, types, tensorParallel).bytes(context);
}

std::vector<CacheLaw> engineLaws(const Engine& engine, std::span<const LayerSpec> layers,
                                 KvTypes types, std::int64_t tensorParallel) {
    std::vector<CacheLaw> laws;
    bool mixed = false;
    for (const LayerSpec& layer : layers) {
        const CacheLaw law = storedLaw(engine, layer, types, tensorParallel);
        laws.push_back(law);
        mixed = mixed || (law.bytesPerToken > 0 && law.window == 0);
    }
    if (!engine.uniformWindows && !mixed)
        for (CacheLaw& law : laws)
            law.window = 0;
    return laws;
}

std::uint64_t engineCacheBytes(const Engine& engine, std::span<const CacheLaw> laws,
                               std::int64_t context, std::int64_t batch) {
    if (engine.unifiesPages && hasSeveralKinds(laws))
        return pagePoolBytes(engine, laws, context, batch);
    std::uint64_t bytes = 0;
    for (const CacheLaw& law : laws) {
        const std::uint64_t tokens = tokensHeld(engine, law.window, context, batch);
        bytes = saturatingAdd(bytes, saturatingMultiply(law.bytesPerToken, tokens));
        bytes = saturatingAdd(bytes, saturatingMultiply(law.fixedBytes, count(batch)));
    }
    return bytes;
}

} // namespace decodescope
