// SPDX-License-Identifier: Apache-2.0
#include "step_case.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "core/engine/float_bits.h"
#include "core/engine/reference.h"

namespace decodescope {
namespace {

using gpu::KvFormat;
using gpu::WeightFormat;

std::uint16_t halfOf(KvFormat format, float value) {
    return format == KvFormat::BF16 ? toBf16(value) : toF16(value);
}

std::uint16_t halfAt(std::span<const std::byte> bytes, std::size_t index) {
    std::uint16_t half = 0;
    std::memcpy(&half, bytes.data() + index * sizeof(half), sizeof(half));
    return half;
}

} // namespace

std::vector<float> normalValues(std::size_t count, std::mt19937_64& random) {
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    std::generate(values.begin(), values.end(), [&] { return normal(random); });
    return values;
}

std::vector<std::uint16_t> asHalves(KvFormat format, std::span<const float> values) {
    std::vector<std::uint16_t> halves;
    for (const float value : values)
        halves.push_back(halfOf(format, value));
    return halves;
}

std::vector<float> fromHalves(KvFormat format, std::span<const std::uint16_t> halves) {
    std::vector<float> values;
    for (const std::uint16_t half : halves)
        values.push_back(format == KvFormat::BF16 ? fromBf16(half) : fromF16(half));
    return values;
}

std::vector<std::byte> randomMatrix(WeightFormat format, int rows, int columns,
                                    std::mt19937_64& random) {
    std::vector<std::byte> matrix(
        static_cast<std::size_t>(gpu::matrixBytes(format, rows, columns)));
    const bool inBlocks = gpu::hasScales(format);
    const auto integers =
        inBlocks ? static_cast<std::size_t>(gpu::scalesOffset(format, rows, columns)) : 0;
    for (std::size_t i = 0; i < integers; ++i)
        matrix[i] = static_cast<std::byte>(random());
    std::normal_distribution<float> normal;
    for (std::size_t at = integers; at < matrix.size(); at += sizeof(std::uint16_t)) {
        const float wish = inBlocks ? std::exp(normal(random)) / 64 : normal(random) / 16;
        const std::uint16_t half = halfOf(gpu::inputFormat(format), wish);
        std::memcpy(matrix.data() + at, &half, sizeof(half));
    }
    return matrix;
}

std::vector<float> decodedWeights(WeightFormat format, std::span<const std::byte> matrix, int rows,
                                  int columns) {
    const auto scales =
        matrix.subspan(static_cast<std::size_t>(gpu::scalesOffset(format, rows, columns)));
    std::vector<float> weights(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (!gpu::hasScales(format)) {
            const std::uint16_t half = halfAt(matrix, i);
            weights[i] = format == WeightFormat::BF16 ? fromBf16(half) : fromF16(half);
            continue;
        }
        const int steps = format == WeightFormat::Q8
                              ? static_cast<std::int8_t>(matrix[i])
                              : (static_cast<int>(matrix[i / 2]) >> (i % 2 * 4) & 15) - 8;
        weights[i] = static_cast<float>(steps) * fromF16(halfAt(scales, i / gpu::kWeightBlock));
    }
    return weights;
}

double errorOfParts(std::span<const float> parts, std::span<const double> reference) {
    std::vector<float> sums(reference.size());
    for (std::size_t i = 0; i < parts.size(); ++i)
        sums[i % sums.size()] += parts[i];
    return relativeError(sums, reference);
}

double referenceSwiGlu(double gate, double up) {
    return gate / (1 + std::exp(-gate)) * up;
}

double referenceGelu(double x) {
    return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

float e4m3Value(std::uint8_t bits) {
    const int exponent = bits >> 3 & 15;
    const int mantissa = bits & 7;
    const float magnitude = exponent == 0
                                ? std::ldexp(static_cast<float>(mantissa), -9)
                                : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
    return (bits & 0x80) != 0 ? -magnitude : magnitude;
}

} // namespace decodescope
