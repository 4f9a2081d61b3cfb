// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "gpu/kernels/kv_format.h"
#include "gpu/step_plan.h"

namespace decodescope {

/// `count` normal values.
[[nodiscard]] std::vector<float> normalValues(std::size_t count, std::mt19937_64& random);

/// The values as f16 (bf16 with KvFormat::BF16) keeps them, and what those are worth.
[[nodiscard]] std::vector<std::uint16_t> asHalves(gpu::KvFormat format,
                                                  std::span<const float> values);
[[nodiscard]] std::vector<float> fromHalves(gpu::KvFormat format,
                                            std::span<const std::uint16_t> halves);

/// A matrix of random weights, laid out by `format`.
[[nodiscard]] std::vector<std::byte> randomMatrix(gpu::WeightFormat format, int rows, int columns,
                                                  std::mt19937_64& random);
/// Its weights, row by row, each by its definition.
[[nodiscard]] std::vector<float>
decodedWeights(gpu::WeightFormat format, std::span<const std::byte> matrix, int rows, int columns);

/// ‖out − reference‖ / ‖reference‖ of sums in parts.
[[nodiscard]] double errorOfParts(std::span<const float> parts, std::span<const double> reference);

/// silu(gate) × up, and GELU by the tanh formula, in double precision.
[[nodiscard]] double referenceSwiGlu(double gate, double up);
[[nodiscard]] double referenceGelu(double x);

/// The value of one E4M3 by its definition: sign, four bits of exponent (bias 7), three of
/// mantissa.
[[nodiscard]] float e4m3Value(std::uint8_t bits);

} // namespace decodescope
