// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace decodescope {

/// A state-space layer (Mamba, arXiv:2312.00752; Mamba-2, arXiv:2405.21060). Counts of elements.
struct MambaShape {
    std::int64_t inner = 0;  ///< d_inner
    std::int64_t state = 0;  ///< d_state
    std::int64_t conv = 0;   ///< convolution kernel, tokens
    std::int64_t groups = 0; ///< of Mamba-2; 0 in Mamba
    std::int64_t heads = 0;  ///< of Mamba-2; 0 in Mamba
};

/// A gated delta net layer (arXiv:2412.06464).
struct DeltaShape {
    std::int64_t keyHeads = 0;
    std::int64_t keyDim = 0;
    std::int64_t valueHeads = 0;
    std::int64_t valueDim = 0;
    std::int64_t conv = 0; ///< convolution kernel, tokens
};

/// State of one layer and one sequence as llama.cpp keeps it, in f32:
///   (conv - 1) × (inner + 2 × groups × state) + state × inner elements. Saturates.
[[nodiscard]] std::uint64_t stateBytes(const MambaShape& shape);
///   valueHeads × keyDim × valueDim + (conv - 1) × (2 × keyHeads × keyDim + valueHeads × valueDim)
/// elements (llama.cpp PR #23792 logs these). Saturates.
[[nodiscard]] std::uint64_t stateBytes(const DeltaShape& shape);

/// Weights of the projections and convolution of one such layer. Saturates.
[[nodiscard]] std::uint64_t parameters(const MambaShape& shape, std::int64_t hidden);
[[nodiscard]] std::uint64_t parameters(const DeltaShape& shape, std::int64_t hidden);

} // namespace decodescope
