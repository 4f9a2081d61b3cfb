// SPDX-License-Identifier: Apache-2.0
#include "core/cpu/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {

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
