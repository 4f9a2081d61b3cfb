// SPDX-License-Identifier: Apache-2.0
#include "core/spec/cache_law.h"

#include <algorithm>

#include "core/spec/units.h"

namespace decodescope {

std::int64_t CacheLaw::tokensHeld(std::int64_t context) const {
    return window > 0 ? std::min(context, window) : context;
}

std::uint64_t CacheLaw::bytes(std::int64_t context) const {
    const auto held = static_cast<std::uint64_t>(std::max<std::int64_t>(0, tokensHeld(context)));
    return saturatingAdd(fixedBytes, saturatingMultiply(bytesPerToken, held));
}

std::int64_t kvHeadsPerDevice(std::int64_t nKvHeads, std::int64_t tensorParallel) {
    return (nKvHeads + tensorParallel - 1) / tensorParallel;
}

CacheLaw cacheLaw(const LayerSpec& layer, KvTypes types, std::int64_t tensorParallel) {
    CacheLaw law;
    if (!layer.ownsCache)
        return law;
    const auto count = [](std::int64_t n) { return static_cast<std::uint64_t>(n); };
    const std::uint64_t devices = count(tensorParallel);
    law.fixedBytes = layer.stateBytes / devices + (layer.stateBytes % devices == 0 ? 0 : 1);
    if (layer.attention == AttentionKind::Softmax) {
        const std::uint64_t heads = count(kvHeadsPerDevice(layer.nKvHeads, tensorParallel));
        const std::uint64_t row = saturatingAdd(storedBytes(types.key, count(layer.headDimK)),
                                                storedBytes(types.value, count(layer.headDimV)));
        law.bytesPerToken = saturatingMultiply(heads, row);
        law.window = layer.window;
    } else if (layer.attention == AttentionKind::Mla) {
        law.bytesPerToken =
            storedBytes(types.key, count(layer.mla.kvLoraRank + layer.mla.qkRopeHeadDim));
        law.window = layer.window;
    }
    return law;
}

std::uint64_t cacheBytesRead(const LayerSpec& layer, KvTypes types, std::int64_t context,
                             std::int64_t tensorParallel) {
    LayerSpec reader = layer;
    reader.ownsCache = true;
    return cacheLaw(reader, types, tensorParallel).bytes(context);
}

std::uint64_t mlaFp8RowBytes(const MlaShape& mla) {
    constexpr std::int64_t scaled = 128;
    const auto latent = static_cast<std::uint64_t>(mla.kvLoraRank);
    const auto scales = static_cast<std::uint64_t>((mla.kvLoraRank + scaled - 1) / scaled);
    const auto rope = static_cast<std::uint64_t>(mla.qkRopeHeadDim);
    return storedBytes(DataType::FP8_E4M3, latent) + storedBytes(DataType::F32, scales) +
           storedBytes(DataType::BF16, rope);
}

} // namespace decodescope
