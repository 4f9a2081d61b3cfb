// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/spec/data_type.h"

namespace decodescope {

/// Attention of one query head in double precision, by the definition: the oracle of the kernels.
/// keys[token][headDimK], values[token][headDimV], as the cache holds them (rounded to its type).
/// Returns [headDimV].
[[nodiscard]] std::vector<double> referenceAttention(std::span<const float> query,
                                                     std::span<const float> keys,
                                                     std::span<const float> values,
                                                     std::int64_t headDimV);

/// `elements` elements of F32, F16, BF16, Q8_0 or Q4_0, as the type defines them.
[[nodiscard]] std::vector<float> decoded(DataType type, const std::byte* from,
                                         std::int64_t elements);

/// out[sequence][row] = Σ_column weights[row][column] × in[sequence][column] in double precision.
[[nodiscard]] std::vector<double> referenceProjection(std::span<const float> weights,
                                                      std::span<const float> in,
                                                      std::int64_t columns);

/// ‖out − reference‖ / ‖reference‖ (2-norms); infinite where `out` holds a NaN.
[[nodiscard]] double relativeError(std::span<const float> out, std::span<const double> reference);

} // namespace decodescope
