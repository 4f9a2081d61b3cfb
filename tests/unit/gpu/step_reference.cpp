// SPDX-License-Identifier: Apache-2.0
#include "step_reference.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>

#include "core/engine/reference.h"
#include "core/spec/count.h"
#include "gpu/attention_check.h"
#include "gpu/kernels/step_formats.h"
#include "gpu/step_check.h"

namespace decodescope {
namespace {

using gpu::KvFormat;

float rounded(KvFormat format, double value) {
    const auto single = static_cast<float>(value);
    return fromHalves(format, asHalves(format, {&single, 1}))[0];
}

void add(std::vector<double>& to, const std::vector<double>& values) {
    for (std::size_t i = 0; i < to.size(); ++i)
        to[i] += values[i];
}

/// Halves paired as in GPT-NeoX, base 10000.
void rotate(std::span<double> head, std::int64_t position) {
    const std::size_t half = head.size() / 2;
    for (std::size_t i = 0; i < half; ++i) {
        const double angle = static_cast<double>(position) *
                             std::pow(10000.0, -static_cast<double>(i) / static_cast<double>(half));
        const std::complex<double> turned =
            std::complex<double>(head[i], head[half + i]) * std::polar(1.0, angle);
        head[i] = turned.real();
        head[half + i] = turned.imag();
    }
}

} // namespace

float ReferenceStep::heldInCache(double value) const {
    if (gpu::elementBytes(cache) == 2)
        return rounded(cache, value);
    const float steps = static_cast<float>(value) / cacheStep;
    if (cache == KvFormat::E4M3)
        return cacheStep * e4m3Value(gpu::toE4m3(std::bit_cast<std::uint32_t>(steps)));
    return cacheStep * std::clamp(std::nearbyint(steps), -127.0F, 127.0F);
}

std::vector<float> ReferenceStep::normed(const std::vector<double>& residual) const {
    double squares = 0;
    for (const double value : residual)
        squares += value * value;
    const double norm = std::sqrt(squares / static_cast<double>(residual.size()) + 1e-6);
    std::vector<float> out;
    out.reserve(residual.size());
    for (const double value : residual)
        out.push_back(rounded(inputs, value / norm));
    return out;
}

std::vector<float> ReferenceStep::attended(std::size_t layer, std::vector<double> qkv) const {
    const std::size_t dim = count(spec.headDimK);
    const std::int64_t group = spec.nHeads / spec.nKvHeads;
    const KvFormat queryFormat = cache == KvFormat::BF16 ? KvFormat::BF16 : KvFormat::F16;
    for (std::size_t head = 0; head < count(spec.nHeads + spec.nKvHeads); ++head)
        rotate(std::span(qkv).subspan(head * dim, dim), position);
    std::vector<float> out;
    for (std::int64_t head = 0; head < spec.nHeads; ++head) {
        const auto kvHead = static_cast<int>(head / group);
        std::vector<float> keys = cached(layer, kvHead, true);
        std::vector<float> values = cached(layer, kvHead, false);
        std::vector<float> query;
        for (std::size_t d = 0; d < dim; ++d) {
            query.push_back(rounded(queryFormat, qkv[count(head) * dim + d]));
            const std::size_t key = count(spec.nHeads + kvHead) * dim + d;
            keys.push_back(heldInCache(qkv[key]));
            values.push_back(heldInCache(qkv[key + count(spec.nKvHeads) * dim]));
        }
        for (const double value : referenceAttention(query, keys, values, spec.headDimV))
            out.push_back(rounded(inputs, value));
    }
    return out;
}

std::vector<float> ReferenceStep::activated(const std::vector<double>& gateUp) const {
    std::vector<float> out;
    const std::size_t width = count(spec.ffn.hidden);
    for (std::size_t i = 0; i < width; ++i)
        out.push_back(rounded(inputs, spec.ffn.gated ? referenceSwiGlu(gateUp[i], gateUp[width + i])
                                                     : referenceGelu(gateUp[i])));
    return out;
}

std::vector<double> ReferenceStep::logits(std::span<const float> embedding) const {
    std::vector<double> residual(embedding.begin(), embedding.end());
    const auto hidden = static_cast<std::int64_t>(residual.size());
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const ReferenceLayer& layer = layers[i];
        const std::vector<float> heads =
            attended(i, referenceProjection(layer.queryKeyValue, normed(residual), hidden));
        add(residual, referenceProjection(layer.output, heads, spec.nHeads * spec.headDimV));
        const std::vector<float> wide =
            activated(referenceProjection(layer.gateUp, normed(residual), hidden));
        add(residual, referenceProjection(layer.down, wide, spec.ffn.hidden));
    }
    return referenceProjection(lmHead, normed(residual), hidden);
}

} // namespace decodescope
