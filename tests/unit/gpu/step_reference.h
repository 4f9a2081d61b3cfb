// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/spec/model_spec.h"
#include "gpu/kernels/kv_format.h"

namespace decodescope {

/// The matrices of a layer, row by row, as a kernel reads them.
struct ReferenceLayer {
    std::vector<float> queryKeyValue, output, gateUp, down;
};

/// A model whose layers are alike, for one decode step of one sequence in double precision. What
/// the kernels keep in 16 bits or in the cache is rounded likewise; nothing else is.
struct ReferenceStep {
    LayerSpec spec;
    gpu::KvFormat inputs = gpu::KvFormat::F16; ///< of projections
    gpu::KvFormat cache = gpu::KvFormat::F16;
    float cacheStep = 1; ///< what an 8-bit step is worth
    std::int64_t position = 0;
    std::vector<ReferenceLayer> layers;
    std::vector<float> lmHead; ///< row by row
    /// The cached keys (or values) of a layer and KV head, without the new token:
    /// [token][head_dim].
    std::function<std::vector<float>(std::size_t layer, int kvHead, bool keys)> cached;

    /// The logits of a token with this embedding.
    [[nodiscard]] std::vector<double> logits(std::span<const float> embedding) const;

private:
    [[nodiscard]] std::vector<float> normed(const std::vector<double>& residual) const;
    [[nodiscard]] std::vector<float> attended(std::size_t layer, std::vector<double> qkv) const;
    [[nodiscard]] std::vector<float> activated(const std::vector<double>& gateUp) const;
    [[nodiscard]] float heldInCache(double value) const;
};

} // namespace decodescope
