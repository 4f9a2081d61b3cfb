// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/norm_rope.h"

#include <cmath>

namespace decodescope {

void rmsNorm(std::span<const float> in, float* out) {
    double squares = 0;
    for (const float value : in)
        squares += static_cast<double>(value) * static_cast<double>(value);
    const double mean = squares / static_cast<double>(in.size());
    const auto factor = static_cast<float>(1 / std::sqrt(mean + 1e-6));
    for (std::size_t i = 0; i < in.size(); ++i)
        out[i] = in[i] * factor;
}

void rotaryTable(std::int64_t headDim, std::int64_t position, float* cosSin) {
    const std::int64_t half = headDim / 2;
    for (std::int64_t i = 0; i < half; ++i) {
        const double angle =
            static_cast<double>(position) *
            std::pow(10000.0, -2.0 * static_cast<double>(i) / static_cast<double>(headDim));
        cosSin[i] = static_cast<float>(std::cos(angle));
        cosSin[half + i] = static_cast<float>(std::sin(angle));
    }
}

void rotate(std::span<float> head, const float* cosSin) {
    const std::size_t half = head.size() / 2;
    for (std::size_t i = 0; i < half; ++i) {
        const float a = head[i];
        const float b = head[half + i];
        head[i] = a * cosSin[i] - b * cosSin[half + i];
        head[half + i] = a * cosSin[half + i] + b * cosSin[i];
    }
}

void swiGlu(const float* gate, const float* up, std::int64_t width, float* out) {
    for (std::int64_t i = 0; i < width; ++i)
        out[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
}

void gelu(float* values, std::int64_t width) {
    constexpr float kFactor = 0.7978845608F; // sqrt(2 / pi)
    for (std::int64_t i = 0; i < width; ++i) {
        const float x = values[i];
        values[i] = 0.5F * x * (1 + std::tanh(kFactor * (x + 0.044715F * x * x * x)));
    }
}

} // namespace decodescope
