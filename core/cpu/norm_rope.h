// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace decodescope {

/// RMSNorm with unit gains: out = in / sqrt(mean(in²) + 1e-6).
void rmsNorm(std::span<const float> in, float* out);

/// Rotary embedding of one head's vector at `position` (base 10000, halves paired as in
/// GPT-NeoX). cosSin: from rotaryTable().
void rotate(std::span<float> head, const float* cosSin);

/// out[i] = silu(gate[i]) × up[i].
void swiGlu(const float* gate, const float* up, std::int64_t width, float* out);
/// out[i] = GELU of in[i] by the tanh formula.
void gelu(const float* in, std::int64_t width, float* out);

} // namespace decodescope
