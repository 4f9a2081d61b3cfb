// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace decodescope {

/// Attention of one query head in double precision, by the definition: the oracle of the kernels.
/// keys[token][headDimK], values[token][headDimV], as the cache holds them (rounded to its type).
/// Returns [headDimV].
[[nodiscard]] std::vector<double> referenceAttention(std::span<const float> query,
                                                     std::span<const float> keys,
                                                     std::span<const float> values,
                                                     std::int64_t headDimV);

/// ‖out − reference‖ / ‖reference‖ (2-norms); infinite where `out` holds a NaN.
[[nodiscard]] double relativeError(std::span<const float> out, std::span<const double> reference);

} // namespace decodescope
