// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/spec/data_type.h"
#include "core/spec/layer_spec.h"

namespace decodescope {

/// The data types of the cached keys and values; most engines use one for both.
struct KvTypes {
    DataType key = DataType::F16;
    DataType value = DataType::F16;
    bool operator==(const KvTypes&) const = default;
};

/// What one layer keeps for one sequence:
///   bytes(context) = fixedBytes + bytesPerToken × min(context, window)
struct CacheLaw {
    std::uint64_t fixedBytes = 0;
    std::uint64_t bytesPerToken = 0;
    std::int64_t window = 0; ///< tokens; 0: no window

    [[nodiscard]] std::int64_t tokensHeld(std::int64_t context) const;
    [[nodiscard]] std::uint64_t bytes(std::int64_t context) const; ///< saturates
    bool operator==(const CacheLaw&) const = default;
};

/// KV heads each of `tensorParallel` devices holds: ceil(n_kv_heads / tp); fewer heads than
/// devices are replicated, so MQA's one head stands on all of them.
[[nodiscard]] std::int64_t kvHeadsPerDevice(std::int64_t nKvHeads, std::int64_t tensorParallel);

/// The cache law of one layer on one device.
///   MHA/GQA/MQA: n_kv_heads × (head_dim_k + head_dim_v) × bytes(type); MLA: one latent of
///   kv_lora_rank + qk_rope_head_dim elements, whole on every device; recurrent: fixed only,
///   divided by its heads as evenly as bytes allow; a layer that reads another's cache: nothing.
/// Quantised types are counted in whole blocks for each head's row.
[[nodiscard]] CacheLaw cacheLaw(const LayerSpec& layer, KvTypes types,
                                std::int64_t tensorParallel = 1);

/// Bytes of cache that one decode step reads in this layer for one sequence, on each of
/// `tensorParallel` devices: what it holds, or, where it shares another layer's cache, that one's
/// (its own shape and window tell how much).
[[nodiscard]] std::uint64_t cacheBytesRead(const LayerSpec& layer, KvTypes types,
                                           std::int64_t context, std::int64_t tensorParallel = 1);

/// One token of an MLA latent in the fp8 layout of the FlashMLA kernels (deepseek-ai/FlashMLA): the
/// latent in fp8 with one f32 scale for each 128 elements, the rope part in bf16. In bytes.
[[nodiscard]] std::uint64_t mlaFp8RowBytes(const MlaShape& mla);

} // namespace decodescope
