// SPDX-License-Identifier: Apache-2.0
#include "core/engine/reference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/engine/float_bits.h"

namespace decodescope {
namespace {

std::uint16_t halfAt(const std::byte* from) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, from, sizeof(bits));
    return bits;
}

float blockElement(DataType type, const std::byte* block, std::size_t i) {
    const float scale = fromF16(halfAt(block));
    const std::byte* values = block + 2;
    if (type == DataType::Q8_0)
        return scale * static_cast<float>(static_cast<std::int8_t>(values[i]));
    const auto both = std::to_integer<int>(values[i % 16]);
    return scale * static_cast<float>((i < 16 ? both & 15 : both >> 4) - 8);
}

} // namespace

std::vector<float> decoded(DataType type, const std::byte* from, std::int64_t elements) {
    const DataTypeInfo& layout = info(type);
    std::vector<float> out(static_cast<std::size_t>(elements));
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::byte* block = from + i / layout.blockElements * layout.blockBytes;
        if (type == DataType::F32)
            std::memcpy(&out[i], block, sizeof(float));
        else if (type == DataType::F16)
            out[i] = fromF16(halfAt(block));
        else if (type == DataType::BF16)
            out[i] = fromBf16(halfAt(block));
        else
            out[i] = blockElement(type, block, i % layout.blockElements);
    }
    return out;
}

std::vector<double> referenceProjection(std::span<const float> weights, std::span<const float> in,
                                        std::int64_t columns) {
    const auto width = static_cast<std::size_t>(columns);
    const std::size_t rows = weights.size() / width;
    std::vector<double> out(in.size() / width * rows);
    for (std::size_t i = 0; i < out.size(); ++i)
        for (std::size_t c = 0; c < width; ++c)
            out[i] += static_cast<double>(weights[i % rows * width + c]) *
                      static_cast<double>(in[i / rows * width + c]);
    return out;
}

std::vector<double> referenceAttention(std::span<const float> query, std::span<const float> keys,
                                       std::span<const float> values, std::int64_t headDimV) {
    const std::size_t dk = query.size();
    const auto dv = static_cast<std::size_t>(headDimV);
    const std::size_t tokens = keys.size() / dk;
    const double scale = 1 / std::sqrt(static_cast<double>(dk));
    std::vector<double> weights(tokens);
    for (std::size_t t = 0; t < tokens; ++t) {
        double score = 0;
        for (std::size_t d = 0; d < dk; ++d)
            score += static_cast<double>(query[d]) * static_cast<double>(keys[t * dk + d]);
        weights[t] = score * scale;
    }
    const double max = *std::max_element(weights.begin(), weights.end());
    double denominator = 0;
    std::vector<double> out(dv, 0.0);
    for (std::size_t t = 0; t < tokens; ++t) {
        const double weight = std::exp(weights[t] - max);
        denominator += weight;
        for (std::size_t d = 0; d < dv; ++d)
            out[d] += weight * static_cast<double>(values[t * dv + d]);
    }
    for (double& value : out)
        value /= denominator;
    return out;
}

double relativeError(std::span<const float> out, std::span<const double> reference) {
    double difference = 0;
    double norm = 0;
    for (std::size_t i = 0; i < reference.size(); ++i) {
        const double delta = static_cast<double>(out[i]) - reference[i];
        difference += delta * delta;
        norm += reference[i] * reference[i];
    }
    const double error = std::sqrt(difference / norm);
    return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

} // namespace decodescope
